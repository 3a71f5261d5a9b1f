"""`Event`: the one thing that changes state. Bodies are facts in the past tense.

Unknown body types are kept as they were read (`UnknownBody`), so that a log survives a round trip.
Longer than 350 lines because every fact stands here, one after the other, as in a dictionary.
"""

from typing import Literal

from msgspec import Struct

from rundown.model.policy import Grant, Ruling
from rundown.model.request import ExecutionRequest
from rundown.model.sandbox import Gap, HostFacts, ProcessResult, StageFailure

SHELL_MARK = "~shell"
"""Follows the position of the step that a shell is for, so that its end is never taken for the step's."""


def position_text(step: str, substep: str | None, iteration: int | None) -> str:
    """Returns `2`, `2.1`, in a loop `step.iteration.substep`; named parts as names."""
    return ".".join(str(part) for part in (step, iteration, substep) if part is not None)


class RunStarted(Struct, frozen=True, kw_only=True, tag="RunStarted"):
    """The contract's facts: what is to run, where. `inputs` are non-secret values as JSON text by name;
    `withheld` names the secret ones, which are on no record.

    `runbook_file` is the name shown to people, `runbook_path` the file's real path ("" for standard input).
    `context_id` is shared by a run and its children; `agent` is the kind the invocation named.
    `until`: the unit after which the run is to end, `cwd`: where steps start; "" for the runbook's end, and
    for the root.
    """

    run_id: str
    runbook_file: str
    runbook_digest: str
    root: str
    rundown_version: str
    runbook_path: str = ""
    context_id: str = ""
    agent: str | None = None
    prompted: bool = False
    inputs: dict[str, str] = {}
    parent_run: str | None = None
    withheld: tuple[str, ...] = ()
    until: str = ""
    cwd: str = ""


class HostProbed(Struct, frozen=True, kw_only=True, tag="HostProbed"):
    """What this host can enforce, and which sandbox the invocation asked for."""

    facts: HostFacts
    wish: str


class PolicyFrozen(Struct, frozen=True, kw_only=True, tag="PolicyFrozen"):
    """`sources`: the documents in force, most specific first."""

    digest: str
    sources: tuple[str, ...]


class StepStarted(Struct, frozen=True, kw_only=True, tag="StepStarted"):
    """The machine entered a unit. `iteration` None outside loops; `attempt` counts from 1."""

    step: str
    substep: str | None = None
    iteration: int | None = None
    attempt: int = 1
    title: str = ""

    @property
    def position(self) -> str:
        """`2`, `2.1`, in a loop `step.iteration.substep`."""
        return position_text(self.step, self.substep, self.iteration)


class DecisionMade(Struct, frozen=True, kw_only=True, tag="DecisionMade"):
    """`outcome` allow, ask or deny for the request as a whole. `request` is the digest of `frozen`, which
    stands in the first decision on a request (None in the one after an answer), so that a reader can
    recompute it."""

    request: str
    position: str
    outcome: Literal["allow", "ask", "deny"]
    rulings: tuple[Ruling, ...]
    frozen: ExecutionRequest | None = None


class QuestionAsked(Struct, frozen=True, kw_only=True, tag="QuestionAsked"):
    """`answered_by`: person, non-interactive, mcp-client. One answer (the choice's name) for each of
    `resources` (`run curl`), in the order of the text."""

    request: str
    position: str
    resources: tuple[str, ...]
    answers: tuple[str, ...]
    answered_by: str


class GrantGiven(Struct, frozen=True, kw_only=True, tag="GrantGiven"):
    """An answer that is remembered. `origin`: where it came from (prompt, preflight, flag)."""

    grant: Grant
    origin: str


class GrantRevoked(Struct, frozen=True, kw_only=True, tag="GrantRevoked"):
    """A person took a session grant back. `origin`: who did it."""

    grant: Grant
    origin: str


class SecretReleased(Struct, frozen=True, kw_only=True, tag="SecretReleased"):
    """A secret reached a step; recorded after it did. `form`: env, file, header. Never the value."""

    position: str
    name: str
    form: str


class LaunchRequested(Struct, frozen=True, kw_only=True, tag="LaunchRequested"):
    """Durable before the process exists. `plan` is the digest of the plan without variables' values;
    `secrets` names those that it will have: whether they reached it, `SecretReleased` says afterwards."""

    request: str
    position: str
    plan: str
    gaps: tuple[Gap, ...] = ()
    secrets: tuple[str, ...] = ()


class LaunchFailed(Struct, frozen=True, kw_only=True, tag="LaunchFailed"):
    """The sandbox could not be made; the command never ran."""

    request: str
    position: str
    failure: StageFailure


