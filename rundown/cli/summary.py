"""A whole run on one page, for `rundown show` and `rundown status`."""

from collections.abc import Iterator
from pathlib import Path

from rundown.record.ids import short_id
from rundown.record.readings import Attempt, RunSummary
from rundown.render.duration import render_duration
from rundown.render.escape import visible
from rundown.render.event import describe_change
from rundown.render.style import Style, Tone
from rundown.render.terminal import describe_ending

_TONES: dict[str, Tone] = {
    "completed": "green",
    "stopped": "red",
    "paused": "yellow",
    "interrupted": "yellow",
    "running": "cyan",
}
_MOST_CHANGES = 20


def render_summary(summary: RunSummary, style: Style, receipt: Path | None = None) -> str:
    """Returns the page, ending in a line end."""
    head = _head(summary, style)
    if receipt is not None:
        head.append(f"  receipt  {visible(str(receipt))}")
    return "\n".join([*head, *_steps(summary, style), *_facts(summary, style)]) + "\n"


def render_standing(family: tuple[RunSummary, ...], style: Style) -> str:
    """Returns where a run is, in a few lines, ending in a line end. `family`: the run, then each run that
    stands in for a unit of the one before."""
    summary = family[-1]
    lines = _head(family[0], style)
    for below in family[1:]:
        file = visible(below.run.runbook_file) if below.run is not None else "a run that never began"
        lines.append(f"  in       {file} at step {visible(below.position)}")
    if summary.status == "paused" and summary.reason == "waiting":
        lines.append("waits for a person: rundown pass   or: rundown fail")
    first = family[0].run
    if summary.status == "interrupted" and first is not None:
        lines.append(f"its process died; go on: rundown resume {visible(short_id(first.run_id))}")
    return "\n".join(lines) + "\n"


def _head(summary: RunSummary, style: Style) -> list[str]:
    run = summary.run
    if run is None:
        return [style.paint("a run that never began", "bold")]
    status = summary.status + (f" ({summary.reason})" if summary.reason else "")
    painted = style.paint(visible(status), _TONES[summary.status], "bold")
    lines = [f"{style.paint(visible(run.runbook_file), 'bold')}  {painted}"]
    lines.append(f"  run      {visible(run.run_id)}")
    lines.append(f"  root     {visible(run.root)}")
    duration = render_duration(summary.duration_ns)
    started = visible(summary.started_at[:19].replace("T", " "))
    lines.append(f"  started  {started} UTC, {duration} to the last event")
    if summary.position:
        lines.append(f"  at step  {visible(summary.position)}")
    if summary.message:
        lines.append(f"  said     {visible(summary.message)}")
    return lines


def _steps(summary: RunSummary, style: Style) -> list[str]:
    if not summary.attempts:
        return []
    wide = max(len(visible(item.position)) for item in summary.attempts)
    return ["", style.paint("steps", "dim"), *(_step(item, wide, style) for item in summary.attempts)]


def _step(item: Attempt, wide: int, style: Style) -> str:
    tone: Tone = {"pass": "green", "fail": "red", None: "yellow"}[item.result]  # type: ignore[assignment]
    sign = style.paint(f"{style.sign(item.result or 'pause'):<2}", tone)
    details = [describe_ending(item.process)] if item.process is not None else []
    if item.process is not None:
        details.append(render_duration(item.process.duration_ns))
        details += [item.process.reason] if item.process.reason else []
    if item.failure is not None:
        details.append(f"not launched: {item.failure.stage}: {item.failure.detail}")
    if item.reported_by and item.reported_by != "process":
        details.append(f"by {item.reported_by}")
    if item.decision == "deny":
        details.append("denied")
    if item.note:
        details.append(item.note)
    again = f" (attempt {item.number})" if item.number > 1 else ""
    tail = style.paint("  " + visible(", ".join(details)), "dim") if details else ""
    output = style.paint(f"  {visible(item.output)}", "dim") if item.output else ""
    return f"  {sign} {visible(item.position):<{wide}}  {visible(item.title)}{again}{tail}{output}"


def _facts(summary: RunSummary, style: Style) -> Iterator[str]:
    sections = {
        "asked": [
            f"{ask.position}  {ask.resource}: {ask.answer} ({ask.answered_by})" for ask in summary.asks
        ],
        "denied": [
            f"{item.position}  {item.capability} {item.resource}: {item.why}" for item in summary.denials
        ],
        "not enforced": [f"{gap.message} [{gap.code}]" for gap in summary.gaps],
        "violations": [
            f"{item.position}  {item.capability} {item.resource}: {item.action}"
            for item in summary.violations
        ],
        "likely refused": [
            f"{item.position}  {item.capability} {item.resource}: {item.why}"
            + (f" ({item.flag})" if item.flag else "")
            for item in summary.suspected
        ],
        "changed": _changes(summary),
        "changes not seen": list(summary.unseen),
        "network": [f"{item.host}:{item.port} {item.outcome}" for item in summary.network],
        "secrets released": list(summary.secrets),
        "values": [f"{name} = {text}" for name, text in summary.variables.items()],
        "in doubt": [f"step {position}: nobody saw its end" for position in summary.in_doubt],
    }
    for title, lines in sections.items():
        if lines:
            yield ""
            yield style.paint(title, "dim")
            yield from (f"  {visible(line)}" for line in lines)


def _changes(summary: RunSummary) -> list[str]:
    root = f"{summary.run.root.rstrip('/')}/" if summary.run is not None else ""
    lines = [
        f"{describe_change(item.before, item.after):<7}  {item.path.removeprefix(root)}"
        for item in summary.changes[:_MOST_CHANGES]
    ]
    more = len(summary.changes) - len(lines)
    return [*lines, f"… and {more} more: rundown diff --stat"] if more else lines
