"""The walls that a command puts around itself just before it runs: capabilities, Landlock, seccomp.

Landlock restricts one thread and makes later imports fail, so that everything here is imported by the
zygote. Two rule sets are stacked: files through the `landlock` library, TCP and scopes of our own,
which the library does not know. The library judges by a stale errno (1.0.0.dev5): it is reset before.
Source: landlock(7), capabilities(7), "Effect of user ID changes" and "Capability bounding set".
"""

import ctypes
import errno
import fcntl
import os
import stat
from collections.abc import Sequence
from typing import Any, Final

from landlock import FSAccess, Ruleset

from rundown.sandbox.child import syscalls
from rundown.sandbox.child.stages import stage

CAPABILITIES: Final = {"CHOWN": 0, "DAC_OVERRIDE": 1, "FOWNER": 3}
_PATH_ONLY: Final = os.O_PATH | os.O_CLOEXEC
_NOT_THERE: Final = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EACCES)
_OUT_OF_THE_WAY: Final = 16
_NET_BIND_TCP: Final = 1 << 0
_NET_CONNECT_TCP: Final = 1 << 1
_RULE_PATH_BENEATH: Final = 1
_RULE_NET_PORT: Final = 2
_SCOPE_ABSTRACT_UNIX_SOCKET: Final = 1 << 0
_SCOPE_SIGNAL: Final = 1 << 1

_READ: Final = FSAccess.READ_FILE | FSAccess.READ_DIR
_WRITE: Final = (
    FSAccess.WRITE_FILE
    | FSAccess.REMOVE_DIR
    | FSAccess.REMOVE_FILE
    | FSAccess.MAKE_DIR
    | FSAccess.MAKE_REG
    | FSAccess.MAKE_SOCK
    | FSAccess.MAKE_FIFO
    | FSAccess.MAKE_SYM
)
_OF_FILES: Final = (
    FSAccess.EXECUTE | FSAccess.WRITE_FILE | FSAccess.READ_FILE | FSAccess.TRUNCATE | FSAccess.IOCTL_DEV
)


