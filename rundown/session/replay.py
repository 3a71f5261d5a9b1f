"""A run as its log tells it: the machine's state, and what was left half done when it ended."""

from collections.abc import Iterable

from msgspec import Struct

from rundown.engine.course import Course
from rundown.engine.machine import apply, initial
from rundown.engine.state import State
from rundown.model.event import (
    SHELL_MARK,
    ChildStarted,
    DecisionMade,
    Event,
    HostProbed,
    LaunchFailed,
    LaunchRequested,
    PolicyFrozen,
    ProcessEnded,
    RunFinished,
    RunPaused,
    RunStarted,
    StepFinished,
    StepStarted,
)


class Replayed(Struct, frozen=True, kw_only=True):
    """`unjudged`: a process ended, and the log stops before its unit's result. `in_doubt`: a process was
    launched, and nothing says that it ended, or what it left for others is lost. `child`: a run that stands
    in for the unit and goes on. `pause`: why the run is paused. `policy`, `host`: what it
    was under last; `end`: what its end said. `events`: all of them, for whoever reads them again."""

    state: State
    started: RunStarted
    unjudged: ProcessEnded | None = None
    in_doubt: LaunchRequested | None = None
    child: ChildStarted | None = None
    pause: RunPaused | None = None
    policy: PolicyFrozen | None = None
    host: HostProbed | None = None
    end: RunFinished | None = None
    events: Iterable[Event] = ()


class _Notes(Struct, kw_only=True):
    started: RunStarted | None = None
    unjudged: ProcessEnded | None = None
    in_doubt: LaunchRequested | None = None
    child: ChildStarted | None = None
    pause: RunPaused | None = None
    policy: PolicyFrozen | None = None
    host: HostProbed | None = None
    end: RunFinished | None = None

    def take(self, body: object) -> None:
        match body:
            case DecisionMade() | LaunchRequested() | LaunchFailed() | ProcessEnded() if _is_aside(
                body.position
            ):
                pass
            case RunStarted():
                self.started = body
            case PolicyFrozen():
                self.policy = body
            case HostProbed():
                self.host = body
            case RunFinished():
                self.end = body
            case LaunchRequested():
                self.in_doubt = body
            case ProcessEnded():
                # What the step hands on was put on record before its end.
                self.in_doubt = None
                self.unjudged = body if body.result.ending != "interrupted" else None
            case ChildStarted():
                self.child = body
            case LaunchFailed():
                self.in_doubt = None
            case StepStarted() | StepFinished() | DecisionMade():
                self.unjudged = None
                if not isinstance(body, DecisionMade):
                    self.in_doubt, self.child, self.pause = None, None, None
            case RunPaused():
                self.pause = body


def _is_aside(position: str) -> bool:
    """A shell that a person opened after a failure: what the step came to stands."""
    return position.endswith(SHELL_MARK)


def replay(course: Course, events: Iterable[Event]) -> Replayed | None:
    """Returns the folded run; None if it never began. `events` are gone through once and not kept: the
    longest log takes no more memory than its state. `Replayed.events` are the same, to be gone through again.

    Raises:
        EngineError: the log does not fit the runbook, which must have changed.
    """
    state, notes = initial(course), _Notes()
    for event in events:
        state = apply(course, state, event.body)
        notes.take(event.body)
    if notes.started is None:
        return None
    return Replayed(
        state=state,
        started=notes.started,
        unjudged=notes.unjudged,
        in_doubt=notes.in_doubt,
        child=notes.child,
        pause=notes.pause,
        policy=notes.policy,
        host=notes.host,
        end=notes.end,
        events=events,
    )
