"""Old runs: which may go, and their removal. Never one that a process writes."""

import os
from collections.abc import Iterable, Mapping

from rundown.errors import RecordError
from rundown.record.ids import started_ms
from rundown.record.listing import RunEntry
from rundown.record.lock import take_lock
from rundown.record.place import RunsPlace
from rundown.record.problems import describe, record_problem
from rundown.record.registry import Registry
from rundown.record.rundir import RunDirectory

_UNFINISHED = ("paused", "interrupted")


def choose_runs(
    entries: Iterable[RunEntry],
    *,
    keep: int | None = None,
    before_ms: int | None = None,
    unfinished: bool = False,
    spared: RunEntry | None = None,
) -> tuple[RunEntry, ...]:
    """Returns the runs to remove, newest first. Pure.

    `keep`: all but so many of the newest. `before_ms`: only those started before that time (milliseconds
    since the epoch). Given both, a run must fall under both; given none, all may go. Runs that could be
    resumed go only with `unfinished`; active ones and `spared` never. A run that is part of another goes
    with it, and is not counted.
    """
    ordered = sorted(entries, key=lambda entry: entry.run_id, reverse=True)
    parents = {entry.run_id: entry.parent_run for entry in ordered}
    families: dict[str, list[RunEntry]] = {}
    for entry in ordered:
        families.setdefault(_outermost(entry.run_id, parents), []).append(entry)
    wanted = {
        run_id
        for run_id in sorted(families, reverse=True)[keep or 0 :]
        if before_ms is None or started_ms(run_id) < before_ms
        if all(_may_go(entry, unfinished) and entry != spared for entry in families[run_id])
    }
    return tuple(entry for entry in ordered if _outermost(entry.run_id, parents) in wanted)


def _outermost(run_id: str, parents: Mapping[str, str | None]) -> str:
    seen = {run_id}
    while (parent := parents.get(run_id)) is not None and parent in parents and parent not in seen:
        seen.add(parent)
        run_id = parent
    return run_id


def _may_go(entry: RunEntry, unfinished: bool) -> bool:
    return entry.state != "active" and (unfinished or entry.state not in _UNFINISHED)


def remove_run(place: RunsPlace, run_id: str) -> None:
    """Removes a run and its entry in the registry.

    Raises:
        RecordError: it is not there, a process writes it, or the file system refused.
    """
    with RunDirectory.open(place, run_id) as rundir:
        lock = take_lock(rundir)
        try:
            rundir.remove()
        except OSError as error:
            raise _not_removed(rundir, error) from error
        finally:
            os.close(lock)
    Registry(place.state_home).forget(run_id)


def _not_removed(rundir: RunDirectory, error: OSError) -> RecordError:
    return record_problem("run-not-removed", f"cannot remove {rundir.path}", why=describe(error))
