"""Entering namespaces, id maps, and what a fresh network namespace needs.

The order matters: a process must be dumpable while an ordinary user writes its own id map (the files
belong to root otherwise), and must not be before anything secret is in it.
Source: user_namespaces(7), "Defining user and group ID mappings"; netdevice(7).
"""

import fcntl
import os
import signal
import socket
import struct
from contextlib import suppress
from typing import Final

from rundown.sandbox.child import syscalls
from rundown.sandbox.child.stages import stage

FLAGS: Final = {
    "user": syscalls.CLONE_NEWUSER,
    "mount": syscalls.CLONE_NEWNS,
    "pid": syscalls.CLONE_NEWPID,
    "net": syscalls.CLONE_NEWNET,
    "ipc": syscalls.CLONE_NEWIPC,
    "uts": syscalls.CLONE_NEWUTS,
}
_SIOCGIFFLAGS: Final = 0x8913
_SIOCSIFFLAGS: Final = 0x8914
_IFF_UP: Final = 0x1


def die_with_parent(parent: int) -> None:
    """Ends this process when its parent ends; ends it now if that has happened already."""
    syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def enter(namespaces: tuple[str, ...], writer: socket.socket | None = None) -> None:
    """Moves this single-threaded process into new namespaces, with identity id maps if `user` is one.

    `writer`: a socket to the parent, which runs `write_maps` meanwhile; root needs one, since only a
    process outside the new namespace may map more than one's own id.
    Raises: StageError "namespaces" or "id-maps".
    """
    flags = 0
    for name in namespaces:
        flags |= FLAGS[name]
    uid, gid = os.geteuid(), os.getegid()  # unmapped afterwards, they would look like nobody's
    with stage("namespaces", "unshare"):
        syscalls.unshare(flags)
    if "user" in namespaces:
        with stage("id-maps"):
            if writer is None:
                _write_own_maps(uid, gid)
            else:
                writer.sendall(b"x")
                problem = int.from_bytes(writer.recv(4), "big")
                if problem:
                    raise OSError(problem, os.strerror(problem), "uid_map")


def needs_writer(namespaces: tuple[str, ...]) -> bool:
    """Whether `enter` needs the parent's help."""
    return "user" in namespaces and os.geteuid() == 0


def write_maps(child: int, asked: socket.socket) -> None:
    """Shows `child`, which has asked, every id of this process's own map as itself. Source: as above."""
    if not asked.recv(1):
        return
    problem = 0
    try:
        for name in ("uid_map", "gid_map"):
            _write(f"/proc/{child}/{name}", identity_map(_read(f"/proc/self/{name}")))
    except OSError as error:
        problem = error.errno or 1
    with suppress(OSError):
        asked.sendall(problem.to_bytes(4, "big"))


def enter_alone(namespaces: tuple[str, ...]) -> None:
    """Does `enter` without a parent that helps: forks one for the time being."""
    if not needs_writer(namespaces):
        enter(namespaces)
        return
    target = os.getpid()
    ours, theirs = socket.socketpair()
    helper = os.fork()
    if helper == 0:
        ours.close()
        write_maps(target, theirs)
        os._exit(0)
    theirs.close()
    try:
        enter(namespaces, ours)
    finally:
        ours.close()
        os.waitpid(helper, 0)


def _write_own_maps(uid: int, gid: int) -> None:
    """The files belong to root while this process is not dumpable; nothing secret is in it yet."""
    syscalls.prctl(syscalls.PR_SET_DUMPABLE, 1)
    try:
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"{uid} {uid} 1")
        _write("/proc/self/gid_map", f"{gid} {gid} 1")
    finally:
        syscalls.prctl(syscalls.PR_SET_DUMPABLE, 0)


def identity_map(own: str) -> str:
    """Returns the map that shows every id of `own` (the text of a uid_map) as itself."""
    lines = [line.split() for line in own.splitlines()]
    return "".join(f"{first} {first} {count}\n" for first, _, count in lines)


def bring_loopback_up() -> None:
    """Gives this network namespace its loopback. Source: netdevice(7)."""
    with stage("loopback"), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        request = struct.pack("16sh22x", b"lo", 0)
        flags = struct.unpack("16sh22x", fcntl.ioctl(sock, _SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(sock, _SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", flags | _IFF_UP))


def forbid_user_namespaces(proc: int) -> None:
    """Sets this user namespace's limit of further ones to none, through `proc`, an fd of a proc mount."""
    with stage("namespaces", "max_user_namespaces"):
        limit = os.open("sys/user/max_user_namespaces", os.O_WRONLY | os.O_CLOEXEC, dir_fd=proc)
        try:
            os.write(limit, b"0")
        finally:
            os.close(limit)


def _read(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()


def _write(path: str, text: str) -> None:
    target = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(target, text.encode("utf-8"))
    finally:
        os.close(target)
