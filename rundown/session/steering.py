"""What a person does to a run that has come to rest: a report, a jump, an end; and to which run of a family.

Tried on the states before anything is on record: what does not fit leaves every run as it was.
"""

from collections.abc import Callable, Iterable

from msgspec import Struct

from rundown.engine.machine import apply
from rundown.engine.state import State
from rundown.model.event import Body, RunResumed
from rundown.session.reopening import is_over
from rundown.session.run import Run

Facts = Callable[[State], Iterable[Body]]


class Order(Struct, frozen=True, kw_only=True):
    """`facts(state)`: what the person says, as facts of the run it is meant for. That is the run that waits,
    or, if `ends`, the outermost one, and all below it end with it."""

    facts: Facts
    ends: bool = False

    def choose(self, family: tuple[Run, ...]) -> tuple[Run, ...]:
        """Returns the runs it is meant for. `family`: from the outermost run to the one that waits, or to
        one that is over without the others knowing."""
        living = tuple(run for run in family if not is_over(run))
        return living if self.ends else living[-1:]


def rehearse(order: Order, family: tuple[Run, ...]) -> None:
    """Returns if what the person does fits.

    Raises:
        EngineError: it does not; its diagnostic is the one to show.
    """
    for run in order.choose(family):
        assert run.replayed is not None
        state = apply(run.course, run.replayed.state, RunResumed())
        for body in order.facts(state):
            state = apply(run.course, state, body)
