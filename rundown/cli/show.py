"""`rundown show` and `rundown status`: one run, read from its checked log."""

import sys
from pathlib import Path

import click

from rundown.cli.places import place_options, runs_place
from rundown.cli.screen import stream_style
from rundown.cli.summary import render_standing, render_summary
from rundown.model.digest import canonical_json
from rundown.record.chain import verify_lines
from rundown.record.events import damaged, read_events, read_lines
from rundown.record.issue import RECEIPT
from rundown.record.listing import RunEntry, list_runs, open_run
from rundown.record.lock import is_active
from rundown.record.readings import RunSummary, seen_from_outside, summarise
from rundown.record.requests import check_requests
from rundown.record.rundir import CONTRACT, EVENTS, RunDirectory
from rundown.render.output import OutputFilter

_EPILOG = """\b
Examples:
  rundown show                     the newest run
  rundown show 98f3a1b2c3d4        steps, answers, denials, gaps, changed files
  rundown show --output 2.1        what step 2.1 printed
  rundown show --html run.html     everything on one page, to hand on

Exit code: 0, or 6 if the log does not hold together.
"""
_AT_REST = {"paused": ("paused",), "interrupted": ("paused", "interrupted")}
"""How those below a run stand that has come to rest, by how it stands itself."""


@click.command("show", epilog=_EPILOG)
@click.argument("run", required=False)
@click.option("--output", "position", metavar="STEP", help="Print what a step printed, its last attempt.")
@click.option("--json", "as_json", is_flag=True, help="The summary as one JSON object.")
@click.option(
    "--html",
    "page",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write a report of it: one page, nothing else needed to read it; `-` for standard output.",
)
@place_options
def command(
    run: str | None,
    position: str | None,
    as_json: bool,
    page: Path | None,
    root: Path | None,
    runs_dir: Path | None,
) -> int:
    """Show one run: steps, answers, denials, gaps. RUN is an id, a part of one, or nothing for the newest."""
    if page is not None:
        from rundown.cli.report import write_report

        return write_report(run, page, runs_place(root, runs_dir))
    with open_run(runs_place(root, runs_dir), run) as directory:
        summary = _summary(directory)
        receipt = directory.path / RECEIPT
        if position is not None:
            _print_output(directory.read_file(_output_of(summary, position)))
            return 0
    if as_json:
        sys.stdout.write(canonical_json(summary).decode() + "\n")
    else:
        sys.stdout.write(_page(summary, receipt))
    return 0


@click.command("status")
@click.argument("run", required=False)
@place_options
def status(run: str | None, root: Path | None, runs_dir: Path | None) -> int:
    """Say where a run is, and where the runbooks that it runs are."""
    place = runs_place(root, runs_dir)
    with open_run(place, run) as directory:
        summaries = [_summary(directory)]
        run_id = directory.run_id
    states = _AT_REST.get(summaries[0].status, ())
    entries = tuple(entry for entry in list_runs(place) if entry.state in states) if states else ()
    seen = {run_id}
    while (child := _standing_in(entries, run_id)) is not None and child not in seen:
        seen.add(child)
        with open_run(place, child) as directory:
            summaries.append(_summary(directory))
        run_id = child
    sys.stdout.write(render_standing(tuple(summaries), stream_style(sys.stdout)))
    return 0


def _standing_in(entries: tuple[RunEntry, ...], run_id: str) -> str | None:
    """The run below a run that has come to rest, which is not over either."""
    return next((entry.run_id for entry in entries if entry.parent_run == run_id), None)


def _page(summary: RunSummary, receipt: Path) -> str:
    style = stream_style(sys.stdout)
    return render_summary(summary, style, receipt if receipt.is_file() else None)


def _print_output(content: bytes) -> None:
    """Prints it byte for byte; on a terminal only what may be shown there."""
    if sys.stdout.isatty():
        shown = OutputFilter(color=stream_style(sys.stdout).color)
        content = shown.feed(content) + shown.flush()
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()


def _summary(directory: RunDirectory) -> RunSummary:
    was_driven = is_active(directory)
    path = directory.path / EVENTS
    contract = directory.read_file(CONTRACT).removesuffix(b"\n")
    findings = verify_lines(contract, read_lines(path)) or check_requests(read_events(path))
    if findings:
        raise damaged(path, findings)
    return seen_from_outside(summarise(read_events(path)), was_driven=was_driven)


def _output_of(summary: RunSummary, position: str) -> str:
    found = [item.output for item in summary.attempts if item.position == position and item.output]
    if not found:
        known = ", ".join(dict.fromkeys(item.position for item in summary.attempts if item.output))
        raise click.UsageError(f"step {position} printed nothing in this run; these did: {known or 'none'}")
    return found[-1]
