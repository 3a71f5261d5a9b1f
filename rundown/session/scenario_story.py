"""What a scenario brought about, in words, beside each expectation that was not met."""

from collections.abc import Iterable

from msgspec.structs import replace

from rundown.engine.scenario import Seen
from rundown.model.diagnostic import Diagnostic
from rundown.model.event import Event, RunFinished, RunPaused

_MOST = 12


def explain(problem: Diagnostic, seen: Seen, last: Event | None) -> Diagnostic:
    """Returns the problem with what was seen instead. `last`: the last event of the outermost run."""
    match problem.code:
        case "scenario/step-not-seen":
            moves = (item.taken for item in seen.steps)
            told = _listed(
                f"{move.from_} {move.result.name if move.result else '-'} {move.action} → {move.at}"
                for move in moves
            )
            return replace(problem, why=f"seen: {told}")
        case "scenario/entry-not-seen":
            return replace(
                problem, why=f"seen: {_listed(f'{item.at} {item.description}' for item in seen.entered)}"
            )
        case "scenario/error-not-seen":
            return replace(problem, why=f"seen: {_listed(item.code for item in seen.errors if item.code)}")
        case "scenario/other-result" | "scenario/no-end":
            return replace(problem, why=_standing(last))
        case _:
            return problem


def _standing(last: Event | None) -> str:
    match last.body if last is not None else None:
        case RunFinished() as body:
            return f"the run {body.status}" + (f": {body.message}" if body.message else "")
        case RunPaused() as body:
            return f"the run is at {body.position} ({body.reason}): {body.detail}"
        case _:
            return "no run began"


def _listed(items: Iterable[str]) -> str:
    found = [item.strip() for item in items]
    more = f"; {len(found) - _MOST} more" if len(found) > _MOST else ""
    return "; ".join(found[:_MOST]) + more or "nothing"
