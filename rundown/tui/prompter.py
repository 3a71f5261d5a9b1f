"""`ScreenPrompter`: hands each question to the screen and waits for the answer. Draws nothing.

Nobody there, a closed question and a screen that is gone all mean the refusal of the port.
"""

import threading
from collections.abc import Callable
from concurrent.futures import CancelledError
from typing import Any, TypeVar

from msgspec import Struct
from textual.message import Message

from rundown.model.runbook import Input
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
from rundown.tui.messages import Ask, Asked

_A = TypeVar("_A")


class Preflight(Struct, frozen=True, kw_only=True):
    """Everything that may be settled before the first step, and what is denied anyway."""

    questions: tuple[Foreseen, ...]
    denials: tuple[Foreseen, ...]


class Task(Struct, frozen=True, kw_only=True):
    """A unit that only a person can do."""

    title: str


class Doubt(Struct, frozen=True, kw_only=True):
    """A step that was running when the last process died."""

    title: str


class Sentence(Struct, frozen=True, kw_only=True):
    """A plain question: yes or no."""

    text: str


class ScreenPrompter:
    """The prompter of a person in front of the TUI."""

    def __init__(self, post: Callable[[Message], object]) -> None:
        self._post = post
        self._lock = threading.Lock()
        self._open: list[Ask[Any, Any]] = []
        self._closing = False

    def can_ask(self) -> bool:
        """There is a person as long as there is a screen."""
        return not self._closing

    def close(self) -> None:
        """Lets go of whoever waits: the run is interrupted where it is, which is no answer."""
        with self._lock:
            self._closing = True
            waiting = tuple(self._open)
        for ask in waiting:
            ask.reply.cancel()

    def permit(self, question: Question) -> tuple[Answer, ...]:
        """Asks about everything that a step wants."""
        return self._wait(Ask(question, tuple(Answer(choice=Choice.DENY) for _ in question.asks)))

    def permit_host(self, question: HostQuestion) -> Answer:
        """Asks about a connection while a step runs."""
        try:
            return self._wait(Ask(question, Answer(choice=Choice.DENY)))
        except KeyboardInterrupt:
            return Answer(choice=Choice.DENY)

    def preflight(self, questions: tuple[Foreseen, ...], denials: tuple[Foreseen, ...]) -> tuple[bool, ...]:
        """Asks before the first step."""
        asked = Preflight(questions=questions, denials=denials)
        return self._wait(Ask(asked, tuple(False for _ in questions)))

    def report(self, title: str) -> Report:
        """Asks how a unit went."""
        return self._wait(Ask(Task(title=title), Report(kind="later")))

    def settle_doubt(self, title: str) -> Report:
        """Asks what to do with a step in doubt."""
        return self._wait(Ask(Doubt(title=title), Report(kind="later")))

    def mend(self, failure: Failure) -> Mend:
        """Asks what to do about a step that failed."""
        return self._wait(Ask(failure, Mend(kind="stop")))

    def approach(self, ahead: Ahead) -> Approach:
        """Asks whether a step shall begin."""
        refusal: Approach = "stop"
        return self._wait(Ask(ahead, refusal))

    def supply(self, wanted: Input) -> str | None:
        """Asks for an input's value."""
        refusal: str | None = None
        return self._wait(Ask(wanted, refusal))

    def confirm(self, sentence: str) -> bool:
        """Asks for a plain yes."""
        return self._wait(Ask(Sentence(text=sentence), False))

    def _wait(self, ask: Ask[Any, _A]) -> _A:
        with self._lock:
            if self._closing:
                raise KeyboardInterrupt
            self._open.append(ask)
        try:
            self._post(Asked(ask))
            return ask.reply.result()
        except CancelledError:
            raise KeyboardInterrupt from None
        finally:
            with self._lock:
                self._open.remove(ask)
