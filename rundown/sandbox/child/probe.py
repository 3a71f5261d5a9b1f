"""What this host lets us do, found by doing it in children that end at once.

Prints one JSON object: `landlock_abi`, `seccomp`, `proc_mount`, and for each way of making namespaces
(`userns`, `mount`) None if the whole chain worked, else the failure; `cable`: whether a step's network can
be joined to rundown's. Some hosts allow the first call
and refuse the next, so that every stage of the real chain is gone through, with the real code.
"""

import ctypes
import errno
import json
import os
import struct
import sys
from collections.abc import Callable
from typing import Any, Final

from rundown.sandbox.child import holder, namespaces, network, syscalls, walls
from rundown.sandbox.child.stages import StageError, stage

_CREATE_RULESET_VERSION: Final = 1
_STEP_SPACES: Final = ("mount", "pid", "net", "ipc", "uts")
_NOTHING: Final = (False, False)
_ENDED: Final = ({"stage": "probe", "errno": 0, "detail": "it was ended"}, _NOTHING)
_BPF: Final = struct.Struct("HBBI")


def main() -> None:
    """Prints the findings."""
    abi = _Trial(_confine_with_landlock, 0)
    seccomp = _Trial(_confine_with_seccomp, False)
    userns, (proc_mount, cable) = _Trial(lambda: _go_through("userns")).answer()
    mount = None
    if os.geteuid() == 0 and userns is not None:
        mount, (proc_mount, cable) = _Trial(lambda: _go_through("mount")).answer()
    found = {
        "landlock_abi": abi.answer(),
        "seccomp": seccomp.answer(),
        "userns": userns,
        "mount": mount,
        "proc_mount": proc_mount,
        "pidfd": _Trial(_open_pidfd, False).answer(),
        "cable": cable,
    }
    json.dump(found, sys.stdout)


class _Trial:
    """A check in a forked process, under way from the start; it returns JSON values. `otherwise`: the answer
    of one that was ended, as a host's own filter of system calls may do."""

    def __init__(self, check: Callable[[], Any], otherwise: Any = _ENDED) -> None:
        self._otherwise = otherwise
        self._read, writer = os.pipe()
        self._child = os.fork()
        if self._child == 0:
            os.close(self._read)
            try:
                found = check()
            except StageError as error:
                found = [error.as_message(), _NOTHING]
            os.write(writer, json.dumps(found).encode("utf-8"))
            os._exit(0)
        os.close(writer)

    def answer(self) -> Any:
        """Waits for what it found; a check that was ended found nothing."""
        with open(self._read, "rb") as file:
            text = file.read()
        os.waitpid(self._child, 0)
        return json.loads(text) if text else self._otherwise


def _go_through(base: str) -> tuple[None, tuple[bool, bool]]:
    """The chain of a step: run namespace, step namespaces, loopback, proc, a root of its own."""
    holder.enter_run_namespace(base, 1 << 20)
    namespaces.enter_alone(("user", *_STEP_SPACES) if base == "userns" else _STEP_SPACES)
    failure, found = _Trial(_be_init).answer()
    if failure is not None:
        raise StageError(failure["stage"], failure["errno"], failure["detail"])
    return None, found


def _be_init() -> tuple[None, tuple[bool, bool]]:
    with stage("namespaces", "private mounts"):
        syscalls.make_all_mounts_private()
    namespaces.bring_loopback_up()
    try:
        network.StepNetwork().close()
        cable = True
    except StageError:
        cable = False
    try:
        os.close(syscalls.new_filesystem("proc", {}))
        proc_mount = True
    except OSError:
        proc_mount = False
    with stage("mounts"):
        root = syscalls.new_filesystem("tmpfs", {"mode": "0755"})
        target = os.open(holder.VIEW, os.O_PATH | os.O_CLOEXEC)
        host = os.open(holder.HOST, os.O_PATH | os.O_CLOEXEC)
        copy = syscalls.clone_mount(host)
        syscalls.set_mount_attributes(copy, syscalls.MOUNT_ATTR_RDONLY)
        syscalls.attach_mount(root, target)
    with stage("pivot"):
        syscalls.pivot_into(root)
    walls.empty_bounding_set([])
    walls.drop_capabilities([])
    return None, (proc_mount, cable)


def _confine_with_landlock() -> int:
    """Returns the ABI level if a confined read is refused, else 0."""
    try:
        abi = syscalls.call("landlock_create_ruleset", None, 0, _CREATE_RULESET_VERSION)
        os.close(os.open("/", os.O_RDONLY | os.O_CLOEXEC))
        walls.forbid_new_privileges()
        walls.FileRules(abi).apply()
    except (OSError, StageError):
        return 0
    try:
        os.open("/", os.O_RDONLY | os.O_CLOEXEC)
    except PermissionError:
        return abi
    return 0


def _open_pidfd() -> bool:
    try:
        os.close(os.pidfd_open(os.getpid()))
    except OSError:
        return False
    return True


def _confine_with_seccomp() -> bool:
    """Returns whether a filtered call is refused: unshare(0), which does nothing and always works."""
    syscalls.unshare(0)
    program = (
        _BPF.pack(0x20, 0, 0, 0)  # load the call's number
        + _BPF.pack(0x15, 0, 1, syscalls.number_of("unshare"))
        + _BPF.pack(0x06, 0, 0, 0x00050000 | errno.EPERM)
        + _BPF.pack(0x06, 0, 0, 0x7FFF0000)
    )
    try:
        walls.forbid_new_privileges()
        walls.restrict_calls(program)
    except StageError:
        return False
    ctypes.set_errno(0)
    try:
        syscalls.unshare(0)
    except PermissionError:
        return True
    return False
