"""`read_events`: the events of a log, as they stand in the file, for whoever only reads."""

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import msgspec

from rundown.errors import RecordError
from rundown.model.diagnostic import Diagnostic
from rundown.model.event import Event
from rundown.record.chain import Finding, decode_line
from rundown.record.problems import describe, record_problem
from rundown.record.regular import open_regular

_SHOWN = 10


def read_lines(path: Path) -> Iterator[bytes]:
    """Yields the whole lines of a log without line ends; a torn tail is left out.

    Raises:
        RecordError: the file cannot be read.
    """
    try:
        with os.fdopen(open_regular(path), "rb") as stream:
            for line in stream:
                if line.endswith(b"\n"):
                    yield line[:-1]
    except OSError as error:
        raise record_problem("log-not-read", f"cannot read {path}", why=describe(error)) from error


class StoredEvents:
    """The first `count` events of a log (all without it), read anew by each who goes through them."""

    def __init__(self, path: Path, count: int | None = None) -> None:
        self._path = path
        self._count = count

    def __iter__(self) -> Iterator[Event]:
        """Raises: RecordError as `read_events`."""
        return islice(read_events(self._path), self._count)


def read_events(path: Path) -> Iterator[Event]:
    """Yields the events of a log as they are read, without checking the chain.

    Raises:
        RecordError: the file cannot be read, or a line is no event.
    """
    for seq, line in enumerate(read_lines(path)):
        yield decode_at(path, seq, line)


def decode_at(path: Path, seq: int, line: bytes) -> Event:
    """Returns the event of line number `seq`, counted from 0.

    Raises:
        RecordError: it is no event.
    """
    try:
        return decode_line(line)
    except msgspec.DecodeError as error:
        finding = Finding(code="record/line-damaged", message=f"this is not an event: {error}", seq=seq)
        raise damaged(path, (finding,)) from error


def damaged(path: Path, findings: tuple[Finding, ...]) -> RecordError:
    """Returns the error for a log with findings: a diagnostic for the log, then one for each of the first."""
    whole = Diagnostic(
        code="record/log-damaged",
        message=f"{path} does not hold together",
        why=f"{len(findings)} finding{'s' if len(findings) > 1 else ''}, the first of them below",
        fix="it can still be read with `rundown log`; it cannot be resumed",
    )
    return RecordError(
        whole, *(Diagnostic(code=item.code, message=_at_line(item)) for item in findings[:_SHOWN])
    )


def _at_line(finding: Finding) -> str:
    return finding.message if finding.seq is None else f"line {finding.seq + 1}: {finding.message}"
