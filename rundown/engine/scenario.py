"""Judges a scenario: what was expected against what a sequence of commands brought about. Pure.

Expected transitions and entries are looked for in order; what lies between them is skipped. Errors are
looked for in any order. Source: docs/format.md, scenarios.
"""

from collections.abc import Callable, Sequence
from typing import Literal, TypeVar

import msgspec
from msgspec import Struct

from rundown.engine.transition import TransitionTaken
from rundown.model.diagnostic import Diagnostic
from rundown.model.scenario import ExpectedEntry, ExpectedError, ExpectedStep, Scenario

_Wanted = TypeVar("_Wanted")
_Seen = TypeVar("_Seen")

_RESULTS = {"completed": "COMPLETE", "stopped": "STOP"}


class SeenStep(Struct, frozen=True, kw_only=True):
    """A transition, the runbook whose run it was in, and the unit's command text ("" if it has none)."""

    runbook: str
    taken: TransitionTaken
    command: str = ""


class SeenEntry(Struct, frozen=True, kw_only=True):
    """A unit that was entered: its position and its title."""

    runbook: str
    at: str
    description: str


class SeenError(Struct, frozen=True, kw_only=True):
    """An error that a command ended with: its code, rundown's subcommand, and the text people read."""

    code: str
    command: str
    error: str


class Seen(Struct, frozen=True, kw_only=True):
    """All that the commands of a scenario brought about, each kind in order, runs and child runs together.

    `ended`: how the run that ended last did, None if none ended.
    """

    steps: tuple[SeenStep, ...] = ()
    entered: tuple[SeenEntry, ...] = ()
    errors: tuple[SeenError, ...] = ()
    ended: Literal["completed", "stopped"] | None = None


def judge(scenario: Scenario, seen: Seen) -> tuple[Diagnostic, ...]:
    """Returns every expectation that was not met, in the order of the document; empty: it passed."""
    steps = _unmet(scenario.steps, seen.steps, _is_step)
    entered = _unmet(scenario.entered, seen.entered, _is_entry)
    errors = [
        wanted for wanted in scenario.errors if not any(_is_error(wanted, item) for item in seen.errors)
    ]
    return (
        *_judge_result(scenario, seen),
        *(_missing("step-not-seen", "no such transition was seen", wanted) for wanted in steps),
        *(_missing("entry-not-seen", "no such unit was entered", wanted) for wanted in entered),
        *(_missing("error-not-seen", "no such error was seen", wanted) for wanted in errors),
    )


def _judge_result(scenario: Scenario, seen: Seen) -> list[Diagnostic]:
    if scenario.result is None:
        return []
    if seen.ended is None:
        return [
            Diagnostic(
                code="scenario/no-end",
                message=f"expected {scenario.result}, but no run ended",
                fix="add the commands that bring the run to its end, such as `rd pass`",
            )
        ]
    got = _RESULTS[seen.ended]
    if got == scenario.result:
        return []
    return [Diagnostic(code="scenario/other-result", message=f"expected {scenario.result}, got {got}")]


def _unmet(
    wanted: Sequence[_Wanted], seen: Sequence[_Seen], fits: Callable[[_Wanted, _Seen], bool]
) -> list[_Wanted]:
    """Returns what was not found; a look that fails does not use up what later ones may find."""
    unmet: list[_Wanted] = []
    start = 0
    for item in wanted:
        found = next((place for place in range(start, len(seen)) if fits(item, seen[place])), None)
        if found is None:
            unmet.append(item)
        else:
            start = found + 1
    return unmet


def _is_step(wanted: ExpectedStep, seen: SeenStep) -> bool:
    taken = seen.taken
    result = taken.result.name if taken.result is not None else None
    actions = (taken.action, f"{taken.action} {taken.target}")
    return (
        _ends(wanted.runbook, seen.runbook)
        and wanted.at in (None, taken.at)
        and wanted.origin in (None, taken.from_)
        and (wanted.action is None or wanted.action in actions)
        and wanted.result in (None, result)
        and (wanted.command is None or wanted.command.strip() == seen.command.strip())
        and wanted.aggregated in (None, taken.aggregated)
    )


def _is_entry(wanted: ExpectedEntry, seen: SeenEntry) -> bool:
    return (
        _ends(wanted.runbook, seen.runbook)
        and wanted.at in (None, seen.at)
        and wanted.description in (None, seen.description)
    )


def _is_error(wanted: ExpectedError, seen: SeenError) -> bool:
    return (
        wanted.code in (None, seen.code)
        and wanted.command in (None, seen.command)
        and (wanted.error is None or wanted.error in seen.error)
    )


def _ends(wanted: str | None, path: str) -> bool:
    return wanted is None or path.endswith(wanted)


def _missing(code: str, message: str, wanted: ExpectedStep | ExpectedEntry | ExpectedError) -> Diagnostic:
    keys = {
        "from" if name == "origin" else name: value
        for name, value in msgspec.structs.asdict(wanted).items()
        if value is not None
    }
    text = ", ".join(f"{name}: {_yaml(value)}" for name, value in keys.items())
    return Diagnostic(code=f"scenario/{code}", message=f"{message}: {{{text}}}")


def _yaml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else f'"{value}"'
