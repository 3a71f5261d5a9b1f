"""`rundown log`: the events of one run."""

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from rundown.cli.places import runs_place
from rundown.model.digest import canonical_json
from rundown.model.event import Event
from rundown.record.audit import audit_lines
from rundown.record.events import read_events
from rundown.record.follow import follow_events
from rundown.record.listing import open_run
from rundown.record.rundir import EVENTS
from rundown.render.event import render_event

_EPILOG = """\b
Examples:
  rundown log                      the newest run
  rundown log 01f0 --format audit  one line a fact, for grep
  rundown log --follow             as it goes
"""


@click.command("log", epilog=_EPILOG)
@click.argument("run", required=False)
@click.option(
    "--format", "form", type=click.Choice(["plain", "json", "audit"]), default="plain", show_default=True
)
@click.option("--json", "as_json", is_flag=True, help="Same as --format json.")
@click.option("--follow", is_flag=True, help="Go on printing until the run ends.")
@click.option("--root", type=click.Path(path_type=Path), metavar="DIR", help="The project root.")
@click.option("--runs-dir", type=click.Path(path_type=Path), metavar="DIR", help="Where the runs lie.")
def command(
    run: str | None, form: str, as_json: bool, follow: bool, root: Path | None, runs_dir: Path | None
) -> int:
    """Print a run's events. RUN is an id, a unique part of one, or `last`."""
    with open_run(runs_place(root, runs_dir), run) as directory:
        path = directory.path / EVENTS
        events = follow_events(path) if follow else read_events(path)
        for line in _lines(events, "json" if as_json else form):
            sys.stdout.write(line + "\n")
            sys.stdout.flush()
    return 0


def _lines(events: Iterator[Event], form: str) -> Iterator[str]:
    if form == "audit":
        yield from audit_lines(events)
        return
    for event in events:
        yield canonical_json(event).decode() if form == "json" else render_event(event)
