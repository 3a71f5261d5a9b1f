"""The nouns of the runbook language: what a parsed document holds. Source: docs/format.md.

Everything implicit is made explicit here: both handlers of every unit are present, with
`implicit=True` on those that the document did not write.
"""

from enum import Enum
from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from rundown.model.diagnostic import Span
from rundown.model.scenario import Scenario


class Outcome(Enum):
    """The result of a unit (a step without substeps, or a substep)."""

    PASS = "pass"
    FAIL = "fail"


class Target(Struct, frozen=True, kw_only=True):
    """Where a GOTO leads. `substep` None: the step's first substep, or the step itself."""

    step: str
    substep: str | None = None

    def __str__(self) -> str:
        return self.step if self.substep is None else f"{self.step}.{self.substep}"


class Continue(Struct, frozen=True, tag="continue"):
    """Go to the next sibling or numeric step; after the last one the run completes."""


class Defer(Struct, frozen=True, tag="defer"):
    """Record the unit's result for its parent, then go on."""


class Next(Struct, frozen=True, tag="next"):
    """Drop the rest of this iteration and advance the loop."""


class Break(Struct, frozen=True, tag="break"):
    """Leave the loop."""


class Stop(Struct, frozen=True, tag="stop"):
    """End the run as failed."""

    message: str | None = None


class Complete(Struct, frozen=True, tag="complete"):
    """End the run as complete."""

    message: str | None = None


class Goto(Struct, frozen=True, tag="goto", kw_only=True):
    """Jump. `at`: iteration number, or the name of a template variable that holds it."""

    target: Target
    at: int | str | None = None


Action = Continue | Defer | Next | Break | Stop | Complete | Goto


class Handler(Struct, frozen=True, kw_only=True):
    """What a unit says to do for one outcome: up to `retry` re-entries first, then `action`."""

    action: Action
    retry: int = 0
    implicit: bool = False
    span: Span | None = None


class Transitions(Struct, frozen=True, kw_only=True):
    """Both handlers of a step, substep or loop, and how several results are folded.

    `mode` "all": any FAIL folds to FAIL; "any": one PASS is enough; None: not marked (folds as "all").
    """

    on_pass: Handler
    on_fail: Handler
    mode: Literal["all", "any"] | None = None


class FenceOptions(Struct, frozen=True, kw_only=True):
    """The words after a fence's language. `None` where the document says nothing.

    `timeout_ns` is wall-clock time in nanoseconds; `host` holds words of
    `pid net systemd journal unconfined`; `env` names variables.
    """

    interactive: bool = False
    timeout_ns: int | None = None
    cwd: str | None = None
    env: tuple[str, ...] = ()
    host: tuple[str, ...] = ()
    confirm: str | None = None


class CommandBody(Struct, frozen=True, kw_only=True, tag="command"):
    """An executable fence. `text` is the block's content as written, with its last line end.

    `span` is the opening fence's line; the text's first line is the one below it.
    """

    language: Literal["bash", "sh"]
    text: str
    span: Span
    options: FenceOptions = FenceOptions()


class AgentBody(Struct, frozen=True, kw_only=True, tag="agent"):
    """A task for an AI agent. `kind` None: whatever the invocation or the policy names.

    `parameters` are the other `key=value` words in the order they stand in.
    """

    kind: str | None
    text: str
    span: Span
    options: FenceOptions = FenceOptions()
    parameters: tuple[tuple[str, str], ...] = ()


class DisplayBody(Struct, frozen=True, kw_only=True, tag="display"):
    """A fence that is shown and never run; the unit waits for a person."""

    language: str
    text: str
    span: Span


class ReferenceBody(Struct, frozen=True, kw_only=True, tag="reference"):
    """Another runbook that runs as this substep. `path` may hold templates."""

    path: str
    span: Span


Body = CommandBody | AgentBody | DisplayBody | ReferenceBody


class LoopRange(Struct, frozen=True, kw_only=True):
    """Bounds of a FOR; text is the name of a template variable."""

    start: int | str
    stop: int | str


class Loop(Struct, frozen=True, kw_only=True):
    """A FOR. Exactly one of `bounds` and `source`, or both (a window over a source)."""

    variable: str | None = None
    bounds: LoopRange | None = None
    source: str | None = None
    transitions: Transitions | None = None
    span: Span


class Substep(Struct, frozen=True, kw_only=True):
    """An H3, or one entry of a runbook list. `id` is the part below the step (`1` for `### 2.1`)."""

    id: str
    title: str
    span: Span
    prompt: str = ""
    outputs: tuple[str, ...] = ()
    transitions: Transitions
    body: Body | None = None


class Step(Struct, frozen=True, kw_only=True):
    """An H2. Has a `body` or `substeps`, never both; neither means that a person reports.

    `named` steps are outside the sequential flow.
    """

    id: str
    named: bool
    title: str
    span: Span
    prompt: str = ""
    outputs: tuple[str, ...] = ()
    loop: Loop | None = None
    transitions: Transitions
    body: Body | None = None
    substeps: tuple[Substep, ...] = ()


class Input(Struct, frozen=True, kw_only=True):
    """A declared variable. `default` is absent (not None) if the document gives none."""

    name: str
    description: str = ""
    default: object | UnsetType = UNSET
    options: tuple[str, ...] = ()
    pattern: str | None = None
    secret: bool = False


class ShellOptions(Struct, frozen=True, kw_only=True):
    """Front matter `shell:`; switched on for every block of the runbook."""

    errexit: bool = False
    nounset: bool = False
    pipefail: bool = False


class FrontMatter(Struct, frozen=True, kw_only=True):
    """The YAML head. `extra` keeps unknown keys as parsed; `permissions` is a raw value that the policy room
    decodes."""

    name: str
    description: str = ""
    version: str = ""
    author: str = ""
    tags: tuple[str, ...] = ()
    inputs: tuple[Input, ...] = ()
    required: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    shell: ShellOptions = ShellOptions()
    on_denied: Literal["pause", "fail"] = "pause"
    agent: str | None = None
    timeout_ns: int | None = None
    permissions: dict[str, object] = {}
    secrets: tuple[str, ...] = ()
    scenarios: tuple[Scenario, ...] = ()
    extra: dict[str, object] = {}


class Runbook(Struct, frozen=True, kw_only=True):
    """A whole document. `steps` in file order, at least one. `digest` names the source's bytes."""

    file: str
    front: FrontMatter
    title: str = ""
    description: str = ""
    steps: tuple[Step, ...]
    digest: str

    def step(self, step_id: str) -> Step | None:
        """Returns the step of that id, or None."""
        return next((step for step in self.steps if step.id == step_id), None)

    def bodies(self) -> tuple[Body, ...]:
        """Returns the body of every unit that has one, in file order."""
        found = [body for step in self.steps for body in (step.body, *(part.body for part in step.substeps))]
        return tuple(body for body in found if body is not None)
