"""`TransitionTaken`: what a result led to, as told to people and judged by scenarios."""

from msgspec import Struct

from rundown.model.runbook import (
    Action,
    Break,
    Complete,
    Continue,
    Defer,
    Goto,
    Next,
    Outcome,
    Stop,
)

WORDS: dict[type[Action], str] = {
    Continue: "CONTINUE",
    Defer: "DEFER",
    Next: "NEXT",
    Break: "BREAK",
    Stop: "STOP",
    Complete: "COMPLETE",
    Goto: "GOTO",
}


class TransitionTaken(Struct, frozen=True, kw_only=True, rename={"from_": "from"}):
    """One move of the run.

    `from_`: position where the result was reported; `at`: position afterwards, the same for the last one.
    `action`: a word of the language, or RETRY. `result`: what was reported, None for a person's jump.
    `aggregated`: the handler of a step or of a loop's iteration chose the action. `target`: of a GOTO, as
    written. `message`: of a STOP or COMPLETE, as written, "" if there is none.
    """

    from_: str
    at: str = ""
    action: str
    result: Outcome | None = None
    aggregated: bool = False
    target: str = ""
    message: str = ""


def describe(action: Action) -> tuple[str, str, str]:
    """Returns the action's word, its target and its message, "" where it has none."""
    target = f"{action.target}" if isinstance(action, Goto) else ""
    message = (action.message or "") if isinstance(action, Stop | Complete) else ""
    return WORDS[type(action)], target, message
