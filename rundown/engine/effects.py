"""`Effect`: what the machine wants done next. Each names the facts that answer it.

Effects are values; nothing here does anything. Positions are given by their parts: `iteration` is None
outside loops, `attempt` counts from 1.
"""

from typing import Literal

from msgspec import Struct

from rundown.model.runbook import LoopRange


class Enter(Struct, frozen=True, kw_only=True, tag="enter"):
    """Say that a unit begins. Answered by `StepStarted` with the same parts."""

    step: str
    substep: str | None = None
    iteration: int | None = None
    attempt: int = 1
    title: str = ""


class Execute(Struct, frozen=True, kw_only=True, tag="execute"):
    """Run the unit's command or agent body. Answered by `StepFinished`, or put off by `RunPaused`.

    `OutputCaptured` may come before the answer.
    """

    step: str
    substep: str | None = None
    iteration: int | None = None
    attempt: int = 1


class Wait(Struct, frozen=True, kw_only=True, tag="wait"):
    """A person reports. Answered by `StepFinished` or `Jumped`.

    `why`: `prose` (no body), `display` (a fence that is shown only), `prompted` (the run shows commands
    and does not run them), `undefined-bound` (the step's FOR has a bound without a value).
    """

    step: str
    substep: str | None = None
    iteration: int | None = None
    attempt: int = 1
    why: Literal["prose", "display", "prompted", "undefined-bound"] = "prose"


class LaunchChild(Struct, frozen=True, kw_only=True, tag="launch-child"):
    """Run another runbook in this unit's place. Answered by `StepFinished(reported_by="child")`.

    A completed child is a pass, a stopped one a fail; a reference that cannot be resolved or is a cycle
    is answered by `EffectFailed`. `reference` is as written, templates unexpanded. Values that the child
    hands up come as `OutputCaptured` before the answer.
    """

    step: str
    substep: str | None = None
    iteration: int | None = None
    attempt: int = 1
    reference: str


class OpenLoop(Struct, frozen=True, kw_only=True, tag="open-loop"):
    """Resolve a FOR's bounds and source. Answered by `LoopOpened` or `EffectFailed`.

    `source` is the template variable's name. Not asked for when both bounds are numbers and there is no
    source: the machine opens such a loop by itself.
    """

    step: str
    bounds: LoopRange | None = None
    source: str | None = None


class DrawItem(Struct, frozen=True, kw_only=True, tag="draw-item"):
    """Read item `iteration` (from 1) of the open loop's file. Answered by `ItemDrawn`, `SourceEnded`
    or `EffectFailed`. What was remembered when the file was opened is `State.loop.mark`."""

    step: str
    iteration: int
    source: str


class ResolveIndex(Struct, frozen=True, kw_only=True, tag="resolve-index"):
    """Find the number that `AT {{name}}` stands for, where the machine is now. Answered by
    `IndexResolved` or `EffectFailed`."""

    step: str
    name: str


class Finish(Struct, frozen=True, kw_only=True, tag="finish"):
    """Evaluate the runbook's outputs (each an `OutputCaptured`) and end. Answered by `RunFinished`.

    `message` is as written, templates unexpanded. `code` names the engine's own error, "" for an end
    that the runbook or a person asked for.
    """

    status: Literal["completed", "stopped"]
    message: str = ""
    code: str = ""


Effect = Enter | Execute | Wait | LaunchChild | OpenLoop | DrawItem | ResolveIndex | Finish
