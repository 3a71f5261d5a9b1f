"""The fork server: exec'ed once per run with an empty environment; keeps the next step's init warm.

`main(FD, PARENT)` is started by `python -I -S -`: FD is a socket to rundown, PARENT its pid. In: `hello`
(base, tmp_bytes, recipe; the seccomp program as a memfd), then any number of `take`, each answered with
the control socket of a fresh init and a pidfd of its supervisor, and `tmp`, answered with a directory fd
of the run's `{tmp}`. A recipe is what an init does before it knows its plan; a `take` may bring a new one.
Ends when the socket does, and everything it started with it.
"""

import os
import signal
import socket

from rundown.sandbox.child import holder, init, namespaces, syscalls, wire
from rundown.sandbox.child.stages import StageError, stage


def main(descriptor: int, parent: int) -> None:
    """Serves until the socket ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    syscalls.prctl(syscalls.PR_SET_DUMPABLE, 0)
    namespaces.die_with_parent(parent)
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
        self._seccomp = _read_all(fds[0]) if fds else b""
        if hello["base"] != "plain":
            holder.enter_run_namespace(hello["base"], hello["tmp_bytes"])
            syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
        wire.send(sock, {"event": "ready"})
        self._warm: _Fresh | None = None
        self._warm = self._start(self._recipe)

    def answer(self, message: wire.Message) -> None:
        if message["op"] == "tmp":
            opened = os.open(holder.TMP, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            wire.send(self._sock, {"event": "tmp"}, (opened,))
            os.close(opened)
            return
        _reap()
        if "recipe" in message:
            self._recipe = message["recipe"]
            if message["discard"]:
                self._renew()
        fresh, self._warm = self._warm, None
        assert fresh is not None
        wire.send(self._sock, {"event": "taken"}, fresh.fds())
        fresh.close()
        self._warm = self._start(self._recipe)

    def _renew(self) -> None:
        """Throws the warm init away: it was made for other steps."""
        if self._warm is not None:
            self._warm.close()
            self._warm = None
        self._warm = self._start(self._recipe)

    def _start(self, recipe: init.Recipe) -> "_Fresh":
        """Returns a new step's init. Its failures come through its own control socket."""
        ours, theirs = socket.socketpair()
        zygote = os.getpid()
        supervisor = os.fork()
        if supervisor == 0:
            ours.close()
            self._sock.close()
            if self._warm is not None:
                self._warm.close()
            _supervise(theirs, recipe, zygote, self._seccomp)
        theirs.close()
        return _Fresh(ours, os.pidfd_open(supervisor))


class _Fresh:
    """An init that waits for its plan, and its supervisor's pidfd."""

    def __init__(self, control: socket.socket, supervisor: int) -> None:
        self._control = control
        self._supervisor = supervisor

    def fds(self) -> tuple[int, int]:
        return self._control.fileno(), self._supervisor

    def close(self) -> None:
        self._control.close()
        os.close(self._supervisor)


def _supervise(control: socket.socket, recipe: init.Recipe, zygote: int, seccomp: bytes) -> None:
    """Lives as the host-side parent of one step's init; does not return.

    Without a pid namespace it is init itself, and ends its descendants when the control socket ends:
    a parent-death signal would leave them behind.
    """
    spaces = tuple(recipe["namespaces"])
    try:
        if "pid" in spaces:
            namespaces.die_with_parent(zygote)
        namespaces.enter(spaces)
        if "pid" not in spaces:
            syscalls.prctl(syscalls.PR_SET_CHILD_SUBREAPER, 1)
            init.serve(control, recipe, seccomp)
            os._exit(0)
        syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
        with stage("fork"):
            child = os.fork()
        if child == 0:
            syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
            init.serve(control, recipe, seccomp)
            os._exit(0)
        control.close()
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
