"""Steering a run while it goes: what a person does between one effect and the next."""

from collections.abc import Iterator
from typing import Protocol

from rundown.engine.course import Course
from rundown.engine.effects import Effect
from rundown.engine.errors import EngineError
from rundown.engine.machine import apply
from rundown.engine.state import State
from rundown.model.diagnostic import Diagnostic
from rundown.model.event import Body


class Helm(Protocol):
    """Asked before every effect of a run and of its children, on the thread that drives them. It may hold the
    run there for as long as the person wants."""

    def steer(self, course: Course, effect: Effect, state: State) -> Iterator[Body]:
        """Yields what the person did, as facts that fit `state`; none: the effect is performed. After facts
        the machine is asked anew what is to be done, and so is this.

        Raises:
            KeyboardInterrupt: the run is to pause here.
        """
        ...


def misfit(course: Course, state: State, bodies: tuple[Body, ...]) -> Diagnostic | None:
    """Returns why facts cannot be applied one after the other, None if they can."""
    try:
        for body in bodies:
            state = apply(course, state, body)
    except EngineError as error:
        return error.diagnostics[0]
    return None
