"""`TerminalDriver`: Textual's inline driver on a terminal that was opened for one question.

Unlike Textual's own it needs no standard stream, no signal and no main thread, asks the terminal nothing
(an answer would arrive as typed keys), takes no mouse, and ends the question where the terminal is closed.
What was typed before the question could be seen is thrown away. Source: termios(3), tcflush.
"""

import os
import re
import selectors
import termios
from codecs import getincrementaldecoder
from contextlib import suppress
from threading import Thread
from typing import Any, Protocol

from textual import events
from textual._xterm_parser import XTermParser
from textual.driver import Driver
from textual.drivers.linux_inline_driver import LinuxInlineDriver
from textual.geometry import Size

_POLL_S = 0.1
_CHUNK = 4096
_UNWANTED = re.compile(r"\x1b\[6n|\x1b\]22;[^\x07\x1b]*(?:\x07|\x1b\\)")
"""Source: ECMA-48 (DSR); xterm's control sequences (OSC 22)."""
RESTORE = "\x1b[?2004l\x1b[?25h\x1b[0m"
"""No bracketed paste, a visible cursor, no colour. Source: xterm's control sequences."""


class Asked(Protocol):
    """The app of one question: the terminal it is drawn on, and what to do when that is gone."""

    terminal_fd: int

    def lose_terminal(self) -> None:
        """Ends the question as refused. Called on any thread."""
        ...


class TerminalDriver(LinuxInlineDriver):
    """Draws and reads on `app.terminal_fd`."""

    def __init__(
        self, app: Any, *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        Driver.__init__(self, app, debug=debug, mouse=False, size=size)
        self._asked: Asked = app
        self.fileno = self._asked.terminal_fd
        self._screen = os.fdopen(os.dup(self.fileno), "w", encoding="utf-8", errors="replace")
        self.attrs_before: list[Any] | None = None
        self._stop_reader, self._stop_writer = os.pipe()
        self._keys: Thread | None = None
        self._shown_size = (0, 0)

    def write(self, data: str) -> None:
        """Writes, as far as there is still a terminal, without what Textual (8.2) asks it by itself: where
        the cursor is, which shape the mouse's pointer may have."""
        with suppress(OSError, ValueError):
            self._screen.write(_UNWANTED.sub("", data))

    def flush(self) -> None:
        """Shows what was written."""
        try:
            self._screen.flush()
        except (OSError, ValueError):
            self._asked.lose_terminal()

    def start_application_mode(self) -> None:
        """Takes the terminal: no echo, no line editing, no signals from keys."""
        try:
            self.attrs_before = termios.tcgetattr(self.fileno)
            attributes = termios.tcgetattr(self.fileno)
            attributes[3] = self._patch_lflag(attributes[3])
            attributes[0] = self._patch_iflag(attributes[0])
            attributes[6][termios.VMIN] = 1
            termios.tcsetattr(self.fileno, termios.TCSAFLUSH, attributes)
        except termios.error:
            self._asked.lose_terminal()
        self.write("\x1b[0m\x1b[?25l\x1b[?2004h" + "\n" * self._app.INLINE_PADDING)
        self.flush()
        self._tell_size()

    def start_reading(self) -> None:
        """Reads keys from now on; what was typed until now is forgotten. Called once it can be seen."""
        if self._keys is None:
            with suppress(termios.error):
                termios.tcflush(self.fileno, termios.TCIFLUSH)
            self._keys = Thread(target=self._read_keys, name="question-keys", daemon=True)
            self._keys.start()

    def disable_input(self) -> None:
        """Reads no more; what was typed until now is forgotten."""
        if self._keys is not None:
            os.write(self._stop_writer, b"x")
            self._keys.join()
            self._keys = None
            with suppress(termios.error):
                termios.tcflush(self.fileno, termios.TCIFLUSH)

    def stop_application_mode(self) -> None:
        """Gives the terminal back as it was."""
        self.disable_input()
        self.write("\x1b[J" + RESTORE)
        if self.attrs_before is not None:
            with suppress(termios.error):
                termios.tcsetattr(self.fileno, termios.TCSADRAIN, self.attrs_before)
        self.flush()

    def close(self) -> None:
        """Lets go of the terminal."""
        with suppress(OSError, ValueError):
            self._screen.close()
        for descriptor in (self._stop_reader, self._stop_writer):
            with suppress(OSError):
                os.close(descriptor)

    def _get_terminal_size(self) -> tuple[int, int]:
        try:
            size = os.get_terminal_size(self.fileno)
        except OSError:
            return 80, 24
        return size.columns or 80, size.lines or 24

    def _tell_size(self) -> None:
        """A question notices a new size by looking: signals belong to the main thread."""
        found = self._get_terminal_size()
        if found == self._shown_size:
            return
        if self._shown_size != (0, 0):
            self.write("\x1b[H\x1b[2J")
        self._shown_size = found
        self.process_message(events.Resize(Size(*found), Size(*found)))

    def _read_keys(self) -> None:
        parser, decode = XTermParser(), getincrementaldecoder("utf-8")("replace").decode
        with selectors.DefaultSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            selector.register(self._stop_reader, selectors.EVENT_READ)
            while True:
                ready = {key.fd for key, _ in selector.select(_POLL_S)}
                if self._stop_reader in ready:
                    return
                if ready:
                    try:
                        chunk = os.read(self.fileno, _CHUNK)
                    except OSError:
                        chunk = b""
                    if not chunk:
                        self._asked.lose_terminal()
                        return
                    found = list(parser.feed(decode(chunk)))
                else:
                    found = list(parser.tick())
                for event in found:
                    if isinstance(event, events.Key | events.Paste):
                        self.process_message(event)
                self._tell_size()
