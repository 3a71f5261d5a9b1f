"""`ask_inline`: draws one prompt in the rows under the output of a terminal, and returns its answer.

The terminal's settings are put back whatever happens: an answer, a signal, a crash of what draws.
"""

import os
import termios
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any, TypeVar

from msgspec import Struct
from textual.app import App, ComposeResult
from textual.driver import Driver
from textual.pilot import Pilot
from textual.theme import BUILTIN_THEMES

from rundown.prompt.base import Prompt
from rundown.prompt.driver import RESTORE, TerminalDriver

T = TypeVar("T")


_ANSI = "ansi-dark"
_COLOURLESS = replace(
    BUILTIN_THEMES[_ANSI],
    name="colourless",
    primary="ansi_default",
    secondary="ansi_default",
    warning="ansi_default",
    error="ansi_default",
    success="ansi_default",
    accent="ansi_default",
)


class UndrawnError(Exception):
    """A question could not be drawn on this terminal."""


class Waiting(Struct, frozen=True, kw_only=True):
    """What happens while nobody answers. `unheard` is called once after `bell_after_s`, beside the bell;
    `patience_s`: after so long it is refused, None: never."""

    bell_after_s: float = 10.0
    unheard: Callable[[], None] = lambda: None
    patience_s: float | None = None


class InlinePrompt(App[Any]):
    """The app around one prompt."""

    CSS = "Screen:inline { height: auto; max-height: 100%; border: none; }"
    ENABLE_COMMAND_PALETTE = False
    INLINE_PADDING = 1

    def __init__(self, prompt: Prompt[T], fd: int, waiting: Waiting) -> None:
        self.terminal_fd = fd
        super().__init__()
        self.register_theme(_COLOURLESS)
        self.theme = _ANSI if prompt.style.color else _COLOURLESS.name
        self._filters = []  # they would turn the terminal's own colours into black on black (8.2)
        self._prompt = prompt
        self._waiting = waiting

    def compose(self) -> ComposeResult:
        """Shows the prompt and nothing else."""
        yield self._prompt

    def on_mount(self) -> None:
        """Starts the clocks; keys are read once the question can be seen."""
        self.set_timer(self._waiting.bell_after_s, self._call_out)
        if self._waiting.patience_s is not None:
            self.set_timer(self._waiting.patience_s, self._prompt.refuse)
        self.call_after_refresh(self._listen)

    def on_prompt_answered(self, event: Prompt.Answered) -> None:
        """Ends with the answer."""
        self.exit(event.answer)

    def lose_terminal(self) -> None:
        """Ends as refused. Called on any thread."""
        loop = self._loop
        if loop is not None:
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(self.exit, self._prompt.refusal)

    def _build_driver(
        self, headless: bool, inline: bool, mouse: bool, size: tuple[int, int] | None
    ) -> Driver:
        """Draws on the terminal of the question; Textual's own choice (8.2) draws on the standard streams."""
        if headless:
            return super()._build_driver(headless, inline, mouse, size)
        return TerminalDriver(self, size=size)

    @property
    def failure(self) -> Exception | None:
        """What went wrong while it was drawn."""
        return self._exception

    def _print_error_renderables(self) -> None:
        """Keeps Textual's traceback off the person's terminal: whoever asked is told by an exception."""

    def _call_out(self) -> None:
        self.bell()
        self._waiting.unheard()

    def _listen(self) -> None:
        driver = self._driver
        if isinstance(driver, TerminalDriver):
            driver.start_reading()


def ask_inline(
    prompt: Prompt[T],
    fd: int,
    waiting: Waiting | None = None,
    begun: Callable[[Callable[[], None]], None] = lambda withdraw: None,
) -> T:
    """Returns the answer; the refusal where the terminal is gone. May be called on any thread, one question
    at a time on a terminal. `begun` is handed what ends the question as refused, from any thread or signal
    handler.

    Raises:
        UndrawnError: it could not be drawn; nobody answered anything.
    """
    app = InlinePrompt(prompt, fd, waiting or Waiting())
    before = _settings(fd)
    begun(app.lose_terminal)
    try:
        answer = app.run(inline=True, mouse=False, auto_pilot=_nobody)
    finally:
        _restore(fd, before)
    if app.failure is not None:
        raise UndrawnError from app.failure
    return prompt.refusal if answer is None else answer


async def _nobody(_: Pilot[Any]) -> None:
    """Presses no key: Textual would press those that its environment variable names."""


def _settings(fd: int) -> list[Any] | None:
    try:
        return termios.tcgetattr(fd)
    except termios.error:
        return None


def _restore(fd: int, before: list[Any] | None) -> None:
    if before is not None:
        with suppress(termios.error, OSError):
            termios.tcsetattr(fd, termios.TCSANOW, before)
            os.write(fd, RESTORE.encode())
