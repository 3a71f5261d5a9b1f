"""The fork server: exec'ed once per run with an empty environment; keeps the next step's init warm.

`main(FD, PARENT)` is started by `python -I -S -`: FD is a socket to rundown, PARENT its pid. In: `hello`
(base, tmp_bytes, recipe; the seccomp program as a memfd), then any number of `take`, each answered with
the control socket of a fresh init, its command's, and a pidfd of its supervisor, and `tmp`, answered with
a directory fd of the run's `{tmp}`. A recipe is what an init does before it knows its plan; a `take` may
bring a new one.
Ends when the socket does, and everything it started with it.
"""

import gc
import os
import signal
import socket
from contextlib import suppress

from rundown.sandbox.child import holder, init, namespaces, syscalls, wire
from rundown.sandbox.child.stages import StageError, stage
from rundown.sandbox.child.view import View


def main(descriptor: int, parent: int) -> None:
    """Serves until the socket ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    syscalls.prctl(syscalls.PR_SET_DUMPABLE, 0)
    namespaces.die_with_parent(parent)
    gc.disable()  # a collection would copy the pages that every fork shares
    gc.freeze()
    sock = socket.socket(fileno=descriptor)
    os.set_inheritable(descriptor, False)
    hello = wire.receive(sock)
    if hello is None:
        return
    try:
        zygote = _Zygote(sock, hello[0], hello[1])
    except StageError as error:
        wire.send(sock, error.as_message())
        return
    while (received := wire.receive(sock)) is not None:
        zygote.answer(received[0])


class _Zygote:
    def __init__(self, sock: socket.socket, hello: wire.Message, fds: list[int]) -> None:
        self._sock = sock
        self._recipe = hello["recipe"]
        self._seccomp = _read_all(fds[0])
        self._has_base = hello["base"] != "plain"
        if self._has_base:
            holder.enter_run_namespace(hello["base"], hello["tmp_bytes"])
            syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
        wire.send(sock, {"event": "ready"})
        self._warm: _Fresh | None = None
        self._make_base()
        self._warm = self._start()

    def answer(self, message: wire.Message) -> None:
        _reap()
        if message["op"] == "tmp":
            opened = os.open(holder.TMP, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            wire.send(self._sock, {"event": "tmp"}, (opened,))
            os.close(opened)
            return
        try:
            self._hand_over(message)
        except StageError as error:
            self._throw_away()
            wire.send(self._sock, error.as_message())

    def _hand_over(self, message: wire.Message) -> None:
        changed = "recipe" in message
        if changed:
            self._recipe = message["recipe"]
        if self._warm is None or (changed and message["discard"]):
            self._throw_away()
            self._make_base()
            changed = False
            self._warm = self._start()
        fresh, self._warm = self._warm, None
        wire.send(self._sock, {"event": "taken"}, fresh.fds())
        fresh.close()
        if changed:
            self._make_base()
        self._warm = self._start()

    def _throw_away(self) -> None:
        """The warm init was made for other steps."""
        if self._warm is not None:
            self._warm.close()
            self._warm = None

    def _make_base(self) -> None:
        """Makes the part of the view that all steps of the run share; they get copies of it."""
        if not self._has_base:
            return
        with suppress(OSError):
            syscalls.call("umount2", holder.VIEW.encode(), syscalls.MNT_DETACH)
        view = View(base=True)
        view.build(self._recipe["base"])
        view.close()

    def _start(self) -> "_Fresh":
        """Returns a new step's init. Its failures come through its own sockets."""
        control, theirs = socket.socketpair()
        command, report = socket.socketpair()
        zygote = os.getpid()
        with stage("fork"):
            supervisor = os.fork()
        if supervisor == 0:
            for inherited in (control, command, self._sock):
                inherited.close()
            _supervise((theirs, report), self._recipe, zygote, self._seccomp)
        theirs.close()
        report.close()
        return _Fresh(control, command, os.pidfd_open(supervisor))


class _Fresh:
    """An init that waits for its plan: its control socket, its command's, its supervisor's pidfd."""

    def __init__(self, control: socket.socket, command: socket.socket, supervisor: int) -> None:
        self._sockets = (control, command)
        self._supervisor = supervisor

    def fds(self) -> tuple[int, ...]:
        return (*(each.fileno() for each in self._sockets), self._supervisor)

    def close(self) -> None:
        for each in self._sockets:
            each.close()
        os.close(self._supervisor)


def _supervise(
    sockets: tuple[socket.socket, socket.socket], recipe: init.Recipe, zygote: int, seccomp: bytes
) -> None:
    """Lives as the host-side parent of one step's init; does not return.

    Without a pid namespace it is init itself, and ends its descendants when the control socket ends:
    a parent-death signal would leave them behind.
    """
    control, report = sockets
    spaces = tuple(recipe["namespaces"])
    try:
        if "pid" in spaces:
            namespaces.die_with_parent(zygote)
        namespaces.enter(spaces)
        if "pid" not in spaces:
            syscalls.prctl(syscalls.PR_SET_CHILD_SUBREAPER, 1)
            init.serve(control, report, recipe, seccomp)
            os._exit(0)
        syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
        with stage("fork"):
            child = os.fork()
        if child == 0:
            syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
            init.serve(control, report, recipe, seccomp)
            os._exit(0)
        control.close()
        report.close()
        os.waitpid(child, 0)
    except StageError as error:
        init.say(control, error)
    finally:
        os._exit(0)


def _reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def _read_all(descriptor: int) -> bytes:
    with open(descriptor, "rb") as file:
        file.seek(0)
        return file.read()
