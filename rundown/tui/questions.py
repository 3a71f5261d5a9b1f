"""Which screen asks which question of the session, in which words. The refusal stands first everywhere."""

from collections.abc import Sequence
from typing import Any

from textual.screen import Screen

from rundown.model.runbook import Input
from rundown.render.escape import visible
from rundown.render.question import describe_ask
from rundown.session.ports import Ahead, Answer, Failure, HostQuestion, Mend, Question, Report
from rundown.session.ports import Choice as Given
from rundown.tui.choice import Block, Choice, ChoiceScreen
from rundown.tui.forms import LineScreen
from rundown.tui.permit import PermitScreen
from rundown.tui.preflight import PreflightScreen
from rundown.tui.prompter import Doubt, Preflight, Sentence, Task


def screen_for(question: object, task: str = "") -> Screen[Any]:
    """Returns the screen that asks; what it dismisses with is the answer, None the refusal. `task`: what a
    person was told to do."""
    match question:
        case Question():
            return PermitScreen(question)
        case HostQuestion():
            return _host(question)
        case Preflight():
            return PreflightScreen(question)
        case Task(title=title):
            return _report(title, task)
        case Doubt(title=title):
            return _doubt(title)
        case Failure():
            return _failure(question)
        case Ahead():
            return _ahead(question)
        case Input():
            return LineScreen(question)
        case Sentence(text=text):
            return _confirm(text)
        case _:
            raise TypeError(f"no screen asks {type(question).__name__}")


def _host(question: HostQuestion) -> Screen[Answer | None]:
    where = ", ".join(question.addresses) or "it has no address now"
    blocks = (
        Block(f"Step {question.position} {visible(question.subject.title)} is running, and wants to reach"),
        Block(f"{visible(question.host)}:{question.port}\n{visible(where)}", "command"),
        Block(describe_ask(question.ask), "quiet"),
    )
    choices = (
        Choice("n", "deny", Answer(choice=Given.DENY)),
        Choice("y", "allow once", Answer(choice=Given.ONCE), allows=True),
        Choice("s", "allow for this session", Answer(choice=Given.SESSION), allows=True),
        Choice("p", "always allow here, for me", Answer(choice=Given.ALWAYS_ME), allows=True),
        Choice("P", "always allow for the project", Answer(choice=Given.ALWAYS_PROJECT), allows=True),
        Choice("d", "deny every further host this session", Answer(choice=Given.DENY_TYPE)),
    )
    return ChoiceScreen("Reach a host?", blocks, choices)


def _report(title: str, task: str) -> Screen[Report | None]:
    blocks = [Block(visible(title))]
    if task:
        blocks.append(Block(visible(task, lines=True), "command"))
    choices = (
        Choice("l", "later: leave the run waiting", Report(kind="later")),
        Choice("p", "pass: it is done and went well", Report(kind="pass"), allows=True),
        Choice("f", "fail: it went wrong", Report(kind="fail"), allows=True),
    )
    return ChoiceScreen("This one is yours. How did it go?", blocks, choices)


def _doubt(title: str) -> Screen[Report | None]:
    blocks = (
        Block(visible(title)),
        Block(
            "It was running when rundown ended. It may have run to its end, in part, or not at all.", "quiet"
        ),
    )
    choices = (
        Choice("l", "later: leave the run as it is", Report(kind="later")),
        Choice("a", "run it again", Report(kind="again"), allows=True),
        Choice("p", "count it as passed", Report(kind="pass"), allows=True),
        Choice("f", "count it as failed", Report(kind="fail"), allows=True),
    )
    return ChoiceScreen("Nobody saw how this step ended", blocks, choices)


def _failure(question: Failure) -> Screen[Mend | None]:
    title = f"Step {question.position} failed"
    blocks = [Block(visible(f"{question.subject.title}: {question.ending}"))]
    if question.text:
        blocks.append(Block(visible(question.text.rstrip(), lines=True), "command"))
    choices = [
        Choice("x", "stop here", Mend(kind="stop")),
        Choice("a", "run it again", Mend(kind="again"), allows=True),
        Choice("p", "count it as passed", Mend(kind="pass"), allows=True),
        Choice("s", "skip it and go on", Mend(kind="skip"), allows=True),
    ]
    return ChoiceScreen(title, blocks, choices)


def _ahead(question: Ahead) -> Screen[Any]:
    blocks = [Block(visible(f"{question.position} {question.subject.title}"))]
    if question.text:
        blocks.append(Block(visible(question.text.rstrip(), lines=True), "command"))
    choices = (
        Choice("x", "stop here", "stop"),
        Choice("r", "run it", "run", allows=True),
        Choice("c", "run it and all that follow", "rest", allows=True),
        Choice("s", "skip it", "skip", allows=True),
    )
    return ChoiceScreen("Next", blocks, choices)


def _confirm(text: str) -> Screen[bool | None]:
    return ask_yes("Are you sure?", (Block(visible(text)),), yes="yes")


def ask_yes(title: str, blocks: Sequence[Block], *, yes: str, no: str = "no") -> Screen[bool | None]:
    """Returns a plain question; no stands first."""
    return ChoiceScreen(title, blocks, (Choice("n", no, False), Choice("y", yes, True, allows=True)))
