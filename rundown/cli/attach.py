"""`rundown attach`: watch a run that goes on elsewhere, and answer it where it waits."""

import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import click
from msgspec import Struct
from msgspec.structs import replace

from rundown.cli.continuing import active_run, go_on
from rundown.cli.ending import pause_code
from rundown.cli.front import Look, show_run
from rundown.cli.inputs import input_options
from rundown.cli.option_sections import SectionedCommand
from rundown.cli.options import flags_again, policy_options
from rundown.cli.places import place_again, runs_place
from rundown.cli.report_options import Reports
from rundown.cli.surroundings import read_surroundings
from rundown.errors import InvalidInputError, RecordError
from rundown.model.diagnostic import Diagnostic
from rundown.model.event import Event, RunFinished, RunPaused, StepStarted
from rundown.record.attend import attend
from rundown.record.events import StoredEvents, read_events
from rundown.record.ids import short_id
from rundown.record.listing import list_runs, outermost_contract
from rundown.record.lock import holder, is_active
from rundown.record.place import RunsPlace
from rundown.record.rundir import EVENTS, RunDirectory
from rundown.session.library import Document, parse_document
from rundown.session.ports import Frontend
from rundown.session.reopening import RUNBOOK_COPY
from rundown.session.wish import Wish

_ANSWERED = frozenset({"denied", "waiting", "in-doubt", "secret"})
_EPILOG = """\b
Examples:
  rundown run deploy.runbook.md --detach
  rundown attach                         watch it; Ctrl-C leaves, and the run goes on
  rundown attach --interrupt             end its step; the run pauses

A run that waits for an answer is gone on with here, as `rundown resume` does. Exit code: as `rundown run`;
0 when you leave.
"""


@click.command("attach", cls=SectionedCommand, epilog=_EPILOG)
@click.argument("run", required=False)
@click.option("--interrupt", is_flag=True, help="End the step that runs and pause the run, as Ctrl-C would.")
@click.option("--json", "as_json", is_flag=True, help="Print events as JSON lines.")
@click.option("--raw-output", is_flag=True, help="Pass escape sequences of steps on to the terminal.")
@click.option("--runs-dir", type=click.Path(path_type=Path), metavar="DIR", help="Where the record is.")
@input_options
@policy_options
def command(
    run: str | None,
    interrupt: bool,
    as_json: bool,
    raw_output: bool,
    inputs: dict[str, tuple[str, ...]],
    wish: Wish,
) -> int:
    """Watch RUN, which goes on without a terminal, and answer it: an id, a part of one, or the active one."""
    around = read_surroundings()
    place = runs_place(wish.root, wish.runs_dir)
    run_id = outermost_contract(place, run).run_id if run is not None else _driven(place)
    if run_id is None:
        raise InvalidInputError(_nothing())
    wish = replace(wish, root=wish.root or place.root)
    where = place_again(str(place.root), wish, around)
    words = where + flags_again(wish)
    look = Look(as_json=as_json, raw=raw_output)
    viewer = Viewer(place=place, again=words, look=look)
    with RunDirectory.open(place, run_id) as directory:
        if interrupt:
            return _interrupt(directory)
        if is_active(directory):
            try:
                viewer.watch(directory)
            except KeyboardInterrupt:
                sys.stderr.write(f"\nleft; the run goes on: rundown attach {short_id(run_id)}{words}\n")
                return 0
        last = _last(directory)
    if isinstance(last, RunPaused) and last.reason in _ANSWERED and _is_here(wish):
        reports = Reports(as_json=as_json, raw=raw_output)
        return go_on(run_id, wish, inputs=inputs, reports=reports)
    return _tell(last, f"{short_id(run_id)}{where}", flags_again(wish), as_json=as_json)


class Viewer(Struct, frozen=True, kw_only=True):
    """Shows a run that another process drives, and the runs below it, in one way."""

    place: RunsPlace
    again: str
    look: Look = Look()

    def watch(self, directory: RunDirectory) -> None:
        """Shows what comes, from the unit that is under way; returns when nobody drives the run any more."""
        path, skip = directory.path / EVENTS, 0
        for event in read_events(path):
            skip = event.seq if isinstance(event.body, StepStarted) else skip
        document = Document(file="runbook.md", path=None, content=directory.read_file(RUNBOOK_COPY))
        runbook = parse_document(document).runbook
        frontend = show_run(
            directory.run_id, runbook, StoredEvents(path, skip), look=self.look, again=self.again
        )
        attend(directory, _Audience(self, frontend), skip=skip)


class _Audience:
    def __init__(self, viewer: Viewer, frontend: Frontend) -> None:
        self._viewer = viewer
        self._frontend = frontend

    def event(self, event: Event) -> None:
        self._frontend.show(event)

    def output(self, chunk: bytes) -> None:
        self._frontend.output("stdout", chunk)

    def below(self, run_id: str) -> None:
        with suppress(RecordError), RunDirectory.open(self._viewer.place, run_id) as directory:
            self._viewer.watch(directory)


def _driven(place: RunsPlace) -> str | None:
    """The newest run that a process drives, else the active one that waits."""
    entries = (entry for entry in list_runs(place) if entry.state == "active" and entry.parent_run is None)
    return next((entry.run_id for entry in entries), None) or active_run(place)


def _interrupt(directory: RunDirectory) -> int:
    pid = holder(directory) if is_active(directory) else None
    if pid is None:
        sys.stdout.write(f"no process drives run {short_id(directory.run_id)}\n")
        return 0
    os.kill(pid, signal.SIGTERM)
    attend(directory, _Nobody())
    run = short_id(directory.run_id)
    sys.stdout.write(f"run {run} is paused: rundown resume {run}\n")
    return 0


class _Nobody:
    def event(self, event: Event) -> None: ...

    def output(self, chunk: bytes) -> None: ...

    def below(self, run_id: str) -> None: ...


def _is_here(wish: Wish) -> bool:
    return read_surroundings().is_interactive(
        non_interactive=wish.non_interactive, interactive=wish.interactive
    )


def _last(directory: RunDirectory) -> Any:
    last = None
    for event in read_events(directory.path / EVENTS):
        last = event.body
    return last


def _tell(last: object, run: str, words: str, *, as_json: bool) -> int:
    """Says what is left to do, and returns the code that the run itself would have ended with."""
    match last:
        case RunFinished(status=status):
            if not as_json:
                sys.stdout.write(f"record: rundown show {run}\n")
            return 0 if status == "completed" else 1
        case RunPaused(reason=reason):
            if not as_json:
                sys.stdout.write(f"go on: rundown resume {run}{words}\n")
            return pause_code(reason)
        case _:
            if not as_json:
                sys.stdout.write(f"its process died: rundown resume {run}{words}\n")
            return pause_code("interrupted")


def _nothing() -> Diagnostic:
    return Diagnostic(
        code="cli/nothing-to-attach",
        message="no run goes on here, and none waits for an answer",
        fix="rundown run FILE --detach; `rundown ls` lists the runs",
    )
