"""The one sentence that says where a run is and what a person can do about it. Pure."""

from typing import Literal

from rundown.render.duration import render_duration
from rundown.render.escape import visible
from rundown.tui.progress import Progress

Situation = Literal["opening", "ready", "running", "held", "rest", "over", "watched", "closed"]
"""What the keys mean now: the house is not open yet; a run may begin; one goes; one is held before a step;
one is paused; one has ended; another process drives it; the engine is gone."""

_PAUSES = {
    "denied": "was refused",
    "waiting": "waits for you: p it went well, f it went wrong",
    "interrupted": "was interrupted",
    "sandbox": "has no sandbox",
    "in-doubt": "may or may not have run to its end",
}


def tell(
    situation: Situation,
    progress: Progress,
    *,
    running_ns: int = 0,
    stepping: bool = False,
    driver: str = "another process",
) -> str:
    """Returns the sentence, without markup; every text from outside is escaped. `driver`: who drives a run
    that is watched."""
    unit = progress.current
    name = f"Step {unit.position.rpartition('/')[2]}" if unit is not None and unit.position else "The run"
    match situation:
        case "opening":
            return "Looking at the policy and at what this host can enforce …"
        case "ready":
            return "Nothing has run yet. r runs it" + (
                " step by step." if stepping else "; t: step by step first."
            )
        case "running":
            told = " It stops before the next step." if stepping else ""
            return f"{name} is running{_for(running_ns)}.{told}"
        case "held":
            return f"{name} has not run yet: r runs it."
        case "rest":
            return _paused(progress, name)
        case "over":
            return _ended(progress)
        case "watched":
            told = f"{name} is running{_for(running_ns)}" if unit is not None else "The run goes on"
            return f"{told}, driven by {driver}: read only."
        case "closed":
            return "The run cannot go on here. q leaves."


def _for(running_ns: int) -> str:
    return f" for {render_duration(running_ns)}" if running_ns >= 1_000_000_000 else ""


def _paused(progress: Progress, name: str) -> str:
    how = _PAUSES.get(progress.reason, progress.reason)
    detail = f": {visible(progress.message)}" if progress.message and progress.reason != "waiting" else ""
    again = "" if progress.reason == "waiting" else ". r tries again"
    return f"Paused. {name} {how}{detail}{again}."


def _ended(progress: Progress) -> str:
    word = "Complete" if progress.status == "completed" else "Stopped"
    done, _ = progress.done
    steps = f"{done} step{'' if done == 1 else 's'} done"
    message = f": {visible(progress.message)}" if progress.message else ""
    return f"{word}{message}. {steps}; r starts anew."
