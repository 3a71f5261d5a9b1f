"""`granted_now`: what a run that is going remembers of a person's answers, by its log and its children's."""

from collections.abc import Iterator
from contextlib import suppress

from rundown.errors import RecordError
from rundown.model.event import Event, GrantGiven, GrantRevoked, RunResumed, RunStarted
from rundown.model.policy import Grant
from rundown.record.events import read_events
from rundown.record.listing import read_contract, run_ids
from rundown.record.lock import is_active
from rundown.record.place import RunsPlace
from rundown.record.rundir import EVENTS, RunDirectory


def granted_now(place: RunsPlace, run_id: str) -> tuple[Grant, ...] | None:
    """Returns the session's grants in the order they were given, None if no process has the run.

    Raises:
        RecordError: its record cannot be read.
    """
    with RunDirectory.open(place, run_id) as run:
        if not is_active(run):
            return None
    events = sorted(
        (event for member in _family(place, run_id) for event in _this_session(place, member)),
        key=lambda event: event.at,
    )
    found: dict[Grant, None] = {}
    for event in events:
        match event.body:
            case GrantGiven(grant=grant) if grant.scope == "session":
                found[grant] = None
            case GrantRevoked(grant=grant):
                found.pop(grant, None)
            case _:
                pass
    return tuple(found)


def _family(place: RunsPlace, run_id: str) -> Iterator[str]:
    """The run and those below it, parents first: a child's id is younger than its parent's."""
    family = {run_id}
    for candidate in sorted(run_ids(place)):
        if candidate in family or _parent(place, candidate) in family:
            family.add(candidate)
            yield candidate


def _parent(place: RunsPlace, run_id: str) -> str | None:
    with suppress(RecordError), RunDirectory.open(place, run_id) as run:
        return read_contract(run).parent_run
    return None


def _this_session(place: RunsPlace, run_id: str) -> tuple[Event, ...]:
    """What was written since the run was begun or gone on with last."""
    found: list[Event] = []
    with RunDirectory.open(place, run_id) as run:
        for event in read_events(run.path / EVENTS):
            if isinstance(event.body, RunStarted | RunResumed):
                found = []
            found.append(event)
    return tuple(found)
