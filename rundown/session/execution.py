"""Takes one unit from its text to its result: freeze, decide, plan, launch, judge.

Each yielded body is a fact; the driver makes it durable before this goes on. Refuses to launch what was
not allowed, or what is not byte for byte the request that was decided.
"""

import json
from collections.abc import Generator, Iterator
from typing import NamedTuple

from msgspec.structs import replace

from rundown.agents.launch import AgentLaunch
from rundown.errors import InvalidInputError
from rundown.model.diagnostic import Diagnostic
from rundown.model.event import (
    Body,
    LaunchFailed,
    LaunchRequested,
    OutputCaptured,
    ProcessEnded,
    QuestionAsked,
    RunPaused,
    StepFinished,
    ViolationSeen,
)
from rundown.model.policy import Allowed, Denied, Grant
from rundown.model.request import ExecutionRequest
from rundown.model.runbook import CommandBody
from rundown.model.sandbox import ProcessResult, StageFailure
from rundown.redact.redactor import RedactionStream
from rundown.session.agent_answer import take_object, wants_object
from rundown.session.agent_step import Engaged, engage, find_talker, plan_job
from rundown.session.captures import Capture, open_capture
from rundown.session.cut_off import explain_no_network
from rundown.session.egress import StepNetworking
from rundown.session.judging import finished, judge
from rundown.session.permissions import Aside, EditedError
from rundown.session.ports import Planned, Prompter, Stream, Subject
from rundown.session.posting import Posting
from rundown.session.request import Place, binding_digest
from rundown.session.script import fill_in, freeze_script
from rundown.session.seal import check_seal
from rundown.session.secret_files import SecretFiles, open_secret_files
from rundown.session.suspicion import Suspicion
from rundown.session.texts import BoundText, Texts
from rundown.session.tools import Attempt, OutputFile, Tools, recipient_of
from rundown.session.vault import Released, without_supplied

_TAIL_BYTES = 64 * 1024
_YES = "yes"


class _Settled(NamedTuple):
    """What was asked for, that it is allowed, and the values and secrets it runs with."""

    request: ExecutionRequest
    allowed: Allowed
    bound: BoundText
    released: Released
    subject: Subject


class _Handed(NamedTuple):
    """The private folders of one attempt."""

    capture: Capture | None
    secrets: SecretFiles | None


class _Recording:
    """Splits what a step prints: redacted to the file and the front end, its end kept for a verdict."""

    def __init__(self, tools: Tools, file: OutputFile) -> None:
        self._frontend = tools.frontend
        self._file = file
        self._streams: dict[Stream, RedactionStream] = {
            "stdout": tools.redaction(),
            "stderr": tools.redaction(),
        }
        self.tail = b""

    def take(self, stream: Stream, chunk: bytes) -> None:
        self._pass_on(stream, self._streams[stream].feed(chunk))

    def finish(self) -> str:
        """Returns the digest of the whole file."""
        for stream, redaction in self._streams.items():
            self._pass_on(stream, redaction.flush())
        return self._file.close()

    def _pass_on(self, stream: Stream, chunk: bytes) -> None:
        if chunk:
            self._file.write(chunk)
            self._frontend.output(stream, chunk)
            self.tail = (self.tail + chunk)[-_TAIL_BYTES:]


def execute(tools: Tools, attempt: Attempt, texts: Texts) -> Iterator[Body]:
    """Yields every fact of one attempt, the last being `StepFinished` or `RunPaused`.

    Raises:
        InvalidInputError: the unit's agent cannot be had.
    """
    bound = fill_in(attempt.unit.body, texts, tools.shop)
    if isinstance(bound, Diagnostic):
        raise InvalidInputError(bound)
    if bound.problem:
        yield replace(finished(attempt, False, "template"), note=bound.problem)
        return
    launch = find_talker(tools, attempt)
    decided = yield from _decide(tools, attempt, bound, texts, launch)
    if decided is None:
        return
    released = yield from tools.secrets.release(recipient_of(attempt), attempt.position, tools.prompter)
    if isinstance(released, RunPaused):
        yield released
        return
    request = decided.request
    with (
        open_capture(tools.live_folder, attempt.unit.outputs) as capture,
        open_secret_files(tools.secret_folder, released.files) as files,
    ):
        settled = decided._replace(released=released)
        handed = _Handed(capture, files)
        if launch is None:
            yield from _launch(tools, attempt, settled, handed)
        else:
            job = plan_job(tools, attempt, settled.allowed, (launch, settled.subject))
            if isinstance(job, RunPaused):
                yield job
                return
            yield from tools.delegation.share(tools.root, request, tools.permissions.remembered)
            with engage(tools, job, settled.allowed) as engaged:
                yield from _launch(tools, attempt, settled._replace(allowed=engaged.allowed), handed, engaged)


