"""A terminal for tests of questions: keys go in beforehand, what was drawn as plain text comes out."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output import DummyOutput

DOWN, ENTER, CTRL_C, CTRL_D = "\x1b[B", "\r", "\x03", "\x04"


class KeyedTty:
    """Gives the keys it was made with to whatever asks, in order, then the end of input."""

    def __init__(self, keys: PipeInput, rows: int = 24) -> None:
        self._keys = keys
        self._rows = rows
        self.is_gone = False
        self.text = ""
        self.flushed = 0

    def write(self, text: str) -> None:
        self.text += text

    def rows(self) -> int:
        return self._rows

    def flush_typed(self) -> None:
        self.flushed += 1

    def ends(self) -> dict[str, Any]:
        return {"input": self._keys, "output": DummyOutput()}


@contextmanager
def keyed(keys: str, rows: int = 24) -> Iterator[KeyedTty]:
    """Opens a terminal on which these keys are pressed."""
    with create_pipe_input() as pipe:
        pipe.send_text(keys)
        tty = KeyedTty(pipe, rows)
        yield tty
