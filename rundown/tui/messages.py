"""What the engine's thread tells the screen. It says these things and nothing else; the screen draws."""

from collections.abc import Iterable
from concurrent.futures import Future
from typing import Any, Generic, TypeVar

from textual.message import Message

from rundown.engine.course import Course
from rundown.engine.state import State
from rundown.model.diagnostic import Diagnostic
from rundown.model.event import Event
from rundown.model.runbook import Runbook
from rundown.session.outlook import Outlook
from rundown.session.run import Ended

_Q = TypeVar("_Q")
_A = TypeVar("_A")


class Ask(Generic[_Q, _A]):
    """One question to the person and the place of the answer. `refusal`: what no answer means."""

    def __init__(self, question: _Q, refusal: _A) -> None:
        self.question = question
        self.refusal = refusal
        self.reply: Future[_A] = Future()

    def answer(self, value: _A | None) -> None:
        """Gives the answer; None is the refusal. Only the first counts."""
        if not self.reply.done():
            self.reply.set_result(self.refusal if value is None else value)


class HouseOpened(Message):
    """Policy and sandbox are there: the effective policy in lines, the project's root."""

    def __init__(self, policy: tuple[str, ...], root: str) -> None:
        super().__init__()
        self.policy, self.root = policy, root


class Looked(Message):
    """What the steps would ask for and be refused, under the grants in force."""

    def __init__(self, outlook: Outlook) -> None:
        super().__init__()
        self.outlook = outlook


class RunOpened(Message):
    """A run is driven from here on: `deck` numbers it, `is_child` if it stands in for the unit under way."""

    def __init__(self, deck: int, runbook: Runbook, earlier: Iterable[Event], *, is_child: bool) -> None:
        super().__init__()
        self.deck, self.runbook, self.earlier, self.is_child = deck, runbook, earlier, is_child


class EventShown(Message):
    """An event is on record, since `age_ns`."""

    def __init__(self, deck: int, event: Event, age_ns: int = 0) -> None:
        super().__init__()
        self.deck, self.event, self.age_ns = deck, event, age_ns


class OutputGrew(Message):
    """A step printed something; the lines have it already."""


class TaskShown(Message):
    """What a person is to do now, with its values filled in."""

    def __init__(self, task: str) -> None:
        super().__init__()
        self.task = task


class Asked(Message):
    """The engine waits for an answer."""

    def __init__(self, ask: Ask[Any, Any]) -> None:
        super().__init__()
        self.ask = ask


class Held(Message):
    """The run waits before a unit until the person lets it go on."""

    def __init__(self, course: Course, state: State) -> None:
        super().__init__()
        self.course, self.state = course, state


class Released(Message):
    """The run goes on."""


class Remarked(Message):
    """Something a person should know and nothing depends on."""

    def __init__(self, item: Diagnostic) -> None:
        super().__init__()
        self.item = item


class TerminalWanted(Message):
    """An interactive step wants the whole terminal until `given_back` is set."""

    def __init__(self, taken: Future[bool], given_back: Future[None]) -> None:
        super().__init__()
        self.taken, self.given_back = taken, given_back


class CameToRest(Message):
    """The engine does nothing now. `problems`: why, if it could not do what it was told."""

    def __init__(self, ended: Ended | None = None, problems: tuple[Diagnostic, ...] = ()) -> None:
        super().__init__()
        self.ended, self.problems = ended, problems


class LetGo(Message):
    """The other process drives the run no more."""


class Closed(Message):
    """The engine is gone; `problems`: why it never began."""

    def __init__(self, problems: tuple[Diagnostic, ...] = ()) -> None:
        super().__init__()
        self.problems = problems
