"""`rundown ls`: the runs of this project."""

import sys
from pathlib import Path

import click

from rundown.cli.places import runs_place
from rundown.cli.screen import stream_style
from rundown.model.digest import canonical_json
from rundown.record.ids import short_id
from rundown.record.listing import RunEntry, list_runs
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
@click.option("--root", type=click.Path(path_type=Path), metavar="DIR", help="The project root.")
@click.option("--runs-dir", type=click.Path(path_type=Path), metavar="DIR", help="Where the runs lie.")
def command(everything: bool, as_json: bool, root: Path | None, runs_dir: Path | None) -> int:
    """List runs, newest first."""
    runs = list_runs(runs_place(root, runs_dir))
    shown = runs if everything else runs[:_RECENT]
    style = stream_style(sys.stdout)
    for run in shown:
        line = canonical_json(_facts(run)).decode() if as_json else _line(run, style)
        sys.stdout.write(line + "\n")
    if not as_json:
        sys.stdout.write(_hint(len(runs), len(shown)))
    return 0


def _facts(run: RunEntry) -> dict[str, object]:
    return {
        "run_id": run.run_id,
        "state": run.state,
        "reason": run.reason,
        "runbook": run.runbook_file,
        "started_at": run.started_at,
        "last_at": run.last_at,
        "events": run.events,
    }


def _line(run: RunEntry, style: Style) -> str:
    state = f"{run.state} ({run.reason})" if run.reason else run.state
    painted = style.paint(f"{state:<20}", _TONES.get(run.state, "dim"))
    when = run.started_at[:19].replace("T", " ")
    return f"{short_id(run.run_id)}  {when:<19}  {painted}  {visible(run.runbook_file)}"


def _hint(total: int, shown: int) -> str:
    if not total:
        return "no runs here yet: rundown run FILE\n"
    return f"{total - shown} older ones: rundown ls --all\n" if total > shown else ""
