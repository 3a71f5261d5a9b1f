"""One event as one line of plain text, for `rundown log`."""

import msgspec

from rundown.model.event import (
    ChangesUnseen,
    DecisionMade,
    EgressAllowed,
    EgressBlocked,
    Event,
    FileChanged,
    GrantGiven,
    LaunchFailed,
    LaunchRequested,
    ProcessEnded,
    QuestionAsked,
    RunFinished,
    RunPaused,
    RunStarted,
    StepFinished,
    StepStarted,
    UnknownBody,
)
from rundown.model.policy import Outcome
from rundown.render.connection import describe_connection
from rundown.render.duration import render_duration
from rundown.render.escape import visible
from rundown.render.terminal import describe_ending

_WIDE = 16


def render_event(event: Event) -> str:
    """Returns `seq time type details`, without a line end; every text from outside is escaped."""
    body = event.body
    kind = body.type if isinstance(body, UnknownBody) else type(body).__name__
    at = visible(event.at[11:23])
    return f"{event.seq:>5} {at} {visible(kind):<{_WIDE}} {visible(_details(body))}".rstrip()


def _details(body: object) -> str:
    match body:
        case RunStarted():
            return f"{body.runbook_file} in {body.root} (rundown {body.rundown_version})"
        case StepStarted():
            again = f" attempt {body.attempt}" if body.attempt > 1 else ""
            return f"{body.position} {body.title}{again}"
        case DecisionMade():
            return f"{body.position} {body.outcome}: {_rulings(body)}"
        case QuestionAsked():
            pairs = zip(body.resources, body.answers, strict=False)
            answers = ", ".join(f"{resource} = {answer}" for resource, answer in pairs)
            return f"{body.position} {answers} (by {body.answered_by})"
        case GrantGiven():
            return f"{body.grant.capability.value} {body.grant.pattern} ({body.origin})"
        case LaunchRequested():
            gaps = ", ".join(gap.code for gap in body.gaps)
            return f"{body.position} {body.request[:19]}…" + (f" gaps: {gaps}" if gaps else "")
        case LaunchFailed():
            return f"{body.position} at {body.failure.stage}: {body.failure.detail}"
        case ProcessEnded():
            return (
                f"{body.position} {describe_ending(body.result)}, {render_duration(body.result.duration_ns)}"
            )
        case FileChanged():
            return f"{body.position} {describe_change(body.before, body.after)} {body.path}"
        case ChangesUnseen():
            return f"{body.position} {body.path}: {body.why}"
        case EgressAllowed() | EgressBlocked():
            return describe_connection(body)
        case StepFinished():
            note = f": {body.note}" if body.note else ""
            return f"{body.position} {body.result} (by {body.reported_by}){note}"
        case RunPaused():
            return f"at {body.position}: {body.reason} {body.detail}".rstrip()
        case RunFinished():
            return f"{body.status} {body.message}".rstrip()
        case _:
            return _fields(body)


def describe_change(before: str | None, after: str | None) -> str:
    """Returns `created`, `changed` or `removed` for the marks of a file."""
    return "created" if before is None else "removed" if after is None else "changed"


def _rulings(body: DecisionMade) -> str:
    wanted = [item for item in body.rulings if item.outcome.value == body.outcome]
    shown = wanted if body.outcome != Outcome.ALLOW.value else list(body.rulings)
    return ", ".join(str(item.operation) for item in shown) or "nothing"


def _fields(body: object) -> str:
    found = msgspec.to_builtins(body)
    fields = found.items() if isinstance(found, dict) else ()
    return " ".join(
        f"{name}={_plain(value)}" for name, value in fields if name != "type" and _is_plain(value)
    )


def _is_plain(value: object) -> bool:
    """Whether a value has a place on a line: one text or number, or a few of them."""
    if isinstance(value, list | tuple):
        return all(isinstance(item, str | int) for item in value)
    return not isinstance(value, dict)


def _plain(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
