"""A step's init: pid 1 of its namespaces (or, without a pid namespace, a subreaper).

Warm: what the fresh namespaces need, the base of the view, and the process that will become the command,
forked before any plan is known. Then it finishes the view, lets the command go, drops its own
capabilities, reaps, passes signals on, and reports. Every process of the step ends with it, and it ends
when its control socket does. Messages out: failed, listeners (with them), terminal (with
the master), ended. In: begin, signal.
"""

import os
import select
import signal
import socket
from contextlib import suppress
from typing import Any

from rundown.sandbox.child import command, namespaces, syscalls, terminal, walls, wire
from rundown.sandbox.child.ending import count_others, end_all_others, processes_to_signal
from rundown.sandbox.child.network import StepNetwork
from rundown.sandbox.child.stages import StageError, stage
from rundown.sandbox.child.view import View

Recipe = dict[str, Any]


class _ParentGoneError(Exception):
    """The control socket ended: so does the step."""


def serve(control: socket.socket, report: socket.socket, recipe: Recipe, seccomp: bytes) -> None:
    """Lives the whole life of one step; returns when every process of it is gone.

    `report` is the command's own socket to rundown.
    """
    own_pids = "pid" in recipe["namespaces"]
    try:
        view = _warm_up(recipe)
        network = _make_network(recipe)
        if recipe["tier"] != "none":
            walls.empty_bounding_set(recipe["keep_capabilities"])
        go, child = _fork_command(control, report, recipe, seccomp)
        begin = _wait_for_plan(control)
        _open_network(control, network, begin)
        _let_go(control, go, begin, view)
        if recipe["tier"] != "none":
            walls.drop_capabilities([])
        status = _watch(control, child, own_pids)
        left = count_others(own_pids)
        end_all_others(own_pids)
        wire.send(control, {"event": "ended", "status": status, "left": left})
    except StageError as error:
        say(control, error)
    except _ParentGoneError:
        pass
    except Exception as error:
        say(control, StageError("init", 0, f"{type(error).__name__}: {error}"))
    finally:
        end_all_others(own_pids)


def say(control: socket.socket, error: StageError) -> None:
    """Tells rundown of a failure, if it is still there."""
    with suppress(OSError):
        wire.send(control, error.as_message())


def _warm_up(recipe: Recipe) -> View | None:
    spaces = recipe["namespaces"]
    if "net" in spaces:
        namespaces.bring_loopback_up()
    if "mount" not in spaces:
        return None
    with stage("namespaces", "private mounts"):
        syscalls.make_all_mounts_private()
    proc = _make_proc() if "pid" in spaces else None
    if "user" in spaces and proc is not None:
        namespaces.forbid_user_namespaces(proc)
    elif "user" in spaces:  # the host's /proc; where its switches are read-only, seccomp alone forbids it
        with suppress(OSError, StageError):
            shared = os.open("/proc", os.O_PATH | os.O_CLOEXEC)
            namespaces.forbid_user_namespaces(shared)  # each namespace sees its own limit there
            os.close(shared)
    view = View(proc)
    view.build(recipe["fresh"])
    return view


def _make_network(recipe: Recipe) -> StepNetwork | None:
    """None where there is none, or where no cable can be had: then nothing is reachable."""
    if "net" not in recipe["namespaces"]:
        return None
    try:
        return StepNetwork(recipe["ports"])
    except StageError:
        return None


def _open_network(control: socket.socket, network: StepNetwork | None, begin: wire.Message) -> None:
    """Hands the listeners over. Nobody waits for them to be served: what connects before is queued."""
    if network is None:
        if begin["network"] is not None:
            raise StageError("network", 0, "no virtual network device can be made (veth)")
        return
    opened = network.listen(begin["network"]) if begin["network"] is not None else []
    network.close()
    for first in range(0, len(opened), wire.MOST_FDS):
        some = opened[first : first + wire.MOST_FDS]
        message = {"event": "listeners", "for": [purpose for purpose, _ in some]}
        wire.send(control, message, tuple(sock.fileno() for _, sock in some))
    for _, sock in opened:
        sock.close()


def _make_proc() -> int | None:
    """Returns a new, detached proc mount; None where it is refused, which the plan knows from the probe."""
    attributes = syscalls.MOUNT_ATTR_NOSUID | syscalls.MOUNT_ATTR_NODEV
    try:
        return syscalls.new_filesystem("proc", {}, attributes)
    except OSError:
        return None


def _fork_command(
    control: socket.socket, report: socket.socket, recipe: Recipe, seccomp: bytes
) -> tuple[socket.socket, int]:
    """Returns the socket that lets the command go, and its pid."""
    ours, theirs = socket.socketpair()
    with stage("fork"):
        child = os.fork()
    if child == 0:
        control.close()
        ours.close()
        command.run(report, theirs, recipe, seccomp)
    theirs.close()
    report.close()
    return ours, child


def _wait_for_plan(control: socket.socket) -> wire.Message:
    received = wire.receive(control)
    if received is None:
        raise _ParentGoneError
    return received[0]


def _let_go(control: socket.socket, go: socket.socket, begin: wire.Message, view: View | None) -> None:
    if view is not None:
        view.build(begin["mounts"])
    if wire.receive(go) is None:
        return  # it has told rundown why it is not there
    if view is not None:
        view.finish()
    fds: tuple[int, ...] = ()
    if begin["pty"]:
        with stage("terminal"):
            master, slave = terminal.open_pair(own=view is not None)
            if begin["size"] is not None:
                terminal.set_size(master, *begin["size"])
            wire.send(control, {"event": "terminal"}, (master,))
            os.close(master)
            fds = (slave,)
    with suppress(OSError):
        wire.send(go, {}, fds)
    # The terminal's slave stays open here: a program that closes its output before it exits, as coreutils do,
    # would otherwise leave a master without a slave, and be hung up on by whoever closes that.
    go.close()


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
    message = _wait_for_plan(control)
    for target in processes_to_signal(own_pids):
        with suppress(ProcessLookupError, PermissionError):
            os.kill(target, message["signal"])
