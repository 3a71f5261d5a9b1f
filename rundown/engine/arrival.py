"""Where the moves of a run come to rest: before a unit, or before the end."""

from msgspec.structs import replace

from rundown.engine.state import Ending, State
from rundown.engine.telling import settle

MOST_SELF_JUMPS = 10_000


def arrive(state: State) -> State:
    """Stands before a unit, about to enter it."""
    counted = count_self_jumps(state)
    return counted if counted.phase == "finish" else replace(settle(counted), phase="enter")


def count_self_jumps(state: State) -> State:
    """Ends the run when a unit, an iteration or a step has jumped onto itself too often in a row."""
    here = (state.step, state.around, state.position)
    circling, count = state.circling, state.self_jumps
    if state.leap is not None and state.leap in here:
        count = count + 1 if circling == state.leap else 1
        circling = state.leap
    elif state.leap is not None or circling not in here:
        circling, count = None, 0
    if count > MOST_SELF_JUMPS:
        return fail(state, "engine/self-goto-limit", f"{circling} jumped onto itself {count - 1} times")
    return replace(state, leap=None, circling=circling, self_jumps=count)


def end(state: State, ending: Ending) -> State:
    """Is about to end where it stands."""
    return settle(replace(state, phase="finish", ending=ending))


def fail(state: State, code: str, message: str) -> State:
    """Is about to stop because of an error of the run itself."""
    return end(state, Ending(status="stopped", message=message, code=code))


def no_iteration(state: State, step_id: str, number: int) -> State:
    """Is about to stop because a GOTO names an iteration that the loop does not have."""
    return fail(state, "engine/no-iteration", f"step {step_id} has no iteration {number}")


def no_loop(state: State, what: str) -> State:
    """Is about to stop because of a loop's word where nothing loops."""
    return fail(state, "engine/no-loop", f"{what} at {state.position}: nothing loops there")
