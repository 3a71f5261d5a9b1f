"""What a fact does to the state: the tables `FITS` (when it may be applied) and `MOVES` (what it does).

A move checks that the fact speaks of the place the run is at, and refuses with an EngineError otherwise;
a fact that is not in `MOVES` is no business of the machine.
"""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from rundown.engine import flow
from rundown.engine.arrival import end, fail
from rundown.engine.course import Course
from rundown.engine.errors import EngineError
from rundown.engine.loops import start_iteration
from rundown.engine.state import Ending, Frame, Lifecycle, Phase, State
from rundown.engine.telling import note_jump
from rundown.model.diagnostic import Diagnostic
from rundown.model.event import (
    Body,
    EffectFailed,
    EndForced,
    IndexResolved,
    ItemDrawn,
    Jumped,
    LaunchFailed,
    LaunchRequested,
    LoopOpened,
    OutputCaptured,
    ProcessEnded,
    RunFinished,
    RunPaused,
    RunResumed,
    RunStarted,
    SourceEnded,
    StepFinished,
    StepStarted,
)
from rundown.model.runbook import Goto, Loop, Outcome, ReferenceBody, Target

MOST_ITERATIONS = 10_000


class Fit(Struct, frozen=True):
    """The lifecycles and phases in which a fact may be applied."""

    lifecycles: frozenset[Lifecycle]
    phases: frozenset[Phase]

    def holds(self, state: State) -> bool:
        """Returns whether the fact fits this state."""
        return state.lifecycle in self.lifecycles and state.phase in self.phases


_RUNNING: frozenset[Lifecycle] = frozenset({"running"})
_LIVE: frozenset[Lifecycle] = frozenset({"running", "paused"})
_BEFORE_END: frozenset[Phase] = frozenset({"open", "draw", "aim", "enter", "act"})
_ANY: frozenset[Phase] = _BEFORE_END | {"finish"}

FITS: Mapping[type[Body], Fit] = {
    RunStarted: Fit(frozenset({"new"}), _ANY),
    StepStarted: Fit(_RUNNING, frozenset({"enter"})),
    StepFinished: Fit(_LIVE, frozenset({"act"})),
    OutputCaptured: Fit(_RUNNING, frozenset({"act", "finish"})),
    LaunchRequested: Fit(_RUNNING, frozenset({"act"})),
    LoopOpened: Fit(_RUNNING, frozenset({"open"})),
    ItemDrawn: Fit(_RUNNING, frozenset({"draw"})),
    SourceEnded: Fit(_RUNNING, frozenset({"draw"})),
    IndexResolved: Fit(_RUNNING, frozenset({"aim"})),
    EffectFailed: Fit(_RUNNING, frozenset({"open", "draw", "aim", "act"})),
    Jumped: Fit(_LIVE, _BEFORE_END),
    EndForced: Fit(_LIVE, _BEFORE_END),
    RunPaused: Fit(_RUNNING, _ANY),
    RunResumed: Fit(_LIVE, _ANY),
    RunFinished: Fit(_RUNNING, frozenset({"finish"})),
}

_AWAITED: Mapping[Phase, str] = {
    "open": "a loop to be opened",
    "draw": "a loop's item",
    "aim": "the number of a GOTO … AT",
    "enter": "a unit to start",
    "act": "a unit's result",
    "finish": "the run to finish",
    "end": "nothing",
}


def refusal(code: str, message: str, why: str = "") -> EngineError:
    """Returns the exception that says why a fact does not fit."""
    return EngineError(Diagnostic(code=code, message=message, why=why))


def unfit(state: State, body: Body) -> EngineError:
    """Returns the exception for a fact that comes at the wrong time."""
    return refusal(
        "engine/unfit-event",
        f"{type(body).__name__} does not fit at {state.position}",
        f"the run is {state.lifecycle} and waits for {_AWAITED[state.phase]}",
    )


def _elsewhere(state: State, body: Body) -> EngineError:
    return refusal(
        "engine/elsewhere",
        f"{type(body).__name__} speaks of another place",
        f"the run is at {state.position}",
    )


def _start_run(course: Course, state: State, body: RunStarted) -> State:
    started = replace(state, lifecycle="running", prompted=body.prompted)
    return flow.enter_step(course, started, state.step, substep=None, at=None)


def _start_unit(course: Course, state: State, body: StepStarted) -> State:
    named = (body.step, body.substep, body.iteration, body.attempt)
    if named != (state.step, state.substep, state.iteration, state.attempt):
        raise _elsewhere(state, body)
    if state.substep is None:
        return replace(state, phase="act")
    place = course.place_of(state.step, state.substep)
    return replace(state, phase="act", deferred=state.deferred.drop(place))


def _finish_unit(course: Course, state: State, body: StepFinished) -> State:
    if (body.step, body.substep, body.iteration) != (state.step, state.substep, state.iteration):
        raise _elsewhere(state, body)
    if state.lifecycle == "paused" and body.reported_by != "person":
        raise unfit(state, body)
    return flow.report(course, _resumed(state), Outcome(body.result))


