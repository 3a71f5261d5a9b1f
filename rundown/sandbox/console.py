"""`Console`: the person's terminal while an interactive step has it.

Raw while the step runs, so that every key goes to the step's own terminal, but Ctrl-Z: that suspends
rundown itself with the step frozen, since nobody inside could bring a stopped program back. Restores the
terminal's settings whatever happens. Source: termios(3), tcsetattr(3), pty(7).
"""

import os
import selectors
import signal
import termios
import tty
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

_CHUNK: Final = 4096
_SUSPEND: Final = b"\x1a"
_END_OF_INPUT: Final = b"\x04"


class Console:
    """Carries keys from `stdin_fd` to the master of a step's terminal, between `enter` and `leave`.

    `freeze(wanted)` stops the step's processes at once, or lets them go on.
    """

    def __init__(
        self, stdin_fd: int, selector: selectors.BaseSelector, freeze: Callable[[bool], None]
    ) -> None:
        self._stdin = stdin_fd
        self._selector = selector
        self._freeze = freeze
        self._settings: list[Any] | None = None
        self._writer: int | None = None
        self._pending = b""
        self._over = False

    def enter(self, master: int) -> None:
        """Begins."""
        self._writer = os.dup(master)
        self._make_raw()
        self._listen()

    def leave(self) -> None:
        """Ends and restores the terminal; may be called again."""
        self._restore()
        if self._writer is None:
            return
        for descriptor in (self._stdin, self._writer):
            with suppress(KeyError):
                self._selector.unregister(descriptor)
        os.close(self._writer)
        self._writer = None

    def _listen(self) -> None:
        try:
            self._selector.register(self._stdin, selectors.EVENT_READ, self._forward)
        except PermissionError:  # epoll takes no regular files; those can be read at once
            while chunk := os.read(self._stdin, _CHUNK):
                self._pending += chunk
            self._pending += _END_OF_INPUT
            self._over = True
            self._flush()

    def _forward(self) -> None:
        chunk = os.read(self._stdin, _CHUNK)
        if not chunk:
            self._selector.unregister(self._stdin)
            self._over = True
            chunk = _END_OF_INPUT
        elif self._settings is not None and _SUSPEND in chunk:
            chunk, _, after = chunk.partition(_SUSPEND)
            self._pending += chunk
            self._suspend()
            chunk = after
        self._pending += chunk
        self._flush()

    def _flush(self) -> None:
        """Writes what the step's terminal takes; until it takes all, no further key is read."""
        assert self._writer is not None
        try:
            self._pending = self._pending[os.write(self._writer, self._pending) :]
        except BlockingIOError:
            pass
        except OSError:  # EIO: the step's side is closed
            self._pending = b""
        with suppress(KeyError):
            self._selector.unregister(self._writer)
        if self._pending:
            with suppress(KeyError):
                self._selector.unregister(self._stdin)
            self._selector.register(self._writer, selectors.EVENT_WRITE, self._resume)

    def _resume(self) -> None:
        self._flush()
        if not self._pending and not self._over:
            self._listen()

    def _suspend(self) -> None:
        self._freeze(True)
        self._restore()
        os.killpg(0, signal.SIGTSTP)  # goes on here when the shell brings rundown back
        self._make_raw()
        self._freeze(False)

    def _make_raw(self) -> None:
        if os.isatty(self._stdin):
            self._settings = termios.tcgetattr(self._stdin)
            tty.setraw(self._stdin, termios.TCSADRAIN)

    def _restore(self) -> None:
        if self._settings is not None:
            with suppress(termios.error):
                termios.tcsetattr(self._stdin, termios.TCSADRAIN, self._settings)
            self._settings = None
