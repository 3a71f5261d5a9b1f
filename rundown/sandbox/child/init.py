"""A step's init: pid 1 of its namespaces (or, without a pid namespace, a subreaper).

Warm: loopback, proc and limits of the fresh namespaces are made before any plan is known. Then it
receives plan and fds, builds the view, forks the command, drops its own capabilities, reaps, passes
signals on, and reports. Every process of the step ends with it, and it ends when the control socket does.
Messages out: failed, terminal (with the master), started, ended. In: plan, signal.
"""

import json
import os
import select
import signal
import socket
import time
from contextlib import suppress
from typing import Any, Final

from rundown.sandbox.child import command, holder, namespaces, syscalls, terminal, walls, wire
from rundown.sandbox.child.stages import StageError, stage
from rundown.sandbox.child.view import View

_HUNT_S: Final = 3.0
_HUNT_PAUSE_S: Final = 0.001

Message = dict[str, Any]
Recipe = dict[str, Any]


def serve(control: socket.socket, recipe: Recipe, seccomp: bytes) -> None:
    """Lives the whole life of one step; returns when every process of it is gone."""
    own_pids = "pid" in recipe["namespaces"]
    try:
        view, prepared = _warm_up(recipe, seccomp)
        received = wire.receive(control)
        if received is None:
            return
        message, fds = received
        plan = message["plan"]
        child = _begin(control, plan, dict(zip(message["fds"], fds, strict=True)), view, prepared)
        status = _watch(control, child, own_pids)
        left = _count_left(own_pids)
        end_all_children(own_pids)
        wire.send(control, {"event": "ended", "status": status, "left": left})
    except StageError as error:
        say(control, error)
    except _ParentGoneError:
        pass
    except Exception as error:
        say(control, StageError("init", 0, f"{type(error).__name__}: {error}"))
    finally:
        end_all_children(own_pids)


class _ParentGoneError(Exception):
    """The control socket ended: so does the step."""


def say(control: socket.socket, error: StageError) -> None:
    """Tells the parent of a failure, if it is still there."""
    with suppress(OSError):
        wire.send(control, error.as_message())


def _warm_up(recipe: Recipe, seccomp: bytes) -> tuple[View | None, command.Prepared]:
    """Does what is the same for every step of the run: namespaces' needs, the view's base, its rules."""
    spaces = recipe["namespaces"]
    view = None
    rules = None
    if "net" in spaces:
        namespaces.bring_loopback_up()
    if "mount" in spaces:
        with stage("namespaces", "private mounts"):
            syscalls.make_all_mounts_private()
        proc = _make_proc() if "pid" in spaces else None
        if "user" in spaces and proc is not None:
            namespaces.forbid_user_namespaces(proc)
        view = View({} if proc is None else {"proc": proc})
        view.build(recipe["mounts"])
        if recipe["landlock"]:
            rules = walls.FileRules(recipe["landlock_abi"])
            rules.add(recipe["landlock"], holder.VIEW)
    return view, command.Prepared(walls.last_capability(), seccomp, rules)


def _make_proc() -> int | None:
    """Returns a new, detached proc mount; None where it is refused, which the plan knows from the probe."""
    attributes = syscalls.MOUNT_ATTR_NOSUID | syscalls.MOUNT_ATTR_NODEV
    try:
        return syscalls.new_filesystem("proc", {}, attributes)
    except OSError:
        return None


def _begin(
    control: socket.socket, plan: Message, fds: dict[str, int], view: View | None, prepared: command.Prepared
) -> int:
    """Returns the pid of the command."""
    if view is not None:
        view.build(plan["mounts"])
        view.finish()
    if plan["pty"]:
        with stage("terminal"):
            master, fds["terminal"] = terminal.open_pair()
            wire.send(control, {"event": "terminal"}, (master,))
            os.close(master)
    child = _start(plan, fds, prepared)
    if plan["tier"] != "none":
        walls.drop_capabilities([], prepared.last_capability)
    wire.send(control, {"event": "started"})
    return child


def _start(plan: Message, fds: dict[str, int], prepared: command.Prepared) -> int:
    """Returns the pid of the command, which has passed every stage but is perhaps not yet exec'ed.

    Raises: StageError of the stage that failed.
    """
    report_read, report_write = os.pipe()
    with stage("fork"):
        child = os.fork()
    if child == 0:
        os.close(report_read)
        command.become(plan, fds, report_write, prepared)
    # The terminal's slave stays open here: a program that closes its output before it exits, as coreutils do,
    # would otherwise leave a master without a slave, and be hung up on by whoever closes that.
    for used in (report_write, *(fd for name, fd in fds.items() if name != "terminal")):
        os.close(used)
    report = b""
    while chunk := os.read(report_read, 65536):
        report += chunk
    os.close(report_read)
    if report == command.READY:
        return child
    failure = json.loads(report.removeprefix(command.READY) or b"null")
    os.waitpid(child, 0)
    if failure is None:
        raise StageError("command", 0, "it ended before it was confined")
    raise StageError(failure["stage"], failure["errno"], failure["detail"])


def _watch(control: socket.socket, child: int, own_pids: bool) -> int:
    """Returns the command's wait status; meanwhile reaps whatever ends and passes signals on."""
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    poll = select.poll()
    poll.register(control, select.POLLIN)
    poll.register(wake_read, select.POLLIN)
    status = _reap(child)
    while status is None:
        for descriptor, _ in poll.poll():
            if descriptor == wake_read:
                os.read(wake_read, 4096)
            else:
                _obey(control, own_pids)
        status = _reap(child)
    return status


def _reap(child: int) -> int | None:
    found = None
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return found
        if pid == 0:
            return found
        if pid == child:
            found = status


def _obey(control: socket.socket, own_pids: bool) -> None:
    received = wire.receive(control)
    if received is None:
        raise _ParentGoneError
    message, _ = received
    targets = [-1] if own_pids else descendants(os.getpid())
    for target in targets:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(target, message["signal"])


def _count_left(own_pids: bool) -> int:
    if not own_pids:
        return len(descendants(os.getpid()))
    try:
        return sum(1 for name in os.listdir("/proc") if name.isdigit() and name != "1")
    except OSError:
        return 0


def descendants(ancestor: int) -> list[int]:
    """Returns the living descendants of a process as /proc shows them, children before grandchildren."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as file:
                    fields = file.read().rpartition(b")")[2].split()
            except OSError:
                continue
            if fields[0] != b"Z":
                children.setdefault(int(fields[1]), []).append(int(name))
    found: list[int] = []
    pending = [ancestor]
    while pending:
        next_ones = children.get(pending.pop(0), [])
        found += next_ones
        pending += next_ones
    return found


def end_all_children(own_pids: bool) -> None:
    """Kills every other process of the step and waits until none is left.

    Gives up after a while on what may not be killed (a set-user-ID program of an unconfined step).
    """
    deadline = time.monotonic() + _HUNT_S
    while time.monotonic() < deadline:
        for pid in [-1] if own_pids else descendants(os.getpid()):
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                time.sleep(_HUNT_PAUSE_S)
        except ChildProcessError:
            return