def _capture(_course: Course, state: State, body: OutputCaptured) -> State:
    lost = state.lost | {body.name} if body.lost else state.lost - {body.name}
    return replace(state, variables={**state.variables, body.name: body.value}, lost=lost)


def _launch(_course: Course, state: State, body: LaunchRequested) -> State:
    if body.request in state.in_doubt:
        return state
    return replace(state, in_doubt=(*state.in_doubt, body.request))


def _settle_launch(_course: Course, state: State, body: ProcessEnded | LaunchFailed) -> State:
    return replace(state, in_doubt=tuple(item for item in state.in_doubt if item != body.request))


def _open(course: Course, state: State, body: LoopOpened) -> State:
    if body.step != state.step:
        raise _elsewhere(state, body)
    loop = course.step(state.step).loop
    assert loop is not None
    if not _answers(loop, body):
        raise refusal("engine/bad-bounds", f"step {body.step} cannot loop from {body.first} to {body.last}")
    if body.first is None or body.last is None:
        return flow.open_by_hand(state)
    frame = Frame(
        first=body.first,
        last=body.last,
        items=body.items,
        drawn=loop.source is not None and body.items is None,
        mark=body.mark,
        lost=body.lost,
    )
    return flow.open_loop(course, state, frame if body.items is None else frame.cut_to(len(body.items)))


def _answers(loop: Loop, body: LoopOpened) -> bool:
    """Bounds that are numbers stay as written; only a name can be without a value; items need a source."""
    if body.items is not None and loop.source is None:
        return False
    written = (1, MOST_ITERATIONS) if loop.bounds is None else (loop.bounds.start, loop.bounds.stop)
    found = (body.first, body.last)
    if found == (None, None):
        return any(isinstance(bound, str) for bound in written)
    return all(
        number is not None and 1 <= number <= MOST_ITERATIONS and (isinstance(bound, str) or bound == number)
        for bound, number in zip(written, found, strict=True)
    )


def _draw(_course: Course, state: State, body: ItemDrawn) -> State:
    assert state.frame is not None and state.entry is not None
    if (body.step, body.iteration) != (state.step, state.entry.at):
        raise _elsewhere(state, body)
    drawn = replace(state, frame=replace(state.frame, item=body.value, lost=body.lost))
    return start_iteration(drawn, state.entry)


def _end_source(course: Course, state: State, body: SourceEnded) -> State:
    assert state.entry is not None and state.entry.at is not None
    if body.step != state.step:
        raise _elsewhere(state, body)
    if not 0 <= body.length < state.entry.at:
        raise refusal("engine/bad-bounds", f"a source of {body.length} items has item {state.entry.at}")
    return flow.end_source(course, state, body.length)


def _aim(course: Course, state: State, body: IndexResolved) -> State:
    assert state.goto is not None
    if body.name != state.goto.at:
        raise _elsewhere(state, body)
    return flow.jump(course, replace(state, goto=None), state.goto, body.iteration)


def _fail_effect(course: Course, state: State, body: EffectFailed) -> State:
    child = isinstance(course.unit(state.step, state.substep).body, ReferenceBody)
    if state.phase == "act" and not child:
        raise unfit(state, body)
    return fail(state, body.code, body.message)


def _jump(course: Course, state: State, body: Jumped) -> State:
    target = Target(step=body.step, substep=body.substep)
    if not course.has(body.step, body.substep):
        raise refusal("engine/no-such-step", f"there is no step {target}")
    noted = note_jump(replace(_resumed(state), in_doubt=(), goto=None), str(target))
    moved = flow.jump(course, noted, Goto(target=target), body.iteration)
    if moved.ending is not None and moved.ending.code:
        raise refusal(moved.ending.code, moved.ending.message)
    return moved


def _force_end(_course: Course, state: State, body: EndForced) -> State:
    return end(_resumed(state), Ending(status=body.status, message=body.message))


def _pause(_course: Course, state: State, body: RunPaused) -> State:
    return replace(state, lifecycle="paused", pause=body.reason)


def _resume(_course: Course, state: State, _body: RunResumed) -> State:
    return _resumed(state)


def _finish(_course: Course, state: State, body: RunFinished) -> State:
    assert state.ending is not None
    if body.status != state.ending.status:
        raise refusal("engine/other-end", f"the run is {state.ending.status}, not {body.status}")
    return replace(state, lifecycle=body.status, phase="end", in_doubt=())


def _resumed(state: State) -> State:
    return replace(state, lifecycle="running", pause="") if state.lifecycle == "paused" else state


MOVES: Mapping[type[Body], Callable[[Course, State, Any], State]] = {
    RunStarted: _start_run,
    StepStarted: _start_unit,
    StepFinished: _finish_unit,
    OutputCaptured: _capture,
    LaunchRequested: _launch,
    ProcessEnded: _settle_launch,
    LaunchFailed: _settle_launch,
    LoopOpened: _open,
    ItemDrawn: _draw,
    SourceEnded: _end_source,
    IndexResolved: _aim,
    EffectFailed: _fail_effect,
    Jumped: _jump,
    EndForced: _force_end,
    RunPaused: _pause,
    RunResumed: _resume,
    RunFinished: _finish,
}
