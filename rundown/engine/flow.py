"""How a run moves: entering, reporting, folding, jumping, ending. Every function is State to State.

What an action does at each level (step, substep, iteration of a loop) is the table `ACTIONS`. Nothing
here looks at events or says what fits; that is `rundown.engine.machine`.
"""

from collections.abc import Callable, Mapping
from typing import Literal

from msgspec.structs import replace

from rundown.engine.arrival import arrive, count_self_jumps, end, fail, no_iteration, no_loop
from rundown.engine.course import Course
from rundown.engine.loops import DEFERRING, begin_iteration, fold_iteration, known_bounds
from rundown.engine.results import Results
from rundown.engine.state import Ending, Entry, Frame, State
from rundown.engine.telling import note, note_action, settle
from rundown.engine.transition import describe
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
    Transitions,
)

Level = Literal["step", "substep", "iteration"]
Move = Callable[[Course, State, Action], State]


def enter_step(course: Course, state: State, step_id: str, *, substep: str | None, at: int | None) -> State:
    """Enters a step afresh: at its first unit or at `substep`, in iteration `at` if it loops."""
    step = course.step(step_id)
    known = None if step.loop is None else known_bounds(step.loop)
    if at is not None and step.loop is None:
        return no_loop(state, f"GOTO {step_id} AT {at}")
    if at is not None and known is not None and not known.holds(at):
        return no_iteration(state, step_id, at)
    first = substep or (step.substeps[0].id if step.substeps else None)
    entered = replace(
        state,
        step=step_id,
        substep=first if step.loop is None else None,
        entry=None if step.loop is None or first is None else Entry(substep=first, at=at),
        iteration=None,
        frame=None,
        by_hand=False,
        retry=0,
        iteration_retry=0,
        step_retry=0,
        deferred=Results(),
        iterations=Results(),
    )
    if step.loop is None:
        return arrive(entered)
    return replace(entered, phase="open") if known is None else open_loop(course, entered, known)


def open_loop(course: Course, state: State, frame: Frame | None) -> State:
    """Starts a loop whose bounds are known; `frame` None: it is empty, and the step resolves at once."""
    assert state.entry is not None
    at = state.entry.at
    if at is not None and (frame is None or not frame.holds(at)):
        return no_iteration(state, state.step, at)
    if frame is None:
        return _resolve_empty(course, replace(state, entry=None))
    entry = replace(state.entry, at=frame.first if at is None else at)
    return begin_iteration(replace(state, frame=replace(frame, aimed=at is not None)), entry)


def open_by_hand(state: State) -> State:
    """Starts a step whose FOR has an undefined bound: no loop, each substep once, by a person."""
    assert state.entry is not None
    if state.entry.at is not None:
        return no_loop(state, f"AT {state.entry.at}")
    entry = state.entry
    return arrive(replace(state, by_hand=True, substep=entry.substep, retry=entry.retry, entry=None))


def end_source(course: Course, state: State, length: int) -> State:
    """The file ended before the item that was to be drawn: the loop is cut to its `length` items."""
    assert state.frame is not None and state.entry is not None and state.entry.at is not None
    frame = state.frame.cut_to(length)
    if state.frame.aimed:
        return no_iteration(state, state.step, state.entry.at)
    if frame is None:
        return _resolve_empty(course, replace(state, frame=None, iteration=None, substep=None, entry=None))
    cut = replace(state, frame=frame)
    if frame.first > frame.last:
        return begin_iteration(cut, replace(state.entry, at=frame.first))
    return _leave_loop(course, replace(cut, entry=None))


def report(course: Course, state: State, outcome: Outcome) -> State:
    """Takes the result of the current unit and moves on."""
    unit = course.unit(state.step, state.substep)
    handler = _handler(unit.transitions, outcome)
    reported = replace(state, last_result=outcome, in_doubt=(), leap=None)
    if handler.retry > state.retry:
        return arrive(replace(note(reported, "RETRY"), retry=state.retry + 1))
    level: Level = "step" if state.substep is None else "substep"
    return perform(course, note_action(reported, handler.action), level, handler.action)


