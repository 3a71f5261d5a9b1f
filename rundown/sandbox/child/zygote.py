"""The fork server: exec'ed once per run with an empty environment; keeps the next step's init warm.

`main(FD, PARENT)` is started by `python -I -S -`: FD is a socket to rundown, PARENT its pid. In: `hello`
(base, tmp_bytes, recipe; two seccomp programs as memfds), then any number of `take`, each answered with
the control socket of a fresh init, its command's, and a pidfd of its supervisor, and `tmp`, answered with
a directory fd of the run's `{tmp}`. A recipe is what an init does before it knows its plan; a `take` may
bring a new one.
Ends when the socket does, and everything it started with it.
"""

import gc
import os
import select
import signal
import socket
from contextlib import suppress
from typing import Final, NamedTuple

from rundown.sandbox.child import holder, init, namespaces, syscalls, wire
from rundown.sandbox.child.stages import StageError, stage
from rundown.sandbox.child.view import View

_QUIET_MS: Final = 3  # a short step shall not compete with the making of the next one's init


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
        zygote = _Zygote(sock, hello[0], hello[1])
    except StageError as error:
        wire.send(sock, error.as_message())
        return
    while True:
        if zygote.may_warm_up() and not _has_news(sock):
            zygote.warm_up()
        received = wire.receive(sock)
        if received is None:
            return
        zygote.answer(received[0])


def _has_news(sock: socket.socket) -> bool:
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(_QUIET_MS))


class _Zygote:
    """Keeps at most one init warm; what a failure leaves half done is thrown away and made anew."""

    def __init__(self, sock: socket.socket, hello: wire.Message, fds: list[int]) -> None:
        self._sock = sock
        self._recipe = hello["recipe"]
        self._programs = [_read_all(fd) for fd in fds]  # the usual one, that of `enforce_run: tree`
        self._has_view = hello["base"] != "plain"
        self._base_is_made = False
        self._warm: _Fresh | None = None
        self._failed = False
        if self._has_view:
            holder.enter_run_namespace(hello["base"], hello["tmp_bytes"])
            syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
        wire.send(sock, {"event": "ready"})

    def may_warm_up(self) -> bool:
        """Whether there is something to do ahead; after a failure only once it was asked for again."""
        return self._warm is None and not self._failed

    def warm_up(self) -> None:
        """Makes the next init ahead."""
        try:
            self._make_warm()
        except StageError:
            self._failed = True  # the next one who asks is told

    def answer(self, message: wire.Message) -> None:
        """Does what a message asks for."""
        _reap()
        self._failed = False
        if message["op"] == "tmp":
            opened = os.open(holder.TMP, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            wire.send(self._sock, {"event": "tmp"}, (opened,))
            os.close(opened)
            return
        try:
            self._hand_over(message)
        except StageError as error:
            self._failed = True
            wire.send(self._sock, error.as_message())

    def _hand_over(self, message: wire.Message) -> None:
        """Hands the warm init over, or one made now if there is none or it was made for other steps."""
        if self._warm is None or message.get("discard", False):
            self._take_recipe(message)
            self._make_warm()
        assert self._warm is not None
        fresh, self._warm = self._warm, None
        wire.send(
            self._sock, {"event": "taken", "has_done": fresh.recipe == message.get("recipe")}, fresh.fds()
        )
        fresh.close()
        self._take_recipe(message)

    def _take_recipe(self, message: wire.Message) -> None:
        """What was made by another recipe is of no use any more."""
        recipe = message.get("recipe", self._recipe)
        if recipe != self._recipe:
            self._recipe = recipe
            self._base_is_made = False
            if self._warm is not None:
                self._warm.close()
                self._warm = None

    def _make_warm(self) -> None:
        if self._warm is None:
            if self._has_view and not self._base_is_made:
                self._make_base()
            self._warm = self._start()

    def _make_base(self) -> None:
        """Makes the part of the view that all steps of the run share; they get copies of it."""
        with suppress(OSError):
            syscalls.call("umount2", holder.VIEW.encode(), syscalls.MNT_DETACH)
        view = View(base=True)
        view.build(self._recipe["base"])
        view.close()
        self._base_is_made = True

    def _start(self) -> "_Fresh":
        """Returns a new step's init. Its failures come through its own sockets."""
        control, theirs = socket.socketpair()
        command, report = socket.socketpair()
        maps, asking = socket.socketpair()
        zygote = os.getpid()
        with stage("fork"):
            supervisor = os.fork()
        if supervisor == 0:
            for inherited in (control, command, maps, self._sock):
                inherited.close()
            program = self._programs[1 if self._recipe["only_programs"] else 0]
            _supervise(_Ends(theirs, report, asking), self._recipe, zygote, program)
        for given in (theirs, report, asking):
            given.close()
        if namespaces.needs_writer(tuple(self._recipe["namespaces"])):
            namespaces.write_maps(supervisor, maps)
        maps.close()
        return _Fresh(self._recipe, (control, command), os.pidfd_open(supervisor))


class _Ends(NamedTuple):
    """A supervisor's ends of sockets: to rundown for init and for the command, to the zygote for id maps."""

    control: socket.socket
    report: socket.socket
    maps: socket.socket


class _Fresh:
    """An init that waits for its plan: its control socket, its command's, its supervisor's pidfd."""

    def __init__(self, recipe: init.Recipe, sockets: tuple[socket.socket, ...], supervisor: int) -> None:
        self.recipe = recipe
        self._sockets = sockets
        self._supervisor = supervisor

    def fds(self) -> tuple[int, ...]:
        return (*(each.fileno() for each in self._sockets), self._supervisor)

    def close(self) -> None:
        for each in self._sockets:
            each.close()
        os.close(self._supervisor)


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
