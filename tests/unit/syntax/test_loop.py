"""The text of a FOR."""

import pytest

from rundown.model.diagnostic import Diagnostic, Span
from rundown.model.runbook import Loop, LoopRange
from rundown.syntax.loop import is_loop, parse_loop

SPAN = Span(file="a.md", line=3, column=3)


@pytest.mark.parametrize(
    ("text", "variable", "bounds", "source"),
    [
        ("FOR 3", None, (1, 3), None),
        ("FOR i IN 3", "i", (1, 3), None),
        ("FOR i IN 1 TO 5", "i", (1, 5), None),
        ("FOR 5 TO 1", None, (5, 1), None),
        ("FOR i IN {{a}} TO {{ b }}", "i", ("a", "b"), None),
        ("FOR {{a}} TO 10000", None, ("a", 10000), None),
        ("FOR x IN {{xs}}", "x", None, "xs"),
        ("FOR  x  IN  {{ xs }}", "x", None, "xs"),
        ("FOR x IN 2 TO {{n}} OF {{xs}}", "x", (2, "n"), "xs"),
    ],
)
def test_forms(
    text: str, variable: str | None, bounds: tuple[int | str, int | str] | None, source: str | None
) -> None:
    wanted = LoopRange(start=bounds[0], stop=bounds[1]) if bounds else None
    assert parse_loop(text, SPAN) == Loop(variable=variable, bounds=wanted, source=source, span=SPAN)


@pytest.mark.parametrize(
    "text",
    [
        "FOR",
        "FOR i",
        "FOR i IN",
        "FOR i IN 1..5",
        "FOR i IN 1 2",
        "FOR {{xs}}",
        "FOR x IN {{a.b}}",
        "FOR x IN {{xs}} TO 3 OF {{ys}} z",
        "FOR x IN 3 OF {{xs}}",
        "FOR 3 OF {{xs}}",
        "FOR each item",
        "FOR IN IN 3",
        "FOR index IN 3",
        "FOR i IN 0",
        "FOR 10001",
        "FOR 99999999999999999999",
        "FOR i in 3",
        "FOR -1 TO 3",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    assert is_loop(text)
    assert isinstance(parse_loop(text, SPAN), Diagnostic)


@pytest.mark.parametrize("text", ["FORWARD", "For 3", "FOR_3", "x FOR 3"])
def test_other_bullets_are_no_loops(text: str) -> None:
    assert not is_loop(text)
