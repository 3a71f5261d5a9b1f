"""What is supplied where a unit writes nothing or half."""

import pytest

from rundown.model.runbook import Continue, Defer, Handler, Runbook, Stop, Transitions
from rundown.syntax.parse import parse_runbook

PASS = Handler(action=Continue(), implicit=True)
FAIL = Handler(action=Stop(), implicit=True)
DEFER = Handler(action=Defer(), implicit=True)


def parse(text: str) -> Runbook:
    parsed = parse_runbook(text.encode(), "a.md")
    assert parsed.runbook is not None, parsed.diagnostics
    return parsed.runbook


@pytest.mark.parametrize(
    ("step", "substep", "on_pass", "on_fail"),
    [
        ("", "", PASS, FAIL),
        ("- FAIL STOP\n", "", PASS, FAIL),
        ("- PASS ALL CONTINUE\n- FAIL ANY STOP\n", "", DEFER, DEFER),
        ("- FAIL ANY STOP\n", "", DEFER, DEFER),
        ("- FOR 3\n", "", PASS, FAIL),
        ("- FOR 3\n  - FAIL BREAK\n", "", PASS, FAIL),
        ("- FOR 3\n  - PASS ALL DEFER\n  - FAIL ANY BREAK\n", "", DEFER, DEFER),
        ("", "- a.runbook.md\n", DEFER, DEFER),
        ("", "- PASS ALL CONTINUE\n- FAIL ANY STOP\n", "CONTINUE", "STOP"),
    ],
)
def test_a_substep_that_writes_nothing_defers_only_under_aggregation(
    step: str, substep: str, on_pass: Handler | str, on_fail: Handler | str
) -> None:
    book = parse(f"## 1. A\n{step}### 1.1 B\n{substep}### 1.2 C\n- DEFER\n")
    found = book.steps[0].substeps[0].transitions
    if isinstance(on_pass, str):
        assert (found.on_pass.implicit, found.on_fail.implicit, found.mode) == (False, False, None)
    else:
        assert found == Transitions(on_pass=on_pass, on_fail=on_fail)


@pytest.mark.parametrize("where", ["step", "substep under marks", "nested block"])
def test_the_side_left_out_is_continue_or_stop_everywhere(where: str) -> None:
    texts = {
        "step": "## 1. A\n- {}\n",
        "substep under marks": "## 1. A\n- PASS ALL CONTINUE\n- FAIL ANY STOP\n### 1.1 B\n- {}\n### 1.2 C\n",
        "nested block": "## 1. A\n- FOR 3\n  - {}\n### 1.1 B\n",
    }

    def of(line: str) -> Transitions:
        step = parse(texts[where].format(line)).steps[0]
        if where == "step":
            return step.transitions
        if where == "nested block":
            assert step.loop is not None
            assert step.loop.transitions is not None
            return step.loop.transitions
        return step.substeps[0].transitions

    assert (of("PASS STOP").on_fail, of("FAIL CONTINUE").on_pass) == (FAIL, PASS)


@pytest.mark.parametrize(
    ("lines", "mode"),
    [
        ("- PASS ALL CONTINUE\n- FAIL ANY STOP\n", "all"),
        ("- PASS ANY CONTINUE\n- FAIL ALL STOP\n", "any"),
        ("- PASS ANY CONTINUE\n", "any"),
        ("- FAIL ALL STOP\n- PASS CONTINUE\n", "any"),
        ("- FAIL ANY STOP\n", "all"),
        ("- PASS CONTINUE\n", None),
    ],
)
def test_one_mark_completes_the_pair(lines: str, mode: str | None) -> None:
    assert parse(f"## 1. A\n{lines}### 1.1 B\n- DEFER\n").steps[0].transitions.mode == mode


def test_the_last_of_two_lines_for_a_side_counts() -> None:
    assert parse("## 1. A\n- PASS STOP\n- PASS CONTINUE\n").steps[0].transitions.on_pass.action == Continue()
