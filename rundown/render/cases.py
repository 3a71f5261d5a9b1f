"""What a run came to, step by step, for reports that are written when it is over: JUnit, CI annotations.

A reading of the same events that are on disk; of what steps print it keeps the beginning and the end.
"""

from typing import Literal

from msgspec import Struct

from rundown.model.diagnostic import Diagnostic, Span
from rundown.model.event import (
    Body,
    DecisionMade,
    EgressBlocked,
    LaunchFailed,
    ProcessEnded,
    RunFinished,
    RunPaused,
    RunResumed,
    RunStarted,
    StepFinished,
    StepStarted,
)
from rundown.model.runbook import Runbook
from rundown.render.refusal import RefusalReader
from rundown.render.terminal import describe_ending

Verdict = Literal[
    "", "pass", "fail", "denied", "sandbox", "waiting", "in-doubt", "interrupted", "violation", "stopped"
]
_HEAD_BYTES = 64 * 1024
_TAIL_BYTES = 64 * 1024
_PAUSES: dict[str, Verdict] = {
    "denied": "denied",
    "sandbox": "sandbox",
    "waiting": "waiting",
    "in-doubt": "in-doubt",
    "interrupted": "interrupted",
    "violation": "violation",
}


class Printed(Struct, kw_only=True):
    """The beginning and the end of what a step printed, and how many bytes between them were left out."""

    head: bytes = b""
    tail: bytes = b""
    cut_bytes: int = 0

    def add(self, chunk: bytes) -> None:
        """Takes in what comes next."""
        room = _HEAD_BYTES - len(self.head)
        self.head, rest = self.head + chunk[:room], chunk[room:]
        self.tail += rest
        if len(self.tail) > 2 * _TAIL_BYTES:
            self._shorten()

    def content(self) -> bytes:
        """Returns all that is kept, and says what is not."""
        if len(self.tail) > _TAIL_BYTES:
            self._shorten()
        said = f"\n[{self.cut_bytes} bytes left out: rundown show has them]\n" if self.cut_bytes else ""
        return self.head + said.encode() + self.tail

    def _shorten(self) -> None:
        self.cut_bytes += len(self.tail) - _TAIL_BYTES
        self.tail = self.tail[-_TAIL_BYTES:]


class Case(Struct, kw_only=True):
    """One unit: in a loop one an iteration, attempts taken together. `verdict` "" if it was not reached;
    `detail` says how it ended, `problems` what it was denied, each with its place."""

    position: str
    title: str
    span: Span | None = None
    verdict: Verdict = ""
    detail: str = ""
    duration_ns: int = 0
    attempts: int = 0
    printed: Printed
    problems: tuple[Diagnostic, ...] = ()


def case_name(position: str, title: str) -> str:
    """Returns `2 Build`; a step that is its own name stands once."""
    return position if title in ("", position) else f"{position} {title}"


class RunReport(Struct, kw_only=True):
    """One run. `status`: running, completed, stopped, paused; `message` what its end says."""

    runbook_file: str
    runbook_path: str = ""
    run_id: str = ""
    status: str = "running"
    message: str = ""
    started_at: str = ""
    ended_at: str = ""
    cases: dict[str, Case]


class ReportReader:
    """Follows one run. `resume`: the command that goes on with it."""

    def __init__(self, runbook: Runbook, resume: str) -> None:
        self._resume = resume
        self._spans = dict(_places(runbook))
        self._refusals = RefusalReader()
        self._current: Case | None = None
        self.report = RunReport(runbook_file=runbook.file, cases={})
        self.unreached = tuple(_units(runbook))

    def output(self, chunk: bytes) -> None:
        """Takes in what the step prints that is running."""
        if self._current is not None:
            self._current.printed.add(chunk)

    def read(self, at: str, body: Body) -> None:
        """Takes in one event. `at`: its time."""
        self._refusals.read(body)
        self.report.ended_at = at
        match body:
            case RunStarted():
                self.report.run_id, self.report.started_at = body.run_id, at
                self.report.runbook_path = body.runbook_path
            case StepStarted():
                self._start(body)
            case DecisionMade() if body.outcome == "deny" and self._current is not None:
                self._current.problems = self._refusals.diagnostics(self._resume)
            case EgressBlocked() if self._current is not None:
                self._current.detail = f"{body.host}:{body.port} was refused: {body.reason}"
            case ProcessEnded() if self._current is not None and self._current.position == body.position:
                self._current.duration_ns += body.result.duration_ns
                self._current.detail = describe_ending(body.result)
            case LaunchFailed() if self._current is not None:
                self._current.detail = f"not launched: {body.failure.stage}: {body.failure.detail}"
            case StepFinished():
                self._finish(body)
            case RunPaused():
                self._pause(body)
            case RunResumed():
                self.report.status = "running"
            case RunFinished():
                self._end(body)
            case _:
                pass

    def _start(self, body: StepStarted) -> None:
        case = self.report.cases.get(body.position)
        if case is None:
            unit = (body.step, body.substep)
            case = Case(
                position=body.position, title=body.title, span=self._spans.get(unit), printed=Printed()
            )
            self.report.cases[body.position] = case
            self.unreached = tuple(item for item in self.unreached if item[:2] != unit)
        case.attempts += 1
        case.verdict, case.detail, case.problems = "", "", ()
        self._current = case

    def _finish(self, body: StepFinished) -> None:
        case = self.report.cases.get(body.position)
        if case is None:
            return
        case.verdict = body.result
        case.detail = "; ".join(part for part in (body.note, case.detail) if part)
        self._current = None

    def _pause(self, body: RunPaused) -> None:
        self.report.status, self.report.message = "paused", body.detail
        case = self.report.cases.get(body.position)
        if case is not None:
            case.verdict = _PAUSES.get(body.reason, "interrupted")
            case.detail = case.detail if body.reason == "interrupted" and case.detail else body.detail

    def _end(self, body: RunFinished) -> None:
        self.report.status = body.status
        self.report.message = body.message + (f" [{body.code}]" if body.code else "")
        case = self._current
        if case is not None and not case.verdict:
            case.verdict, case.detail = "stopped", self.report.message


def _places(runbook: Runbook) -> list[tuple[tuple[str, str | None], Span]]:
    found: list[tuple[tuple[str, str | None], Span]] = []
    for step in runbook.steps:
        found.append(((step.id, None), step.span))
        found += [((step.id, part.id), part.span) for part in step.substeps]
    return found


def _units(runbook: Runbook) -> list[tuple[str, str | None, str]]:
    """Each unit: step, substep, title."""
    found: list[tuple[str, str | None, str]] = []
    for step in runbook.steps:
        if not step.substeps:
            found.append((step.id, None, step.title))
        found += [(step.id, part.id, part.title) for part in step.substeps]
    return found
