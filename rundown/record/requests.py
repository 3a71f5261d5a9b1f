"""`check_requests`: what was decided, launched and ended is one request, by its digest. Pure.

The chain shows that no byte of a log was changed afterwards; this shows that what it says holds together:
each decision names the digest of the request beside it, nothing was launched that was not allowed, and
nothing ended that was not launched.
"""

from collections.abc import Iterable, Iterator

from rundown.model.digest import canonical_json, digest_value
from rundown.model.event import DecisionMade, Event, LaunchRequested, ProcessEnded
from rundown.model.request import ExecutionRequest
from rundown.record.chain import Finding

_REDACTED = b"[REDACTED:"


def check_requests(events: Iterable[Event]) -> tuple[Finding, ...]:
    """Returns every place where an event is about another request than those before it say."""
    return tuple(_findings(events))


def _findings(events: Iterable[Event]) -> Iterator[Finding]:
    allowed: str | None = None
    launched: str | None = None
    for event in events:
        match event.body:
            case DecisionMade() as body:
                if body.frozen is not None and not _names(body.frozen, body.request):
                    yield _finding(event, "this decision names another request than the one beside it")
                allowed = body.request if body.outcome == "allow" else None
            case LaunchRequested() as body:
                if body.request != allowed:
                    yield _finding(event, "this was launched and is not what was allowed last")
                launched = body.request
            case ProcessEnded() as body:
                if body.request != launched:
                    yield _finding(event, "this ended and is not what was launched last")
                launched = None
            case _:
                pass


def _names(request: ExecutionRequest, digest: str) -> bool:
    """A request that was redacted before it was stored has no digest of its own any more."""
    return digest_value("rundown/request/1", request) == digest or _REDACTED in canonical_json(request)


def _finding(event: Event, message: str) -> Finding:
    return Finding(code="record/request-differs", message=message, seq=event.seq)
