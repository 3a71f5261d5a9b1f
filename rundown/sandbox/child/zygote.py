"""The fork server: exec'ed once per run with an empty environment; makes a fresh init for each step.

`main(FD, PARENT)` is started by `python -I -S -`: FD is a socket to rundown, PARENT its pid. In: `hello`
(base, tmp_bytes), then any number of `take`, each answered with sockets to a fresh init and to its command
and a pidfd of its supervisor (where those are refused, an fd that is readable when it has ended), and `tmp`,
answered with a directory fd of the run's `{tmp}`. A recipe is what an init does before it knows its plan; a
`take` may bring a new one, with its seccomp program as a memfd. rundown asks ahead, so that an init is warm
when a step begins.
Ends when the socket does, and everything it started with it.
"""

import gc
import os
import signal
import socket
from contextlib import suppress
from typing import NamedTuple

from rundown.sandbox.child import holder, init, namespaces, syscalls, wire
from rundown.sandbox.child.stages import StageError, stage
from rundown.sandbox.child.view import View


def main(descriptor: int, parent: int) -> None:
    """Serves until the socket ends."""
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_DFL)  # whatever rundown was started with
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    syscalls.prctl(syscalls.PR_SET_DUMPABLE, 0)
    namespaces.die_with_parent(parent)
    with suppress(OSError):  # a kernel without keys has none to share
        syscalls.join_new_session_keyring()
    gc.disable()  # a collection would copy the pages that every fork shares
    gc.freeze()
    sock = socket.socket(fileno=descriptor)
    os.set_inheritable(descriptor, False)
    hello = wire.receive(sock)
    if hello is None:
        return
    try:
        zygote = _Zygote(sock, hello[0])
    except StageError as error:
        wire.send(sock, error.as_message())
        return
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel buries supervisors; idle or not, none stays
    while (received := wire.receive(sock)) is not None:
        zygote.answer(*received)


class _Zygote:
    def __init__(self, sock: socket.socket, hello: wire.Message) -> None:
        self._sock = sock
        self._program = b""
        self._recipe: init.Recipe = {}
        self._has_view = hello["base"] != "plain"
        self._base_is_made = False
        if self._has_view:
            holder.enter_run_namespace(hello["base"], hello["tmp_bytes"])
            syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
        wire.send(sock, {"event": "ready"})

    def answer(self, message: wire.Message, fds: list[int]) -> None:
        """Does what a message asks for."""
        try:
            if message["op"] == "tmp":
                self._hand_tmp_over()
            else:
                self._hand_init_over(message, fds)
        except StageError as error:
            wire.send(self._sock, error.as_message())

    def _hand_tmp_over(self) -> None:
        with stage("tmp"):
            opened = os.open(holder.TMP, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        wire.send(self._sock, {"event": "tmp"}, (opened,))
        os.close(opened)

    def _hand_init_over(self, message: wire.Message, fds: list[int]) -> None:
        if "recipe" in message:
            self._base_is_made &= message["recipe"]["base"] == self._recipe.get("base")
            self._recipe = message["recipe"]
            self._program = b"".join(_read_all(fd) for fd in fds)
        if self._has_view and not self._base_is_made:
            self._make_base()
        sockets, supervisor = self._start()
        wire.send(self._sock, {"event": "taken"}, (*(each.fileno() for each in sockets), supervisor))
        for each in sockets:
            each.close()
        os.close(supervisor)

    def _make_base(self) -> None:
        """Makes the part of the view that all steps of the run share; they get copies of it."""
        with suppress(OSError):
            syscalls.call("umount2", holder.VIEW.encode(), syscalls.MNT_DETACH)
        view = View(base=True)
        view.build(self._recipe["base"])
        view.close()
        self._base_is_made = True

    def _start(self) -> tuple[tuple[socket.socket, socket.socket], int]:
        """Returns sockets to a new step's init and to its command, and its supervisor's pidfd.

        Its failures come through its own sockets.
        """
        control, theirs = socket.socketpair()
        command, report = socket.socketpair()
        maps, asking = socket.socketpair()
        zygote = os.getpid()
        alive, held = os.pipe()
        with stage("fork"):
            supervisor = os.fork()
        if supervisor == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.close(alive)  # and `held` stays open as long as it, or its init, lives
            for inherited in (control, command, maps, self._sock):
                inherited.close()
            _supervise(_Ends(theirs, report, asking), self._recipe, zygote, self._program)
        for given in (theirs, report, asking):
            given.close()
        if namespaces.needs_writer(tuple(self._recipe["namespaces"])):
            namespaces.write_maps(supervisor, maps)
        maps.close()
        os.close(held)
        return (control, command), _watch(supervisor, alive)


class _Ends(NamedTuple):
    """A supervisor's ends of sockets: to rundown for init and for the command, to the zygote for id maps."""

    control: socket.socket
    report: socket.socket
    maps: socket.socket


def _supervise(ends: _Ends, recipe: init.Recipe, zygote: int, seccomp: bytes) -> None:
    """Lives as the host-side parent of one step's init; does not return.

    Without a pid namespace it is init itself, and ends its descendants when the control socket ends:
    a parent-death signal would leave them behind.
    """
    spaces = tuple(recipe["namespaces"])
    try:
        if "pid" in spaces:
            namespaces.die_with_parent(zygote)
        namespaces.enter(spaces, ends.maps if namespaces.needs_writer(spaces) else None)
        ends.maps.close()
        if "pid" not in spaces:
            syscalls.prctl(syscalls.PR_SET_CHILD_SUBREAPER, 1)
            init.serve(ends.control, ends.report, recipe, seccomp)
            os._exit(0)
        syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
        with stage("fork"):
            child = os.fork()
        if child == 0:
            syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
            init.serve(ends.control, ends.report, recipe, seccomp)
            os._exit(0)
        ends.control.close()
        ends.report.close()
        os.waitpid(child, 0)
    except StageError as error:
        init.say(ends.control, error)
    finally:
        os._exit(0)


def _watch(supervisor: int, alive: int) -> int:
    """Returns a pidfd; where the host refuses those, `alive`, which is readable at the same time."""
    try:
        watched = os.pidfd_open(supervisor)
    except OSError:
        return alive
    os.close(alive)
    return watched


def _read_all(descriptor: int) -> bytes:
    with open(descriptor, "rb") as file:
        file.seek(0)
        return file.read()
