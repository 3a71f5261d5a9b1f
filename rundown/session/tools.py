"""What the execution of one run's units works with, and what one attempt is."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal, Protocol

from msgspec import Struct

from rundown.egress.route import Route
from rundown.engine.course import Unit
from rundown.model.event import Body
from rundown.model.policy import Envelope
from rundown.model.request import ExecutionRequest
from rundown.model.runbook import AgentBody
from rundown.model.sandbox import Violation
from rundown.policy.release import Recipient
from rundown.redact.redactor import RedactionStream
from rundown.session.delegation import Delegation
from rundown.session.egress import StepNetworking
from rundown.session.failures import Failures
from rundown.session.permissions import Permissions
from rundown.session.ports import Frontend, Launcher, Prompter, Subject
from rundown.session.script import Shop
from rundown.session.vault import RunbookSecrets


class OutputFile(Protocol):
    """Where the output of one attempt goes."""

    name: str

    def write(self, content: bytes) -> None: ...

    def close(self) -> str: ...


class Watching(Protocol):
    """Sees what a step changes."""

    def begin(self, envelope: Envelope) -> None: ...

    def settle(self, position: str, attempt: int) -> Iterator[Body]: ...


class Guarding(Protocol):
    """Finds and undoes what a step did against policy."""

    def begin(self, envelope: Envelope) -> None: ...

    def settle(self) -> Iterator[Violation]: ...


class OpenNetwork(Protocol):
    """Opens the network of one step, which has to be closed when the step has ended. `closed`: why nothing
    but its routes answers it, whatever the rules say; "" if the rules decide."""

    def __call__(
        self,
        request: ExecutionRequest,
        envelope: Envelope,
        subject: Subject,
        routes: tuple[Route, ...] = (),
        *,
        closed: str = "",
    ) -> StepNetworking: ...


class Attempt(Struct, frozen=True, kw_only=True):
    """One attempt of one unit. `progress` says how far the runbook has come, for people."""

    unit: Unit
    step: str
    substep: str | None
    iteration: int | None
    number: int
    position: str
    progress: str = ""


class Tools(Struct, frozen=True, kw_only=True):
    """What an execution works with. `open_output(position, attempt)` makes a fresh file, `read_output(name)`
    gives the end of one that is whole, `live_folder` is for files of running steps, `secret_folder` for those
    that no disk should see. `salt` goes into digests of values and nowhere else. `redaction` opens a stream
    that takes out all secrets known by then. `show_noted` shows what was put on record while a step ran.
    `cwd`: where steps start, "" for
    `root`; `home`: the person's."""

    run_id: str
    salt: str
    root: str
    shop: Shop
    on_denied: Literal["pause", "fail"]
    permissions: Permissions
    launcher: Launcher
    prompter: Prompter
    frontend: Frontend
    live_folder: Path
    open_output: Callable[[str, int], OutputFile]
    read_output: Callable[[str], bytes]
    redaction: Callable[[], RedactionStream]
    watch: Watching
    guard: Guarding
    secrets: RunbookSecrets
    secret_folder: Path
    open_network: OpenNetwork
    show_noted: Callable[[], None]
    delegation: Delegation
    open_transcript: Callable[[str, int], OutputFile]
    open_answer: Callable[[str, int], OutputFile]
    failures: Failures
    home: str
    cwd: str = ""


def recipient_of(attempt: Attempt) -> Recipient:
    """Returns the unit as secrets' rules see it."""
    return Recipient(
        step=attempt.step,
        substep=attempt.substep,
        by_agent=isinstance(attempt.unit.body, AgentBody),
    )
