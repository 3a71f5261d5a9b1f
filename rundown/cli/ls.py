"""`rundown ls`: the runs of this project."""

import re
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from rundown.cli.places import place_options, runs_place
from rundown.cli.screen import stream_style
from rundown.cli.surroundings import read_surroundings
from rundown.errors import InvalidInputError
from rundown.model.digest import canonical_json
from rundown.policy.units import parse_duration
from rundown.record.choosing import Chosen
from rundown.record.ids import short_id
from rundown.record.listing import RunEntry, list_runs
from rundown.record.stash import Stash
from rundown.record.times import rfc3339
from rundown.render.escape import visible
from rundown.render.style import Style, Tone
from rundown.session.library import known_runbooks, open_runbook

_TONES: dict[str, Tone] = {"completed": "green", "stopped": "red", "damaged": "red", "paused": "yellow"}
_RECENT = 20
_DAY_NS = 24 * 60 * 60 * 1_000_000_000

STATES = (
    *("active", "paused", "completed", "stopped", "interrupted", "empty", "damaged"),
    *("denied", "waiting", "in-doubt", "secret", "sandbox", "violation", "expired"),
)
"""What a run may be, and why it may be paused."""

_EPILOG = """\b
Examples:
  rundown ls            the newest runs
  rundown ls --all      all of them
  rundown ls --state paused --runbook deploy
  rundown ls --since 2d --state stopped --state denied
  rundown ls --since 2026-11-01 --before 2026-12-01 --all --json
"""


class Moment(click.ParamType):  # type: ignore[type-arg]
    """A moment as people write it, as UTC in RFC 3339: so long ago, or a date, with a time or without."""

    name = "when"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        days = re.fullmatch(r"(\d{1,5})d", value)
        ago_ns = int(days[1]) * _DAY_NS if days else parse_duration(value)
        if not value:
            return ""
        if ago_ns is not None:
            return rfc3339(read_surroundings().now_ns() - ago_ns)
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"`{value}` is no moment: write 90m, 2d, 2026-11-01 or 2026-11-01T09:30", param, ctx)
        return rfc3339(int(moment.astimezone(UTC).timestamp() * 1e9))


@click.command("ls", epilog=_EPILOG)
@click.option("--all", "everything", is_flag=True, help=f"All runs, not only the newest {_RECENT}.")
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice(STATES),
    metavar="STATE",
    help=f"Only those: {', '.join(STATES)}. May be repeated.",
)
@click.option("--runbook", default="", metavar="NAME", help="Only of runbooks named so: a part, or a glob.")
@click.option("--since", type=Moment(), default="", metavar="WHEN", help="Started since 90m, 2d, 2026-11-01.")
@click.option("--before", type=Moment(), default="", metavar="WHEN", help="Started before.")
@click.option("--no-parts", is_flag=True, help="Without runs that stood in for a step of another.")
@click.option("--runbooks", is_flag=True, help="List the runbooks that can be run by name instead.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a run.")
@place_options
def command(
    everything: bool,
    states: tuple[str, ...],
    runbook: str,
    since: str,
    before: str,
    no_parts: bool,
    runbooks: bool,
    as_json: bool,
    root: Path | None,
    runs_dir: Path | None,
) -> int:
    """List runs, newest first."""
    if runbooks:
        return _list_runbooks(root, runbook, as_json=as_json)
    place = runs_place(root, runs_dir)
    every = list_runs(place)
    stashed = Stash(place).find(every)
    chosen = Chosen(states=states, runbook=runbook, since=since, before=before, parts=not no_parts)
    runs = tuple(chosen.among(every))
    shown = runs if everything else runs[:_RECENT]
    style = stream_style(sys.stdout)
    for run in shown:
        line = _json(run, run == stashed) if as_json else _line(run, style, run == stashed)
        sys.stdout.write(line + "\n")
    if not as_json:
        sys.stdout.write(_hint(len(every), len(runs), len(shown)))
    return 0


def _list_runbooks(root: Path | None, wanted: str, *, as_json: bool) -> int:
    """Those below the project's own folders, by the name that `rundown run` takes."""
    here = root or read_surroundings().cwd
    style = stream_style(sys.stdout)
    for path in known_runbooks(here):
        name = path.name.removesuffix(".runbook.md")
        if wanted not in name:
            continue
        with suppress(InvalidInputError):
            book = open_runbook(str(path), here).runbook
            shown = str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
            if as_json:
                facts = {"name": name, "file": shown, "title": book.title, "steps": len(book.steps)}
                sys.stdout.write(canonical_json(facts).decode() + "\n")
            else:
                place = style.paint(visible(shown), "dim")
                sys.stdout.write(f"{visible(name):<28}  {visible(book.title)}  {place}\n")
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


def _hint(total: int, chosen: int, shown: int) -> str:
    if not total:
        return "no runs here yet: rundown run FILE\n"
    if not chosen:
        return f"none of {total} runs is meant\n"
    return f"{chosen - shown} older ones: rundown ls --all\n" if chosen > shown else ""
