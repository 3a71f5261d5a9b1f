"""A lost terminal (SIGHUP): the step that runs goes to its end, then the run pauses and can be resumed."""

from collections.abc import Iterator

from msgspec.structs import replace

from rundown.engine.course import Course
from rundown.engine.effects import Effect, Enter, Finish
from rundown.engine.state import State
from rundown.model.event import Body
from rundown.session.helm import Helm
from rundown.session.run import Front


class HangUp:
    """Whether the terminal is gone. Set by a signal handler, read between effects."""

    def __init__(self) -> None:
        self.happened = False

    def heeded(self, front: Front) -> Front:
        """Returns a front end whose runs pause at the next step once the terminal is gone."""
        return replace(front, helm=_Heeding(self, front.helm))


class _Heeding:
    def __init__(self, hangup: HangUp, helm: Helm | None) -> None:
        self._hangup = hangup
        self._helm = helm

    def steer(self, course: Course, effect: Effect, state: State) -> Iterator[Body]:
        """A unit is entered before the pause, so that the run is where it will go on; an end is an end."""
        if self._hangup.happened and not isinstance(effect, Enter | Finish):
            raise KeyboardInterrupt
        return self._helm.steer(course, effect, state) if self._helm is not None else iter(())
