"""The system calls that Python has no binding for, each raising `OSError` with its own name.

Thin and literal: no policy, no order, no clean-up. Numbers are given where libc has no wrapper that
both glibc and musl export. Refuses (KeyError at first use) machines other than x86-64 and aarch64.

Source: mount_namespaces(7), open_tree(2), move_mount(2), mount_setattr(2), fsopen(2), openat2(2),
pivot_root(2), capset(2), prctl(2), and the kernel's asm/unistd tables (numbers from 424 on are the
same on every machine).
"""

import ctypes
import os
import platform
from typing import Final

AT_FDCWD: Final = -100
AT_EMPTY_PATH: Final = 0x1000
AT_RECURSIVE: Final = 0x8000

CLONE_NEWNS: Final = 0x00020000
CLONE_NEWUTS: Final = 0x04000000
CLONE_NEWIPC: Final = 0x08000000
CLONE_NEWUSER: Final = 0x10000000
CLONE_NEWPID: Final = 0x20000000
CLONE_NEWNET: Final = 0x40000000

MOUNT_ATTR_RDONLY: Final = 0x1
MOUNT_ATTR_NOSUID: Final = 0x2
MOUNT_ATTR_NODEV: Final = 0x4
MOUNT_ATTR_NOEXEC: Final = 0x8

MS_REC: Final = 0x4000
MS_PRIVATE: Final = 1 << 18
MNT_DETACH: Final = 2

OPEN_TREE_CLONE: Final = 1
OPEN_TREE_CLOEXEC: Final = os.O_CLOEXEC
MOVE_MOUNT_F_EMPTY_PATH: Final = 0x4
MOVE_MOUNT_T_EMPTY_PATH: Final = 0x40

FSOPEN_CLOEXEC: Final = 1
FSCONFIG_SET_STRING: Final = 1
FSCONFIG_CMD_CREATE: Final = 6
FSMOUNT_CLOEXEC: Final = 1

RESOLVE_NO_MAGICLINKS: Final = 0x02
RESOLVE_NO_SYMLINKS: Final = 0x04
RESOLVE_BENEATH: Final = 0x08

PR_SET_PDEATHSIG: Final = 1
PR_SET_DUMPABLE: Final = 4
PR_SET_NAME: Final = 15
PR_SET_SECCOMP: Final = 22
PR_CAPBSET_DROP: Final = 24
PR_SET_CHILD_SUBREAPER: Final = 36
PR_SET_NO_NEW_PRIVS: Final = 38
PR_CAP_AMBIENT: Final = 47
PR_CAP_AMBIENT_RAISE: Final = 2
PR_CAP_AMBIENT_CLEAR_ALL: Final = 4
SECCOMP_MODE_FILTER: Final = 2

_SAME_EVERYWHERE: Final = {
    "open_tree": 428,
    "move_mount": 429,
    "fsopen": 430,
    "fsconfig": 431,
    "fsmount": 432,
    "close_range": 436,
    "openat2": 437,
    "mount_setattr": 442,
    "landlock_create_ruleset": 444,
    "landlock_add_rule": 445,
    "landlock_restrict_self": 446,
}
_NUMBERS: Final = {
    "x86_64": {
        **_SAME_EVERYWHERE,
        "capset": 126,
        "keyctl": 250,
        "pivot_root": 155,
        "mount": 165,
        "setns": 308,
        "umount2": 166,
        "unshare": 272,
    },
    "aarch64": {
        **_SAME_EVERYWHERE,
        "capset": 91,
        "keyctl": 219,
        "pivot_root": 41,
        "mount": 40,
        "setns": 268,
        "umount2": 39,
        "unshare": 97,
    },
}
_LIBC: Final = ctypes.CDLL(None, use_errno=True)
_LIBC.syscall.restype = ctypes.c_long


class _OpenHow(ctypes.Structure):
    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


class _MountAttr(ctypes.Structure):
    _fields_ = (
        ("attr_set", ctypes.c_uint64),
        ("attr_clr", ctypes.c_uint64),
        ("propagation", ctypes.c_uint64),
        ("userns_fd", ctypes.c_uint64),
    )


class _SockFprog(ctypes.Structure):
    _fields_ = (("len", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def number_of(name: str) -> int:
    """Returns this machine's number of a system call."""
    return _NUMBERS[platform.machine()][name]


def call(name: str, *arguments: object) -> int:
    """Returns the result of the system call `name`; integers, bytes and ctypes values are passed as they are.

    Raises: OSError with the call's name as its file name.
    """
    number = number_of(name)
    words = [ctypes.c_long(word) if isinstance(word, int) else word for word in arguments]
    ctypes.set_errno(0)
    result: int = _LIBC.syscall(ctypes.c_long(number), *words)
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error), name)
    return result


