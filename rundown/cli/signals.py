"""Signals while a step runs: interrupt it once, end at once when asked twice; pass window sizes on; Ctrl-Z
stops it together with rundown, clock included."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from rundown.cli.hangup import HangUp
from rundown.sandbox.launcher import Launcher

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class TerminatedError(KeyboardInterrupt):
    """Somebody wants rundown to end (SIGTERM). Unlike Ctrl-C at a question, that is no answer to it."""


@contextmanager
def forwarded(
    room: Launcher,
    size: Callable[[], tuple[int, int] | None],
    warn: Callable[[type[KeyboardInterrupt]], bool] = lambda reason: False,
    hangup: HangUp | None = None,
) -> Iterator[None]:
    """While inside, SIGINT, SIGTERM and SIGHUP end the running step first; with `hangup`, the last is noted
    there and the step goes to its end.

    With no step running they interrupt rundown itself (KeyboardInterrupt), as Python does for the first.
    `size` says how large a step's terminal is; `warn` is called when anything is asked to end;
    it returns whether somebody else raises that.
    """

    def end(number: int, frame: FrameType | None) -> None:
        if number == signal.SIGHUP and hangup is not None and room.is_busy:
            hangup.happened = True
            return
        reason = TerminatedError if number == signal.SIGTERM else KeyboardInterrupt
        is_busy = room.interrupt()
        if not warn(reason) and not is_busy:
            raise reason

    def resize(number: int, frame: FrameType | None) -> None:
        found = size()
        if found is not None:
            room.resize(*found)

    def suspend(number: int, frame: FrameType | None) -> None:
        if not room.suspend():
            os.kill(os.getpid(), signal.SIGSTOP)

    handlers = {**dict.fromkeys(_ENDING, end), signal.SIGWINCH: resize, signal.SIGTSTP: suspend}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
