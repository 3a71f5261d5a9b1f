"""`list_runs`: every run of a project, newest first, at the price of its contract and its last line."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from rundown.errors import RecordError
from rundown.model.contract import Contract
from rundown.model.event import Event, RunFinished, RunPaused
from rundown.record.chain import decode_line
from rundown.record.ids import is_run_id, resolve_run
from rundown.record.lock import is_active
from rundown.record.place import RunsPlace, open_for_reading
from rundown.record.problems import record_problem
from rundown.record.regular import read_regular
from rundown.record.rundir import CONTRACT, EVENTS, RunDirectory

RunState = Literal["active", "paused", "completed", "stopped", "interrupted", "empty", "damaged"]
_TAIL_BYTES = 1 << 16


class RunEntry(Struct, frozen=True, kw_only=True):
    """A run at a glance. `reason` says why it is paused, `events` counts whole lines.

    `state`: active (a process writes it), paused, completed, stopped, interrupted (its process died), empty
    (it never began), damaged (cannot be read). `started_at` and `last_at` are RFC 3339, "" if unknown.
    """

    run_id: str
    path: Path
    state: RunState
    runbook_file: str = ""
    parent_run: str | None = None
    started_at: str = ""
    last_at: str = ""
    events: int = 0
    reason: str = ""


def list_runs(place: RunsPlace) -> tuple[RunEntry, ...]:
    """Returns the project's runs, newest first.

    Raises:
        RecordError: the place of the runs is a link.
    """
    entries = []
    for run_id in run_ids(place):
        with suppress(RecordError), RunDirectory.open(place, run_id) as rundir:
            entries.append(_entry(rundir))
    return tuple(entries)


def run_ids(place: RunsPlace) -> tuple[str, ...]:
    """Returns the ids of the project's runs, newest first. Runs of other projects in the state home are
    left out.

    Raises:
        RecordError: the place of the runs is a link.
    """
    found = set()
    for opened in open_for_reading(place):
        try:
            names = {name for name in os.listdir(opened.fd) if is_run_id(name)}
        finally:
            os.close(opened.fd)
        shared = opened.path == place.state_runs
        found |= {name for name in names if not shared or _root(opened.path / name) == str(place.root)}
    return tuple(sorted(found, reverse=True))


def open_run(place: RunsPlace, argument: str | None) -> RunDirectory:
    """Opens the run that a person means (`rundown.record.ids.resolve_run`); the newest is the newest that a
    person started, not one that stands in for a unit of another.

    Raises:
        InvalidInputError: it names none, or several.
        RecordError: it cannot be opened.
    """
    found = run_ids(place)
    if not argument or argument == "last":
        argument = next((run_id for run_id in found if not _has_parent(place, run_id)), None)
    return RunDirectory.open(place, resolve_run(argument, found))


def read_contract(rundir: RunDirectory) -> Contract:
    """Returns the terms of a run.

    Raises:
        RecordError: they cannot be read, or are another run's.
    """
    why = "it is another run's"
    try:
        contract = msgspec.json.decode(rundir.read_file(CONTRACT), type=Contract)
        if contract.run_id == rundir.run_id:
            return contract
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        why = str(error)
    raise record_problem("contract-not-read", f"{rundir.path / CONTRACT} is no contract of this run", why=why)


def outermost_contract(place: RunsPlace, argument: str) -> Contract:
    """Returns the terms of the run that a person means, or of the one that was started and it is a part of.

    Raises:
        InvalidInputError: it names none, or several.
        RecordError: terms cannot be read, or runs are parts of each other.
    """
    seen: set[str] = set()
    while True:
        with open_run(place, argument) as rundir:
            contract = read_contract(rundir)
            if contract.parent_run is None:
                return contract
            if rundir.run_id in seen:
                raise record_problem("parts-in-a-circle", f"run {rundir.run_id} says to be a part of itself")
            seen.add(rundir.run_id)
        argument = contract.parent_run


def _has_parent(place: RunsPlace, run_id: str) -> bool:
    with suppress(RecordError), RunDirectory.open(place, run_id) as rundir:
        return read_contract(rundir).parent_run is not None
    return False


def _root(path: Path) -> str:
    with suppress(OSError, msgspec.DecodeError):
        return msgspec.json.decode(read_regular(path / CONTRACT), type=Contract).root
    return ""


def _entry(rundir: RunDirectory) -> RunEntry:
    entry = RunEntry(run_id=rundir.run_id, path=rundir.path, state="empty")
    try:
        contract = _contract_of(rundir)
        if contract is None:
            return entry
        last = _last_event(rundir)
    except (OSError, RecordError, msgspec.DecodeError):
        return msgspec.structs.replace(entry, state="damaged")
    entry = msgspec.structs.replace(
        entry, runbook_file=contract.runbook_file, parent_run=contract.parent_run, started_at=contract.at
    )
    if last is None:
        return msgspec.structs.replace(entry, state="active" if is_active(rundir) else "empty")
    state, reason = _state(rundir, last)
    return msgspec.structs.replace(entry, state=state, reason=reason, last_at=last.at, events=last.seq + 1)


def _contract_of(rundir: RunDirectory) -> Contract | None:
    """None if there is none yet: its process was killed before."""
    try:
        os.stat(CONTRACT, dir_fd=rundir.fd, follow_symlinks=False)
    except FileNotFoundError:
        return None
    return read_contract(rundir)


def _state(rundir: RunDirectory, last: Event) -> tuple[RunState, str]:
    match last.body:
        case RunFinished(status=status):
            return status, ""
        case RunPaused(reason=reason) if not is_active(rundir):
            return "paused", reason
        case _:
            return ("active" if is_active(rundir) else "interrupted"), ""


def _last_event(rundir: RunDirectory) -> Event | None:
    """Reads from the end as much as the last whole line needs."""
    try:
        fd = rundir.open_file(EVENTS, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        size = os.fstat(fd).st_size
        want = _TAIL_BYTES
        while True:
            tail = os.pread(fd, want, max(0, size - want))
            whole = tail[: tail.rfind(b"\n") + 1]
            start = whole.rfind(b"\n", 0, -1) + 1
            if start or want >= size:
                return decode_line(whole[start:-1]) if whole else None
            want *= 4
    finally:
        os.close(fd)
