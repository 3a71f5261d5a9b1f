"""The fork server: exec'ed once per run with an empty environment; keeps the next step's init warm.

`python -I -S -c 'run main' FD PARENT`: FD is a socket to rundown, PARENT its pid. Messages in: `hello`
(base, tmp_bytes, warm namespaces; the seccomp program as a memfd), then any number of `take`
(namespaces) each answered with the control socket of a fresh step's init, and `tmp`, answered with a
directory fd of the run's `{tmp}`. Ends when the socket does, and everything it started with it.
"""

import os
import signal
import socket
from typing import Any

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
    def __init__(self, sock: socket.socket, hello: dict[str, Any], fds: list[int]) -> None:
        self._sock = sock
        self._base = hello["base"]
        self._spaces = tuple(hello["namespaces"])
        self._seccomp = _read_all(fds[0]) if fds else b""
        if self._base != "plain":
            holder.enter_run_namespace(self._base, hello["tmp_bytes"])
            syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
        wire.send(sock, {"event": "ready"})
        self._warm: _Fresh | None = None
        self._warm = self._start(self._spaces)

    def answer(self, message: dict[str, Any]) -> None:
        if message["op"] == "tmp":
            opened = os.open(holder.TMP, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            wire.send(self._sock, {"event": "tmp"}, (opened,))
            os.close(opened)
            return
        _reap()
        spaces = tuple(message["namespaces"])
        if spaces == self._spaces and self._warm is not None:
            fresh, self._warm = self._warm, None
        else:
            fresh = self._start(spaces)
        wire.send(self._sock, {"event": "taken"}, fresh.fds())
        fresh.close()
        if self._warm is None:
            self._warm = self._start(self._spaces)

    def _start(self, spaces: tuple[str, ...]) -> "_Fresh":
        """Returns a new step's init. Its failures come through its own control socket."""
        ours, theirs = socket.socketpair()
        zygote = os.getpid()
        supervisor = os.fork()
        if supervisor == 0:
            ours.close()
            self._sock.close()
            if self._warm is not None:
                self._warm.close()
            _supervise(theirs, spaces, zygote, self._seccomp)
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


def _supervise(control: socket.socket, spaces: tuple[str, ...], zygote: int, seccomp: bytes) -> None:
    """Lives as the host-side parent of one step's init; does not return.

    Without a pid namespace it is init itself, and ends its descendants when the control socket ends:
    a parent-death signal would leave them behind.
    """
    try:
        if "pid" in spaces:
            namespaces.die_with_parent(zygote)
        namespaces.enter(spaces)
        if "pid" not in spaces:
            syscalls.prctl(syscalls.PR_SET_CHILD_SUBREAPER, 1)
            init.serve(control, spaces, seccomp)
            os._exit(0)
        syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
        with stage("fork"):
            child = os.fork()
        if child == 0:
            syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
            init.serve(control, spaces, seccomp)
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
