"""`Registry`: which runs were started by this user on this machine, and how far they had come.

A run directory may have come with a checkout: it can be read like any other, but it is resumed only if it
stands here, and only from the point that stands here. Nothing of the registry lies inside the project.
"""

import os
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct

from rundown.errors import RecordError
from rundown.model.diagnostic import Diagnostic
from rundown.record.chain import Head
from rundown.record.ids import is_run_id
from rundown.record.log import Clock, EventLog
from rundown.record.problems import describe, record_problem
from rundown.record.rundir import RunDirectory
from rundown.record.stored import Redact


class Registered(Struct, frozen=True, kw_only=True):
    """What is known of a run. `at_rest`: its process let go of it, so nothing may have been added."""

    run_id: str
    path: str
    head: Head
    at_rest: bool


class Registry:
    """The entries below `state_home`, one small file a run (`<state_home>/rundown/runs/<id>.json`)."""

    def __init__(self, state_home: Path) -> None:
        self._folder = state_home / "rundown" / "runs"

    def register(self, rundir: RunDirectory, head: Head, *, at_rest: bool) -> Diagnostic | None:
        """Notes how far a run has come; a warning if it cannot be noted (it is then not resumable).

        Call it after creation, after steps, and with `at_rest` when the process lets go of the run.
        """
        entry = Registered(run_id=rundir.run_id, path=str(rundir.path), head=head, at_rest=at_rest)
        target = self._folder / f"{rundir.run_id}.json"
        temporary = target.with_suffix(f".{os.getpid()}.new")
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with os.fdopen(os.open(temporary, flags, 0o600), "wb") as stream:
                stream.write(msgspec.json.encode(entry) + b"\n")
                if at_rest:
                    stream.flush()
                    os.fsync(stream.fileno())
            temporary.replace(target)
        except OSError as error:
            with suppress(OSError):
                temporary.unlink()
            return Diagnostic(
                code="record/not-registered",
                severity="warning",
                message="this run cannot be resumed later",
                why=f"{target} cannot be written: {describe(error)}",
                fix="make it writable, or set XDG_STATE_HOME to a place that is",
            )
        return None

    def find(self, run_id: str) -> Registered | None:
        """Returns what is known of a run; None if it was not started here (or the entry is damaged)."""
        if is_run_id(run_id):
            with suppress(OSError, msgspec.DecodeError):
                return msgspec.json.decode((self._folder / f"{run_id}.json").read_bytes(), type=Registered)
        return None

    def is_ours(self, run_id: str, head: Head) -> bool:
        """Returns whether the run was started here and has come at least as far as is noted.

        Cheap, for lists; only `resume` also checks that the chain leads through the noted head.
        """
        entry = self.find(run_id)
        return entry is not None and (head == entry.head if entry.at_rest else head.count >= entry.head.count)

    def forget(self, run_id: str) -> None:
        """Removes the entry of a run; that there is none is fine."""
        with suppress(OSError):
            (self._folder / f"{run_id}.json").unlink()

    def resume(self, rundir: RunDirectory, clock: Clock, redact: Redact | None = None) -> EventLog:
        """Opens the log of a run to go on with it.

        Raises:
            RecordError: it was not started here, it is not the continuation of what was noted, or
                `EventLog.open` refuses.
        """
        entry = self.find(rundir.run_id)
        if entry is None:
            raise _foreign(
                rundir, "it is not among the runs that were started here; it may have come with a checkout"
            )
        log = EventLog.open(rundir, clock, redact, head=entry.head)
        if entry.at_rest and log.head != entry.head:
            log.close()
            raise _foreign(rundir, "events were added since its process let go of it")
        return log


def _foreign(rundir: RunDirectory, why: str) -> RecordError:
    return record_problem(
        "not-ours",
        f"run {rundir.run_id} cannot be resumed here",
        why=why,
        fix=f"start a new run; `rundown show {rundir.run_id}` still reads this one",
    )
