"""Judging a scenario."""

import pytest

from rundown.engine.scenario import Seen, SeenEntry, SeenError, SeenStep, judge
from rundown.engine.transition import TransitionTaken
from rundown.model.runbook import Outcome
from rundown.model.scenario import ExpectedEntry, ExpectedError, ExpectedStep, Scenario


def seen_step(line, runbook="/w/.rundown/runbooks/a.runbook.md", command=""):
    """`from result action at`, with `*` behind an aggregated action."""
    origin, result, action, at = line.split()
    taken = TransitionTaken(
        from_=origin,
        at=at,
        action=action.rstrip("*"),
        result=Outcome[result],
        aggregated=action.endswith("*"),
        target=at if action == "GOTO" else "",
    )
    return SeenStep(runbook=runbook, taken=taken, command=command)


RETRIED = Seen(
    steps=(
        seen_step("1 FAIL RETRY 1"),
        seen_step("1 PASS CONTINUE 2.1", command="make test\n"),
        seen_step("2.1 FAIL DEFER 2.2"),
        seen_step("2.2 PASS STOP* 2.2"),
    ),
    entered=(
        SeenEntry(runbook="a.runbook.md", at="1", description="Test"),
        SeenEntry(runbook="a.runbook.md", at="2.1", description="Runbook: b.runbook.md"),
    ),
    ended="stopped",
)


def scenario(**expected):
    return Scenario(name="s", commands=("rd run a.runbook.md",), **expected)


def codes(wanted, seen=RETRIED):
    return [finding.code for finding in judge(wanted, seen)]


def test_the_last_end_must_be_the_expected_one():
    assert [codes(scenario(result=result)) for result in ("STOP", "COMPLETE")] == [
        [],
        ["scenario/other-result"],
    ]


def test_a_result_is_expected_and_no_run_ended():
    assert codes(scenario(result="STOP"), Seen()) == ["scenario/no-end"]


def test_without_a_result_no_end_is_needed():
    wanted = scenario(errors=(ExpectedError(code="MISSING_REQUIRED_VARS"),))
    assert (
        codes(wanted, Seen(errors=(SeenError(code="MISSING_REQUIRED_VARS", command="run", error="x"),))) == []
    )


@pytest.mark.parametrize(
    "step",
    [
        ExpectedStep(),
        ExpectedStep(at="2.1", origin="1"),
        ExpectedStep(action="RETRY", result="FAIL"),
        ExpectedStep(command="make test"),
        ExpectedStep(runbook="a.runbook.md"),
        ExpectedStep(aggregated=True, action="STOP"),
        ExpectedStep(aggregated=False, action="DEFER"),
    ],
)
def test_only_the_keys_that_are_written_must_match(step):
    assert codes(scenario(steps=(step,))) == []


@pytest.mark.parametrize(
    "step",
    [
        ExpectedStep(at="3"),
        ExpectedStep(origin="2.1", action="STOP"),
        ExpectedStep(action="STOP", result="FAIL"),
        ExpectedStep(command="make"),
        ExpectedStep(runbook="b.runbook.md"),
        ExpectedStep(aggregated=False, action="STOP"),
    ],
)
def test_a_step_that_was_not_seen_is_told(step):
    assert codes(scenario(steps=(step,))) == ["scenario/step-not-seen"]


def test_steps_are_matched_in_order_and_what_lies_between_is_skipped():
    first, last = ExpectedStep(action="RETRY"), ExpectedStep(action="STOP")
    assert codes(scenario(steps=(first, last))) == []
    assert codes(scenario(steps=(last, first))) == ["scenario/step-not-seen"]


def test_one_transition_meets_one_expectation():
    retried = ExpectedStep(action="RETRY")
    assert codes(scenario(steps=(retried, retried))) == ["scenario/step-not-seen"]


def test_a_jump_may_be_expected_with_or_without_its_target():
    seen = Seen(steps=(seen_step("1 PASS GOTO Fix"),))
    assert [
        codes(scenario(steps=(ExpectedStep(action=word),)), seen) for word in ("GOTO", "GOTO Fix", "GOTO 2")
    ] == [
        [],
        [],
        ["scenario/step-not-seen"],
    ]


def test_entries_are_matched_in_order():
    child = ExpectedEntry(at="2.1", description="Runbook: b.runbook.md")
    assert codes(scenario(entered=(ExpectedEntry(at="1"), child))) == []
    assert codes(scenario(entered=(child, ExpectedEntry(at="1")))) == ["scenario/entry-not-seen"]


def test_errors_match_by_part_of_their_text_in_any_order():
    seen = Seen(
        errors=(
            SeenError(code="A", command="run", error="missing required variables: Name"),
            SeenError(code="B", command="goto", error="no step 9"),
        )
    )
    assert (
        codes(scenario(errors=(ExpectedError(error="no step"), ExpectedError(code="A", error="Name"))), seen)
        == []
    )
    assert codes(scenario(errors=(ExpectedError(code="B", command="run"),)), seen) == [
        "scenario/error-not-seen"
    ]


def test_a_finding_repeats_what_was_expected():
    wanted = scenario(steps=(ExpectedStep(origin="1", at="3", aggregated=True),))
    assert [item.message for item in judge(wanted, RETRIED)] == [
        'no such transition was seen: {at: "3", from: "1", aggregated: true}'
    ]
