"""The end of a run's contract: past it no step begins, and the run is not gone on with.

It bounds for how long what was asked, allowed and looked at before may be acted on, whatever happens in
between; a clock that goes back does not move it, since it stands in the contract.
"""

from collections.abc import Callable, Iterator

from rundown.engine.course import Course
from rundown.engine.effects import Effect, Enter, Finish
from rundown.engine.state import State
from rundown.errors import SandboxUnavailableError
from rundown.model.diagnostic import Diagnostic
from rundown.model.event import Body, RunPaused
from rundown.record.ids import short_id
from rundown.record.times import rfc3339
from rundown.session.helm import Helm
from rundown.session.run import Run

REASON = "expired"


class Expiring:
    """A helm that lets nothing begin after `expires_at`; before that, `helm` steers."""

    def __init__(self, expires_at: str | None, clock: Callable[[], int], helm: Helm | None) -> None:
        self._expires_at = expires_at
        self._clock = clock
        self._helm = helm

    def steer(self, course: Course, effect: Effect, state: State) -> Iterator[Body]:
        """Yields a pause where something would begin too late; a unit is entered, and a run ends, later."""
        if not isinstance(effect, Enter | Finish) and is_over(self._expires_at, self._clock()):
            yield RunPaused(reason=REASON, position=state.position, detail=f"at {self._expires_at}")
        elif self._helm is not None:
            yield from self._helm.steer(course, effect, state)


def is_over(expires_at: str | None, now_ns: int) -> bool:
    """Returns whether that moment has come. Times in one form and zone compare as texts."""
    return expires_at is not None and rfc3339(now_ns) >= expires_at


def earliest(now_ns: int, *spans_ns: int | None) -> str | None:
    """Returns when the shortest of the spans is over; None if there is none."""
    shortest = min((span for span in spans_ns if span is not None), default=None)
    return rfc3339(now_ns + shortest) if shortest is not None else None


def require_valid(family: tuple[Run, ...], now_ns: int) -> None:
    """Returns if the contracts of a run and of those below it have not expired.

    Raises:
        SandboxUnavailableError: one has.
    """
    for run in family:
        if is_over(run.start.expires_at, now_ns):
            name = short_id(run.directory.run_id)
            raise SandboxUnavailableError(
                Diagnostic(
                    code="session/capability-mismatch",
                    message=f"capability mismatch: the contract of run {name} ended {run.start.expires_at}",
                    why="what was asked and allowed for it then is not to be acted on any more",
                    fix=f"start a new run; to end this one: rundown stop --run {name}",
                )
            )
