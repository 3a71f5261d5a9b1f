"""Asks a person on the controlling terminal. Enter, EOF, Ctrl-C and a closed terminal all mean no.

Drawn with questionary; the terminal is opened by name, so that a pipe on standard input is no matter.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Literal

from rundown.cli.dialogue import Dialogue
from rundown.cli.outlook import describe_foreseen, render_outlook
from rundown.cli.tty import Tty, open_tty, select, supply_value
from rundown.model.runbook import Input
from rundown.prompt.host_choices import HOST_CHOICES
from rundown.prompt.report_choices import DOUBT_CHOICES, REPORT_CHOICES
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
    Question,
    Report,
)

_MendKind = Literal["again", "edit", "shell", "pass", "skip", "stop"]
Opens = Callable[[], AbstractContextManager[Tty | None]]


class TerminalPrompter:
    """The prompter of a person at a terminal, which `open_terminal` opens for one question. `hold` keeps
    everything else off it meanwhile."""

    def __init__(
        self,
        style: Style,
        *,
        present: bool,
        open_terminal: Opens = open_tty,
        hold: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self._hold = hold
        self._style = style
        self._present = present
        self._open = open_terminal

    def withdraw(self, reason: type[KeyboardInterrupt]) -> bool:
        """Returns that nothing was withdrawn: an exception ends what is asked in plain lines."""
        return False

    def can_ask(self) -> bool:
        """Whether a person may be asked in this invocation."""
        return self._present

    @contextmanager
    def _terminal(self) -> Iterator[Tty | None]:
        if not self._present:
            yield None
            return
        with self._hold(), self._open() as tty:
            yield tty

    def permit(self, question: Question) -> tuple[Answer, ...]:
        """Shows the question whole, then asks; all asks together, or singly if the person wants."""
        with self._terminal() as tty:
            if tty is None:
                return tuple(Answer(choice=Choice.DENY) for _ in question.asks)
            return Dialogue(question, self._style, tty).run()

    def permit_host(self, question: HostQuestion) -> Answer:
        """Asks about one connection; the step's output is held back meanwhile."""
        with self._terminal() as tty:
            if tty is None:
                return Answer(choice=Choice.DENY)
            addresses = f" ({', '.join(question.addresses)})" if question.addresses else ""
            sentence = f"Step {question.position} wants to reach {question.host}:{question.port}{addresses}"
            chosen = select(tty, sentence, HOST_CHOICES, default=Choice.DENY)
        return Answer(choice=chosen or Choice.DENY)

    def preflight(self, questions: tuple[Foreseen, ...], denials: tuple[Foreseen, ...]) -> tuple[bool, ...]:
        """Asks about all steps together, before the first."""
        nothing = tuple(False for _ in questions)
        with self._terminal() as tty:
            if tty is None:
                return nothing
            tty.write("\n" + render_outlook(questions, denials, self._style))
            choices = [
                ("n", "nothing now: ask me at each step", "later"),
                ("a", "allow these for this run", "all"),
                ("r", "review one by one", "singly"),
            ]
            chosen = select(tty, "Allow before it starts?", choices, default="later")
            if chosen == "all":
                return tuple(True for _ in questions)
            if chosen != "singly":
                return nothing
            yes_no = [("n", "ask me at the step", False), ("y", "allow for this run", True)]
            total = len(questions)
            return tuple(
                select(tty, f"{place} of {total}: {describe_foreseen(item)}", yes_no, default=False) is True
                for place, item in enumerate(questions, 1)
            )

    def report(self, title: str) -> Report:
        """Asks how a unit went that a person does."""
        with self._terminal() as tty:
            if tty is None:
                return Report(kind="later")
            later = REPORT_CHOICES[0][2]
            return select(tty, f"How did it go?  {title}", REPORT_CHOICES, default=later) or later

    def settle_doubt(self, title: str) -> Report:
        """Asks what to do with a step that may or may not have run."""
        with self._terminal() as tty:
            if tty is None:
                return Report(kind="later")
            sentence, later = f"{title} was running when rundown ended. What now?", DOUBT_CHOICES[0][2]
            return select(tty, sentence, DOUBT_CHOICES, default=later) or later

    def mend(self, failure: Failure) -> Mend:
        """Asks what to do about a step that failed."""
        with self._terminal() as tty:
            if tty is None:
                return Mend(kind="stop")
            choices: list[tuple[str, str, _MendKind]] = [
                ("x", "stop here", "stop"),
                ("r", "run it again", "again"),
                ("p", "count it as passed", "pass"),
                ("k", "skip it and go on", "skip"),
            ]
            sentence = f"Step {failure.position} failed: {failure.ending}. What now?"
            kind = select(tty, sentence, choices, default="stop")
        return Mend(kind=kind or "stop")

    def approach(self, ahead: Ahead) -> Approach:
        """Asks whether a step shall begin."""
        with self._terminal() as tty:
            if tty is None:
                return "stop"
            choices: list[tuple[str, str, Approach]] = [
                ("r", "run it", "run"),
                ("a", "run it and all that follow", "rest"),
                ("k", "skip it", "skip"),
                ("x", "stop here", "stop"),
            ]
            sentence = f"{ahead.position} {ahead.subject.title}".rstrip()
            return select(tty, f"Next: {sentence}", choices, default="run") or "stop"

    def supply(self, wanted: Input) -> str | None:
        """Asks for an input's value: one of its options, or a line that fits its pattern."""
        with self._terminal() as tty:
            if tty is None:
                return None
            sentence = wanted.name + (f": {wanted.description}" if wanted.description else "")
            if wanted.options:
                choices = [(str(place), text, text) for place, text in enumerate(wanted.options, 1)]
                return select(tty, sentence, choices, default=wanted.options[0])
            return supply_value(tty, sentence, wanted)

    def confirm(self, sentence: str) -> bool:
        """Asks for a plain yes."""
        with self._terminal() as tty:
            if tty is None:
                return False
            choices = [("y", "yes", True), ("n", "no", False)]
            return select(tty, sentence, choices, default=False) is True
