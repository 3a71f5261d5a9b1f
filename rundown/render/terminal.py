"""Events as lines for a person at a terminal: a header a step, a result line, a table at the end.

A reading of the same stream that is on disk; it holds only what a line needs of the events before it.
"""

from msgspec import Struct

from rundown.model.event import (
    Body,
    ChildStarted,
    DecisionMade,
    EgressAllowed,
    EgressBlocked,
    EndForced,
    HostProbed,
    Jumped,
    LaunchFailed,
    LaunchRequested,
    ModelUsed,
    PolicyFrozen,
    ProcessEnded,
    RefusalSuspected,
    RunFinished,
    RunPaused,
    RunResumed,
    StepFinished,
    StepStarted,
    ViolationSeen,
)
from rundown.model.policy import Outcome
from rundown.model.sandbox import ProcessResult
from rundown.render.cells import fit_cells, pad_cells
from rundown.render.connection import gather, place_of, render_connections
from rundown.render.duration import render_duration, render_size
from rundown.render.escape import visible
from rundown.render.style import Style, Tone


class Row(Struct, kw_only=True):
    """One line of the final table. `duration_ns` 0 where no process ran."""

    position: str
    title: str
    result: str
    duration_ns: int = 0
    attempts: int = 1


class TerminalReader:
    """Turns each event into the text to show now ("" for nothing). `total` counts the runbook's units."""

    def __init__(self, style: Style, total: int) -> None:
        self._style = style
        self._total = total
        self._rows: dict[str, Row] = {}
        self._gaps_told: set[str] = set()
        self._connections: list[EgressAllowed | EgressBlocked] = []
        self._blocked_told: set[tuple[str, str, int]] = set()
        self._ended: ProcessResult | None = None
        self._open: StepStarted | None = None
        self._refused: tuple[str, ...] = ()
        self._goes_on = ""

    def read(self, body: Body) -> str:
        """Returns the lines for one event, ending in a line end, or "". Where a run goes on is said once it
        does: a person may have sent it elsewhere, or ended it."""
        match body:
            case HostProbed() | PolicyFrozen():
                return ""
            case Jumped() | EndForced():
                self._goes_on = ""
                return ""
            case _:
                goes_on, self._goes_on = self._goes_on, ""
                return goes_on + self._lines(body)

    def _lines(self, body: Body) -> str:
        match body:
            case StepStarted():
                return self._started(body)
            case DecisionMade(outcome="deny"):
                self._note_refused(body)
                return ""
            case LaunchRequested():
                return self._gaps(body)
            case ProcessEnded():
                if self._open is None or self._open.position == body.position:  # not: a shell in its sandbox
                    self._ended = body.result
                return self._remarks(body.result)
            case LaunchFailed():
                return ""
            case ModelUsed():
                return self._line("dot", describe_usage(body), "dim")
            case RefusalSuspected():
                return self._suspected(body)
            case ViolationSeen():
                told = f"against policy: {body.capability} {visible(body.resource)}, {visible(body.action)}"
                return self._line("warn", told, "yellow")
            case StepFinished():
                return self._finished(body)
            case RunPaused():
                return self._paused(body)
            case ChildStarted():
                return self._line("dot", f"runs {visible(body.reference)}", "dim")
            case RunResumed():
                return self._resumed(body)
            case EgressAllowed() | EgressBlocked():
                self._connections.append(body)
                return self._blocked(body) if isinstance(body, EgressBlocked) else ""
            case RunFinished():
                return self._end(body)
            case _:
                return ""

    def _resumed(self, body: RunResumed) -> str:
        text = ""
        if body.changes:
            text = self._line("warn", f"changed since the run began: {', '.join(body.changes)}", "yellow")
        self._goes_on = self._header(self._open) if self._open is not None else ""
        return text

    def _started(self, body: StepStarted) -> str:
        self._open = body
        known = self._rows.get(body.position)
        if known is None:
            self._rows[body.position] = Row(position=body.position, title=body.title, result="")
        else:
            known.attempts += 1
        return self._header(body)

    def _header(self, body: StepStarted) -> str:
        style = self._style
        sign = style.sign("start" if body.attempt == 1 else "retry")
        again = style.paint(f"  attempt {body.attempt}", "yellow") if body.attempt > 1 else ""
        place = list(self._rows).index(body.position) + 1
        count = style.paint(f"  [{place}/{max(self._total, len(self._rows))}]", "dim")
        name = style.paint(f"{body.position} {visible(body.title)}".rstrip(), "bold")
        return f"\n{style.paint(sign, 'cyan')} {name}{again}{count}\n"

    def _note_refused(self, body: DecisionMade) -> None:
        for ruling in body.rulings:
            if ruling.outcome is Outcome.DENY:
                told = f"{visible(str(ruling.operation))} (step {body.position})"
                self._refused = (*self._refused, *(() if told in self._refused else (told,)))

    def _gaps(self, body: LaunchRequested) -> str:
        lines = []
        for gap in body.gaps:
            if gap.code not in self._gaps_told:
                self._gaps_told.add(gap.code)
                told = f"not enforced here: {visible(gap.message)} [{gap.code}]"
                lines.append(self._line("warn", told, "yellow"))
        return "".join(lines)

    def _remarks(self, result: ProcessResult) -> str:
        remarks = [visible(result.reason)] if result.reason else []
        if result.left_behind:
            noun = "process was" if result.left_behind == 1 else "processes were"
            remarks.append(f"{result.left_behind} background {noun} ended with the step")
        if result.output_cut_bytes:
            remarks.append(f"{render_size(result.output_cut_bytes)} of output were cut from the middle")
        return "".join(self._line("dot", remark, "dim") for remark in remarks)

    def _suspected(self, body: RefusalSuspected) -> str:
        reason = f"likely refused: {body.capability} {visible(body.resource)}: {visible(body.why)}"
        mend = (
            f"{visible(body.flag)}      (or in .rundownrc.yaml: {visible(body.yaml)})"
            if body.yaml
            else visible(body.flag)
        )
        told = self._line("warn", reason, "yellow")
        return told + (self._style.paint(f"  {mend}", "dim") + "\n" if mend else "")

    def _finished(self, body: StepFinished) -> str:
        position = body.position
        row = self._rows.setdefault(position, Row(position=position, title="", result=""))
        ended, self._ended, self._open = self._ended, None, None
        row.result = body.result
        detail = []
        if ended is not None:
            row.duration_ns += ended.duration_ns
            if body.result == "fail" or ended.ending != "exited":
                detail.append(describe_ending(ended))
            detail.append(render_duration(ended.duration_ns))
        elif body.reported_by == "person":
            detail.append("reported by a person")
        if body.note:
            detail.append(visible(body.note))
        tone: Tone = "green" if body.result == "pass" else "red"
        word = "passed" if body.result == "pass" else "failed"
        sign = self._style.paint(self._style.sign(body.result), tone, "bold")
        tail = self._style.paint("  " + ", ".join(detail), "dim") if detail else ""
        return f"{sign} {position} {self._style.paint(word, tone)}{tail}\n"

    def _paused(self, body: RunPaused) -> str:
        self._ended = None
        detail = f": {visible(body.detail)}" if body.detail else ""
        return "\n" + self._line("pause", f"paused at step {body.position} ({body.reason}){detail}", "yellow")

    def _end(self, body: RunFinished) -> str:
        tone: Tone = "green" if body.status == "completed" else "red"
        sign = "pass" if body.status == "completed" else "stop"
        message = f": {visible(body.message)}" if body.message else ""
        message += f" [{body.code}]" if body.code else ""
        network = render_connections(gather(self._connections), self._style)
        last = self._line(sign, f"{body.status}{message}", tone)
        return "\n" + self._table() + network + last

    def _blocked(self, body: EgressBlocked) -> str:
        """Said once for each place of a step; how often it was is in the table."""
        key = (body.position, body.host, body.port)
        if key in self._blocked_told:
            return ""
        self._blocked_told.add(key)
        what = place_of(body.host, body.port)
        did = "was not looked up" if body.port == 0 else "was not reached"
        flag = f"  ({body.flag})" if body.flag else ""
        return self._line("warn", visible(f"{what} {did}: {body.reason}{flag}"), "yellow")

    def _table(self) -> str:
        rows = [row for row in self._rows.values() if row.result]
        if len(rows) < 2:
            return ""
        wide = max(len(row.position) for row in rows)
        lines = [self._style.paint(self._style.sign("rule") * min(self._style.width, 60), "dim")]
        for row in rows:
            tone: Tone = "green" if row.result == "pass" else "red"
            mark = self._style.paint(f"{self._style.sign(row.result):<2}", tone)
            times = render_duration(row.duration_ns) if row.duration_ns else ""
            again = f"  ({row.attempts} attempts)" if row.attempts > 1 else ""
            room = max(10, min(self._style.width, 100) - wide - 16)
            title = fit_cells(visible(row.title), room, unicode=self._style.unicode)
            named = pad_cells(title, min(room, 40))
            lines.append(f"{mark}{row.position:<{wide}}  {named} {times:>8}{again}".rstrip())
        if self._refused:
            lines.append(self._line("warn", f"refused: {', '.join(self._refused)}", "yellow").rstrip("\n"))
        return "\n".join(lines) + "\n"

    def _line(self, sign: str, text: str, tone: Tone) -> str:
        return self._style.paint(f"{self._style.sign(sign)} {text}", tone) + "\n"


def describe_usage(body: ModelUsed) -> str:
    """Returns `claude-x: 6 requests, 700 tokens in, 70 out, 0.12 US dollars`."""
    name = visible(", ".join(body.models) or body.host)
    noun = "request" if body.requests == 1 else "requests"
    money = f", {body.cost_usd:.2f} US dollars" if body.cost_usd is not None else ""
    refused = f"; refused {len(body.refused)} of other kinds" if body.refused else ""
    tokens = f"{body.input_tokens} tokens in, {body.output_tokens} out"
    return f"{name}: {body.requests} {noun}, {tokens}{money}{refused}"


def describe_ending(result: ProcessResult) -> str:
    """Returns `exit status 2`, `killed by signal 9`, `timed out`, `out of memory` or `interrupted`."""
    match result.ending:
        case "exited":
            return f"exit status {result.status}"
        case "signalled":
            return f"killed by signal {result.signal}"
        case other:
            return other.replace("-", " ")