class _RulesetAttr(ctypes.Structure):
    _fields_ = (("fs", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _PathBeneathAttr(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("access", ctypes.c_uint64), ("parent", ctypes.c_int32))


class _NetPortAttr(ctypes.Structure):
    _fields_ = (("access", ctypes.c_uint64), ("port", ctypes.c_uint64))


def empty_bounding_set(keep: list[str]) -> None:
    """Leaves nothing but `keep` for this process and its descendants to gain by any exec, for good.

    Comes before capabilities are dropped: it takes CAP_SETPCAP. An ordinary user outside a user namespace
    has none, nor has root in a container without capabilities; for those no_new_privs has to do.
    """
    kept = {CAPABILITIES[name] for name in keep}
    with stage("capabilities"):
        syscalls.prctl(syscalls.PR_CAP_AMBIENT, syscalls.PR_CAP_AMBIENT_CLEAR_ALL)
        number = 0
        while True:
            try:
                if number not in kept:
                    syscalls.prctl(syscalls.PR_CAPBSET_DROP, number)
            except OSError as error:
                if error.errno in (errno.EINVAL, errno.EPERM):  # past the last one, or not ours to drop
                    return
                raise
            number += 1


def drop_capabilities(keep: list[str]) -> None:
    """Gives up all capabilities but `keep`, which stay across exec."""
    kept = {CAPABILITIES[name] for name in keep}
    with stage("capabilities"):
        syscalls.set_capabilities(sum(1 << number for number in kept))
        for number in kept:
            syscalls.prctl(syscalls.PR_CAP_AMBIENT, syscalls.PR_CAP_AMBIENT_RAISE, number)


class FileRules:
    """A Landlock rule set over files, filled in one or several goes and applied once.

    `descriptor`: its fd, which must stay open until then, above those a command is given.
    """

    def __init__(self, abi: int) -> None:
        self._abi = abi
        self._handled = _handled(abi)
        with stage("landlock", "files"):
            ctypes.set_errno(0)
            self._ruleset = Ruleset(restrict_rules=self._handled)
            low = int(self._ruleset._fd)
            self.descriptor = fcntl.fcntl(low, fcntl.F_DUPFD_CLOEXEC, _OUT_OF_THE_WAY)
            object.__setattr__(self._ruleset, "_fd", self.descriptor)
            os.close(low)

    def add(self, rules: list[dict[str, Any]], root: str = "", *, follow: bool = True) -> None:
        """Grants what `rules` say, of paths below `root`; a path that is not there grants nothing.

        `follow` False: nor does one that a symlink was put into since it was looked at. In a view of its own
        that cannot happen: trees are mount points there.
        """
        top = os.open("/", os.O_PATH | os.O_CLOEXEC)
        with stage("landlock", "files"):
            for rule in rules:
                path = root + rule["path"]
                try:
                    opened = os.open(path, _PATH_ONLY) if follow else syscalls.open_path(top, path)
                except OSError as error:
                    if error.errno in _NOT_THERE:
                        continue
                    raise
                self._grant(opened, rule)
                os.close(opened)
        os.close(top)

    def _grant(self, opened: int, rule: dict[str, Any]) -> None:
        access = _access(rule) & self._handled
        if not stat.S_ISDIR(os.fstat(opened).st_mode):
            access &= _OF_FILES
        if access:
            ctypes.set_errno(0)
            self._ruleset.allow(f"/proc/self/fd/{opened}", rules=access)

    def apply(self) -> None:
        """Confines this process, for good."""
        with stage("landlock", "files"):
            ctypes.set_errno(0)
            self._ruleset.apply()


def _handled(abi: int) -> FSAccess:
    """Source: landlock(7), "Compatibility": REFER from ABI 2, TRUNCATE from 3, IOCTL_DEV from 5."""
    handled = FSAccess(0x1FFF)
    for level, access in ((2, FSAccess.REFER), (3, FSAccess.TRUNCATE), (5, FSAccess.IOCTL_DEV)):
        if abi >= level:
            handled |= access
    return handled


def _access(rule: dict[str, Any]) -> FSAccess:
    access = FSAccess(0)
    if rule["read"]:
        access |= FSAccess.READ_DIR if rule["list_only"] else _READ
    if rule["write"]:
        access |= _WRITE | FSAccess.TRUNCATE | FSAccess.REFER
    if rule["execute"]:
        access |= FSAccess.EXECUTE
    if rule["ioctl_device"]:
        access |= FSAccess.IOCTL_DEV
    return access


def restrict_scopes(abi: int, share_signals: bool, root: str) -> None:
    """Stacks a rule set: no signal or abstract socket beyond this domain (ABI 6)."""
    if abi < 6:
        return
    scoped = _SCOPE_ABSTRACT_UNIX_SOCKET | (0 if share_signals else _SCOPE_SIGNAL)
    with stage("landlock", "scopes"):
        _stack(_RulesetAttr(FSAccess.REFER, 0, scoped), 24, root)


def restrict_tcp(abi: int, ports: Sequence[int]) -> None:
    """Stacks a rule set: no TCP but connections to `ports`, whatever the address (ABI 4)."""
    if abi < 4:
        return
    with stage("landlock", "tcp"):
        net = _NET_BIND_TCP | _NET_CONNECT_TCP
        _stack(_RulesetAttr(FSAccess.REFER, net, 0), 16, "/", ports)


def _stack(request: _RulesetAttr, size: int, root: str, ports: Sequence[int] = ()) -> None:
    """Every rule set denies moving files between directories unless it grants that itself, whatever else it
    is about: these grant it below `root`. Source: landlock(7), LANDLOCK_ACCESS_FS_REFER.
    """
    ruleset = syscalls.call("landlock_create_ruleset", ctypes.byref(request), size, 0)
    top = os.open(root, _PATH_ONLY)
    rule = _PathBeneathAttr(FSAccess.REFER, top)
    syscalls.call("landlock_add_rule", ruleset, _RULE_PATH_BENEATH, ctypes.byref(rule), 0)
    for port in ports:
        allowed = _NetPortAttr(_NET_CONNECT_TCP, port)
        syscalls.call("landlock_add_rule", ruleset, _RULE_NET_PORT, ctypes.byref(allowed), 0)
    syscalls.call("landlock_restrict_self", ruleset, 0)
    os.close(ruleset)
    os.close(top)


def forbid_new_privileges() -> None:
    """Sets no_new_privs: no set-uid, set-gid or file capability counts for this process or its children."""
    with stage("no-new-privileges"):
        syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)


def restrict_calls(program: bytes) -> None:
    """Loads the seccomp program."""
    with stage("seccomp"):
        syscalls.load_seccomp(program)
