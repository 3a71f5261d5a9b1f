"""Whole fakes of the session's five ports, for unit tests only."""

import os
import select
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType

from msgspec.structs import replace

from rundown.model.event import Body, Event
from rundown.model.policy import Allowed
from rundown.model.request import Capability, Operation
from rundown.model.runbook import Input
from rundown.model.sandbox import ProcessResult, SandboxPlan, StageFailure, StepNetwork
from rundown.sandbox.doors import Door, Doors
from rundown.session.captures import Capture
from rundown.session.ports import (
    Ahead,
    Answer,
    Approach,
    Choice,
    Failure,
    Foreseen,
    HostQuestion,
    Mend,
    OutputSink,
    Planned,
    Question,
    Report,
    Stream,
)
from rundown.session.posting import Posting, Walls
from rundown.session.secret_files import SecretFiles


class ScriptedPrompter:
    """Gives the answers it was made with, in order; without any it denies. `questions`, `hosts`, `titles`
    `sentences`, `failures` and `ahead` keep what was asked."""

    def __init__(
        self,
        answers: Sequence[tuple[Answer, ...]] = (),
        *,
        reports: Sequence[Report] = (),
        confirms: Sequence[bool] = (),
        supplies: Mapping[str, str] = {},
        preflight: Sequence[bool] = (),
        host_answers: Sequence[Answer] = (),
        mends: Sequence[Mend] = (),
        approaches: Sequence[Approach] = (),
        present: bool = True,
    ) -> None:
        self._host_answers = list(host_answers)
        self.hosts: list[HostQuestion] = []
        self._mends = list(mends)
        self.failures: list[Failure] = []
        self._approaches = list(approaches)
        self.ahead: list[Ahead] = []
        self._preflight = tuple(preflight)
        self._supplies = supplies
        self._answers = list(answers)
        self._reports = list(reports)
        self._confirms = list(confirms)
        self._present = present
        self.questions: list[Question] = []
        self.titles: list[str] = []
        self.sentences: list[str] = []

    def can_ask(self) -> bool:
        return self._present

    def permit(self, question: Question) -> tuple[Answer, ...]:
        self.questions.append(question)
        if self._answers:
            return self._answers.pop(0)
        return tuple(Answer(choice=Choice.DENY) for _ in question.asks)

    def permit_host(self, question: HostQuestion) -> Answer:
        self.hosts.append(question)
        return self._host_answers.pop(0) if self._host_answers else Answer(choice=Choice.DENY)

    def preflight(self, questions: tuple[Foreseen, ...], denials: tuple[Foreseen, ...]) -> tuple[bool, ...]:
        return self._preflight or tuple(False for _ in questions)

    def report(self, title: str) -> Report:
        self.titles.append(title)
        return self._reports.pop(0) if self._reports else Report(kind="later")

    def settle_doubt(self, title: str) -> Report:
        self.titles.append(title)
        return self._reports.pop(0) if self._reports else Report(kind="later")

    def mend(self, failure: Failure) -> Mend:
        self.failures.append(failure)
        return self._mends.pop(0) if self._mends else Mend(kind="stop")

    def approach(self, ahead: Ahead) -> Approach:
        self.ahead.append(ahead)
        return self._approaches.pop(0) if self._approaches else "stop"

    def supply(self, wanted: Input) -> str | None:
        return self._supplies.get(wanted.name)

    def confirm(self, sentence: str) -> bool:
        self.sentences.append(sentence)
        return self._confirms.pop(0) if self._confirms else False


class PlainWorkspace:
    """A host on which every name lies in /usr/bin and every path is what it says."""

    def __init__(self, variables: frozenset[str] = frozenset()) -> None:
        self._variables = variables

    def resolve(self, operation: Operation, cwd: str) -> Operation:
        if operation.capability in (Capability.READ, Capability.WRITE):
            return replace(operation, resolved=os.path.join(cwd, operation.resource))
        if operation.capability is not Capability.RUN or operation.kind in ("dynamic", "unparseable"):
            return operation
        return replace(operation, resolved=os.path.join("/usr/bin", operation.resource))

    def shell(self, language: str) -> str:
        return f"/bin/{language}"

    def parent_variables(self) -> frozenset[str]:
        return self._variables


Peer = Callable[[str | None, Callable[[str], None]], int | None]


