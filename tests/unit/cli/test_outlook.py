"""What a run would ask for, and what it was refused, as text."""

import pytest

from rundown.cli.outlook import describe_foreseen, render_outlook, render_refusals
from rundown.model.policy import Fix, Outcome, Ruling
from rundown.render.style import Style
from rundown.session.outlook import Outlook
from rundown.session.ports import Foreseen
from tests.support.policies import run


def foreseen(name: str, *positions: str, flag: str | None = None, denied: bool = False) -> Foreseen:
    outcome = Outcome.DENY if denied else Outcome.ASK
    fix = Fix(flag=flag, yaml="") if flag is not None else None
    ruling = Ruling(operation=run(name), outcome=outcome, fix=fix)
    return Foreseen(text=f"run {name}", positions=positions, outcome=outcome, ruling=ruling)


JO = foreseen("jo", "1", "2.1", flag="--allow-run jo")
RM = foreseen("rm", "3", flag="--allow-run rm", denied=True)
DYNAMIC = foreseen("x", "4")


@pytest.mark.parametrize(
    ("item", "told"),
    [
        (JO, "run jo (steps 1, 2.1)"),
        (RM, "run rm (step 3)"),
        (Foreseen(text="net x\x1b[2J", positions=(), outcome=Outcome.ASK), "net x\\x1b[2J"),
    ],
)
def test_each_thing_says_where_it_is_needed(item: Foreseen, told: str) -> None:
    assert describe_foreseen(item) == told


def test_questions_come_before_what_no_answer_changes() -> None:
    assert render_outlook((JO,), (RM,), Style(unicode=False)) == (
        "* This run will ask for\n    - run jo (steps 1, 2.1)\n  and will be refused\n    - run rm (step 3)\n"
    )


def test_without_denials_nothing_is_said_of_them() -> None:
    assert "refused" not in render_outlook((JO,), (), Style())


def test_all_refusals_are_listed_with_the_one_command_that_allows_them() -> None:
    assert render_refusals(Outlook(asks=(JO,), denials=(RM,)), "rundown resume 09a0") == (
        "everything that the steps of this runbook would be refused:\n"
        "  run rm (step 3): denied\n"
        "  run jo (steps 1, 2.1): not allowed\n"
        "to allow all of it:\n"
        "  rundown resume 09a0 --allow-run rm --allow-run jo\n"
    )


@pytest.mark.parametrize(
    ("asks", "end"),
    [
        ((JO, DYNAMIC), "to allow what flags can allow of it:\n  rundown resume 09a0 --allow-run jo\n"),
        ((DYNAMIC, DYNAMIC), "  run x (step 4): not allowed\n"),
    ],
)
def test_nothing_is_promised_that_no_flag_does(asks: tuple[Foreseen, ...], end: str) -> None:
    assert render_refusals(Outlook(asks=asks), "rundown resume 09a0").endswith(end)


@pytest.mark.parametrize("outlook", [Outlook(), Outlook(asks=(JO,)), Outlook(denials=(RM,))])
def test_a_single_refusal_was_told_already(outlook: Outlook) -> None:
    assert render_refusals(outlook, "rundown resume 09a0") == ""