def _decide(
    tools: Tools, attempt: Attempt, bound: BoundText, texts: Texts, launch: AgentLaunch | None
) -> Generator[Body, None, _Settled | None]:
    """Returns what may run; None if it may not, the last fact says why. A person may edit the command: that
    is another request, decided anew."""
    while True:
        request = _freeze(tools, attempt, bound)
        subject = Subject(title=texts.shown(attempt.unit.title), progress=attempt.progress, shown=bound.shown)
        given: tuple[Grant, ...] = ()
        if launch is not None:
            yield from tools.delegation.admit(tools.root, request)
            given = tools.delegation.given(tools.root, request)
        aside = Aside(given=given, editable=isinstance(attempt.unit.body, CommandBody))
        try:
            decision = yield from tools.permissions.settle(request, subject, aside=aside)
        except EditedError as wish:
            bound = replace(bound, text=wish.text, shown="")
            continue
        if isinstance(decision, Denied):
            yield _refused(tools, attempt, decision)
            return None
        if not (yield from _has_consent(tools, attempt, request)):
            return None
        return _Settled(request, decision, bound, Released(), subject)


def _has_consent(tools: Tools, attempt: Attempt, request: ExecutionRequest) -> Generator[Body, None, bool]:
    """A terminal for who wants one, and the yes that a `confirm=` asks for."""
    if request.interactive and not tools.prompter.can_ask():
        yield RunPaused(reason="waiting", position=attempt.position, detail="it wants a person at a terminal")
        return False
    if request.confirm is not None:
        asked = _confirm(tools.prompter, request, request.confirm)
        yield asked
        if asked.answers != (_YES,):
            detail = f"not confirmed: {request.confirm}"
            yield RunPaused(reason="denied", position=attempt.position, detail=detail)
            return False
    return True


def _freeze(tools: Tools, attempt: Attempt, bound: BoundText) -> ExecutionRequest:
    cwd = tools.cwd or tools.root
    place = Place(run_id=tools.run_id, position=attempt.position, attempt=attempt.number, cwd=cwd)
    bindings = tuple((name, binding_digest(tools.salt, name, value)) for name, value in bound.values)
    supplied = tools.secrets.supplied(recipient_of(attempt))
    frozen = without_supplied(freeze_script(place, attempt.unit.body, bound, tools.shop), supplied)
    return replace(frozen, bindings=bindings)


def _confirm(prompter: Prompter, request: ExecutionRequest, sentence: str) -> QuestionAsked:
    return QuestionAsked(
        request=request.digest,
        position=request.position,
        resources=(f"confirm {sentence}",),
        answers=(_YES if prompter.confirm(sentence) else "no",),
        answered_by="person" if prompter.can_ask() else "non-interactive",
    )