class EgressAllowed(Struct, frozen=True, kw_only=True, tag="EgressAllowed"):
    """A connection was let through, and has ended. `rule`: what allowed it, as shown to people.

    `address`: where it led, "" if it came to nothing, which `problem` tells. Bytes are from and to the step.
    `count`: that many of one kind that ended together; `duration_us` is the longest one's. `host` "*": those
    beyond what is told one by one.
    """

    position: str
    host: str
    port: int
    rule: str = ""
    address: str = ""
    sent_bytes: int = 0
    received_bytes: int = 0
    duration_us: int = 0
    count: int = 1
    problem: str = ""


class EgressBlocked(Struct, frozen=True, kw_only=True, tag="EgressBlocked"):
    """A connection or a name look-up was refused. `port` 0 for a look-up. `rule`: what denied it, "" if it
    was for want of one; `flag` and `yaml`: what would allow it. `count`, `host` "*": as for allowed ones."""

    position: str
    host: str
    port: int
    reason: str
    rule: str = ""
    count: int = 1
    flag: str = ""
    yaml: str = ""


class ViolationSeen(Struct, frozen=True, kw_only=True, tag="ViolationSeen"):
    """A step did what policy forbids and it was found afterwards. `action`: what was done about it."""

    position: str
    capability: str
    resource: str
    action: str


class RefusalSuspected(Struct, frozen=True, kw_only=True, tag="RefusalSuspected"):
    """What the output of a failed step says that the kernel refused it, and the likely reason. A guess.

    `flag` and `yaml` are what would change it, "" for nothing.
    """

    position: str
    capability: str
    resource: str
    why: str
    flag: str = ""
    yaml: str = ""


class FileChanged(Struct, frozen=True, kw_only=True, tag="FileChanged"):
    """A step made, changed or removed a file of a writable tree.

    `path` is absolute. `before` and `after` are `sha256:…` of the file's bytes, `symlink:TARGET` for a
    symbolic link, `special:KIND` for a fifo, socket or device, `unread:SIZE` for what could not be read (or
    was too large to be read before the step), `tree:sha256:…` for a folder with many changes that are told
    as one, None for "not there". `diff` names a file below the run's directory, "" if there is none.
    """

    position: str
    path: str
    before: str | None
    after: str | None
    diff: str = ""


class ChangesUnseen(Struct, frozen=True, kw_only=True, tag="ChangesUnseen"):
    """What a step changed below `path` is not known ("" for the whole step). `why` is for people."""

    position: str
    path: str
    why: str


class ArtifactStored(Struct, frozen=True, kw_only=True, tag="ArtifactStored"):
    """A file was kept with the run. `file` is its name below the run's directory, `digest` of its bytes."""

    position: str
    file: str
    digest: str
    title: str = ""


class ProcessEnded(Struct, frozen=True, kw_only=True, tag="ProcessEnded"):
    """`output` is the file's name below the run's directory, `output_digest` of its bytes."""

    request: str
    position: str
    result: ProcessResult
    output: str
    output_digest: str


class AgentReported(Struct, frozen=True, kw_only=True, tag="AgentReported"):
    """The verdict of an agent of that kind about its task."""

    position: str
    kind: str
    verdict: Literal["pass", "fail"]
    detail: str = ""


class ModelUsed(Struct, frozen=True, kw_only=True, tag="ModelUsed"):
    """What an agent's step asked of its model, counted at the gateway. `cost_usd` None: no answer said
    what it costs. `refused`: what was asked for and not forwarded, each with its reason."""

    position: str
    kind: str
    host: str
    models: tuple[str, ...] = ()
    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = None
    refused: tuple[str, ...] = ()


class StepFinished(Struct, frozen=True, kw_only=True, tag="StepFinished"):
    """A unit has a result. `reported_by`: process, agent, person, policy, child, scenario."""

    step: str
    substep: str | None = None
    iteration: int | None = None
    result: Literal["pass", "fail"]
    reported_by: str
    note: str = ""

    @property
    def position(self) -> str:
        """`2`, `2.1`, in a loop `step.iteration.substep`."""
        return position_text(self.step, self.substep, self.iteration)


class OutputCaptured(Struct, frozen=True, kw_only=True, tag="OutputCaptured"):
    """A variable that a unit wrote. `value` is JSON text.

    `lost`: redaction changed the value before it was stored; the log sets it, so live and replayed agree.
    `reported_by`: `person` where a person gave the value instead, "" where the unit did.
    """

    position: str
    name: str
    value: str
    lost: bool = False
    reported_by: str = ""


