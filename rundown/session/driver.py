"""The loop. Order is: durable, then believed, then shown.

Knows no rule of the language and none of policy; it joins the machine to what performs its effects.
"""

from collections.abc import Callable, Iterator

from rundown.engine.course import Course
from rundown.engine.effects import Effect
from rundown.engine.machine import apply, next_effect
from rundown.engine.state import State
from rundown.model.event import Body
from rundown.session.ports import EventLog, Frontend

Perform = Callable[[Effect, State], Iterator[Body]]


def drive(course: Course, state: State, perform: Perform, log: EventLog, frontend: Frontend) -> State:
    """Runs to the end or to a pause; returns the last state.

    Raises:
        RundownError: something stopped it in a way that is no fact of the run; the log is whole.
    """
    while (effect := next_effect(course, state)) is not None:
        state = record(course, state, perform(effect, state), log, frontend)
    return state


def record(course: Course, state: State, bodies: Iterator[Body], log: EventLog, frontend: Frontend) -> State:
    """Takes facts through the order, one by one, each before the next is made; returns the state after.

    Raises:
        EngineError: a fact does not fit the state; it is not on record then.
    """
    for body in bodies:
        apply(course, state, body)
        event = log.append(body)
        state = apply(course, state, event.body)
        frontend.show(event)
    return state