def _launch(
    tools: Tools,
    attempt: Attempt,
    settled: _Settled,
    handed: _Handed,
    engaged: Engaged | None = None,
) -> Iterator[Body]:
    request, capture = settled.request, handed.capture
    posting = engaged.posting if engaged is not None else None
    network = _open_network(tools, settled, posting)
    values = {**settled.released.env, **dict(settled.bound.values), **network.variables}
    planned = tools.launcher.plan(
        settled.allowed, values, capture, handed.secrets, posting, network=network.plan
    )
    if isinstance(planned, StageFailure):
        network.close()
        yield from _failed(request, planned)
        return
    check_seal(request, settled.allowed, planned.plan, tools.salt)
    tools.guard.begin(settled.allowed.envelope)
    tools.watch.begin(settled.allowed.envelope)
    yield LaunchRequested(
        request=request.digest,
        position=attempt.position,
        plan=planned.digest,
        gaps=planned.gaps,
        secrets=settled.released.names,
    )
    file = tools.open_output(attempt.position, attempt.number)
    recording = _Recording(tools, file)
    result, digest = yield from _run(tools, planned, (recording, network), engaged)
    if isinstance(result, StageFailure):
        yield from _failed(request, result)
        return
    if engaged is not None:
        yield from engaged.facts()
    if wants_object(attempt):
        said = engaged.run.last_message if engaged is not None else recording.tail.decode("utf-8", "replace")
        result = yield from take_object(tools, attempt, said, result)
    yield from settled.released.facts(attempt.position)
    if capture is not None and result.ending != "interrupted":
        for name, value in capture.read().items():
            yield OutputCaptured(position=attempt.position, name=name, value=json.dumps(value))
    yield ProcessEnded(
        request=request.digest,
        position=attempt.position,
        result=result,
        output=file.name,
        output_digest=digest,
    )
    words = engaged.run.said if engaged is not None else recording.tail
    yield from _look_after(tools, attempt, (settled, planned, result), (recording.tail, words))


def _open_network(tools: Tools, settled: _Settled, posting: Posting | None) -> StepNetworking:
    """An agent reaches its model, and nothing else whatever the rules say."""
    routes = posting.routes if posting is not None else ()
    closed = "an agent's step reaches its model and nothing else" if posting is not None else ""
    return tools.open_network(
        settled.request, settled.allowed.envelope, settled.subject, routes, closed=closed
    )


def _run(
    tools: Tools, planned: Planned, ways: tuple[_Recording, StepNetworking], engaged: Engaged | None
) -> Generator[Body, None, tuple[ProcessResult | StageFailure, str]]:
    """Returns how it ended and the digest of what it printed; its connections have ended as well by then."""
    recording, network = ways
    try:
        if engaged is None:
            result = tools.launcher.launch(planned, recording.take, network.serve)
        else:
            result = yield from engaged.converse(tools, planned, recording.take, network.serve)
    finally:
        try:
            network.close()
        finally:
            digest = recording.finish()
            tools.show_noted()
    return result, digest


def _look_after(
    tools: Tools, attempt: Attempt, ran: tuple[_Settled, Planned, ProcessResult], printed: tuple[bytes, bytes]
) -> Iterator[Body]:
    """What the step left behind, and its result. `printed`: the end of all of it, and of the words that count
    for a verdict."""
    (settled, planned, result), (tail, said) = ran, printed
    violations = tuple(tools.guard.settle())
    for found in violations:
        yield ViolationSeen(
            position=attempt.position,
            capability=found.capability,
            resource=found.resource,
            action=found.action,
        )
    yield from tools.watch.settle(attempt.position, attempt.number)
    if result.ending == "interrupted":
        yield RunPaused(reason="interrupted", position=attempt.position, detail=result.reason)
        return
    names = ", ".join(f"{found.capability} {found.resource}" for found in violations if found.pauses)
    if names:
        yield RunPaused(reason="violation", position=attempt.position, detail=f"against policy: {names}")
        return
    if result.ending != "exited" or result.status != 0:
        suspicion = Suspicion(tools.permissions, tools.shop.workspace, root=tools.root, home=tools.home)
        yield from suspicion.explain(settled.allowed, tail)
        yield from explain_no_network(attempt.position, planned.gaps, tail)
    for body in judge(tools, attempt, result, said):
        if isinstance(body, StepFinished):
            tools.failures.note(body, tail)
        yield body


def _refused(tools: Tools, attempt: Attempt, denied: Denied) -> Body:
    names = ", ".join(str(item.operation) for item in denied.denials)
    if tools.on_denied == "fail":
        return replace(finished(attempt, False, "policy"), note=f"denied: {names} (status 126)")
    return RunPaused(reason="denied", position=attempt.position, detail=names)


def _failed(request: ExecutionRequest, failure: StageFailure) -> Iterator[Body]:
    yield LaunchFailed(request=request.digest, position=request.position, failure=failure)
    yield RunPaused(reason="sandbox", position=request.position, detail=f"{failure.stage}: {failure.detail}")
