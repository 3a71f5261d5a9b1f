"""`rundown log`: the events of one run."""

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from rundown.cli.places import place_options, runs_place
from rundown.record.audit import audit_lines
from rundown.record.events import decode_at, read_events, read_lines
from rundown.record.follow import follow_events, follow_lines
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
@click.option(
    "--json", "as_json", is_flag=True, help="The stored lines, byte for byte; same as --format json."
)
@click.option("--follow", is_flag=True, help="Go on printing until the run ends.")
@place_options
def command(
    run: str | None, form: str, as_json: bool, follow: bool, root: Path | None, runs_dir: Path | None
) -> int:
    """Print a run's events. RUN is an id, a unique part of one, or `last`."""
    with open_run(runs_place(root, runs_dir), run) as directory:
        path = directory.path / EVENTS
        for line in _stored(path, follow) if as_json or form == "json" else _rendered(path, follow, form):
            sys.stdout.buffer.write(line + b"\n")
            sys.stdout.buffer.flush()
    return 0


def _stored(path: Path, follow: bool) -> Iterator[bytes]:
    """The lines of the log, byte for byte."""
    for seq, line in enumerate(follow_lines(path) if follow else read_lines(path)):
        decode_at(path, seq, line)
        yield line


def _rendered(path: Path, follow: bool, form: str) -> Iterator[bytes]:
    events = follow_events(path) if follow else read_events(path)
    lines = audit_lines(events) if form == "audit" else map(render_event, events)
    for line in lines:
        yield line.encode()
