"""Readings of a run's events that a person, an audit and a receipt share. Pure.

Each takes all events of a run in order and returns what it says, in order of first appearance.
"""

from collections.abc import Iterable, Iterator
from typing import TypeVar

from msgspec import Struct

from rundown.model.event import (
    AgentReported,
    Body,
    ChangesUnseen,
    DecisionMade,
    EgressAllowed,
    EgressBlocked,
    Event,
    FileChanged,
    LaunchFailed,
    LaunchRequested,
    ProcessEnded,
    QuestionAsked,
    RunResumed,
    SecretReleased,
)
from rundown.model.policy import Outcome, Ruling
from rundown.model.sandbox import Gap

_T = TypeVar("_T")


class DecisionCounts(Struct, frozen=True, kw_only=True):
    """How many requests were decided which way before anybody was asked."""

    allow: int = 0
    ask: int = 0
    deny: int = 0


class Ask(Struct, frozen=True, kw_only=True):
    """One resource that somebody was asked about, and the answer."""

    position: str
    resource: str
    answer: str
    answered_by: str


class Denial(Struct, frozen=True, kw_only=True):
    """One operation that a rule or a mode denied. `why` as the decision said it."""

    position: str
    capability: str
    resource: str
    why: str


class Reach(Struct, frozen=True, kw_only=True):
    """A place in the network that a step reached for. `port` 0: only its name was looked up."""

    host: str
    port: int
    outcome: str


class Change(Struct, frozen=True, kw_only=True):
    """What the whole run made of a file; `before` and `after` as in `FileChanged`."""

    path: str
    before: str | None
    after: str | None


def decision_counts(events: Iterable[Event]) -> DecisionCounts:
    """Counts requests by their outcome."""
    outcomes = [event.body.outcome for event in events if isinstance(event.body, DecisionMade)]
    return DecisionCounts(
        allow=outcomes.count("allow"), ask=outcomes.count("ask"), deny=outcomes.count("deny")
    )


def asks(events: Iterable[Event]) -> tuple[Ask, ...]:
    """Returns every question, a resource each."""
    return tuple(
        Ask(position=body.position, resource=resource, answer=answer, answered_by=body.answered_by)
        for body in (event.body for event in events)
        if isinstance(body, QuestionAsked)
        for resource, answer in zip(body.resources, _answers(body), strict=False)
    )


def _answers(body: QuestionAsked) -> tuple[str, ...]:
    return body.answers + ("",) * (len(body.resources) - len(body.answers))


def denials(events: Iterable[Event]) -> tuple[Denial, ...]:
    """Returns every operation that was denied outright, once for each position."""
    return _once(
        Denial(
            position=body.position,
            capability=ruling.operation.capability.value,
            resource=ruling.operation.resource,
            why=ruling.why,
        )
        for body in (event.body for event in events)
        if isinstance(body, DecisionMade)
        for ruling in _denied(body.rulings)
    )


def _denied(rulings: tuple[Ruling, ...]) -> Iterator[Ruling]:
    return (ruling for ruling in rulings if ruling.outcome is Outcome.DENY)


def gaps(events: Iterable[Event]) -> tuple[Gap, ...]:
    """Returns what was asked for and not enforced, over all launches."""
    return _once(
        gap for event in events if isinstance(event.body, LaunchRequested) for gap in event.body.gaps
    )


def secrets(events: Iterable[Event]) -> tuple[str, ...]:
    """Returns the names of the secrets that reached a step, or may have: of a process whose end nobody saw,
    all that it was to have."""
    told = tuple(event.body for event in events)
    lost = set(in_doubt_requests(told))
    maybe = (
        name
        for body in told
        if isinstance(body, LaunchRequested) and body.request in lost
        for name in body.secrets
    )
    return _once((*(body.name for body in told if isinstance(body, SecretReleased)), *maybe))


def agents(events: Iterable[Event]) -> tuple[str, ...]:
    """Returns the kinds of agents that did steps."""
    return _once(event.body.kind for event in events if isinstance(event.body, AgentReported))


def network(events: Iterable[Event]) -> tuple[Reach, ...]:
    """Returns every place that was reached for, allowed or blocked, once."""
    return _once(
        Reach(
            host=event.body.host,
            port=event.body.port,
            outcome="allow" if isinstance(event.body, EgressAllowed) else "deny",
        )
        for event in events
        if isinstance(event.body, EgressAllowed | EgressBlocked)
    )


def changes(events: Iterable[Event]) -> tuple[Change, ...]:
    """Returns what became of each file from before the run to after it, sorted by path; files that are again
    as they were are left out."""
    found: dict[str, Change] = {}
    for event in events:
        if isinstance(event.body, FileChanged):
            body = event.body
            before = found[body.path].before if body.path in found else body.before
            found[body.path] = Change(path=body.path, before=before, after=body.after)
    return tuple(change for _, change in sorted(found.items()) if change.before != change.after)


def unseen(events: Iterable[Event]) -> tuple[str, ...]:
    """Returns the places in which changes could not be seen; a position where a whole step's are unknown."""
    return _once(
        event.body.path or event.body.position for event in events if isinstance(event.body, ChangesUnseen)
    )


def in_doubt(events: Iterable[Event]) -> tuple[str, ...]:
    """Returns the positions whose process was asked for and whose end nobody saw, whatever was made of them
    when the run went on."""
    return _once(in_doubt_requests(event.body for event in events).values())


def in_doubt_requests(bodies: Iterable[Body]) -> dict[str, str]:
    """Returns the requests whose process was asked for and whose end nobody saw, with their positions."""
    running: dict[str, str] = {}
    lost: dict[str, str] = {}
    for body in bodies:
        match body:
            case LaunchRequested(request=request, position=position):
                running[request] = position
            case ProcessEnded(request=request) | LaunchFailed(request=request):
                running.pop(request, None)
            case RunResumed():
                lost |= running
                running.clear()
            case _:
                pass
    return lost | running


def _once(items: Iterable[_T]) -> tuple[_T, ...]:
    return tuple(dict.fromkeys(items))