class ScriptedLauncher:
    """Ends each process as scripted: exit status, or a whole result. `launched` keeps the plans.

    `refuses`: no plan can be made. `prints`: what each process prints, `hands`: the values it leaves in the
    files of its capture. `spoil` changes a plan behind everybody's back.
    """

    def __init__(
        self,
        results: Sequence[int | ProcessResult | StageFailure] = (),
        *,
        prints: Sequence[tuple[Stream, bytes]] = (),
        hands: Mapping[str, str] = {},
        refuses: StageFailure | None = None,
        spoil: Callable[[SandboxPlan], SandboxPlan] = lambda plan: plan,
    ) -> None:
        self._results = list(results)
        self._prints = prints
        self._hands = hands
        self._refuses = refuses
        self._spoil = spoil
        self._capture: Capture | None = None
        self.launched: list[SandboxPlan] = []
        self.secret_files: dict[str, str] = {}

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
        if self._refuses is not None:
            return self._refuses
        self._capture = capture
        if secrets is not None:
            values = {**values, **secrets.variables("/run/secrets")}
            self.secret_files = {name: (secrets.directory / name).read_text() for name in secrets.names}
        plan = SandboxPlan(
            request_digest=allowed.request.digest,
            argv=allowed.request.argv,
            cwd=allowed.request.cwd,
            env=tuple(sorted(values.items())),
            namespaces=(),
            mounts=(),
            landlock=(),
            landlock_abi=0,
            seccomp=False,
        )
        return Planned(plan=self._spoil(plan), digest="sha256:plan", gaps=())

    def walls(self, allowed: Allowed) -> Walls:
        return Walls()

    def stop(self) -> None: ...

    def freeze(self, wanted: bool) -> None:
        self.freezes = [*getattr(self, "freezes", []), wanted]

    def launch(
        self,
        planned: Planned,
        output: OutputSink,
        doors: Doors | None = None,
        *,
        stdin_fd: int | None = None,
    ) -> ProcessResult | StageFailure:
        self.launched.append(planned.plan)
        for stream, chunk in self._prints:
            output(stream, chunk)
        for name, text in self._hands.items() if self._capture is not None else ():
            (self._capture.directory / name).write_text(text)  # type: ignore[union-attr]
        result = self._results.pop(0) if self._results else 0
        if isinstance(result, int):
            return ProcessResult(ending="exited", status=result, duration_ns=1)
        return result


class Unconnected:
    """The network of a step that connects to nothing."""

    plan = StepNetwork()
    variables: Mapping[str, str] = MappingProxyType({})

    def serve(self, doors: tuple[Door, ...]) -> None:
        pass

    def close(self) -> None:
        pass


class TalkingLauncher(ScriptedLauncher):
    """Launches a peer instead of a process: `peer(line, say)` is called for each line of its input and for
    the end of it (None), answers with `say`, and ends by returning a status. `postings` keeps what agents
    were given; `stopped`: somebody asked it to end."""

    def __init__(self, peer: Peer, walls: Walls | None = None) -> None:
        super().__init__()
        self._walls = walls or Walls()
        self._peer = peer
        self._wake, self._woken = os.pipe()
        self.stopped = False
        self.postings: list[Posting] = []
        self.files: dict[str, str] = {}

    def plan(self, *given: object, **named: object) -> Planned | StageFailure:  # type: ignore[override]
        posting = given[4] if len(given) > 4 else named.get("posting")
        assert isinstance(posting, Posting)
        self.postings.append(posting)
        self.files = {
            str(path.relative_to(posting.home)): path.read_text()
            for path in posting.home.rglob("*")
            if path.is_file()
        }
        return super().plan(*given, **named)  # type: ignore[arg-type]

    def walls(self, allowed: Allowed) -> Walls:
        return self._walls

    def stop(self) -> None:
        self.stopped = True
        os.write(self._woken, b"x")

    def launch(
        self,
        planned: Planned,
        output: OutputSink,
        doors: Doors | None = None,
        *,
        stdin_fd: int | None = None,
    ) -> ProcessResult | StageFailure:
        assert stdin_fd is not None
        self.launched.append(planned.plan)
        with os.fdopen(stdin_fd, "rb"):
            for line in self._lines(stdin_fd):
                status = self._peer(line, lambda text: output("stdout", text.encode() + b"\n"))
                if status is not None:
                    return ProcessResult(ending="exited", status=status, duration_ns=1)
        ending = "interrupted" if self.stopped else "exited"
        return ProcessResult(ending=ending, status=None if self.stopped else 0, duration_ns=1)  # type: ignore[arg-type]

    def _lines(self, fd: int) -> Iterator[str | None]:
        held = b""
        while self._wake not in (ready := select.select((fd, self._wake), (), ())[0]):
            chunk = os.read(fd, 65536) if ready else b""
            *lines, held = (held + chunk).split(b"\n")
            yield from (line.decode() for line in lines)
            if not chunk:
                yield None
                return


class MemoryLog:
    """Keeps events in order; `full_after` makes the disk full then."""

    def __init__(self, *, full_after: int | None = None, error: Exception | None = None) -> None:
        self.events: list[Event] = []
        self._full_after = full_after
        self._error = error

    @property
    def bodies(self) -> list[Body]:
        return [event.body for event in self.events]

    def append(self, body: Body) -> Event:
        if self._full_after is not None and len(self.events) >= self._full_after and self._error is not None:
            raise self._error
        event = Event(seq=len(self.events), at="2026-01-01T00:00:00.000000Z", prev="", body=body)
        self.events.append(event)
        return event


class QuietFrontend:
    """Keeps what it is shown."""

    def __init__(self) -> None:
        self.shown: list[Event] = []
        self.printed: list[tuple[Stream, bytes]] = []
        self.tasks: list[str] = []

    def show(self, event: Event) -> None:
        self.shown.append(event)

    def output(self, stream: Stream, chunk: bytes) -> None:
        self.printed.append((stream, chunk))

    def present(self, task: str) -> None:
        self.tasks.append(task)


class MemoryFile:
    """An output file in memory."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.content = b""

    def write(self, content: bytes) -> None:
        self.content += content

    def close(self) -> str:
        return f"sha256:{len(self.content)}"
