"""What is on record of a run: its events, what its steps printed, its receipt in lines. Reads only."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

from rundown.errors import RecordError
from rundown.record.events import read_events
from rundown.record.readings import RunSummary, summarise
from rundown.record.rundir import EVENTS
from rundown.render.duration import render_duration
from rundown.render.escape import visible
from rundown.render.event import describe_change
from rundown.render.terminal import describe_ending
from rundown.tui.lines import MOST_CHARACTERS, Lines

RECEIPT = "receipt.json"
_MOST_CHANGES = 200


def read_output(run: Path, name: str) -> Lines:
    """Returns the end of an output file of a run, as much as is kept in memory; a line instead of one that
    cannot be read."""
    lines = Lines()
    try:
        fd = os.open(run / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(fd, "rb") as stream:
            stream.seek(max(0, os.fstat(fd).st_size - MOST_CHARACTERS))
            lines.feed("stdout", stream.read(MOST_CHARACTERS))
    except OSError as error:
        lines.add((f"{name} cannot be read: {error.strerror}",))
    lines.close()
    return lines


async def receipt_lines(run: Path) -> Lines:
    """Returns the run on one page: what was asked, refused, changed and reached, and where the receipt is."""
    return await asyncio.to_thread(_receipt, run)


def _receipt(run: Path) -> Lines:
    lines = Lines()
    try:
        summary = summarise(read_events(run / EVENTS))
    except RecordError as error:
        lines.add(visible(item.message) for item in error.diagnostics)
        return lines
    receipt = run / RECEIPT
    lines.add(_page(summary, receipt if receipt.is_file() else None))
    return lines


def _page(summary: RunSummary, receipt: Path | None) -> Iterator[str]:
    run = summary.run
    yield f"status    {summary.status}" + (f" ({visible(summary.reason)})" if summary.reason else "")
    if summary.message:
        yield f"said      {visible(summary.message)}"
    if run is not None:
        yield f"run       {visible(run.run_id)}"
        yield f"project   {visible(run.root)}"
    started = visible(summary.started_at[:19].replace("T", " "))
    yield f"started   {started} UTC, {render_duration(summary.duration_ns)} to the last event"
    yield f"sandbox   {visible(summary.isolation)}"
    if receipt is None:
        yield "receipt   not written"
    else:
        root = f"{run.root.rstrip('/')}/" if run is not None else ""
        yield f"receipt   {visible(str(receipt).removeprefix(root))}"
        yield "          `rundown verify` checks it"
    for title, found in _sections(summary).items():
        if found:
            yield ""
            yield title
            yield from (f"  {visible(line)}" for line in found)


def _sections(summary: RunSummary) -> dict[str, list[str]]:
    root = f"{summary.run.root.rstrip('/')}/" if summary.run is not None else ""
    changes = [
        f"{describe_change(item.before, item.after):<7}  {item.path.removeprefix(root)}"
        for item in summary.changes[:_MOST_CHANGES]
    ]
    more = len(summary.changes) - len(changes)
    return {
        "steps": [
            " ".join(
                part
                for part in (
                    f"{item.position:<6}",
                    f"{item.result or 'no result':<9}",
                    describe_ending(item.process) if item.process is not None else item.reported_by,
                    render_duration(item.process.duration_ns) if item.process is not None else "",
                    item.title,
                )
                if part
            )
            for item in summary.attempts
        ],
        "asked": [
            f"{ask.position}  {ask.resource}: {ask.answer} ({ask.answered_by})" for ask in summary.asks
        ],
        "denied": [
            f"{item.position}  {item.capability} {item.resource}: {item.why}" for item in summary.denials
        ],
        "not enforced": [f"{gap.message} [{gap.code}]" for gap in summary.gaps],
        "changed": [*changes, f"… and {more} more"] if more > 0 else changes,
        "changes not seen": list(summary.unseen),
        "network": [f"{item.host}:{item.port} {item.outcome}" for item in summary.network],
        "values": [f"{name} = {text}" for name, text in summary.variables.items()],
        "in doubt": [f"step {position}: nobody saw its end" for position in summary.in_doubt],
    }
