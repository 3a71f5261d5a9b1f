"""Which screen asks which question of the session, in which words. The refusal stands first everywhere."""

from typing import Any

from textual.screen import Screen

from rundown.model.runbook import Input
from rundown.prompt.ahead import AheadPrompt
from rundown.prompt.base import Prompt
from rundown.prompt.choice import Asking, ChoicePrompt
from rundown.prompt.failure import FailurePrompt
from rundown.prompt.host import HostPrompt
from rundown.prompt.permission import PermissionPrompt
from rundown.prompt.preflight import PreflightPrompt
from rundown.prompt.report_choices import DOUBT_CHOICES, REPORT_CHOICES
from rundown.render.style import Style
from rundown.session.ports import Ahead, Failure, HostQuestion, Question, Report
from rundown.tui.forms import LineScreen
from rundown.tui.modal import Aside, PromptScreen
from rundown.tui.prompter import Doubt, Preflight, Sentence, Task


def screen_for(
    question: object, put_aside: Aside, *, task: str = "", said: tuple[str, ...] = ()
) -> Screen[Any]:
    """Returns the screen that asks; what it dismisses with is the answer, None the refusal. `task`: what a
    person was told to do; `said`: the last lines of the step."""
    if isinstance(question, Input):
        return LineScreen(question, put_aside)
    return PromptScreen(_prompt(question, task, said), put_aside)


def _prompt(question: object, task: str, said: tuple[str, ...]) -> Prompt[Any]:
    style = Style()
    match question:
        case Question():
            return PermissionPrompt(question, style)
        case HostQuestion():
            return HostPrompt(question, style)
        case Preflight():
            return PreflightPrompt(question.questions, question.denials, style)
        case Task(title=title):
            return ChoicePrompt(_report(title, task), style)
        case Doubt(title=title):
            return ChoicePrompt(_doubt(title), style)
        case Failure():
            return FailurePrompt(question, style, said)
        case Ahead():
            return AheadPrompt(question, style)
        case Sentence(text=text):
            return ChoicePrompt(yes_or_no("A question", text, yes="yes", no="no"), style)
        case _:
            raise TypeError(f"no screen asks {type(question).__name__}")


def yes_or_no(title: str, sentence: str, *, yes: str, no: str, text: str = "") -> Asking[bool]:
    """Returns a plain question."""
    return Asking(title=title, sentence=sentence, choices=(("n", no, False), ("y", yes, True)), text=text)


def _report(title: str, task: str) -> Asking[Report]:
    return Asking(
        title="This one is yours",
        sentence=title,
        choices=REPORT_CHOICES,
        text=task,
    )


def _doubt(title: str) -> Asking[Report]:
    return Asking(
        title="Nobody saw how it ended",
        sentence=title,
        choices=DOUBT_CHOICES,
        notes=("It was running when rundown ended: it may have run whole, in part, or not at all.",),
    )
