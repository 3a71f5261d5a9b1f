"""`rundown ls`: the runs of this project."""

import sys
from pathlib import Path

import click

from rundown.cli.places import place_options, runs_place
from rundown.cli.screen import stream_style
from rundown.model.digest import canonical_json
from rundown.record.ids import short_id
from rundown.record.listing import RunEntry, list_runs
from rundown.record.stash import Stash
from rundown.render.escape import visible
from rundown.render.style import Style, Tone

_TONES: dict[str, Tone] = {"completed": "green", "stopped": "red", "damaged": "red", "paused": "yellow"}
_RECENT = 20

_EPILOG = """\b
Examples:
  rundown ls            the newest runs
  rundown ls --all      all of them
"""


@click.command("ls", epilog=_EPILOG)
@click.option("--all", "everything", is_flag=True, help=f"All runs, not only the newest {_RECENT}.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a run.")
@place_options
def command(everything: bool, as_json: bool, root: Path | None, runs_dir: Path | None) -> int:
    """List runs, newest first."""
    place = runs_place(root, runs_dir)
    runs = list_runs(place)
    stashed = Stash(place).find(runs)
    shown = runs if everything else runs[:_RECENT]
    style = stream_style(sys.stdout)
    for run in shown:
        line = _json(run, run == stashed) if as_json else _line(run, style, run == stashed)
        sys.stdout.write(line + "\n")
    if not as_json:
        sys.stdout.write(_hint(len(runs), len(shown)))
    return 0


def _json(run: RunEntry, is_stashed: bool) -> str:
    facts = {
        "run_id": run.run_id,
        "state": run.state,
        "reason": run.reason,
        "runbook": run.runbook_file,
        "started_at": run.started_at,
        "last_at": run.last_at,
        "events": run.events,
        "stashed": is_stashed,
    }
    return canonical_json(facts).decode()


def _line(run: RunEntry, style: Style, is_stashed: bool) -> str:
    detail = ", ".join([*([run.reason] if run.reason else []), *(["stashed"] if is_stashed else [])])
    state = f"{run.state} ({detail})" if detail else run.state
    painted = style.paint(f"{visible(state):<25}", _TONES.get(run.state, "dim"))
    when = visible(run.started_at[:19].replace("T", " "))
    return f"{short_id(run.run_id)}  {when:<19}  {painted}  {visible(run.runbook_file)}"


def _hint(total: int, shown: int) -> str:
    if not total:
        return "no runs here yet: rundown run FILE\n"
    return f"{total - shown} older ones: rundown ls --all\n" if total > shown else ""
