"""What there is to open: a runbook, a run on record, or the list of both in a project."""

import os
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from rundown.errors import InvalidInputError, RundownError
from rundown.model.contract import Contract
from rundown.model.event import Event, StepStarted
from rundown.record.events import read_events
from rundown.record.ids import short_id
from rundown.record.listing import RunEntry, list_runs, outermost_contract
from rundown.record.lock import holder, is_active
from rundown.record.place import RunsPlace
from rundown.record.rundir import EVENTS, RunDirectory
from rundown.session.library import Document, Opened, known_runbooks, open_runbook, parse_document
from rundown.session.project import find_project
from rundown.session.reopening import RUNBOOK_COPY
from rundown.tui.conductor import Errand, Manner, Watched

_MOST_RUNS = 50


class Shelf(Struct, frozen=True, kw_only=True):
    """One thing that can be opened. `argument` is what `open_errand` takes."""

    argument: str
    name: str
    told: str = ""
    state: str = ""


class Shelves:
    """The runbooks and the recent runs of the project in which the person stands."""

    def __init__(self, manner: Manner) -> None:
        self._manner = manner
        self._around = manner.around
        self._wish = manner.wish

    def place(self) -> RunsPlace:
        """Returns where the runs lie.

        Raises:
            InvalidInputError: there is no usable project root here.
        """
        project = find_project(None, self._around.cwd, self._around.home, self._wish.root)
        chosen = self._wish.runs_dir
        return RunsPlace(
            root=Path(project.root),
            state_home=self._around.state.parent,
            runs_dir=(self._around.cwd / chosen).resolve() if chosen is not None else None,
        )

    def runbooks(self) -> tuple[Shelf, ...]:
        """Returns the runbooks of the project, by name; one that is not valid says so."""
        return tuple(self._runbook(path) for path in known_runbooks(self._around.cwd))

    def runs(self) -> tuple[Shelf, ...]:
        """Returns the newest runs that a person started, newest first."""
        try:
            entries = [run for run in list_runs(self.place()) if run.parent_run is None]
        except RundownError:
            return ()
        return tuple(_run(entry) for entry in entries[:_MOST_RUNS])

    def open(self, argument: str) -> Errand:
        """Returns the errand of a path, a runbook's name, or a run's id.

        Raises:
            InvalidInputError: it names nothing, or the runbook is not valid.
            RecordError: the run cannot be read.
        """
        cwd = self._around.cwd
        try:
            opened = open_runbook(argument, cwd)
        except InvalidInputError as problem:
            if problem.diagnostics[0].code != "session/no-such-runbook":
                raise
            run = self._find_run(argument)
            if run is None:
                raise
            return run
        return Errand(manner=self._manner, opened=opened)

    def _find_run(self, argument: str) -> Errand | None:
        try:
            contract = outermost_contract(self.place(), argument)
        except InvalidInputError:
            return None
        with RunDirectory.open(self.place(), contract.run_id) as directory:
            opened = _reread(directory, contract)
            watched = Watched(place=self.place(), pid=holder(directory)) if is_active(directory) else None
            events = tuple(read_events(directory.path / EVENTS))
            if watched is not None:
                events = events[: _under_way(events)]
            wish = replace(self._wish, root=Path(contract.root))
            return Errand(
                manner=replace(self._manner, wish=wish, prompted=contract.prompted),
                opened=opened,
                run_id=contract.run_id,
                run_path=directory.path,
                earlier=events,
                watched=watched,
            )

    def _runbook(self, path: Path) -> Shelf:
        cwd = self._around.cwd
        name = os.path.relpath(path, cwd) if path.is_relative_to(cwd) else str(path)
        try:
            front = open_runbook(name, cwd).runbook.front
        except RundownError as problem:
            return Shelf(argument=name, name=name, told=problem.diagnostics[0].message, state="damaged")
        return Shelf(argument=name, name=name, told=front.description)


def _under_way(events: tuple[Event, ...]) -> int:
    """The place of the fact that the last unit began."""
    starts = (place for place, event in enumerate(events) if isinstance(event.body, StepStarted))
    return max(starts, default=len(events))


def _reread(directory: RunDirectory, contract: Contract) -> Opened:
    """The runbook as it is now; the copy kept with the run, if it is gone or does not fit any more."""
    path = Path(contract.runbook_path) if contract.runbook_path else None
    copy = directory.read_file(RUNBOOK_COPY)
    content = path.read_bytes() if path is not None and path.is_file() else copy
    try:
        return parse_document(Document(file=contract.runbook_file, path=path, content=content))
    except InvalidInputError:
        return parse_document(Document(file=contract.runbook_file, path=path, content=copy))


def _run(entry: RunEntry) -> Shelf:
    state = entry.state + (f" ({entry.reason})" if entry.reason else "")
    when = entry.started_at[:16].replace("T", " ")
    return Shelf(
        argument=entry.run_id,
        name=f"{when}  {entry.runbook_file}",
        told=f"{state}  {short_id(entry.run_id)}",
        state=entry.state,
    )
