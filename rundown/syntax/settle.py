"""From what a unit writes to what it does: both handlers, the mark, and which actions are legal there.

Everything implicit becomes explicit here (docs/format.md, "What is supplied").
"""

from typing import Literal

from msgspec import Struct

from rundown.model.diagnostic import Diagnostic, Span
from rundown.model.runbook import Action, Break, Continue, Defer, Handler, Next, Outcome, Stop, Transitions
from rundown.syntax.codes import Code
from rundown.syntax.transition import Line, Mark

Where = Literal["step", "substep", "loop"]


class Place(Struct, frozen=True, kw_only=True):
    """Where handlers stand: `in_loop` below a FOR, `folds` if there are several results to fold,
    `defers` if a unit that writes nothing reports to its parent."""

    where: Where
    in_loop: bool = False
    folds: bool = False
    defers: bool = False


def settle(lines: list[Line], place: Place, report: list[Diagnostic]) -> Transitions:
    """Returns both handlers of a unit and how it folds; problems are appended to `report`."""
    written: dict[Outcome, Line] = {}
    for line in lines:
        for outcome in line.outcomes:
            if outcome in written:
                report.append(_twice(line, outcome))
            written[outcome] = line
        _check_action(line, place, report)
    mode = _mode(written, place, report)
    defaults = _defaults(written, place)
    on_pass = written[Outcome.PASS].handler if Outcome.PASS in written else defaults[Outcome.PASS]
    on_fail = written[Outcome.FAIL].handler if Outcome.FAIL in written else defaults[Outcome.FAIL]
    return Transitions(on_pass=on_pass, on_fail=on_fail, mode=mode)


def _defaults(written: dict[Outcome, Line], place: Place) -> dict[Outcome, Handler]:
    on_pass: Action = Continue()
    on_fail: Action = Stop()
    if not written and place.defers:
        on_pass, on_fail = Defer(), Defer()
    return {
        Outcome.PASS: Handler(action=on_pass, implicit=True),
        Outcome.FAIL: Handler(action=on_fail, implicit=True),
    }


def _twice(line: Line, outcome: Outcome) -> Diagnostic:
    return Code.SIDE_TWICE.at(
        line.handler.span,
        f"{outcome.name} is written twice; this one counts",
        fix="remove the other one",
    )


def _mode(written: dict[Outcome, Line], place: Place, report: list[Diagnostic]) -> Mark | None:
    on_pass, on_fail = written.get(Outcome.PASS), written.get(Outcome.FAIL)
    pass_mark = on_pass.mark if on_pass else None
    fail_mark = on_fail.mark if on_fail else None
    if pass_mark is None and fail_mark is None:
        return None
    marked = on_pass if on_pass is not None and pass_mark is not None else on_fail
    span = marked.handler.span if marked is not None else None
    if pass_mark is not None and pass_mark == fail_mark:
        word = pass_mark.upper()
        report.append(
            Code.MARK_CLASH.at(
                on_fail.handler.span if on_fail else span,
                f"PASS {word} and FAIL {word} do not complete each other",
                fix="write `PASS ALL` with `FAIL ANY`, or `PASS ANY` with `FAIL ALL`",
            )
        )
    if not place.folds:
        report.append(
            Code.MARK_COMPLETED.at(
                span, "ALL or ANY has no effect here: there is one result only", fix="remove the word"
            )
        )
        return None
    mode: Mark = pass_mark or ("any" if fail_mark == "all" else "all")
    if pass_mark is None or fail_mark is None:
        _completed(span, mode, report)
    return mode


def _completed(span: Span | None, mode: Mark, report: list[Diagnostic]) -> None:
    pair = "PASS ALL … FAIL ANY" if mode == "all" else "PASS ANY … FAIL ALL"
    report.append(
        Code.MARK_COMPLETED.at(
            span, f"one side is marked only; read as {pair}", fix=f"write both lines: {pair}"
        )
    )


def _check_action(line: Line, place: Place, report: list[Diagnostic]) -> None:
    action, span = line.handler.action, line.handler.span
    if isinstance(action, Defer) and place.where == "step":
        report.append(
            Code.MISPLACED_DEFER.at(
                span,
                "DEFER on a step",
                why="DEFER hands the result to the parent, and a step has none",
                fix="write CONTINUE, or put the DEFER on its substeps",
            )
        )
    if isinstance(action, Next | Break) and (place.where == "step" or not place.in_loop):
        word = "NEXT" if isinstance(action, Next) else "BREAK"
        where = "on a step; it belongs to what is below FOR" if place.in_loop else "outside a FOR"
        report.append(
            Code.MISPLACED_LOOP_ACTION.at(
                span,
                f"{word} {where}",
                fix="write CONTINUE or STOP, or put it on a substep of a step with FOR, or below the FOR",
            )
        )
