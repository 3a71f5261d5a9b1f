"""How a run comes to rest: at its end, at a pause, or where it was interrupted."""

from collections.abc import Callable
from itertools import islice

from rundown.engine.state import State
from rundown.model.event import Event, RunFinished, RunPaused
from rundown.record.events import read_events
from rundown.record.rundir import EVENTS
from rundown.session.driver import Track, record
from rundown.session.needs import Needs
from rundown.session.ports import Frontend
from rundown.session.replay import replay
from rundown.session.run import Ended, Run


class Watched:
    """A front end, the last pause that went by, what the end said, and what steps were seen to need."""

    def __init__(self, frontend: Frontend, needs: Needs, redact: Callable[[str], str]) -> None:
        self._frontend = frontend
        self._needs = needs
        self._redact = redact
        self.output = frontend.output
        self.pause: RunPaused | None = None
        self.message = ""

    def present(self, task: str) -> None:
        """Shows what a person is to do; a task is on no record, so secrets are taken out here."""
        self._frontend.present(self._redact(task))

    def show(self, event: Event) -> None:
        """Shows one event."""
        self._needs.take(event.body)
        if isinstance(event.body, RunPaused):
            self.pause = event.body
        if isinstance(event.body, RunFinished):
            self.message = event.body.message
        self._frontend.show(event)


def interrupt(run: Run, watched: Watched) -> State:
    """Puts on record that the run was interrupted where no step was running; returns the state after.

    What was not believed yet is not on record either: the state is told by the log up to its head.

    Raises:
        KeyboardInterrupt: it never began.
        RecordError: it cannot be put on record.
    """
    events = read_events(run.directory.path / EVENTS)
    replayed = replay(run.course, islice(events, run.log.head.count))
    if replayed is None:
        raise KeyboardInterrupt
    watched.pause = replayed.pause
    if replayed.state.lifecycle != "running":
        return replayed.state
    pause = RunPaused(reason="interrupted", position=replayed.state.position)
    track = Track(course=run.course, log=run.log, frontend=watched)
    return record(track, replayed.state, iter((pause,)))


def over(run: Run) -> Ended:
    """Returns how a run ended in an earlier process."""
    assert run.replayed is not None
    message = run.replayed.end.message if run.replayed.end is not None else ""
    state = run.replayed.state
    return Ended(run_id=run.directory.run_id, path=run.directory.path, state=state, message=message)
