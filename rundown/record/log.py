"""`EventLog`: the append-only log of one run. What `append` returned is on the disk.

Refuses a second writer, a log that does not hold together, and to go on after the disk failed to keep
what it was given.
"""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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


class _End(Struct, frozen=True, kw_only=True):
    """How far the log has come. Replaced as one, so that an interrupt never leaves half of a step."""

    size: int
    at: str
    head: Head


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
        self._broken = False
        self._lock = threading.Lock()
        self._end = _End(size=0, at="", head=Head(count=0, hash=""))
        self.contract = b""
        self.torn: TornTail | None = None

    @property
    def head(self) -> Head:
        """How many events are stored, and the hash of the last one."""
        return self._end.head

    @classmethod
    def create(
        cls, rundir: RunDirectory, contract: Contract, clock: Clock, redact: Redact | None = None
    ) -> Self:
        """Stores the contract and makes an empty log.

        Raises:
            RecordError: the file system refused, or there is a log already.
        """
        log = cls(rundir, clock, redact)
        with _opening(log, "make"):
            log._fd = rundir.open_file(EVENTS, _APPEND | os.O_CREAT | os.O_EXCL)
            log.contract = contract_bytes(redact_body(contract, redact))
            rundir.write_file(CONTRACT, log.contract + b"\n")
        log._end = _End(size=0, at="", head=Head(count=0, hash=first_prev(log.contract)))
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
        with _opening(log, "open"):
            log._load(head)
        return log

    def append(self, body: Body) -> Event:
        """Adds one fact, durably, and returns the event as it was stored. Callable from any thread.

        Raises:
            RecordError: it could not be stored. Nothing of it is in the log then.
        """
        with self._lock:
            return self._append(body)

    def _append(self, body: Body) -> Event:
        if self._broken or self._fd < 0:
            raise self._closed()
        end = self._end
        at = max(end.at, rfc3339(self._clock()))
        stored = redact_body(body, self._redact)
        try:
            line = encode_line(Event(seq=end.head.count, at=at, prev=end.head.hash, body=stored))
        except rfc8785.CanonicalizationError as error:
            message = f"this {type(body).__name__} cannot be stored"
            raise record_problem("not-storable", message, why=str(error)) from error
        event = decode_line(line)
        self._write(line + b"\n", end.size)
        head = Head(count=end.head.count + 1, hash=line_hash(line))
        self._end = _End(size=end.size + len(line) + 1, at=at, head=head)
        return event

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

    def _write(self, content: bytes, size: int) -> None:
        try:
            if os.lseek(self._fd, 0, os.SEEK_END) != size:
                os.ftruncate(self._fd, size)  # an interrupt came between writing and believing
            written = os.write(self._fd, content)
        except OSError as error:
            raise self._take_back(describe(error), size) from error
        if written != len(content):
            raise self._take_back(f"only {written} of {len(content)} bytes could be written", size)
        try:
            os.fdatasync(self._fd)
        except OSError as error:
            # After a failed sync the kernel may have dropped the pages and call the next sync a success.
            self._broken = True
            raise self._take_back(describe(error), size) from error

    def _take_back(self, why: str, size: int) -> RecordError:
        try:
            os.ftruncate(self._fd, size)
        except OSError:
            self._broken = True
        return record_problem(
            "log-not-written",
            f"cannot write {self._rundir.path / EVENTS}",
            why=why,
            fix="make room on the device; everything before is stored, `rundown resume` goes on from there",
        )

    def _closed(self) -> RecordError:
        unknown = "an earlier write failed in a way that leaves its state unknown"
        return record_problem(
            "log-closed",
            f"nothing more can be written to {self._rundir.path / EVENTS}",
            why=unknown if self._broken else "it was closed",
            fix="`rundown resume` goes on from what is stored",
        )

    def _load(self, head: Head | None) -> None:
        self.contract = self._rundir.read_file(CONTRACT).removesuffix(b"\n")
        self._fd = self._rundir.open_file(EVENTS, _APPEND)
        with os.fdopen(os.dup(self._fd), "rb") as stream:
            content = stream.read()
        size = content.rfind(b"\n") + 1
        lines = content[:size].split(b"\n")[:-1]
        findings = verify_lines(self.contract, lines, head)
        if findings:
            raise damaged(self._rundir.path / EVENTS, findings)
        if size < len(content):
            self.torn = TornTail(seq=len(lines), offset=size, size_bytes=len(content) - size)
            os.ftruncate(self._fd, size)
        os.fsync(self._fd)
        last = line_hash(lines[-1]) if lines else first_prev(self.contract)
        at = decode_line(lines[-1]).at if lines else ""
        self._end = _End(size=size, at=at, head=Head(count=len(lines), hash=last))


@contextmanager
def _opening(log: EventLog, verb: str) -> Iterator[None]:
    """Lets go of a log that could not be opened, and says why in the room's own words."""
    try:
        yield
    except OSError as error:
        log.close()
        path = log._rundir.path / EVENTS
        past = "made" if verb == "make" else "opened"
        raise record_problem(f"log-not-{past}", f"cannot {verb} {path}", why=describe(error)) from error
    except BaseException:
        log.close()
        raise