def perform(course: Course, state: State, level: Level, action: Action) -> State:
    """Does an action where its handler stands."""
    return ACTIONS[level][type(action)](course, state, action)


def resolve_iteration(course: Course, state: State, action: Action) -> State:
    """Ends an iteration whose last word was `action`: the loop's nested block has its say."""
    step = course.step(state.step)
    assert step.loop is not None
    block = step.loop.transitions or DEFERRING
    handler = _handler(block, fold_iteration(state, block))
    first = replace(state, substep=step.substeps[0].id)
    if handler.retry > state.iteration_retry:
        return arrive(
            replace(
                note(first, "RETRY", aggregated=True),
                retry=state.retry + 1,
                iteration_retry=state.iteration_retry + 1,
                deferred=Results(),
            )
        )
    if isinstance(action, Break):
        return _leave_loop(course, state)
    if isinstance(action, Next):
        return _advance(course, state)
    decided = (
        state if isinstance(handler.action, Defer) else note_action(state, handler.action, aggregated=True)
    )
    return perform(course, decided, "iteration", handler.action)


def resolve_step(course: Course, state: State) -> State:
    """Folds what a step recorded and does what its own handlers say."""
    step = course.step(state.step)
    looped = step.loop is not None and not state.by_hand
    results = state.iterations if looped else state.deferred
    handler = _handler(step.transitions, results.fold(step.transitions.mode))
    if handler.retry <= state.step_retry:
        return perform(course, note_action(state, handler.action, aggregated=True), "step", handler.action)
    again = replace(
        note(state, "RETRY", aggregated=True),
        step_retry=state.step_retry + 1,
        deferred=Results(),
        iterations=Results(),
    )
    first, retry = step.substeps[0].id, state.retry + 1
    if not looped:
        return arrive(replace(again, substep=first, retry=retry))
    if state.frame is None:
        return replace(again, phase="open", substep=None, entry=Entry(substep=first, retry=retry))
    return begin_iteration(again, Entry(substep=first, at=state.frame.first, retry=retry))


def jump(course: Course, state: State, goto: Goto, at: int | None) -> State:
    """Goes to a target that exists, in iteration `at` where one is named."""
    target = goto.target
    here = target.step == state.step
    if here and state.iteration is not None and (target.substep is not None or at is not None):
        return _jump_in_loop(course, state, target.substep, at)
    loops = course.step(state.step).loop is not None and not state.by_hand
    if here and target.substep is not None and not loops:
        if at is not None:
            return no_loop(state, f"GOTO {target} AT {at}")
        return arrive(replace(state, substep=target.substep, retry=0))
    return enter_step(course, state, target.step, substep=target.substep, at=at)


def _resolve_empty(course: Course, state: State) -> State:
    counted = count_self_jumps(settle(state))
    if counted.phase == "finish":
        return counted
    mode = course.step(state.step).transitions.mode
    return resolve_step(course, replace(counted, last_result=Results().fold(mode)))


def _handler(transitions: Transitions, outcome: Outcome) -> Handler:
    return transitions.on_pass if outcome is Outcome.PASS else transitions.on_fail


def _jump_in_loop(course: Course, state: State, substep: str | None, at: int | None) -> State:
    assert state.frame is not None
    if at is not None and not state.frame.holds(at):
        return no_iteration(state, state.step, at)
    if substep is not None and at in (None, state.iteration):
        return arrive(replace(state, substep=substep, entry=None, retry=0))
    first = substep or course.step(state.step).substeps[0].id
    aimed = replace(state, frame=replace(state.frame, aimed=True))
    return begin_iteration(aimed, Entry(substep=first, at=at))


def _continue(course: Course, state: State, _action: Action) -> State:
    following = course.following[course.places[state.step]]
    if following is None:
        return end(state, Ending(status="completed"))
    return enter_step(course, state, course.runbook.steps[following].id, substep=None, at=None)


