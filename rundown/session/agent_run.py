"""Runs one agent that is talked to, in the sandbox planned for it, and puts on record what it used."""

from collections.abc import Callable, Generator, Iterator
from typing import Protocol

from msgspec import Struct

from rundown.agents.brief import Brief
from rundown.agents.call import Permit, ToolCall
from rundown.agents.launch import AgentLaunch
from rundown.agents.talk import open_conversation
from rundown.egress.gateway import GatewayLimits
from rundown.egress.upstream import Upstream
from rundown.model.event import ArtifactStored, Body, ModelUsed, SecretReleased
from rundown.model.request import ExecutionRequest
from rundown.model.sandbox import ProcessResult, StageFailure
from rundown.redact.redactor import RedactionStream
from rundown.session.bridge import Bridge
from rundown.session.delegate import Delegate, Limits, transcript_line
from rundown.session.edit_diff import read_instructions
from rundown.session.permissions import Permissions
from rundown.session.ports import OutputSink, Subject, Workspace
from rundown.session.posting import Posting
from rundown.session.request import Place
from rundown.session.talking import Talk


class Transcript(Protocol):
    """Where the messages of one conversation are kept."""

    name: str

    def write(self, content: bytes) -> None: ...

    def close(self) -> str: ...


class Job(Struct, frozen=True, kw_only=True):
    """One attempt of one agent's step. `request` starts its program and holds the task; `outputs` are the
    names it hands on, `failure` the end of what failed before, `budget_usd` the smallest that holds; with
    `strict` each call must be asked about."""

    launch: AgentLaunch
    request: ExecutionRequest
    subject: Subject
    root: str
    upstream: Upstream | None = None
    outputs: tuple[str, ...] = ()
    failure: str = ""
    budget_usd: float | None = None
    strict: bool = True

    @property
    def turns(self) -> int | None:
        """How often the model may answer."""
        found = self.launch.parameters.get("max-turns")
        return int(found) if found else None


class Around(Struct, frozen=True, kw_only=True):
    """What a run lends to the job. `redaction` makes a stream that takes secrets out."""

    permissions: Permissions
    workspace: Workspace
    show: OutputSink
    redaction: Callable[[], RedactionStream]
    transcript: Transcript


class AgentRun:
    """One run of one job. `exceeded` ends it by name, from any thread."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._delegate: Delegate | None = None
        self._early = ""
        self._transcript: Transcript | None = None
        self._redact: Callable[[str], str] = str

    def exceeded(self, reason: str) -> None:
        """Ends the run with this reason."""
        self._early = self._early or reason
        if self._delegate is not None:
            self._delegate.exceeded(reason)

    def gateway_limits(self) -> GatewayLimits:
        """Returns what the gateway enforces, whatever the agent says of itself."""
        return GatewayLimits(budget_usd=self._job.budget_usd, turns=self._job.turns)

    def go(self, around: Around, talk: Talk) -> Generator[Body, None, ProcessResult | StageFailure]:
        """Yields the facts of every call; returns how the process ended."""
        job = self._job
        self._transcript = around.transcript
        stream = around.redaction()
        self._redact = redact = _redactor(around.redaction)
        place = Place(
            run_id=job.request.run_id,
            position=job.request.position,
            attempt=job.request.attempt,
            cwd=job.request.cwd,
        )
        bridge = Bridge(around.permissions, around.workspace, place, redact)

        def decide(call: ToolCall) -> Generator[Body, None, Permit]:
            return bridge.decide(call, job.subject)

        self._delegate = Delegate(
            open_conversation(job.launch, self._brief(redact), job.request.cwd, strict=job.strict),
            decide,
            show=around.show,
            keep=lambda by, line: around.transcript.write(stream.feed(transcript_line(by, line))),
            limits=Limits(budget_usd=job.budget_usd, turns=job.turns),
        )
        if self._early:
            self._delegate.exceeded(self._early)
        with talk:
            result = yield from self._delegate.run(talk)
        around.transcript.write(stream.flush())
        return result

    @property
    def last_message(self) -> str:
        """What the agent said last, as it said it."""
        return self._delegate.last_message if self._delegate is not None else ""

    @property
    def said(self) -> bytes:
        """The end of its own words, redacted."""
        said = self._delegate.said if self._delegate is not None else ""
        return self._redact(said).encode("utf-8", "replace")

    def facts(self, posting: Posting) -> Iterator[Body]:
        """Yields what was used and kept, when the process is gone."""
        assert self._transcript is not None
        transcript = self._transcript
        position, upstream = self._job.request.position, self._job.upstream
        yield ArtifactStored(
            position=position,
            file=transcript.name,
            digest=transcript.close(),
            title=f"transcript of {self._job.launch.kind}",
        )
        if posting.gateway is None or upstream is None:
            return
        usage = posting.gateway.usage
        if usage.requests and upstream.secret:
            yield SecretReleased(position=position, name=upstream.secret, form="header")
        yield ModelUsed(
            position=position,
            kind=self._job.launch.kind,
            host=upstream.host,
            models=usage.models,
            requests=usage.requests,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cost_usd=usage.cost_usd,
            refused=posting.gateway.refusals,
        )

    def _brief(self, redact: Callable[[str], str]) -> str:
        job = self._job
        return Brief(
            task=job.request.text,
            instructions=tuple((name, redact(text)) for name, text in read_instructions(job.root)),
            failure=job.failure,
            outputs=job.outputs,
            wants_object=job.launch.parameters.get("output") == "json",
        ).text()


def _redactor(redaction: Callable[[], RedactionStream]) -> Callable[[str], str]:
    def redact(text: str) -> str:
        stream = redaction()
        content = text.encode("utf-8", "surrogatepass")
        return (stream.feed(content) + stream.flush()).decode("utf-8", "surrogatepass")

    return redact
