"""The five protocols through which a session touches the world, and the questions it asks.

Whole fakes of them live in `tests/support/`. Order is: durable, then believed, then shown.
"""

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Literal, Protocol

from msgspec import Struct

from rundown.model.event import Body, Event
from rundown.model.policy import Allowed, Grant, Outcome, Ruling
from rundown.model.request import ExecutionRequest, Operation
from rundown.model.runbook import Input
from rundown.model.sandbox import Gap, ProcessResult, SandboxPlan, StageFailure, StepNetwork
from rundown.sandbox.doors import Doors
from rundown.session.captures import Capture
from rundown.session.posting import Posting, Walls
from rundown.session.secret_files import SecretFiles

Stream = Literal["stdout", "stderr"]
OutputSink = Callable[[Stream, bytes], None]


class Choice(Enum):
    """What a person may answer to a permission question."""

    ONCE = "allow once"
    SESSION = "allow for this session"
    TYPE_SESSION = "allow all of this type for this session"
    ALWAYS_ME = "always allow here, for me"
    ALWAYS_PROJECT = "always allow for the project"
    TOOL = "allow what the tool's profile lists, for this session"
    EDIT = "run an edited command instead"
    DENY = "deny once"
    DENY_TYPE = "deny all of this type for this session"


class Answer(Struct, frozen=True, kw_only=True):
    """One choice for one ask; `pattern` is what the person made of the proposed one. `text`: for EDIT, which
    is given for all asks alike, the new command: a new request, decided anew. `forget`: session grants that
    the person takes back instead of answering; the choices count for nothing then, and all is asked anew."""

    choice: Choice
    pattern: str | None = None
    text: str | None = None
    forget: tuple[Grant, ...] = ()


EDITS_BELOW = Answer(choice=Choice.SESSION, pattern="{repo}/**")
"""An answer to an agent's edit: whatever it edits in this project is allowed for this session."""


class ToolProfile(Struct, frozen=True, kw_only=True):
    """What one tool needs, as a profile of `policies/tools` lists it. `tells`: its lines for people;
    `is_root`: whoever has it can do anything on the host."""

    name: str
    tells: tuple[str, ...] = ()
    is_root: bool = False


class Foreseen(Struct, frozen=True, kw_only=True):
    """One thing that at least one step would ask for or be refused. `positions` in file order; `ruling` is
    the first step's. `grants` are what the session would remember, one for each distinct use. `secret`: the
    name of the secret that would be released to the steps of `asker` (a runbook's path below the root), ""
    if it is none."""

    text: str
    positions: tuple[str, ...]
    outcome: Outcome
    ruling: Ruling | None = None
    grants: tuple[Grant, ...] = ()
    secret: str = ""
    asker: str = ""


class Subject(Struct, frozen=True, kw_only=True):
    """What a request is about, in the runbook's words. `shown`: its text with template values filled in, ""
    if it is the request's own."""

    title: str
    progress: str = ""
    shown: str = ""


class Question(Struct, frozen=True, kw_only=True):
    """Everything a person must see to answer. `sees` are lines on what the sandbox will permit.

    For a call of an agent, `claim` is what the agent says of it (its own words, to be marked as such) and
    `diff` the unified diff of an edit; both are "" otherwise. `profile`: what Choice.TOOL would allow, None
    if no profile fits. `editable`: Choice.EDIT may be answered. `remembered`: the session's grants by now,
    which `Answer.forget` may take back.
    """

    request: ExecutionRequest
    subject: Subject
    asks: tuple[Ruling, ...]
    rulings: tuple[Ruling, ...]
    sees: tuple[str, ...]
    claim: str = ""
    diff: str = ""
    profile: ToolProfile | None = None
    editable: bool = False
    remembered: tuple[Grant, ...] = ()


class HostQuestion(Struct, frozen=True, kw_only=True):
    """A running step wants to reach a host that no rule settles. `host` is normalised; `addresses` are what
    it resolves to now, each with its class when it is not public (`10.2.0.7 (private)`); `ask` is the ruling
    on the NET operation."""

    position: str
    subject: Subject
    host: str
    port: int
    addresses: tuple[str, ...]
    ask: Ruling


class Report(Struct, frozen=True, kw_only=True):
    """A person's word on a unit that waits for one, or on a step in doubt."""

    kind: Literal["pass", "fail", "again", "later"]
    note: str = ""


class Failure(Struct, frozen=True, kw_only=True):
    """A step failed, and the run would stop. `ending`: `exit status 2`. `text`: its command, which may be
    edited unless it is ""; `has_shell`: a shell in its sandbox can be had."""

    position: str
    subject: Subject
    ending: str
    text: str = ""
    has_shell: bool = False


