"""Transition lines of both dialects."""

import pytest

from rundown.model.diagnostic import Diagnostic, Span
from rundown.model.runbook import (
    Action,
    Break,
    Complete,
    Continue,
    Defer,
    Goto,
    Handler,
    Next,
    Outcome,
    Stop,
    Target,
)
from rundown.syntax.transition import Line, is_transition, parse_transition

SPAN = Span(file="a.md", line=3, column=3)


def goto(step: str, substep: str | None = None, at: int | str | None = None) -> Goto:
    return Goto(target=Target(step=step, substep=substep), at=at)


@pytest.mark.parametrize(
    ("text", "action", "retry"),
    [
        ("CONTINUE", Continue(), 0),
        ("DEFER", Defer(), 0),
        ("NEXT", Next(), 0),
        ("BREAK", Break(), 0),
        ("STOP", Stop(), 0),
        ("STOP ERROR", Stop("ERROR"), 0),
        ('STOP "too bad: - it → is"', Stop("too bad: - it → is"), 0),
        ('COMPLETE ""', Complete(""), 0),
        ("COMPLETE", Complete(), 0),
        ("GOTO 3", goto("3"), 0),
        ("GOTO 03.02", goto("3", "2"), 0),
        ("GOTO Fix.Clean", goto("Fix", "Clean"), 0),
        ("GOTO 2 AT 4", goto("2", at=4), 0),
        ("GOTO 2.1 AT {{ Index }}", goto("2", "1", "Index"), 0),
        ("RETRY", Stop(), 1),
        ("RETRY 3", Stop(), 3),
        ('RETRY 3 "gave up"', Stop("gave up"), 3),
        ("RETRY gone", Stop("gone"), 1),
        ("RETRY GOTO 2", goto("2"), 1),
        ("RETRY 2 COMPLETE done", Complete("done"), 2),
    ],
)
def test_actions(text: str, action: Action, retry: int) -> None:
    line = parse_transition(f"PASS {text}", SPAN)
    assert isinstance(line, Line)
    assert line.handler == Handler(action=action, retry=retry, span=SPAN)


@pytest.mark.parametrize(
    ("text", "outcome", "mark", "colon"),
    [
        ("PASS STOP", Outcome.PASS, None, False),
        ("YES STOP", Outcome.PASS, None, False),
        ("FAIL STOP", Outcome.FAIL, None, False),
        ("NO STOP", Outcome.FAIL, None, False),
        ("PASS: STOP", Outcome.PASS, None, True),
        ("PASS:STOP", Outcome.PASS, None, True),
        ("PASS → STOP", Outcome.PASS, None, True),
        ("PASS - STOP", Outcome.PASS, None, True),
        ("PASS -> STOP", Outcome.PASS, None, True),
        ("PASS ALL STOP", Outcome.PASS, "all", False),
        ("FAIL ANY: STOP", Outcome.FAIL, "any", True),
        ("FAIL: ANY STOP", Outcome.FAIL, "any", True),
        ("PASS  ALL   STOP  ", Outcome.PASS, "all", False),
    ],
)
def test_sides_marks_and_colons(text: str, outcome: Outcome, mark: str | None, colon: bool) -> None:
    line = parse_transition(text, SPAN)
    assert isinstance(line, Line)
    assert (line.outcomes, line.mark, line.colon) == ((outcome,), mark, colon)


def test_defer_alone_is_both_sides() -> None:
    assert parse_transition("DEFER", SPAN) == Line(
        outcomes=(Outcome.PASS, Outcome.FAIL), handler=Handler(action=Defer(), span=SPAN)
    )


@pytest.mark.parametrize(
    "text", ["PASSING it on", "Pass CONTINUE", "FAILED", "NOTE", "YES_man", "DEFER it", "x PASS STOP"]
)
def test_other_bullets_are_no_transitions(text: str) -> None:
    assert not is_transition(text)


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("RETRY", True),
        ("RETRY 2", True),
        ('RETRY 2 "m"', True),
        ("RETRY STOP", True),
        ("RETRY 2 STOP", False),
        ("STOP", False),
    ],
)
def test_a_retry_without_count_or_fallback_is_the_short_form(text: str, short: bool) -> None:
    line = parse_transition(f"FAIL {text}", SPAN)
    assert isinstance(line, Line)
    assert line.short is short


@pytest.mark.parametrize(
    ("text", "column", "fix"),
    [
        ("PASS CONTINU", 8, "did you mean CONTINUE?"),
        ("PASS goto 3", 8, "did you mean GOTO?"),
        ("PASS CONTINUE.", 8, "did you mean CONTINUE?"),
        ("FAIL RETRY 2 STPO", 16, "did you mean STOP?"),
        (
            "FAIL STOP it broke",
            16,
            'put it in quotes: "it broke"'.replace('"', '`"', 1).replace('broke"', 'broke"`'),
        ),
    ],
)
def test_a_slip_is_answered_with_what_was_meant(text: str, column: int, fix: str) -> None:
    problem = parse_transition(text, SPAN)
    assert isinstance(problem, Diagnostic)
    assert problem.span is not None
    assert (problem.span.line, problem.span.column, problem.fix) == (3, column, fix)


def test_a_word_of_any_length_is_answered_at_once() -> None:
    problem = parse_transition("FAIL RETRY 2 " + "x" * 1_000_000 + " y", SPAN)
    assert isinstance(problem, Diagnostic)
    assert len(problem.message) <= 300
