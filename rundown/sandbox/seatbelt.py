"""A plan as a Seatbelt profile, for `sandbox-exec` of macOS. Pure text; the last rule that matches wins.

Deny by default. Reading is opened tree by tree: the home directory never as a whole, and of directories on
the way only their own names' facts. What policy hides or pins comes last, so that nothing opens it again;
unlike a mount, a rule also holds for names that do not exist yet. Refuses paths that a profile cannot spell.
Source: sandbox-exec(1), and the profiles that macOS ships in /System/Library/Sandbox/Profiles (version 1).
"""

import posixpath
from collections.abc import Iterable, Iterator
from typing import Final

from rundown.model.policy import Envelope
from rundown.model.sandbox import Survey
from rundown.sandbox.patterns import is_below
from rundown.sandbox.settings import LaunchSettings

_SYSTEM: Final = (
    *("/System", "/usr", "/bin", "/sbin", "/Library/Apple", "/Library/Frameworks", "/Library/Developer"),
    *("/Library/Preferences/Logging", "/opt/homebrew", "/private/etc/ssl", "/private/etc/pam.d"),
    *("/private/var/db/dyld", "/private/var/db/timezone", "/private/var/select"),
)
_SYSTEM_FILES: Final = (
    *("/", "/private/etc/hosts", "/private/etc/passwd", "/private/etc/group", "/private/etc/services"),
    *("/private/etc/protocols", "/private/etc/localtime", "/private/etc/shells", "/private/etc/resolv.conf"),
    *("/etc", "/tmp", "/var", "/private/etc/profile", "/private/etc/bashrc", "/private/etc/zshrc"),
)
_DEVICES: Final = ("null", "zero", "random", "urandom", "tty", "dtracehelper", "autofs_nowait")
_MACH: Final = (
    "com.apple.system.opendirectoryd.libinfo",
    "com.apple.system.opendirectoryd.membership",
    "com.apple.system.logger",
    "com.apple.system.notification_center",
    "com.apple.trustd",
    "com.apple.SecurityServer",
)
_BASE: Final = """\
(version 1)
(deny default)
(allow process-fork)
(allow signal (target same-sandbox))
(allow process-info* (target same-sandbox))
(allow sysctl-read)
(allow ipc-posix-sem)
(allow file-ioctl (literal "/dev/tty"))
(allow pseudo-tty)
"""


SANDBOX_EXEC: Final = "/usr/bin/sandbox-exec"
NOTHING_ALLOWED: Final = "(version 1)\n(deny default)\n"


class UnspeakableError(Exception):
    """A path holds what no profile can spell."""


def render_profile(survey: Survey, settings: LaunchSettings, allowed: Envelope) -> str:
    """Returns the profile of one step, a rule a line, ending in a line end.

    Raises: UnspeakableError; nothing may run then.
    """
    opened = [tree for tree in survey.trees if tree.origin != "system"]
    tmp = settings.host_tmp or settings.view.tmp
    only = allowed.enforce_run == "tree"
    programs = [*survey.programs, *allowed.run_trees] if only else []
    lines = [
        *_allow("file-read*", [("subpath", path) for path in _SYSTEM]),
        *_allow("file-read*", [("literal", path) for path in _SYSTEM_FILES]),
        *_allow("file-read* file-write-data", [("literal", f"/dev/{name}") for name in _DEVICES]),
        *_allow("mach-lookup", [("global-name", name) for name in _MACH]),
        *_allow(
            "file-read-metadata", [("literal", path) for path in _ancestors([tmp, *(t.path for t in opened)])]
        ),
        *_allow("file-read*", [_filter(tree.path, tree.kind) for tree in opened]),
        *_allow("file-read* file-write*", [("subpath", tmp)]),
        *_allow("file-write*", [_filter(tree.path, tree.kind) for tree in opened if tree.write]),
        *_executed(programs, only),
        *_network(allowed),
        *_deny("file-write*", _pinned(survey, allowed)),
        *_deny(
            "file-read* file-write*",
            [_filter(mask.path, mask.kind) for mask in survey.masks if mask.action == "hide"],
        ),
        *_deny("file-write-unlink file-write-create", [("literal", path) for path in _above(survey)]),
    ]
    return _BASE + "".join(f"{line}\n" for line in lines)


def _executed(programs: list[str], only: bool) -> Iterator[str]:
    """Without `enforce_run: tree` whatever can be read can be executed, as on Linux."""
    if only:
        yield from _allow("process-exec*", [("subpath", path) for path in programs])
    else:
        yield "(allow process-exec*)"


def _network(allowed: Envelope) -> Iterator[str]:
    """A step may serve and reach itself over loopback; nothing names hosts here, so nothing leads out."""
    if "net" in allowed.host:
        yield "(allow network*)"
        yield "(allow system-socket)"
    else:
        yield '(allow network-bind (local ip "localhost:*"))'
        yield "(deny network-outbound (remote unix-socket))"


def _pinned(survey: Survey, allowed: Envelope) -> list[tuple[str, str]]:
    """What exists and is pinned, and what is protected by its very name, there or not."""
    found = [_filter(mask.path, mask.kind) for mask in survey.masks if mask.action == "pin"]
    plain = [
        path.removesuffix("/**")
        for path in allowed.protect
        if not set(path.removesuffix("/**")) & set("*?[{")
    ]
    return list(dict.fromkeys([*found, *(("subpath", path) for path in plain)]))


def _above(survey: Survey) -> list[str]:
    """The directories from a writable tree's top to what is hidden or pinned in it: not to be moved away."""
    writable = [tree.path for tree in survey.trees if tree.write]
    found: dict[str, None] = {}
    for mask in survey.masks:
        directory = posixpath.dirname(mask.path)
        while any(is_below(top, directory) for top in writable):
            found[directory] = None
            directory = posixpath.dirname(directory)
    return sorted(found)


def _ancestors(paths: Iterable[str]) -> list[str]:
    found: set[str] = set()
    for path in paths:
        while (path := posixpath.dirname(path)) not in ("", "/"):
            found.add(path)
    return sorted(found)


def _filter(path: str, kind: str) -> tuple[str, str]:
    return ("subpath" if kind == "dir" else "literal", path)


def _allow(operations: str, filters: list[tuple[str, str]]) -> Iterator[str]:
    yield from (f"(allow {operations} ({kind} {_quoted(text)}))" for kind, text in filters)


def _deny(operations: str, filters: list[tuple[str, str]]) -> Iterator[str]:
    yield from (f"(deny {operations} ({kind} {_quoted(text)}))" for kind, text in filters)


def _quoted(text: str) -> str:
    if any(ord(sign) < 32 or 0xD800 <= ord(sign) <= 0xDFFF or sign == "\x7f" for sign in text):
        raise UnspeakableError(text)
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
