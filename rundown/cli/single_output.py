"""What `rundown exec` writes: the command's output, without secrets where nobody watches it, and its status.

The status lines carry the names that `bwrap --json-status-fd` uses, so that its readers understand them.
"""

import json
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import click

from rundown.cli.runner_streams import write_unguarded
from rundown.cli.sheet import Sheet
from rundown.model.policy import Denied
from rundown.model.sandbox import ProcessResult, StageFailure
from rundown.redact.redactor import RedactionStream
from rundown.session.ports import Stream
from rundown.session.single import Violated


class Printed:
    """The command's output on its way to ours. `redaction` makes what takes secrets out of a stream; None: as
    it is. On a terminal it always is: redaction holds back what may be the beginning of a secret, and a
    person waits for a prompt. `sheet`: the terminal, which holds it back while a person is asked. `raw`: a CI
    runner may obey it."""

    def __init__(
        self,
        redaction: Callable[[], RedactionStream] | None,
        sheet: Sheet | None = None,
        *,
        raw: bool = False,
    ) -> None:
        self._write = write_unguarded if raw else _write
        self._sheet = sheet
        self._redaction = redaction
        self._streams: dict[Stream, RedactionStream | None] = {}

    def take(self, stream: Stream, chunk: bytes) -> None:
        """Writes what is settled."""
        if stream not in self._streams:
            hides = self._redaction is not None and not _is_terminal(stream)
            self._streams[stream] = self._redaction() if hides and self._redaction else None
        redaction = self._streams[stream]
        if self._sheet is not None and _is_terminal(stream):
            self._sheet.output(chunk)
            return
        self._write(stream, chunk if redaction is None else redaction.feed(chunk))

    def finish(self) -> None:
        """Writes the rest: the command has ended."""
        for stream, redaction in self._streams.items():
            if redaction is not None:
                self._write(stream, redaction.flush())


class Status:
    """Writes one JSON object a line; a reader that is gone is no reason to end."""

    def __init__(self, write: Callable[[dict[str, Any]], None]) -> None:
        self._write = write

    def started(self, pid: int) -> None:
        """The command was executed; `pid` as this process sees it."""
        self._write({"event": "started", "child-pid": pid})

    def ended(self, code: int, ended: ProcessResult | Violated | Denied | StageFailure) -> None:
        """It has ended, or never began; `code` is the exit code."""
        result = ended.result if isinstance(ended, Violated) else ended
        details: dict[str, Any] = {
            "outcome": "violation" if isinstance(ended, Violated) else _outcome(result)
        }
        if isinstance(result, ProcessResult):
            details |= {
                "status": result.status,
                "signal": result.signal,
                "duration-ms": result.duration_ns // 10**6,
            }
        if isinstance(result, StageFailure):
            details |= {"stage": result.stage, "detail": result.detail}
        self._write({"event": "ended", "exit-code": code, **details})


def open_status(descriptor: int | None) -> Status:
    """Returns the status that goes to a descriptor, nowhere for None. The command does not get it.

    Raises: click.BadParameter if it is not open for writing.
    """
    if descriptor is None:
        return Status(lambda found: None)
    try:
        os.set_inheritable(descriptor, False)
        os.write(descriptor, b"")
    except (OSError, OverflowError) as error:
        raise click.BadParameter(
            f"{descriptor} cannot be written to", param_hint="--json-status-fd"
        ) from error

    def write(found: dict[str, Any]) -> None:
        with suppress(OSError):
            os.write(descriptor, json.dumps(found).encode() + b"\n")

    return Status(write)


def _outcome(result: ProcessResult | Denied | StageFailure) -> str:
    match result:
        case ProcessResult():
            return result.ending
        case Denied():
            return "denied"
        case StageFailure():
            return "not-started"


def _is_terminal(stream: Stream) -> bool:
    with suppress(OSError, ValueError):
        return (sys.stdout if stream == "stdout" else sys.stderr).isatty()
    return False


def _write(stream: Stream, chunk: bytes) -> None:
    if not chunk:
        return
    target = sys.stdout.buffer if stream == "stdout" else sys.stderr.buffer
    target.write(chunk)
    target.flush()
