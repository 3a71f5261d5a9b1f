"""The machine: `initial`, `apply`, `next_effect`. Pure: a State and a fact give a State, or an EngineError.

A run is driven by asking for the next effect, doing it, and applying the facts that come of it. Facts that
are no business of the machine (probes, decisions, questions, files, …) leave the state as it is. It never
looks at a clock, a file or a process; replaying the same facts gives an equal state.
"""

from typing import Literal, assert_never

from msgspec.structs import replace

from rundown.engine.course import Course
from rundown.engine.effects import (
    DrawItem,
    Effect,
    Enter,
    Execute,
    Finish,
    LaunchChild,
    OpenLoop,
    ResolveIndex,
    Wait,
)
from rundown.engine.moves import FITS, MOVES, refusal, unfit
from rundown.engine.state import State
from rundown.engine.transition import TransitionTaken
from rundown.model.event import Body
from rundown.model.runbook import AgentBody, CommandBody, DisplayBody, ReferenceBody


def initial(course: Course) -> State:
    """Returns the state before `RunStarted`: at the first step of the file, named or not."""
    return State(step=course.runbook.steps[0].id)


def apply(course: Course, state: State, body: Body) -> State:
    """Returns the state after a fact. Its `taken` holds the transitions that this fact brought about.

    Raises:
        EngineError: the fact does not fit the state.
    """
    fit = FITS.get(type(body))
    if fit is not None and not fit.holds(state):
        raise unfit(state, body)
    move = MOVES.get(type(body))
    fresh = replace(state, taken=()) if state.taken else state
    return fresh if move is None else move(course, fresh, body)


def transitions_of(course: Course, before: State, body: Body) -> tuple[TransitionTaken, ...]:
    """Returns the moves that a fact brings about: `apply(…).taken`. Mostly none or one."""
    return apply(course, before, body).taken


def next_effect(course: Course, state: State) -> Effect | None:
    """Returns what is to be done now; None when the run is paused or has ended.

    Raises:
        EngineError: the run was not started.
    """
    if state.lifecycle == "new":
        raise refusal("engine/not-started", "the run has not been started")
    if state.lifecycle != "running":
        return None
    match state.phase:
        case "enter":
            unit = course.unit(state.step, state.substep)
            return Enter(
                step=state.step,
                substep=state.substep,
                iteration=state.iteration,
                attempt=state.attempt,
                title=unit.title,
            )
        case "act":
            return _act(course, state)
        case "finish":
            assert state.ending is not None
            ending = state.ending
            return Finish(status=ending.status, message=ending.message, code=ending.code)
        case "open" | "draw" | "aim":
            return _prepare(course, state)
        case "end":
            return None
        case unreachable:
            assert_never(unreachable)


def _prepare(course: Course, state: State) -> Effect:
    if state.phase == "aim":
        assert state.goto is not None and isinstance(state.goto.at, str)
        return ResolveIndex(step=state.step, name=state.goto.at)
    loop = course.step(state.step).loop
    assert loop is not None
    if state.phase == "open":
        return OpenLoop(step=state.step, bounds=loop.bounds, source=loop.source)
    assert state.entry is not None and state.entry.at is not None and loop.source is not None
    return DrawItem(step=state.step, iteration=state.entry.at, source=loop.source)


def _act(course: Course, state: State) -> Effect:
    match course.unit(state.step, state.substep).body:
        case ReferenceBody(path=path):
            return LaunchChild(
                step=state.step,
                substep=state.substep,
                iteration=state.iteration,
                attempt=state.attempt,
                reference=path,
            )
        case CommandBody() | AgentBody():
            if state.by_hand:
                return _wait(state, "undefined-bound")
            if state.prompted:
                return _wait(state, "prompted")
            return Execute(
                step=state.step, substep=state.substep, iteration=state.iteration, attempt=state.attempt
            )
        case DisplayBody():
            return _wait(state, "display")
        case None:
            return _wait(state, "prose")
        case unreachable:
            assert_never(unreachable)


def _wait(state: State, why: Literal["prose", "display", "prompted", "undefined-bound"]) -> Wait:
    return Wait(
        step=state.step,
        substep=state.substep,
        iteration=state.iteration,
        attempt=state.attempt,
        why=why,
    )
