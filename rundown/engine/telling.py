"""How the moves of a run are told: a transition is noted where a result is reported, and settled where
the run comes to rest. `State.pending` is the noted one, `State.taken` what the current fact settled.
"""

from msgspec.structs import replace

from rundown.engine.state import State
from rundown.engine.transition import TransitionTaken, describe
from rundown.model.runbook import Action


def note_action(state: State, action: Action, *, aggregated: bool = False) -> State:
    """Notes what a handler says to do; `aggregated`: the handler of a step or of an iteration."""
    word, target, message = describe(action)
    return note(state, word, aggregated=aggregated, target=target, message=message)


def note(state: State, word: str, *, aggregated: bool = False, target: str = "", message: str = "") -> State:
    """Notes a move. A parent's decision replaces the unit's own word, so that both are one move; anything
    older is settled first."""
    merged = aggregated and state.pending is not None
    before = state if merged else settle(state)
    noted = TransitionTaken(
        from_=state.pending.from_ if merged and state.pending else state.position,
        action=word,
        result=state.last_result,
        aggregated=aggregated,
        target=target,
        message=message,
    )
    return replace(before, pending=noted, last_action=word)


def settle(state: State) -> State:
    """Puts the noted move, if any, among those taken: it led to where the run is now."""
    if state.pending is None:
        return state
    settled = replace(state.pending, at=state.position)
    return replace(state, pending=None, taken=(*state.taken, settled))


def note_jump(state: State, target: str) -> State:
    """Notes that a person moves the run."""
    return note(replace(state, last_result=None, leap=None, circling=None), "GOTO", target=target)
