"""Signals while a step runs: interrupt it once, end at once when asked twice; pass window sizes on."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from rundown.sandbox.launcher import Launcher

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class TerminatedError(KeyboardInterrupt):
    """Somebody wants rundown to end (SIGTERM). Unlike Ctrl-C at a question, that is no answer to it."""


@contextmanager
def forwarded(room: Launcher) -> Iterator[None]:
    """While inside, SIGINT, SIGTERM and SIGHUP end the running step first.

    With no step running they interrupt rundown itself (KeyboardInterrupt), as Python does for the first.
    """

    def end(number: int, frame: FrameType | None) -> None:
        if not room.interrupt():
            raise TerminatedError if number == signal.SIGTERM else KeyboardInterrupt

    def resize(number: int, frame: FrameType | None) -> None:
        try:
            size = os.get_terminal_size(sys.stdout.fileno())
        except (OSError, ValueError):
            return
        room.resize(size.lines, size.columns)

    handlers = {**dict.fromkeys(_ENDING, end), signal.SIGWINCH: resize}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
