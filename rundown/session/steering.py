"""What a person does to a run that has come to rest: a report, a jump, an end; and to which run of a family.

Tried on the states before anything is on record: what does not fit leaves every run as it was.
"""

from collections.abc import Callable, Iterable

from msgspec import Struct

from rundown.engine.errors import EngineError
from rundown.engine.machine import apply
from rundown.engine.state import State
from rundown.model.diagnostic import Diagnostic
from rundown.model.event import Body, RunResumed, StepFinished
from rundown.model.runbook import Target
from rundown.record.ids import short_id
from rundown.session.library import Opened
from rundown.session.reopening import is_over
from rundown.session.run import Run
from rundown.session.values import Given

Facts = Callable[[State], Iterable[Body]]


class StandIn(Struct, frozen=True, kw_only=True):
    """A runbook that a person runs in the place of the unit `step`, iteration `iteration` if one is named.
    `given`: what the invocation gives it, over its parent's values."""

    opened: Opened
    step: Target
    iteration: int | None = None
    given: Given = Given()
    prompted: bool = False
    agent: str | None = None


class Order(Struct, frozen=True, kw_only=True):
    """`facts(state)`: what the person says, as facts of the run it is meant for. That is the run that waits,
    or, if `ends`, the outermost one, and all below it end with it. `stand_in`: a runbook that runs first, in
    the place of the unit that waits."""

    facts: Facts
    ends: bool = False
    stand_in: StandIn | None = None

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
            if isinstance(body, StepFinished):
                _require_waiting(run, state, body)
            state = apply(run.course, state, body)


def _require_waiting(run: Run, state: State, report: StepFinished) -> None:
    """A report is about the unit where the run is, and about no unit that has not begun."""
    require_at(run, state, State(step=report.step, substep=report.substep, iteration=report.iteration))


def require_at(run: Run, state: State, place: State) -> None:
    """Returns if the run waits for a report at `place`.

    Raises:
        EngineError: it does not.
    """
    named = place.position
    if named != state.position:
        raise EngineError(
            Diagnostic(
                code="engine/elsewhere",
                message=f"{run.opened.document.file} is at {state.position}, not at {named}",
                fix="`rundown status` says where it is; report without --step, or move it: rundown goto",
            )
        )
    if state.phase != "act":
        raise EngineError(
            Diagnostic(
                code="engine/unfit-event",
                message=f"nothing waits for a report at {state.position}",
                fix=f"go on first: rundown resume {short_id(run.directory.run_id)}",
            )
        )