def close_range(first: int, last: int = 0xFFFFFFFF) -> None:
    """Closes every fd from `first` to `last`."""
    call("close_range", first, last, 0)


def prctl(option: int, first: int = 0, second: int = 0) -> int:
    """Returns the result of prctl(2); raises OSError."""
    ctypes.set_errno(0)
    result: int = _LIBC.prctl(option, *(ctypes.c_ulong(word) for word in (first, second, 0, 0)))
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error), f"prctl {option}")
    return result


def unshare(flags: int) -> None:
    """Moves this process (its children, for pid) into new namespaces."""
    call("unshare", flags)


def make_all_mounts_private() -> None:
    """Cuts mount propagation in this mount namespace, both ways."""
    call("mount", b"none", b"/", None, MS_REC | MS_PRIVATE, None)


def open_path(directory: int, path: str, flags: int = os.O_PATH, resolve: int = RESOLVE_NO_SYMLINKS) -> int:
    """Returns an fd of `path` below `directory`, following no symlink and no `..` out of it."""
    how = _OpenHow(flags | os.O_CLOEXEC, 0, resolve | RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS)
    relative = os.fsencode(path.lstrip("/") or ".")
    try:
        return call("openat2", directory, relative, ctypes.byref(how), ctypes.sizeof(how))
    except OSError as error:
        raise OSError(error.errno, os.strerror(error.errno or 0), path) from None


def clone_mount(directory: int, recursive: bool = True) -> int:
    """Returns a detached copy of the mount tree that `directory` (an fd of a file or directory) shows."""
    flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | (AT_RECURSIVE if recursive else 0)
    return call("open_tree", directory, b"", flags)


def set_mount_attributes(mount: int, attributes: int, recursive: bool = True) -> None:
    """Adds attributes to a mount, and to those below it."""
    request = _MountAttr(attributes, 0, 0, 0)
    flags = AT_EMPTY_PATH | (AT_RECURSIVE if recursive else 0)
    call("mount_setattr", mount, b"", flags, ctypes.byref(request), ctypes.sizeof(request))


def attach_mount(mount: int, target: int) -> None:
    """Attaches a detached mount on the file or directory that `target` is an fd of."""
    call("move_mount", mount, b"", target, b"", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH)


def new_filesystem(kind: str, options: dict[str, str], attributes: int = 0) -> int:
    """Returns an fd of a new, detached mount of a new file system (tmpfs, proc, devpts)."""
    context = call("fsopen", kind.encode(), FSOPEN_CLOEXEC)
    try:
        for key, value in options.items():
            call("fsconfig", context, FSCONFIG_SET_STRING, key.encode(), value.encode(), 0)
        call("fsconfig", context, FSCONFIG_CMD_CREATE, None, None, 0)
        return call("fsmount", context, FSMOUNT_CLOEXEC, attributes)
    finally:
        os.close(context)


def pivot_into(root: int) -> None:
    """Makes the mounted directory `root` this namespace's root and detaches the old one.

    Source: pivot_root(2), NOTES: `pivot_root(".", ".")`.
    """
    os.fchdir(root)
    call("pivot_root", b".", b".")
    call("umount2", b".", MNT_DETACH)
    os.chdir("/")


def set_capabilities(mask: int) -> None:
    """Sets permitted, effective and inheritable to the bits of `mask`.

    Source: capget(2), _LINUX_CAPABILITY_VERSION_3 with two 32-bit data entries.
    """
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    low, high = mask & 0xFFFFFFFF, mask >> 32
    call("capset", header, (ctypes.c_uint32 * 6)(low, low, low, high, high, high))


def join_new_session_keyring() -> None:
    """Gives this process a keyring of its own, without the keys of the session it was started in.

    Source: keyctl(2), KEYCTL_JOIN_SESSION_KEYRING.
    """
    call("keyctl", 1, None)


def load_seccomp(program: bytes) -> None:
    """Installs a BPF program for this process and all its descendants, for good.

    Source: seccomp(2): an instruction is 8 bytes; needs no_new_privs.
    """
    fprog = _SockFprog(len(program) // 8, program)
    ctypes.set_errno(0)
    if _LIBC.prctl(PR_SET_SECCOMP, ctypes.c_ulong(SECCOMP_MODE_FILTER), ctypes.byref(fprog), 0, 0) < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error), "seccomp")
