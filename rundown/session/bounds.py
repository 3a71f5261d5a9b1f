"""`Bounds`: where a run begins, where it ends before its runbook does, and how long it may take.

Holds the run at the helm: the same facts as if a person had moved or ended it.
"""

from collections.abc import Callable, Iterator

from rundown.engine.course import Course
from rundown.engine.effects import Effect, Enter, Finish, OpenLoop
from rundown.engine.state import State
from rundown.model.event import Body, EndForced, Jumped
from rundown.model.runbook import Outcome, Target
from rundown.session.helm import Helm


class Bounds:
    """One an invocation. `begin`, `until`: units of the outermost run, the first one that is steered.
    `time_left()`: nanoseconds, None without an end. `inner`: who steers inside of the bounds."""

    def __init__(
        self,
        begin: Target | None,
        until: Target | None,
        time_left: Callable[[], int | None],
        inner: Helm | None,
    ) -> None:
        self._begin = begin
        self._until = until
        self._time_left = time_left
        self._inner = inner
        self._outermost: Course | None = None
        self._was_inside = False

    def steer(self, course: Course, effect: Effect, state: State) -> Iterator[Body]:
        """Yields what keeps the run within its bounds, else what `inner` says."""
        if isinstance(effect, Finish):
            return
        if self._time_left() == 0:
            yield EndForced(status="stopped", message="the time of the run (--timeout) is over")
            return
        if self._outermost is None:
            self._outermost = course
        fact = self._bounded(effect, state) if course is self._outermost else None
        if fact is not None:
            yield fact
        elif self._inner is not None:
            yield from self._inner.steer(course, effect, state)

    def _bounded(self, effect: Effect, state: State) -> Body | None:
        begin, self._begin = self._begin, None
        if begin is not None and not (_holds(begin, state) and begin.substep is None):
            return Jumped(step=begin.step, substep=begin.substep)
        if self._until is None:
            return None
        inside = _holds(self._until, state)
        if self._was_inside and not inside and isinstance(effect, Enter | OpenLoop):
            passed = state.last_result is Outcome.PASS
            message = f"ended after step {self._until}, as asked for"
            return EndForced(status="completed" if passed else "stopped", message=message)
        self._was_inside = self._was_inside or inside
        return None


def _holds(target: Target, state: State) -> bool:
    substep = state.substep or (state.entry.substep if state.entry is not None else None)
    return target.step == state.step and target.substep in (None, substep)
