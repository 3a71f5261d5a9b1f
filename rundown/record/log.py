"""`EventLog`: the append-only log of one run. What `append` returned is on the disk.

Refuses a second writer, a log that does not hold together, and to go on after the disk failed to keep
what it was given.
"""

import os
from collections.abc import Callable
from types import TracebackType
from typing import Self

import rfc8785
from msgspec import Struct

from rundown.errors import RecordError
from rundown.model.contract import Contract
from rundown.model.event import Body, Event
from rundown.record.chain import (
    Head,
    contract_bytes,
    decode_line,
    encode_line,
    first_prev,
    line_hash,
    verify_lines,
)
from rundown.record.events import damaged, read_events
from rundown.record.lock import take_lock
from rundown.record.problems import describe, record_problem
from rundown.record.rundir import CONTRACT, EVENTS, RunDirectory
from rundown.record.stored import Redact, redact_body
from rundown.record.times import rfc3339

__all__ = ["EventLog", "TornTail", "read_events"]

_APPEND = os.O_RDWR | os.O_APPEND

Clock = Callable[[], int]


class TornTail(Struct, frozen=True, kw_only=True):
    """The rest of a line whose writer was killed: where it began, how long it was. It was cut off."""

    seq: int
    offset: int
    size_bytes: int


class EventLog:
    """The one writer of a run's log.

    `clock` gives nanoseconds since the epoch (`time.time_ns`). `redact` goes over every text of a body
    before it is stored; what `append` returns is what was stored, so live and replayed states agree.
    `torn` is the tail that opening cut off.
    """

    def __init__(self, rundir: RunDirectory, clock: Clock, redact: Redact | None = None) -> None:
        self._rundir = rundir
        self._clock = clock
        self._redact = redact
        self._lock_fd = take_lock(rundir)
        self._fd = -1
        self._size = 0
        self._at = ""
        self._broken = False
        self.head = Head(count=0, hash="")
        self.contract = b""
        self.torn: TornTail | None = None

    @classmethod
    def create(
        cls, rundir: RunDirectory, contract: Contract, clock: Clock, redact: Redact | None = None
    ) -> Self:
        """Stores the contract and makes an empty log.

        Raises:
            RecordError: the file system refused, or there is a log already.
        """
        log = cls(rundir, clock, redact)
        try:
            log.contract = contract_bytes(redact_body(contract, redact))
            rundir.write_file(CONTRACT, log.contract + b"\n")
            log._fd = rundir.open_file(EVENTS, _APPEND | os.O_CREAT | os.O_EXCL)
            os.fsync(rundir.fd)
        except OSError as error:
            log.close()
            raise record_problem(
                "log-not-made", f"cannot make {rundir.path / EVENTS}", why=describe(error)
            ) from error
        except RecordError:
            log.close()
            raise
        log.head = Head(count=0, hash=first_prev(log.contract))
        return log

    @classmethod
    def open(
        cls, rundir: RunDirectory, clock: Clock, redact: Redact | None = None, *, head: Head | None = None
    ) -> Self:
        """Opens the log of a run to go on with it: checks the chain, then cuts a torn tail off (`torn`).

        `head`: a head known from elsewhere (the registry), which the chain must reach.

        Raises:
            RecordError: another process writes it, it does not hold together, or cannot be written.
        """
        log = cls(rundir, clock, redact)
        try:
            log._load(head)
        except OSError as error:
            log.close()
            raise record_problem(
                "log-not-opened", f"cannot open {rundir.path / EVENTS}", why=describe(error)
            ) from error
        except RecordError:
            log.close()
            raise
        return log

    def append(self, body: Body) -> Event:
        """Adds one fact, durably, and returns the event as it was stored.

        Raises:
            RecordError: it could not be stored. Nothing of it is in the log then.
        """
        if self._broken or self._fd < 0:
            raise record_problem(
                "log-closed",
                f"nothing more can be written to {self._rundir.path / EVENTS}",
                why="an earlier write failed in a way that leaves its state unknown"
                if self._broken
                else "it was closed",
                fix="`rundown resume` goes on from what is stored",
            )
        at = max(self._at, rfc3339(self._clock()))
        stored = redact_body(body, self._redact)
        event = Event(seq=self.head.count, at=at, prev=self.head.hash, body=stored)
        try:
            line = encode_line(event)
        except rfc8785.CanonicalizationError as error:
            raise record_problem(
                "not-storable", f"this {type(body).__name__} cannot be stored", why=str(error)
            ) from error
        self._write(line + b"\n")
        self._at = at
        self.head = Head(count=self.head.count + 1, hash=line_hash(line))
        return decode_line(line)

    def close(self) -> None:
        """Lets go of the log and its lock; more than once is fine."""
        for fd in (self._fd, self._lock_fd):
            if fd >= 0:
                os.close(fd)
        self._fd = self._lock_fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _write(self, content: bytes) -> None:
        try:
            written = os.write(self._fd, content)
        except OSError as error:
            raise self._take_back(describe(error)) from error
        if written != len(content):
            raise self._take_back(f"only {written} of {len(content)} bytes could be written")
        try:
            os.fdatasync(self._fd)
        except OSError as error:
            # After a failed sync the kernel may have dropped the pages and call the next sync a success.
            self._broken = True
            raise self._take_back(describe(error)) from error
        self._size += written

    def _take_back(self, why: str) -> RecordError:
        try:
            os.ftruncate(self._fd, self._size)
        except OSError:
            self._broken = True
        return record_problem(
            "log-not-written",
            f"cannot write {self._rundir.path / EVENTS}",
            why=why,
            fix="make room on the device; everything before is stored, `rundown resume` goes on from there",
        )

    def _load(self, head: Head | None) -> None:
        self.contract = self._rundir.read_file(CONTRACT).removesuffix(b"\n")
        self._fd = self._rundir.open_file(EVENTS, _APPEND)
        with os.fdopen(os.dup(self._fd), "rb") as stream:
            content = stream.read()
        whole = content[: content.rfind(b"\n") + 1]
        lines = whole.split(b"\n")[:-1]
        findings = verify_lines(self.contract, lines, head)
        if findings:
            raise damaged(self._rundir.path / EVENTS, findings)
        if len(whole) < len(content):
            self.torn = TornTail(seq=len(lines), offset=len(whole), size_bytes=len(content) - len(whole))
            os.ftruncate(self._fd, len(whole))
        os.fsync(self._fd)
        self._size = len(whole)
        self._at = decode_line(lines[-1]).at if lines else ""
        self.head = Head(count=len(lines), hash=line_hash(lines[-1]) if lines else first_prev(self.contract))
