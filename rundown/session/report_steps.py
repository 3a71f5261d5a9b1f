"""The steps of a run as the report shows them: what each was, what was decided, printed, changed, reached."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

from msgspec import Struct

from rundown.errors import RecordError
from rundown.model import event as told
from rundown.model.event import Event
from rundown.model.policy import Ruling
from rundown.model.request import ExecutionRequest
from rundown.record.rundir import RunDirectory
from rundown.render.duration import render_duration, render_size
from rundown.render.event import describe_change
from rundown.render.report import (
    DecisionRow,
    Fact,
    FileRow,
    Mark,
    Span,
    StepView,
    diff_spans,
    output_spans,
)
from rundown.render.terminal import describe_ending
from rundown.session.report_time import Line

_B = TypeVar("_B")


class _Bag(Struct, kw_only=True):
    """What was gathered for one attempt."""

    started: told.StepStarted
    begun: str
    ended: str
    bodies: list[told.Body]


def step_views(directory: RunDirectory, events: Iterable[Event], root: str, line: Line) -> Iterator[StepView]:
    """Yields the view of every attempt, in order. `root`: the project's, for paths; `line`: of the run."""
    bags: list[_Bag] = []
    last: dict[str, _Bag] = {}
    for event in events:
        body = event.body
        if isinstance(body, told.StepStarted):
            bag = _Bag(started=body, begun=event.at, ended=event.at, bodies=[])
            bags.append(bag)
            last[body.position] = bag
        elif (found := last.get(getattr(body, "position", ""))) is not None:
            found.bodies.append(body)
            found.ended = event.at
    for place, bag in enumerate(bags):
        yield _step(directory, bag, line, (f"s{directory.run_id[-6:]}-{place + 1}", root))


def _step(directory: RunDirectory, bag: _Bag, line: Line, about: tuple[str, str]) -> StepView:
    anchor, root = about
    request = next(
        (body.frozen for body in bag.bodies if isinstance(body, told.DecisionMade) and body.frozen), None
    )
    finished = _last(bag, told.StepFinished)
    process = _last(bag, told.ProcessEnded)
    paused = _last(bag, told.RunPaused)
    tone = finished.result if finished is not None else "wait"
    own_ns = line.at_ns(bag.ended) - line.at_ns(bag.begun)
    took = process.result.duration_ns if process is not None else own_ns
    output, cut = _output(directory, process)
    files = [body for body in bag.bodies if isinstance(body, told.FileChanged)]
    again = f" · attempt {bag.started.attempt}" if bag.started.attempt > 1 else ""
    return StepView(
        anchor=anchor,
        position=bag.started.position,
        title=(bag.started.title or "(no title)") + again,
        tone=tone,
        ending=_ending(finished, process, paused),
        duration=render_duration(took),
        bar=line.bar(bag.begun, bag.ended),
        marks=tuple(_marks(bag, len(files))),
        note=_note(finished, paused),
        language=request.kind if request is not None else "",
        command=_command(request),
        decisions=tuple(_decisions(bag)),
        output=output,
        output_cut=cut,
        files=tuple(
            FileRow(kind=describe_change(item.before, item.after), path=path_below(item.path, root))
            for item in files
        ),
        diff=_diff(directory, files),
        network=tuple(_reached(bag)),
        facts=tuple(_step_facts(bag, request, process)),
    )


def _last(bag: _Bag, kind: type[_B]) -> _B | None:
    return next((body for body in reversed(bag.bodies) if isinstance(body, kind)), None)


def endpoint(host: str, port: int) -> str:
    """Returns `host:port`, the host alone where only its name was looked up."""
    shown = f"[{host}]" if ":" in host else host
    return f"{shown}:{port}" if port else f"{shown} (name)"


def path_below(path: str, root: str) -> str:
    """Returns a path as it is shown: relative to the project's root if it lies there."""
    return path.removeprefix(f"{root.rstrip('/')}/") if root else path


def _ending(
    finished: told.StepFinished | None, process: told.ProcessEnded | None, paused: told.RunPaused | None
) -> str:
    words = []
    if process is not None and not (process.result.ending == "exited" and process.result.status == 0):
        words.append(describe_ending(process.result))
    if finished is not None and finished.reported_by != "process":
        words.append(f"{finished.result}, by {finished.reported_by}")
    if finished is None and paused is not None:
        words.append(paused.reason)
    return " · ".join(words)


def _note(finished: told.StepFinished | None, paused: told.RunPaused | None) -> str:
    if finished is not None:
        return finished.note
    return f"{paused.reason}: {paused.detail}" if paused is not None and paused.detail else ""


def _command(request: ExecutionRequest | None) -> str:
    return (request.text or " ".join(request.argv)).rstrip("\n") if request is not None else ""