class Mend(Struct, frozen=True, kw_only=True):
    """What a person does about a failure. `text`: for `edit`, the command to run instead, once."""

    kind: Literal["again", "edit", "shell", "pass", "skip", "stop"]
    text: str = ""


class Ahead(Struct, frozen=True, kw_only=True):
    """A step that is about to begin, step by step. `text`: what will run, "" if a person does it."""

    position: str
    subject: Subject
    text: str = ""


Approach = Literal["run", "rest", "skip", "stop"]
"""`run` this step, run it and the `rest` without asking, `skip` it, `stop` here (the run can be resumed)."""


class Prompter(Protocol):
    """Asks a person. Nobody there, EOF, Ctrl-C, Enter, a closed terminal and a time-out all mean deny
    (for a report: later)."""

    def can_ask(self) -> bool:
        """Whether there is a person to ask at all."""
        ...

    def permit(self, question: Question) -> tuple[Answer, ...]:
        """Returns one answer for each of `question.asks`, in order."""
        ...

    def permit_host(self, question: HostQuestion) -> Answer:
        """Asks about one connection while the step runs and its output may be flowing. Called on another
        thread than the one that drives the run, for one question at a time."""
        ...

    def preflight(self, questions: tuple[Foreseen, ...], denials: tuple[Foreseen, ...]) -> tuple[bool, ...]:
        """Asks before the first step; returns for each question whether it is allowed for this session.
        What is not is asked for again at its step. `denials` are shown only."""
        ...

    def report(self, title: str) -> Report:
        """Asks how a unit went that only a person can do; what is to be done was presented before."""
        ...

    def settle_doubt(self, title: str) -> Report:
        """Asks what to do with a step that was running when the last process died."""
        ...

    def mend(self, failure: Failure) -> Mend:
        """Asks what to do about a step that failed, where the run would stop; nobody there: stop."""
        ...

    def approach(self, ahead: Ahead) -> Approach:
        """Asks whether a step shall begin; nobody there: stop."""
        ...

    def supply(self, wanted: Input) -> str | None:
        """Asks for an input's value, a secret one without showing it; None if nobody answers."""
        ...

    def confirm(self, sentence: str) -> bool:
        """Asks for a plain yes; the default is no."""
        ...


class Workspace(Protocol):
    """Facts of the host's files, for freezing a request. Reads only."""

    def resolve(self, operation: Operation, cwd: str) -> Operation:
        """Returns the operation with its real path, PATH look-up and `safe_path` filled in."""
        ...

    def shell(self, language: str) -> str:
        """Returns the absolute path of the shell that runs `bash` or `sh` text."""
        ...

    def parent_variables(self) -> frozenset[str]:
        """Names of the variables that rundown itself was started with."""
        ...


class Planned(Struct, frozen=True, kw_only=True):
    """A plan ready to launch: its digest (values of variables left out) and its gaps."""

    plan: SandboxPlan
    digest: str
    gaps: tuple[Gap, ...]


class Launcher(Protocol):
    """Runs what was allowed, and nothing else."""

    def plan(
        self,
        allowed: Allowed,
        values: Mapping[str, str],
        capture: Capture | None = None,
        secrets: SecretFiles | None = None,
        posting: Posting | None = None,
        *,
        network: StepNetwork | None = None,
    ) -> Planned | StageFailure:
        """Returns what will be enforced, or why nothing can be. `values`: of the request's bindings, and
        secrets; `capture`: where the step leaves the values it hands on; `secrets`: which it reads;
        `posting`: what an agent is given that is talked to, over pipes and no terminal; `network`: where
        rundown listens for it."""
        ...

    def walls(self, allowed: Allowed) -> Walls:
        """Returns which walls of its own a step would have."""
        ...

    def launch(
        self,
        planned: Planned,
        output: OutputSink,
        doors: Doors | None = None,
        *,
        stdin_fd: int | None = None,
    ) -> ProcessResult | StageFailure:
        """Runs it to its end. `doors` gets the sockets of its network, to serve them meanwhile; `stdin_fd`:
        what it reads instead of what steps read, closed once it has it."""
        ...

    def stop(self) -> None:
        """Asks what runs to end. Any thread may call it."""
        ...

    def freeze(self, wanted: bool) -> None:
        """Stops what runs where it is, with its clock, or lets it go on. Any thread may call it."""
        ...


class EventLog(Protocol):
    """Durable order."""

    def append(self, body: Body) -> Event:
        """Returns after the event is on disk."""
        ...


class Frontend(Protocol):
    """Shows what is already on record; the stream of output is shown as it comes."""

    def show(self, event: Event) -> None:
        """Shows one event."""
        ...

    def output(self, stream: Stream, chunk: bytes) -> None:
        """Shows what a step prints."""
        ...

    def present(self, task: str) -> None:
        """Shows what a person is to do; "" if the unit says nothing."""
        ...
