"""Signals while something runs: the first ends the step, the second ends it at once; window sizes are passed
on; Ctrl-Z stops a step together with rundown, clock included."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from rundown.cli.hangup import HangUp
from rundown.sandbox.launcher import Launcher

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_MOST_SPARED = 9
"""So many further signals do not tear off an ending; one more does, should it hang."""


class TerminatedError(KeyboardInterrupt):
    """Somebody wants rundown to end (SIGTERM). Unlike Ctrl-C at a question, that is no answer to it."""


class Hearing:
    """What a signal brings about. Without a room, and while no step runs in it, the first that asks for an
    end interrupts rundown itself (KeyboardInterrupt); an impatient person's next ones find a run that ends
    already, whose receipt and last words they do not cost.

    `size` says how large a step's terminal is; `warn` is called when anything is asked to end; it returns
    whether somebody else raises that. With `hangup`, SIGHUP is noted there and the step goes to its end.
    """

    def __init__(
        self,
        size: Callable[[], tuple[int, int] | None],
        warn: Callable[[type[KeyboardInterrupt]], bool],
        hangup: HangUp | None,
    ) -> None:
        self._size = size
        self._warn = warn
        self._hangup = hangup
        self._room: Launcher | None = None
        self._is_ending = False
        self._spared = 0

    def attach(self, room: Launcher) -> None:
        """Steps run here from now on."""
        self._room = room

    def rest(self) -> None:
        """The run has come to its end or a pause: what follows is only told."""
        self._is_ending = True

    def end(self, number: int, frame: FrameType | None) -> None:
        """SIGINT, SIGTERM, SIGHUP."""
        room = self._room
        if number == signal.SIGHUP and self._hangup is not None and room is not None and room.is_busy:
            self._hangup.happened = True
            return
        reason = TerminatedError if number == signal.SIGTERM else KeyboardInterrupt
        is_busy = room is not None and room.interrupt()
        if self._warn(reason) and not is_busy:
            return
        spares = not is_busy and self._is_ending and self._spared < _MOST_SPARED
        self._is_ending = True
        self._spared += spares
        if not is_busy and not spares:
            raise reason

    def resize(self, number: int, frame: FrameType | None) -> None:
        """SIGWINCH."""
        found = self._size()
        if found is not None and self._room is not None:
            self._room.resize(*found)

    def suspend(self, number: int, frame: FrameType | None) -> None:
        """SIGTSTP."""
        if self._room is None or not self._room.suspend():
            os.kill(os.getpid(), signal.SIGSTOP)


@contextmanager
def heard(
    size: Callable[[], tuple[int, int] | None],
    warn: Callable[[type[KeyboardInterrupt]], bool] = lambda reason: False,
    hangup: HangUp | None = None,
) -> Iterator[Hearing]:
    """While inside, signals do what `Hearing` says; as before afterwards."""
    hearing = Hearing(size, warn, hangup)
    handlers = {
        **dict.fromkeys(_ENDING, hearing.end),
        signal.SIGWINCH: hearing.resize,
        signal.SIGTSTP: hearing.suspend,
    }
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield hearing
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
