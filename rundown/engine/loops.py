"""The parts of a FOR that need nothing of the flow around it: bounds, beginning an iteration, folding it."""

from msgspec.structs import replace

from rundown.engine.arrival import arrive
from rundown.engine.results import Results
from rundown.engine.state import Entry, Frame, State
from rundown.model.runbook import Defer, Handler, Loop, Outcome, Transitions

DEFERRING = Transitions(
    on_pass=Handler(action=Defer(), implicit=True), on_fail=Handler(action=Defer(), implicit=True)
)
"""The nested block of a FOR that writes none: every iteration is recorded."""


def known_bounds(loop: Loop) -> Frame | None:
    """Returns the loop if it is one over plain numbers; None if something must be resolved first."""
    if loop.source is not None or loop.bounds is None:
        return None
    first, last = loop.bounds.start, loop.bounds.stop
    if isinstance(first, str) or isinstance(last, str):
        return None
    return Frame(first=first, last=last)


def begin_iteration(state: State, entry: Entry) -> State:
    """Begins an iteration, or waits for its item: until that is there the run stays where it was."""
    assert state.frame is not None
    if state.frame.drawn:
        return replace(state, phase="draw", entry=entry)
    return start_iteration(state, entry)


def start_iteration(state: State, entry: Entry) -> State:
    """Stands before an iteration's unit; what the iteration recorded earlier is forgotten."""
    assert state.frame is not None and entry.at is not None
    started = replace(
        state,
        iteration=entry.at,
        substep=entry.substep,
        entry=None,
        frame=replace(state.frame, aimed=False) if state.frame.aimed else state.frame,
        retry=entry.retry,
        iteration_retry=0,
        deferred=Results(),
        iterations=state.iterations.drop(entry.at),
    )
    return arrive(started)


def fold_iteration(state: State, block: Transitions) -> Outcome:
    """Returns what the iteration comes to. One that recorded nothing passed, whatever the block's mode."""
    return Outcome.PASS if state.deferred == Results() else state.deferred.fold(block.mode)