class SourceMark(Struct, frozen=True, kw_only=True):
    """What was seen of a loop's file when it was opened; another value later means that it drifted.

    `path` is relative to the project's root, `digest` of the bytes read up to then ("" if none). Times are
    in microseconds: nanoseconds since 1970 are beyond what RFC 8785 can write as a number.
    """

    path: str
    size_bytes: int
    mtime_us: int
    digest: str = ""


class LoopOpened(Struct, frozen=True, kw_only=True, tag="LoopOpened"):
    """A FOR's bounds and source are known.

    `first` and `last` are 1-10000 (`first` above `last` counts down); both None: a bound's variable has
    no value, so the step runs once, by hand. An open source says 1 and 10000. `items`: for a source that
    is a list, its items as JSON texts, whole; None for a range and for a file, whose items are drawn one
    by one. `lost`: redaction changed an item before it was stored.
    """

    step: str
    first: int | None = None
    last: int | None = None
    items: tuple[str, ...] | None = None
    mark: SourceMark | None = None
    lost: bool = False


class ItemDrawn(Struct, frozen=True, kw_only=True, tag="ItemDrawn"):
    """An item was read from a loop's file. `value` is JSON text; `lost` as in `OutputCaptured`."""

    step: str
    iteration: int
    value: str
    lost: bool = False


class SourceEnded(Struct, frozen=True, kw_only=True, tag="SourceEnded"):
    """A loop's file has no item of the number that was to be drawn; it holds `length` items in all."""

    step: str
    length: int


class IndexResolved(Struct, frozen=True, kw_only=True, tag="IndexResolved"):
    """The iteration number that `AT {{name}}` stood for."""

    name: str
    iteration: int


class EffectFailed(Struct, frozen=True, kw_only=True, tag="EffectFailed"):
    """What the machine asked for cannot be had (a source, an index, a child): the run stops with `code`."""

    position: str
    code: str
    message: str


class ChildStarted(Struct, frozen=True, kw_only=True, tag="ChildStarted"):
    """A unit runs another runbook, as a run of its own. `reference` as resolved, below the root."""

    position: str
    run_id: str
    reference: str


class EndForced(Struct, frozen=True, kw_only=True, tag="EndForced"):
    """A person ended the run (`rundown complete`, `rundown stop`), or a limit of the invocation did."""

    status: Literal["completed", "stopped"]
    message: str = ""


class Jumped(Struct, frozen=True, kw_only=True, tag="Jumped"):
    """A person moved the run (`rundown goto`)."""

    step: str
    substep: str | None = None
    iteration: int | None = None

    @property
    def position(self) -> str:
        """`2`, `2.1`, in a loop `step.iteration.substep`."""
        return position_text(self.step, self.substep, self.iteration)


class RunPaused(Struct, frozen=True, kw_only=True, tag="RunPaused"):
    """`reason`: denied, violation, waiting, in-doubt, interrupted, sandbox, secret (one cannot
    be had), expired (its contract)."""

    reason: str
    position: str
    detail: str = ""


class RunResumed(Struct, frozen=True, kw_only=True, tag="RunResumed"):
    """`changes`: what differs from when the run was frozen ("runbook", "policy")."""

    changes: tuple[str, ...] = ()


class RunFinished(Struct, frozen=True, kw_only=True, tag="RunFinished"):
    """`status` completed or stopped. `code` names the engine's own error, "" for a wanted end."""

    status: Literal["completed", "stopped"]
    message: str = ""
    code: str = ""


class UnknownBody(Struct, frozen=True, kw_only=True):
    """A body of a type this version does not know; `raw` is its JSON object."""

    type: str
    raw: dict[str, object]


KnownBody = (
    RunStarted
    | HostProbed
    | PolicyFrozen
    | StepStarted
    | DecisionMade
    | QuestionAsked
    | GrantGiven
    | GrantRevoked
    | SecretReleased
    | LaunchRequested
    | LaunchFailed
    | EgressAllowed
    | EgressBlocked
    | ViolationSeen
    | RefusalSuspected
    | FileChanged
    | ChangesUnseen
    | ArtifactStored
    | ProcessEnded
    | AgentReported
    | ModelUsed
    | StepFinished
    | OutputCaptured
    | LoopOpened
    | ItemDrawn
    | SourceEnded
    | IndexResolved
    | EffectFailed
    | ChildStarted
    | EndForced
    | Jumped
    | RunPaused
    | RunResumed
    | RunFinished
)
Body = KnownBody | UnknownBody


class Event(Struct, frozen=True, kw_only=True):
    """One line of the log: sequence from 0, UTC time in RFC 3339, hash of the line before, fact."""

    v: int = 1
    seq: int
    at: str
    prev: str
    body: Body
