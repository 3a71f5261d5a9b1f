"""`DrawnPrompter`: asks a person with prompts drawn under the output, on the controlling terminal.

Where they cannot be drawn (a dumb or tiny terminal, `--plain`), or drawing fails, the same is asked in plain
lines. While a question stands nothing else is written on the terminal; what was answered is left there as a
line. An unanswered question rings the bell and runs the command that the user document names.
"""

import os
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Protocol, TypeVar

from msgspec import Struct

from rundown.cli.prompter import TerminalPrompter
from rundown.cli.sheet import Sheet
from rundown.cli.tty import Tty, open_tty
from rundown.model.runbook import Input
from rundown.prompt.report_choices import DOUBT_CHOICES, REPORT_CHOICES
from rundown.render.escape import visible
from rundown.render.question import describe_words
from rundown.render.style import Style
from rundown.session.ports import (
    Ahead,
    Answer,
    Approach,
    Choice,
    Failure,
    Foreseen,
    HostQuestion,
    Mend,
    Prompter,
    Question,
    Report,
)

if TYPE_CHECKING:
    from rundown.prompt.base import Prompt

T = TypeVar("T")
_FEWEST_ROWS = 16
_FEWEST_COLUMNS = 30
_HOST_PATIENCE_S = 300.0
Holds = Callable[[], AbstractContextManager[None]]
Opens = Callable[[], AbstractContextManager[Tty | None]]


class Asker(Prompter, Protocol):
    """A prompter whose question may be withdrawn."""

    def withdraw(self, reason: type[KeyboardInterrupt]) -> bool:
        """Ends the question that stands, if that can be done from outside; returns whether it will be.
        Signal-safe."""
        ...


class Ground(Struct, frozen=True, kw_only=True):
    """What questions are asked on. `hold` keeps everything else off the terminal meanwhile; `is_taken`: a
    step has the terminal to itself; `notify` tells a person who is not looking."""

    hold: Holds = nullcontext
    is_taken: Callable[[], bool] = lambda: False
    notify: Callable[[str], None] = lambda sentence: None
    open_terminal: Opens = open_tty


