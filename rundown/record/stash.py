"""The stash: one run of a project that is set aside, so that another can be the active one.

The slot lies in the state home, so that a checkout cannot bring one along and a read-only one can have it.
"""

import os
from collections.abc import Iterable
from contextlib import suppress

import msgspec
from msgspec import Struct

from rundown.errors import InvalidInputError
from rundown.model.diagnostic import Diagnostic
from rundown.model.digest import digest_value
from rundown.record.ids import is_run_id, short_id
from rundown.record.listing import RunEntry
from rundown.record.place import RunsPlace
from rundown.record.problems import describe, record_problem

_OVER = ("completed", "stopped", "empty", "damaged")


class _Slot(Struct, frozen=True, kw_only=True):
    root: str
    run_id: str


class Stash:
    """The slot of one project (and of one place of its runs)."""

    def __init__(self, place: RunsPlace) -> None:
        self._root = str(place.root)
        key = digest_value("rundown/stash/1", [self._root, str(place.runs_dir or "")])
        name = key.removeprefix("sha256:")[:32]
        self._path = place.state_home / "rundown" / "stash" / f"{name}.json"

    def find(self, entries: Iterable[RunEntry]) -> RunEntry | None:
        """Returns the run that is set aside; None if there is none, or it has ended or gone meanwhile."""
        run_id = self._read()
        return next((item for item in entries if item.run_id == run_id and item.state not in _OVER), None)

    def put(self, entries: Iterable[RunEntry]) -> RunEntry | None:
        """Sets the active run aside and returns it; None if there is none.

        Raises:
            InvalidInputError: the slot is taken, or a process drives the run.
            RecordError: the slot cannot be written.
        """
        entries = tuple(entries)
        taken = self.find(entries)
        active = find_active(entries, taken)
        if active is None:
            return None
        if taken is not None:
            raise InvalidInputError(_taken(taken, active))
        if active.state == "active":
            raise InvalidInputError(_driven(active))
        self._write(active.run_id)
        return active

    def pop(self, entries: Iterable[RunEntry]) -> RunEntry | None:
        """Makes the run that is set aside the active one again and returns it; None if there is none.

        Raises:
            InvalidInputError: another run is active.
        """
        entries = tuple(entries)
        taken = self.find(entries)
        active = find_active(entries, taken)
        if taken is not None and active is not None:
            raise InvalidInputError(_other_active(taken, active))
        with suppress(OSError):
            self._path.unlink()
        return taken

    def _read(self) -> str:
        with suppress(OSError, msgspec.DecodeError):
            slot = msgspec.json.decode(self._path.read_bytes(), type=_Slot)
            if slot.root == self._root and is_run_id(slot.run_id):
                return slot.run_id
        return ""

    def _write(self, run_id: str) -> None:
        content = msgspec.json.encode(_Slot(root=self._root, run_id=run_id)) + b"\n"
        temporary = self._path.with_suffix(f".{os.getpid()}.new")
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with os.fdopen(os.open(temporary, flags, 0o600), "wb") as stream:
                stream.write(content)
            temporary.replace(self._path)
        except OSError as error:
            raise record_problem("not-stashed", f"cannot write {self._path}", why=describe(error)) from error


def find_active(entries: Iterable[RunEntry], stashed: RunEntry | None = None) -> RunEntry | None:
    """Returns the newest run that has not ended and is not set aside; of a run that is part of another, that
    other. Pure."""
    known = {entry.run_id: entry for entry in entries}
    for run_id in sorted(known, reverse=True):
        if known[run_id].state not in _OVER:
            whole = _whole(known[run_id], known)
            if stashed is None or whole.run_id != stashed.run_id:
                return whole
    return None


def _whole(entry: RunEntry, known: dict[str, RunEntry]) -> RunEntry:
    seen = {entry.run_id}
    while (parent := known.get(entry.parent_run or "")) is not None and parent.run_id not in seen:
        seen.add(parent.run_id)
        entry = parent
    return entry


def _taken(taken: RunEntry, active: RunEntry) -> Diagnostic:
    return Diagnostic(
        code="record/stash-full",
        message=f"run {short_id(taken.run_id)} ({taken.runbook_file}) is stashed already",
        why=f"there is one slot; {short_id(active.run_id)} is still the active run",
        fix=f"finish {short_id(active.run_id)} (or `rundown stop`), then `rundown pop`",
    )


def _driven(active: RunEntry) -> Diagnostic:
    return Diagnostic(
        code="record/stash-active",
        message=f"run {short_id(active.run_id)} is being driven by another process",
        why="only a run that waits can be set aside",
        fix="interrupt that process, then stash",
    )


def _other_active(taken: RunEntry, active: RunEntry) -> Diagnostic:
    return Diagnostic(
        code="record/stash-other-active",
        message=f"run {short_id(active.run_id)} ({active.runbook_file}) is active",
        why=f"with {short_id(taken.run_id)} back, `pass` and `fail` would not know which one is meant",
        fix=f"finish {short_id(active.run_id)} (or `rundown stop`), then `rundown pop`",
    )
