"""How a run comes to rest becomes an exit code and the one next step to take."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from rundown.cli.ending import Telling, exit_code, tell_ending
from rundown.engine.state import State
from rundown.model.event import RunPaused
from rundown.model.policy import Fix, Outcome, Ruling
from rundown.session.outlook import Outlook
from rundown.session.ports import Foreseen
from rundown.session.run import Ended
from tests.support.policies import run

RUN = "01a1feb0-c94a-7fda-b308-09a0704296dd"
COMPLETED = Ended(run_id=RUN, path=Path("/p/.rundown/runs/x"), state=State(step="1", lifecycle="completed"))
STOPPED = replace(COMPLETED, state=State(step="1", lifecycle="stopped"))
RECORD = "record: rundown show 09a0704296dd   (/p/.rundown/runs/x)"


def paused(reason: str) -> Ended:
    pause = RunPaused(reason=reason, position="1")
    return replace(COMPLETED, state=State(step="1", lifecycle="paused"), pause=pause)


@pytest.mark.parametrize(
    ("ended", "prompted", "code"),
    [
        (COMPLETED, False, 0),
        (COMPLETED, True, 0),
        (STOPPED, False, 1),
        (STOPPED, True, 1),
        (paused("denied"), False, 3),
        (paused("denied"), True, 3),
        (paused("sandbox"), False, 4),
        (paused("waiting"), False, 5),
        (paused("waiting"), True, 0),
        (paused("in-doubt"), False, 5),
        (paused("in-doubt"), True, 5),
        (paused("interrupted"), False, 130),
        (paused("interrupted"), True, 130),
        (paused("something of a later version"), False, 5),
    ],
)
def test_every_ending_has_its_exit_code(ended: Ended, prompted: bool, code: int) -> None:
    assert exit_code(ended, prompted=prompted) == code


def told(
    ended: Ended, capsys: pytest.CaptureFixture[str], again: str = "", **more: object
) -> tuple[list[str], str]:
    code = tell_ending(ended, Telling(again=again, **more))  # type: ignore[arg-type]
    printed = capsys.readouterr()
    assert code == exit_code(ended, prompted=False)
    return printed.out.splitlines(), printed.err


@pytest.mark.parametrize(
    ("reason", "hint"),
    [
        (
            "waiting",
            "when it is done: rundown pass --yes   or: rundown fail --yes   (run 09a0704296dd)",
        ),
        (
            "denied",
            "go on, with a flag or after a change of policy: rundown resume 09a0704296dd --yes",
        ),
        ("interrupted", "go on: rundown resume 09a0704296dd --yes"),
        (
            "sandbox",
            "what this host can enforce: rundown doctor; go on: rundown resume 09a0704296dd --yes",
        ),
        (
            "in-doubt",
            "at a terminal: rundown resume 09a0704296dd --yes   or run the step again: rundown retry 09a0704296dd --yes",
        ),
    ],
)
def test_a_pause_says_how_to_go_on_with_the_same_flags(
    reason: str, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert told(paused(reason), capsys, " --yes") == ([hint, RECORD], "")


def test_an_end_says_where_record_and_receipt_are(capsys: pytest.CaptureFixture[str]) -> None:
    signed = replace(COMPLETED, receipt=Path("/p/\x1b[2Jreceipt.json"))
    assert told(signed, capsys) == ([RECORD, "receipt: /p/\\x1b[2Jreceipt.json"], "")


@pytest.mark.parametrize(("state", "at"), [(State(step="2"), "2"), (State(step="2", substep="1"), "2.1")])
def test_a_stop_says_how_to_begin_where_it_was(
    state: State, at: str, capsys: pytest.CaptureFixture[str]
) -> None:
    stopped = replace(COMPLETED, state=replace(state, lifecycle="stopped"))
    lines, _ = told(stopped, capsys, " --yes", anew="rundown run a.md", place=" --root /p")
    assert lines[0] == f"from there once more, as a new run: rundown run a.md --from {at} --root /p --yes"


def test_all_that_was_refused_where_nobody_could_be_asked_is_listed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    asks = tuple(
        Foreseen(
            text=f"run {name}",
            positions=("1",),
            outcome=Outcome.ASK,
            ruling=Ruling(
                operation=run(name), outcome=Outcome.ASK, fix=Fix(flag=f"--allow-run {name}", yaml="")
            ),
        )
        for name in ("jo", "tac")
    )
    _, err = told(replace(paused("denied"), outlook=Outlook(asks=asks)), capsys)
    assert err.splitlines()[-1] == "  rundown resume 09a0704296dd --allow-run jo --allow-run tac"


def test_where_events_are_printed_nothing_else_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert tell_ending(paused("denied"), Telling(as_json=True)) == 3
    assert capsys.readouterr() == ("", "")
