"""`summarise`: a run as its events tell it, for `show`, `status`, reports and receipts. Pure."""

from collections.abc import Iterable
from typing import Literal

import msgspec
from msgspec import Struct

from rundown.model.event import (
    DecisionMade,
    Event,
    HostProbed,
    LaunchFailed,
    OutputCaptured,
    PolicyFrozen,
    ProcessEnded,
    RefusalSuspected,
    RunFinished,
    RunPaused,
    RunResumed,
    RunStarted,
    StepFinished,
    StepStarted,
    UnknownBody,
    ViolationSeen,
)
from rundown.model.sandbox import Gap, ProcessResult, StageFailure
from rundown.record import facts
from rundown.record.times import elapsed_ns


class Attempt(Struct, frozen=True, kw_only=True):
    """One time that a unit was entered.

    `result` None: it has none (yet). `decision`: how its request was decided, "" if it made none.
    `duration_ns`: from its start to its result on the wall clock, None without a result; `process` measured
    the process itself. `output` names a file below the run's directory.
    """

    position: str
    number: int
    title: str
    started_at: str
    result: Literal["pass", "fail"] | None = None
    reported_by: str = ""
    note: str = ""
    duration_ns: int | None = None
    decision: str = ""
    process: ProcessResult | None = None
    failure: StageFailure | None = None
    output: str = ""


class RunSummary(Struct, frozen=True, kw_only=True):
    """A whole run. `status` running: its last word is neither an end nor a pause; interrupted: nor does any
    process drive the run, which events alone cannot tell (`seen_from_outside`).

    `position` is the last unit that was entered, `reason` why it is paused, `message` what its end said.
    `unknown` names types of events that this version cannot read: what they say is missing here.
    """

    run: RunStarted | None
    status: Literal["running", "interrupted", "paused", "completed", "stopped"]
    started_at: str
    last_at: str
    events: int
    position: str = ""
    reason: str = ""
    message: str = ""
    resumed: int = 0
    isolation: str = ""
    policy_digest: str = ""
    attempts: tuple[Attempt, ...] = ()
    decisions: facts.DecisionCounts = facts.DecisionCounts()
    asks: tuple[facts.Ask, ...] = ()
    denials: tuple[facts.Denial, ...] = ()
    gaps: tuple[Gap, ...] = ()
    secrets: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    network: tuple[facts.Reach, ...] = ()
    changes: tuple[facts.Change, ...] = ()
    unseen: tuple[str, ...] = ()
    violations: tuple[ViolationSeen, ...] = ()
    suspected: tuple[RefusalSuspected, ...] = ()
    variables: dict[str, str] = {}
    in_doubt: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def duration_ns(self) -> int:
        """From the first event to the last, pauses included."""
        return elapsed_ns(self.started_at, self.last_at)


def seen_from_outside(summary: RunSummary, *, was_driven: bool) -> RunSummary:
    """Returns the summary with what its reader knows: whether a process had the run when reading began."""
    if summary.status != "running" or was_driven:
        return summary
    return msgspec.structs.replace(summary, status="interrupted")


def summarise(events: Iterable[Event]) -> RunSummary:
    """Returns the summary of all events of a run (or of its first ones)."""
    told = tuple(events)
    bodies = tuple(event.body for event in told)
    tries = attempts(told)
    status, reason, message = _standing(told)
    return RunSummary(
        run=next((body for body in bodies if isinstance(body, RunStarted)), None),
        status=status,
        started_at=told[0].at if told else "",
        last_at=told[-1].at if told else "",
        events=len(told),
        position=tries[-1].position if tries else "",
        reason=reason,
        message=message,
        resumed=sum(isinstance(body, RunResumed) for body in bodies),
        isolation=next((body.wish for body in reversed(bodies) if isinstance(body, HostProbed)), ""),
        policy_digest=next((body.digest for body in reversed(bodies) if isinstance(body, PolicyFrozen)), ""),
        attempts=tries,
        decisions=facts.decision_counts(told),
        asks=facts.asks(told),
        denials=facts.denials(told),
        gaps=facts.gaps(told),
        secrets=facts.secrets(told),
        agents=facts.agents(told),
        network=facts.network(told),
        changes=facts.changes(told),
        unseen=facts.unseen(told),
        violations=tuple(body for body in bodies if isinstance(body, ViolationSeen)),
        suspected=tuple(body for body in bodies if isinstance(body, RefusalSuspected)),
        variables={body.name: body.value for body in bodies if isinstance(body, OutputCaptured)},
        in_doubt=facts.in_doubt(told),
        unknown=tuple(dict.fromkeys(body.type for body in bodies if isinstance(body, UnknownBody))),
    )


def attempts(events: Iterable[Event]) -> tuple[Attempt, ...]:
    """Returns every entry of a unit, in order. A fact belongs to the last entry of its position."""
    found: list[Attempt] = []
    last: dict[str, int] = {}
    for event in events:
        body = event.body
        if isinstance(body, StepStarted):
            last[body.position] = len(found)
            found.append(
                Attempt(position=body.position, number=body.attempt, title=body.title, started_at=event.at)
            )
            continue
        position = getattr(body, "position", "")
        if position in last:
            at = last[position]
            found[at] = _with(found[at], event)
    return tuple(found)


def _with(attempt: Attempt, event: Event) -> Attempt:
    match event.body:
        case DecisionMade(outcome=outcome):
            return msgspec.structs.replace(attempt, decision=outcome)
        case ProcessEnded(result=result, output=output):
            return msgspec.structs.replace(attempt, process=result, output=output)
        case LaunchFailed(failure=failure):
            return msgspec.structs.replace(attempt, failure=failure)
        case StepFinished() as body:
            return msgspec.structs.replace(
                attempt,
                result=body.result,
                reported_by=body.reported_by,
                note=body.note,
                duration_ns=elapsed_ns(attempt.started_at, event.at),
            )
        case _:
            return attempt


def _standing(
    events: tuple[Event, ...],
) -> tuple[Literal["running", "paused", "completed", "stopped"], str, str]:
    match events[-1].body if events else None:
        case RunFinished(status=status, message=message):
            return status, "", message
        case RunPaused(reason=reason, detail=detail):
            return "paused", reason, detail
        case _:
            return "running", "", ""
