"""The loop. Order is: durable, then believed, then shown.

Knows no rule of the language and none of policy; it joins the machine to what performs its effects.
"""

from collections.abc import Callable, Iterator

from msgspec import Struct

from rundown.engine.course import Course
from rundown.engine.effects import Effect
from rundown.engine.machine import apply, next_effect
from rundown.engine.state import State
from rundown.model.event import Body
from rundown.session.helm import Helm
from rundown.session.ports import EventLog, Frontend

Perform = Callable[[Effect, State], Iterator[Body]]


class Track(Struct, frozen=True, kw_only=True):
    """What facts go through: the course they fit, the log that keeps them, the front end that shows them."""

    course: Course
    log: EventLog
    frontend: Frontend


def drive(track: Track, state: State, perform: Perform, helm: Helm | None = None) -> State:
    """Runs to the end or to a pause; returns the last state. `helm`: whoever steers it on the way.

    Raises:
        RundownError: something stopped it in a way that is no fact of the run; the log is whole.
    """
    while (effect := next_effect(track.course, state)) is not None:
        steered = tuple(helm.steer(track.course, effect, state)) if helm is not None else ()
        state = record(track, state, iter(steered or perform(effect, state)))
    return state


def record(track: Track, state: State, bodies: Iterator[Body]) -> State:
    """Takes facts through the order, one by one, each before the next is made; returns the state after.

    Raises:
        EngineError: a fact does not fit the state; it is not on record then.
    """
    for body in bodies:
        apply(track.course, state, body)
        event = track.log.append(body)
        state = apply(track.course, state, event.body)
        track.frontend.show(event)
    return state
