"""What a person can be asked besides permissions; silence never means yes."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest

from rundown.cli.prompter import TerminalPrompter
from rundown.model.policy import Outcome, Ruling
from rundown.model.runbook import Input
from rundown.render.style import Style
from rundown.session.ports import Answer, Choice, Foreseen, Question, Report, Subject
from tests.support.keys import CTRL_C, CTRL_D, DOWN, ENTER, KeyedTty, keyed
from tests.support.policies import request, run

ASK = Ruling(operation=run("tac x"), outcome=Outcome.ASK)
QUESTION = Question(
    request=request(ASK.operation), subject=Subject(title=""), asks=(ASK, ASK), rulings=(), sees=()
)
FORESEEN = (
    Foreseen(text="run tac", positions=("1", "2"), outcome=Outcome.ASK),
    Foreseen(text="run jo\x1b[2J", positions=("3",), outcome=Outcome.ASK),
)
DENIED = (Foreseen(text="run rm", positions=("4",), outcome=Outcome.DENY),)


class Asked:
    """A prompter at a terminal on which keys are pressed; `text` is what it wrote."""

    def __init__(self, keys: str) -> None:
        self._keys = keys
        self.text = ""

    def __enter__(self) -> tuple[TerminalPrompter, "Asked"]:
        return TerminalPrompter(Style(), present=True, open_terminal=self._open), self

    def __exit__(self, *_: object) -> None: ...

    @contextmanager
    def _open(self) -> Iterator[KeyedTty]:
        with keyed(self._keys) as tty:
            yield tty
            self.text += tty.text


@contextmanager
def nowhere() -> Iterator[None]:
    yield None


def never() -> AbstractContextManager[Any]:
    raise AssertionError("no terminal is to be opened")


@pytest.mark.parametrize(
    "prompter",
    [
        TerminalPrompter(Style(), present=False, open_terminal=never),
        TerminalPrompter(Style(), present=True, open_terminal=nowhere),
    ],
    ids=["nobody there", "terminal gone"],
)
def test_where_nobody_answers_everything_is_denied_or_left_for_later(prompter: TerminalPrompter) -> None:
    later = Report(kind="later")
    assert (
        prompter.permit(QUESTION),
        prompter.preflight(FORESEEN, ()),
        prompter.report("1"),
        prompter.settle_doubt("1"),
        prompter.supply(Input(name="Site")),
        prompter.confirm("sure?"),
    ) == ((Answer(choice=Choice.DENY),) * 2, (False, False), later, later, None, False)


def test_a_permission_is_asked_on_the_terminal() -> None:
    with Asked("s") as (prompter, _):
        assert prompter.permit(QUESTION) == (Answer(choice=Choice.SESSION),) * 2


@pytest.mark.parametrize(
    ("keys", "allowed"),
    [
        ("a", (True, True)),
        ("n", (False, False)),
        ("ryn", (True, False)),
        ("rn" + DOWN + ENTER, (False, True)),
        ("r" + ENTER + "y", (False, True)),
        ("ry" + CTRL_C, (True, False)),
        (ENTER, (False, False)),
        (CTRL_C, (False, False)),
        (CTRL_D, (False, False)),
    ],
)
def test_before_the_first_step_nothing_is_allowed_without_a_yes(keys: str, allowed: tuple[bool, ...]) -> None:
    with Asked(keys) as (prompter, asked):
        assert prompter.preflight(FORESEEN, DENIED) == allowed
    assert asked.text.startswith(
        "\n◆ This run will ask for\n"
        "    · run tac (steps 1, 2)\n"
        "    · run jo\\x1b[2J (step 3)\n"
        "  and will be refused\n"
        "    · run rm (step 4)\n"
    )


@pytest.mark.parametrize(
    ("keys", "kind"),
    [
        ("p", "pass"),
        ("f", "fail"),
        ("l", "later"),
        (ENTER, "later"),
        (CTRL_C, "later"),
        (CTRL_D, "later"),
    ],
)
def test_how_it_went_is_what_the_person_says(keys: str, kind: str) -> None:
    with Asked(keys) as (prompter, _):
        assert prompter.report("1 Call\x1b[2J").kind == kind


@pytest.mark.parametrize(
    ("keys", "kind"), [("r", "again"), ("p", "pass"), ("f", "fail"), ("s", "later"), (ENTER, "later")]
)
def test_a_doubt_is_settled_by_a_person_and_never_by_silence(keys: str, kind: str) -> None:
    with Asked(keys) as (prompter, _):
        assert prompter.settle_doubt("step 1").kind == kind


@pytest.mark.parametrize(
    ("keys", "said"), [("y", True), ("n", False), (ENTER, False), (CTRL_C, False), (CTRL_D, False)]
)
def test_only_a_yes_confirms(keys: str, said: bool) -> None:
    with Asked(keys) as (prompter, _):
        assert prompter.confirm("Fail over\u202e now?") is said


OPTIONS = Input(name="Site", options=tuple(f"site-{number}" for number in range(1, 13)))


@pytest.mark.parametrize(
    ("wanted", "keys", "value"),
    [
        (Input(name="Site"), "east" + ENTER, "east"),
        (Input(name="Site"), ENTER + "east" + ENTER, "east"),
        (Input(name="Port", pattern="[0-9]+"), "x" + ENTER + "\x08" + "80" + ENTER, "80"),
        (Input(name="Pin", secret=True), "1234" + ENTER, "1234"),
        (Input(name="Site"), "ea" + CTRL_C, None),
        (OPTIONS, "3", "site-3"),
        (OPTIONS, DOWN * 11 + ENTER, "site-12"),
        (OPTIONS, CTRL_D, None),
    ],
)
def test_a_value_is_a_line_that_fits_or_one_of_the_options(
    wanted: Input, keys: str, value: str | None
) -> None:
    with Asked(keys) as (prompter, _):
        assert prompter.supply(wanted) == value


def test_a_secret_is_not_written_on_the_screen() -> None:
    with Asked("hunter2" + ENTER) as (prompter, asked):
        prompter.supply(Input(name="Pin", secret=True, description="The pin"))
    assert "hunter2" not in asked.text
