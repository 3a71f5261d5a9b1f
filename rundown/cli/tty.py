"""The controlling terminal while a person is asked: draws a choice or a line, and gives what was answered.

Whatever is drawn is made visible first. What cannot be drawn is not asked: that is no answer.
"""

import os
import re
import termios
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

from rundown.cli.signals import TerminatedError
from rundown.model.runbook import Input
from rundown.render.escape import visible

_T = TypeVar("_T")
_TTY = "/dev/tty"
_ONE_KEY = 1


class Tty(Protocol):
    """A terminal, opened for one question. `is_gone`: something could not be shown there; `fd`: it is read
    and written by this."""

    is_gone: bool
    fd: int

    def write(self, text: str) -> None:
        """Shows text, which is safe to show."""
        ...

    def rows(self) -> int:
        """Returns how many lines it has."""
        ...

    def flush_typed(self) -> None:
        """Forgets what was typed before the question."""
        ...

    def ends(self) -> dict[str, Any]:
        """Returns prompt_toolkit's input and output."""
        ...


class ControllingTerminal:
    """The real one."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self._reader = os.fdopen(fd, encoding="utf-8", errors="replace")
        self._writer = os.fdopen(os.dup(fd), "w", encoding="utf-8", errors="replace")
        self.is_gone = False

    def write(self, text: str) -> None:
        """Shows text, which is safe to show."""
        try:
            self._writer.write(text)
            self._writer.flush()
        except OSError:
            self.is_gone = True

    def rows(self) -> int:
        """Returns how many lines it has, 24 if it does not say."""
        try:
            return os.get_terminal_size(self._writer.fileno()).lines or 24
        except OSError:
            return 24

    def flush_typed(self) -> None:
        """Forgets what was typed before the question. Source: termios(3), tcflush."""
        try:
            termios.tcflush(self._reader.fileno(), termios.TCIFLUSH)
        except termios.error:
            self.is_gone = True

    def ends(self) -> dict[str, Any]:
        """Returns prompt_toolkit's input and output on this terminal."""
        from prompt_toolkit.input.vt100 import Vt100Input
        from prompt_toolkit.output.vt100 import Vt100_Output

        output = Vt100_Output.from_pty(self._writer, term=os.environ.get("TERM"))
        return {"input": Vt100Input(self._reader), "output": output}

    def close(self) -> None:
        """Lets go of it."""
        for stream in (self._reader, self._writer):
            try:
                stream.close()
            except OSError:
                self.is_gone = True


@contextmanager
def open_tty() -> Iterator[Tty | None]:
    """Opens the controlling terminal; gives None where there is none any more."""
    try:
        terminal = ControllingTerminal(os.open(_TTY, os.O_RDWR | os.O_CLOEXEC))
    except OSError:
        yield None
        return
    try:
        yield terminal
    finally:
        terminal.close()


def select(tty: Tty, sentence: str, choices: Sequence[tuple[str, str, _T]], default: _T) -> _T | None:
    """Returns what the person chose by key or by arrows; None on EOF, Ctrl-C or a closed terminal.

    A choice is key, text and value; a key of more than one character is shown and chosen by arrows only.
    """
    import questionary

    tty.flush_typed()
    if tty.is_gone:
        return None
    told = [(key, visible(text)) for key, text, _ in choices]
    rows = [questionary.Choice(f"{key}  {text}", value=place) for place, (key, text) in enumerate(told)]
    first = next(place for place, choice in enumerate(choices) if choice[2] == default)
    question = questionary.select(
        visible(sentence),
        choices=rows,
        default=rows[first],
        qmark="",
        instruction="(key, or arrows and Enter)",
        **tty.ends(),
    )
    bindings: Any = question.application.key_bindings
    for place, (key, _) in enumerate(told):
        if len(key) == _ONE_KEY:
            bindings.add(key, eager=True)(_chooser(place))
    bindings.add("c-d", eager=True)(_chooser(None))
    chosen = _answer(question)
    if chosen is None:
        tty.write("  no answer\n")
        return None
    key, text = told[int(chosen)]
    tty.write(f"  {key}  {text}\n")
    return choices[int(chosen)][2]


def edit_line(tty: Tty, sentence: str, default: str) -> str | None:
    """Returns a line that the person wrote; None without one. What a terminal would obey is not offered."""
    import questionary

    if tty.is_gone:
        return None
    offered = default if visible(default) == default else ""
    answer = _answer(questionary.text(visible(sentence), default=offered, qmark="", **tty.ends()))
    return answer if isinstance(answer, str) and answer.strip() else None


def supply_value(tty: Tty, sentence: str, wanted: Input) -> str | None:
    """Asks until the line fits the input's pattern; None on EOF, Ctrl-C or a closed terminal."""
    import questionary

    def fits(text: str) -> bool | str:
        misfit = wanted.pattern is not None and re.fullmatch(wanted.pattern, text) is None
        return f"a value that fits {visible(wanted.pattern or '')}" if misfit else bool(text)

    if tty.is_gone:
        return None
    ask = questionary.password if wanted.secret else questionary.text
    answer = _answer(ask(visible(sentence), qmark="", validate=fits, **tty.ends()))
    return answer if isinstance(answer, str) else None


def _answer(question: Any) -> Any:
    """Returns what the person answered; None on EOF, Ctrl-C or a closed terminal."""
    try:
        return question.unsafe_ask()
    except TerminatedError:
        raise
    except (KeyboardInterrupt, EOFError, OSError, termios.error):
        return None


def _chooser(place: int | None) -> Callable[[Any], None]:
    return lambda event: event.app.exit(result=place)
