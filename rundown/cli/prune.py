"""`rundown prune`: removes old runs, never one that is active."""

import sys
from pathlib import Path

import click

from rundown.cli.places import place_options, runs_place
from rundown.cli.screen import tell
from rundown.cli.surroundings import read_surroundings
from rundown.errors import RecordError
from rundown.record.ids import short_id
from rundown.record.listing import RunEntry, list_runs
from rundown.record.prune import choose_runs, remove_run
from rundown.record.stash import Stash
from rundown.render.escape import visible

_DAY_MS = 24 * 60 * 60 * 1000
_EPILOG = """\b
Examples:
  rundown prune --keep 20              all but the newest twenty
  rundown prune --older 30             those started more than thirty days ago
  rundown prune --keep 5 --older 30    those for which both hold
  rundown prune --all --dry-run        what would go

A run that goes on elsewhere now is never removed; one that could be resumed only with --unfinished, and
one that is stashed not at all. Parts of a run go with it. Exit code: 0, or 6 if one could not be removed.
"""


@click.command("prune", epilog=_EPILOG)
@click.option("--keep", type=click.IntRange(min=0), metavar="N", help="Keep the newest N.")
@click.option("--older", type=click.FloatRange(min=0), metavar="DAYS", help="Only those older than that.")
@click.option("--all", "everything", is_flag=True, help="All that have ended.")
@click.option("--unfinished", is_flag=True, help="Also those that could be resumed.")
@click.option("--dry-run", is_flag=True, help="Say what would go; remove nothing.")
@place_options
def command(
    keep: int | None,
    older: float | None,
    everything: bool,
    unfinished: bool,
    dry_run: bool,
    root: Path | None,
    runs_dir: Path | None,
) -> int:
    """Remove old runs of this project, with their output, receipts and diffs."""
    if keep is None and older is None and not everything:
        raise click.UsageError("say which: --keep N, --older DAYS, both, or --all")
    place = runs_place(root, runs_dir)
    entries = list_runs(place)
    stashed = Stash(place).find(entries)
    before_ms = None
    if older is not None:
        before_ms = read_surroundings().now_ns() // 1_000_000 - int(older * _DAY_MS)
    chosen = choose_runs(entries, keep=keep, before_ms=before_ms, unfinished=unfinished, spared=stashed)
    failed = 0
    for entry in chosen:
        try:
            if not dry_run:
                remove_run(place, entry.run_id)
        except RecordError as problem:
            failed += 1
            tell(*problem.diagnostics)
        else:
            sys.stdout.write(_line(entry))
    verb = "would go" if dry_run else "removed"
    sys.stdout.write(f"{len(chosen) - failed} {verb}, {len(entries) - len(chosen) + failed} kept\n")
    return RecordError.exit_code if failed else 0


def _line(entry: RunEntry) -> str:
    when = entry.started_at[:19].replace("T", " ")
    return f"{short_id(entry.run_id)}  {when:<19}  {entry.state:<11}  {visible(entry.runbook_file)}\n"
