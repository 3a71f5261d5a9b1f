"""What the TUI draws on a terminal with: one that may go away without holding anything up.

Textual's own writer ends at the first error, and whoever draws after it waits for ever; so a run could
neither pause nor end when its terminal was lost. Seen with textual 8.2.
"""

import os
from contextlib import suppress
from typing import Any, TextIO

from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver


class _Forgiving:
    """A stream whose reader may be gone."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with suppress(OSError):
            return self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class SteadyDriver(LinuxDriver):
    """Draws on the terminal as long as it is there."""

    def __init__(self, *words: Any, **named: Any) -> None:
        super().__init__(*words, **named)
        if self._file is not None:
            forgiving: Any = _Forgiving(self._file)
            self._file = forgiving


def choose_driver() -> type[Driver] | None:
    """Returns the driver for a terminal; None where somebody else chose one, as the web door does."""
    return None if os.environ.get("TEXTUAL_DRIVER") else SteadyDriver
