"""`rundown stash` and `rundown pop`: set the active run aside, and take it up again."""

import sys
from pathlib import Path

import click

from rundown.cli.places import place_options, runs_place
from rundown.record.ids import short_id
from rundown.record.listing import list_runs
from rundown.record.stash import Stash
from rundown.render.escape import visible


@click.command("stash")
@place_options
def stash(root: Path | None, runs_dir: Path | None) -> int:
    """Set the active run aside, so that another can be run first. There is one slot."""
    place = runs_place(root, runs_dir)
    put = Stash(place).put(list_runs(place))
    if put is None:
        sys.stdout.write("no run is active here\n")
        return 0
    run = short_id(put.run_id)
    sys.stdout.write(f"run {run} ({visible(put.runbook_file)}) is set aside; back again: rundown pop\n")
    return 0


@click.command("pop")
@place_options
def pop(root: Path | None, runs_dir: Path | None) -> int:
    """Make the run that was set aside the active one again."""
    place = runs_place(root, runs_dir)
    back = Stash(place).pop(list_runs(place))
    if back is None:
        sys.stdout.write("no run is set aside here\n")
        return 0
    reason = f", {back.reason}" if back.reason else ""
    run = short_id(back.run_id)
    sys.stdout.write(f"run {run} ({visible(back.runbook_file)}{reason}) is the active one again\n")
    return 0