def _next_sibling(course: Course, state: State, action: Action) -> State:
    step = course.step(state.step)
    assert state.substep is not None
    place = course.place_of(state.step, state.substep)
    if place + 1 < len(step.substeps):
        return arrive(replace(state, substep=step.substeps[place + 1].id, retry=0))
    if state.frame is None:
        return resolve_step(course, state)
    return resolve_iteration(course, state, action)


def _defer_unit(course: Course, state: State, action: Action) -> State:
    assert state.substep is not None and state.last_result is not None
    place = course.place_of(state.step, state.substep)
    recorded = replace(state, deferred=state.deferred.record(place, state.last_result))
    return _next_sibling(course, recorded, action)


def _loop_word(course: Course, state: State, action: Action) -> State:
    if state.frame is None:
        return no_loop(state, describe(action)[0])
    return resolve_iteration(course, state, action)


def _defer_iteration(course: Course, state: State, _action: Action) -> State:
    step = course.step(state.step)
    assert step.loop is not None and state.iteration is not None
    outcome = fold_iteration(state, step.loop.transitions or DEFERRING)
    kept = state.iterations.record(state.iteration, outcome)
    return _advance(course, replace(state, iterations=kept))


def _advance(course: Course, state: State) -> State:
    assert state.frame is not None and state.iteration is not None
    following = state.frame.after(state.iteration)
    if following is None:
        return _leave_loop(course, state)
    first = course.step(state.step).substeps[0].id
    return begin_iteration(state, Entry(substep=first, at=following))


def _leave_loop(course: Course, state: State) -> State:
    """BREAK and NEXT are told as themselves, the step's own action after them; other words give way to it."""
    spoken = state.pending is not None and state.pending.action in ("BREAK", "NEXT")
    return resolve_step(course, settle(state) if spoken else state)


def _leave(course: Course, state: State, _action: Action) -> State:
    return _leave_loop(course, state)


def _next_iteration(course: Course, state: State, _action: Action) -> State:
    return _advance(course, state)


def _stop(_course: Course, state: State, action: Action) -> State:
    assert isinstance(action, Stop)
    return end(state, Ending(status="stopped", message=action.message or ""))


def _complete(_course: Course, state: State, action: Action) -> State:
    assert isinstance(action, Complete)
    return end(state, Ending(status="completed", message=action.message or ""))


def _goto_from_unit(course: Course, state: State, action: Action) -> State:
    return _goto(course, replace(state, leap=state.position), action)


def _goto_from_iteration(course: Course, state: State, action: Action) -> State:
    return _goto(course, replace(state, leap=state.around), action)


def _goto_from_step(course: Course, state: State, action: Action) -> State:
    return _goto(course, replace(state, leap=state.step), action)


def _goto(course: Course, leaping: State, action: Action) -> State:
    assert isinstance(action, Goto)
    if isinstance(action.at, str):
        return replace(leaping, phase="aim", goto=action)
    return jump(course, leaping, action, action.at)


def _misplaced(_course: Course, state: State, action: Action) -> State:
    return fail(state, "engine/misplaced-action", f"{describe(action)[0]} has no meaning at {state.position}")


_ENDINGS: dict[type[Action], Move] = {Stop: _stop, Complete: _complete}

ACTIONS: Mapping[Level, Mapping[type[Action], Move]] = {
    "step": {
        **_ENDINGS,
        Goto: _goto_from_step,
        Continue: _continue,
        Defer: _misplaced,
        Next: _misplaced,
        Break: _misplaced,
    },
    "substep": {
        **_ENDINGS,
        Goto: _goto_from_unit,
        Continue: _next_sibling,
        Defer: _defer_unit,
        Next: _loop_word,
        Break: _loop_word,
    },
    "iteration": {
        **_ENDINGS,
        Goto: _goto_from_iteration,
        Continue: _leave,
        Break: _leave,
        Defer: _defer_iteration,
        Next: _next_iteration,
    },
}
