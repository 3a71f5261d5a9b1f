"""The system's own paths that a program needs to start, as they exist on this host.

What policy calls free to read (`rundown.policy.system`), less what the view replaces by its own, plus a
few more that shells and interpreters read at their start. Nothing here holds a secret, not even of root:
no private keys, no configuration that may carry a password.
"""

import os
import stat
from typing import Final

from rundown.model.sandbox import SystemLink, Tree
from rundown.policy.system import SYSTEM_ETC, SYSTEM_OTHER, SYSTEM_TREES

_OURS: Final = frozenset({"/etc/hosts", "/etc/nsswitch.conf", "/etc/resolv.conf", "/proc"})
_WITHOUT_KEYS: Final = {
    # Red Hat keeps private keys below /etc/pki/tls/private.
    "/etc/pki": ("/etc/pki/ca-trust", "/etc/pki/java", "/etc/pki/tls/certs", "/etc/pki/tls/cert.pem"),
}
_ALSO: Final = (
    *("/gnu/store", "/run/current-system", "/etc/static", "/etc/ld.so.preload", "/etc/pki/tls/openssl.cnf"),
    *("/etc/profile", "/etc/profile.d", "/etc/bash.bashrc", "/etc/bashrc", "/etc/rpc", "/etc/networks"),
    *("/etc/lsb-release", "/etc/redhat-release", "/etc/alpine-release", "/etc/arch-release"),
    *("/etc/locale.conf", "/etc/default/locale", "/etc/gitattributes", "/etc/ssh/ssh_config", "/etc/perl"),
    *("/etc/python3", "/etc/python3.11", "/etc/python3.12", "/etc/python3.13", "/etc/python3.14"),
    *("/etc/java-11-openjdk", "/etc/java-17-openjdk", "/etc/java-21-openjdk", "/etc/java-25-openjdk"),
    *("/etc/maven", "/etc/magic.mime", "/etc/vim", "/etc/manpath.config", "/etc/xml", "/etc/ssl/cert.pem"),
)  # fmt: skip


def find_system_paths() -> tuple[tuple[Tree, ...], tuple[SystemLink, ...]]:
    """Returns what exists of the system paths: trees and files, and symlinks with their texts."""
    trees: list[Tree] = []
    links: list[SystemLink] = []
    for listed in (*SYSTEM_TREES, *SYSTEM_ETC, *SYSTEM_OTHER, *_ALSO):
        for path in _WITHOUT_KEYS.get(listed, () if listed in _OURS else (listed,)):
            try:
                mode = os.lstat(path).st_mode
            except OSError:
                continue
            if stat.S_ISLNK(mode):
                links.append(SystemLink(path=path, text=os.readlink(path)))
            elif stat.S_ISDIR(mode) or stat.S_ISREG(mode):
                trees.append(Tree(path=path, kind="dir" if stat.S_ISDIR(mode) else "file", origin="system"))
    return tuple(trees), tuple(links)