class DrawnPrompter:
    """The prompter of a person at a terminal on which something can be drawn. `plain` asks where not."""

    def __init__(self, style: Style, plain: TerminalPrompter, ground: Ground) -> None:
        self._style = style
        self._plain = plain
        self._ground = ground
        self._withdraw: Callable[[], None] | None = None
        self._reason: type[KeyboardInterrupt] | None = None

    def withdraw(self, reason: type[KeyboardInterrupt]) -> bool:
        """Ends the question that stands; returns whether there is one. Signal-safe. Who asked on the main
        thread gets `reason`, once the terminal is restored; on another the question is refused."""
        withdraw = self._withdraw
        if withdraw is None:
            return False
        self._reason = reason
        withdraw()
        return True

    def can_ask(self) -> bool:
        """Whether a person may be asked in this invocation."""
        return self._plain.can_ask()

    def permit(self, question: Question) -> tuple[Answer, ...]:
        """Asks about one step."""

        def draw() -> "Prompt[tuple[Answer, ...]]":
            from rundown.prompt.permission import PermissionPrompt

            return PermissionPrompt(question, self._style)

        def told(answers: tuple[Answer, ...]) -> list[str]:
            if any(answer.forget for answer in answers):
                return ["session grants taken back"]
            lines = []
            for ask, answer in zip(question.asks, answers, strict=True):
                item = ask.operation
                with_pattern = f" ({visible(answer.pattern)})" if answer.pattern else ""
                what = f"{item.capability.value} {visible(describe_words(item))}"
                lines.append(f"{what}: {answer.choice.value}{with_pattern}")
            return list(dict.fromkeys(lines))

        sentence = f"step {question.request.position} {question.subject.title} waits for a permission"
        return self._ask(draw, lambda: self._plain.permit(question), told, sentence)

    def permit_host(self, question: HostQuestion) -> Answer:
        """Asks about a connection of a running step, whose output is held back meanwhile."""
        if self._ground.is_taken() or not self.can_ask():
            return Answer(choice=Choice.DENY)

        def draw() -> "Prompt[Answer]":
            from rundown.prompt.host import HostPrompt

            return HostPrompt(question, self._style)

        def told(answer: Answer) -> list[str]:
            return [f"reach {visible(question.host)}:{question.port}: {answer.choice.value}"]

        sentence = f"step {question.position} {question.subject.title} wants to reach {question.host}"
        return self._ask(
            draw, lambda: self._plain.permit_host(question), told, sentence, patience_s=_HOST_PATIENCE_S
        )

    def preflight(self, questions: tuple[Foreseen, ...], denials: tuple[Foreseen, ...]) -> tuple[bool, ...]:
        """Asks about all steps together, before the first."""

        def draw() -> "Prompt[tuple[bool, ...]]":
            from rundown.prompt.preflight import PreflightPrompt

            return PreflightPrompt(questions, denials, self._style)

        def told(answers: tuple[bool, ...]) -> list[str]:
            return [
                f"{visible(item.text)}: {'allowed for this run' if allowed else 'asked at its step'}"
                for item, allowed in zip(questions, answers, strict=True)
            ]

        sentence = "a run waits for permissions before it starts"
        return self._ask(draw, lambda: self._plain.preflight(questions, denials), told, sentence)

    def report(self, title: str) -> Report:
        """Asks how a unit went that a person does."""
        return self._choose("How did it go?", title, REPORT_CHOICES, lambda: self._plain.report(title))

    def settle_doubt(self, title: str) -> Report:
        """Asks what to do with a step that may or may not have run."""
        sentence = f"{title} was running when rundown ended"
        return self._choose("In doubt", sentence, DOUBT_CHOICES, lambda: self._plain.settle_doubt(title))

    def mend(self, failure: Failure) -> Mend:
        """Asks what to do about a step that failed."""

        def draw() -> "Prompt[Mend]":
            from rundown.prompt.failure import FailurePrompt

            return FailurePrompt(failure, self._style)

        def told(mend: Mend) -> list[str]:
            return [_MENDS[mend.kind]]

        sentence = f"step {failure.position} {failure.subject.title} failed: {failure.ending}"
        return self._ask(draw, lambda: self._plain.mend(failure), told, sentence)

    def approach(self, ahead: Ahead) -> Approach:
        """Asks whether a step shall begin."""

        def draw() -> "Prompt[Approach]":
            from rundown.prompt.ahead import AheadPrompt

            return AheadPrompt(ahead, self._style)

        def told(approach: Approach) -> list[str]:
            return [] if approach in ("run", "rest") else [f"step {ahead.position}: {approach}"]

        sentence = f"step {ahead.position} {ahead.subject.title} is next"
        return self._ask(draw, lambda: self._plain.approach(ahead), told, sentence)

    def supply(self, wanted: Input) -> str | None:
        """Asks for an input's value."""
        with self._ground.hold():
            return self._plain.supply(wanted)

    def confirm(self, sentence: str) -> bool:
        """Asks for a plain yes."""
        choices = [("n", "no", False), ("y", "yes", True)]
        return self._choose("Confirm", sentence, choices, lambda: self._plain.confirm(sentence))

    def _choose(
        self, title: str, sentence: str, choices: Sequence[tuple[str, str, T]], plain: Callable[[], T]
    ) -> T:
        def draw() -> "Prompt[T]":
            from rundown.prompt.choice import Asking, ChoicePrompt

            return ChoicePrompt(Asking(title=title, sentence=sentence, choices=choices), self._style)

        def told(answer: T) -> list[str]:
            text = next((text for _, text, value in choices if value == answer), "")
            return [f"{visible(sentence)}: {text}"]

        return self._ask(draw, plain, told, f"{title} {sentence}")

    def _ask(
        self,
        draw: "Callable[[], Prompt[T]]",
        plain: Callable[[], T],
        told: Callable[[T], list[str]],
        sentence: str,
        *,
        patience_s: float | None = None,
    ) -> T:
        """Draws the question and returns the answer, held: nothing else is written meanwhile."""
        if not self.can_ask():
            return plain()
        with self._ground.hold():
            drawn = self._draw(draw, told, sentence, patience_s)
            return drawn[0] if drawn is not None else plain()

    def _begin(self, withdraw: Callable[[], None]) -> None:
        self._withdraw = withdraw

    def _draw(
        self,
        draw: "Callable[[], Prompt[T]]",
        told: Callable[[T], list[str]],
        sentence: str,
        patience_s: float | None,
    ) -> tuple[T] | None:
        """Returns the answer, alone in a tuple; None if it cannot be drawn here."""
        with self._ground.open_terminal() as tty:
            if tty is None or not _has_room(tty.fd):
                return None
            from rundown.prompt.inline import UndrawnError, Waiting, ask_inline

            waiting = Waiting(unheard=lambda: self._ground.notify(sentence), patience_s=patience_s)
            try:
                answer = ask_inline(draw(), tty.fd, waiting, self._begin)
            except UndrawnError:
                return None
            finally:
                self._withdraw = None
                reason, self._reason = self._reason, None
            if reason is not None and threading.current_thread() is threading.main_thread():
                raise reason
            sign = self._style.paint(self._style.sign("shield"), "yellow")
            tty.write("".join(f"{sign} {self._style.paint(line, 'dim')}\n" for line in told(answer)))
            return (answer,)


_MENDS = {
    "again": "it is run again",
    "edit": "it is run again, edited",
    "shell": "a shell in its sandbox",
    "pass": "it is counted as passed",
    "skip": "it is skipped",
    "stop": "the run stops here",
}


def _has_room(fd: int) -> bool:
    try:
        size = os.get_terminal_size(fd)
    except OSError:
        return False
    return size.lines >= _FEWEST_ROWS and size.columns >= _FEWEST_COLUMNS


def open_prompter(
    sheet: Sheet | None, style: Style, notify: Callable[[str], None], *, present: bool, plain: bool
) -> Asker:
    """Returns the prompter of a command: drawn, or in plain lines."""
    hold: Holds = sheet.held if sheet is not None else nullcontext
    lines = TerminalPrompter(style, present=present, hold=hold)
    if plain or os.environ.get("TERM", "dumb") == "dumb":
        return lines
    ground = Ground(hold=hold, is_taken=lambda: sheet is not None and sheet.is_given_away, notify=notify)
    return DrawnPrompter(style, lines, ground)