def _marks(bag: _Bag, changed: int) -> Iterator[Mark]:
    outcomes = [body.outcome for body in bag.bodies if isinstance(body, told.DecisionMade)]
    if outcomes and outcomes[-1] == "deny":
        yield Mark(text="denied", tone="fail")
    elif "ask" in outcomes:
        yield Mark(text="asked", tone="wait")
    if any(isinstance(body, told.LaunchRequested) and body.gaps for body in bag.bodies):
        yield Mark(text="gaps", tone="wait")
    if any(isinstance(body, told.ViolationSeen) for body in bag.bodies):
        yield Mark(text="against policy", tone="fail")
    if changed:
        yield Mark(text=f"{changed} file{'s' if changed > 1 else ''}")
    hosts = {body.host for body in bag.bodies if isinstance(body, told.EgressAllowed)}
    if hosts:
        yield Mark(text=f"{len(hosts)} host{'s' if len(hosts) > 1 else ''}")
    names = [body.name for body in bag.bodies if isinstance(body, told.SecretReleased)]
    if names:
        yield Mark(text=f"{len(names)} secret{'s' if len(names) > 1 else ''}")


def _decisions(bag: _Bag) -> Iterator[DecisionRow]:
    answers = {
        resource: f"{answer} ({body.answered_by})"
        for body in bag.bodies
        if isinstance(body, told.QuestionAsked)
        for resource, answer in zip(body.resources, body.answers, strict=False)
    }
    rows: dict[tuple[str, str], DecisionRow] = {}
    for body in bag.bodies:
        for ruling in body.rulings if isinstance(body, told.DecisionMade) else ():
            operation = ruling.operation
            rows[operation.capability.value, operation.resource] = DecisionRow(
                outcome=ruling.outcome.value,
                capability=operation.capability.value,
                resource=operation.resource,
                by=_by(ruling),
                answer=answers.get(str(operation), ""),
            )
    yield from rows.values()


def _by(ruling: Ruling) -> str:
    if ruling.rule is not None:
        return f"{ruling.rule.pattern} · {ruling.rule.layer.value} policy"
    if ruling.grant is not None:
        return f"{ruling.grant.pattern} · granted, {ruling.grant.scope}"
    return ruling.why or (f"mode {ruling.mode}" if ruling.mode else "")


def _output(directory: RunDirectory, process: told.ProcessEnded | None) -> tuple[tuple[Span, ...], str]:
    if process is None:
        return (), ""
    try:
        return output_spans(directory.read_file(process.output))
    except RecordError:
        return (), "the output is not in the run's directory any more"


def _diff(directory: RunDirectory, files: list[told.FileChanged]) -> tuple[Span, ...]:
    found: list[Span] = []
    for name in dict.fromkeys(item.diff for item in files if item.diff):
        try:
            found += diff_spans(directory.read_file(name))
        except RecordError:
            found.append(Span(text=f"{name} is not in the run's directory any more\n", kind="dim"))
    return tuple(found)


def _reached(bag: _Bag) -> Iterator[DecisionRow]:
    rows: dict[tuple[str, str], DecisionRow] = {}
    for body in bag.bodies:
        if isinstance(body, told.EgressAllowed | told.EgressBlocked):
            is_allowed = isinstance(body, told.EgressAllowed)
            outcome, place = ("allow" if is_allowed else "deny"), endpoint(body.host, body.port)
            by = body.rule if isinstance(body, told.EgressAllowed) else body.reason
            rows[outcome, place] = DecisionRow(outcome=outcome, capability="net", resource=place, by=by)
    yield from rows.values()


def _step_facts(
    bag: _Bag, request: ExecutionRequest | None, process: told.ProcessEnded | None
) -> Iterator[Fact]:
    for body in bag.bodies:
        match body:
            case told.LaunchFailed(failure=failure):
                yield Fact(name="Not launched", text=f"{failure.stage}: {failure.detail}")
            case told.SecretReleased():
                yield Fact(name=f"Secret, as {body.form}", text=body.name, code=True)
            case told.OutputCaptured():
                lost = " (a secret was taken out)" if body.lost else ""
                name = "Given by a person" if body.reported_by == "person" else "Handed on"
                yield Fact(name=f"{name}: {body.name}", text=body.value + lost, code=True)
            case told.ChildStarted():
                yield Fact(name="Runs", text=body.reference, code=True)
            case told.AgentReported():
                yield Fact(name=f"Agent {body.kind}", text=f"{body.verdict} {body.detail}".rstrip())
            case told.ViolationSeen():
                yield Fact(name=f"Against policy: {body.capability} {body.resource}", text=body.action)
            case told.ChangesUnseen():
                yield Fact(name=f"Changes not seen {body.path}".rstrip(), text=body.why)
            case told.LaunchRequested(gaps=gaps) if gaps:
                yield Fact(name="Not enforced", text="; ".join(gap.message for gap in gaps))
            case _:
                pass
    if process is not None and process.result.output_bytes:
        yield Fact(name="Printed", text=render_size(process.result.output_bytes))
    if request is not None:
        yield Fact(name="Request", text=request.digest, code=True)
