"""`attend`: a run as another process drives it: its events and what its steps print, as both come.

Reads only. What a step prints is found by the name that its output has; a run that stands in for a unit is
attended in its place.
"""

import os
import re
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from rundown.model.event import ChildStarted, Event, LaunchRequested, ProcessEnded, StepStarted
from rundown.record.follow import follow_events
from rundown.record.output import plain_position
from rundown.record.regular import open_regular
from rundown.record.rundir import EVENTS, RunDirectory

_BLOCK_BYTES = 1 << 16


class Audience(Protocol):
    """Who is shown what comes."""

    def event(self, event: Event) -> None: ...

    def output(self, chunk: bytes) -> None: ...

    def below(self, run_id: str) -> None:
        """A run stands in for a unit from here on; returns when it was attended."""
        ...


def attend(
    directory: RunDirectory,
    audience: Audience,
    *,
    skip: int = 0,
    pause: Callable[[float], object] | None = None,
) -> None:
    """Returns when no process drives the run any more. The first `skip` events are known, and not told.

    Raises:
        RecordError: the log cannot be read.
    """
    wait = pause or threading.Event().wait
    tail = _Tail(directory, audience.output)

    def poll(seconds: float) -> None:
        tail.read()
        wait(seconds)

    for event in follow_events(directory.path / EVENTS, poll):
        tail.take(event)
        if event.seq < skip:
            continue
        if isinstance(event.body, ProcessEnded):
            tail.finish(event.body.output)
        audience.event(event)
        if isinstance(event.body, ChildStarted):
            audience.below(event.body.run_id)


class _Tail:
    """The output of the process that runs now."""

    def __init__(self, directory: RunDirectory, show: Callable[[bytes], None]) -> None:
        self._directory = directory
        self._show = show
        self._attempts: dict[str, int] = {}
        self._stem = ""
        self._name = ""
        self._offset = 0

    def take(self, event: Event) -> None:
        """Notes which process runs from here on."""
        match event.body:
            case StepStarted() as body:
                self._attempts[body.position] = body.attempt
            case LaunchRequested(position=position):
                self._stem = f"{plain_position(position)}.{self._attempts.get(position, 1)}"
                self._name, self._offset = "", 0
            case ProcessEnded():
                self._stem = ""
            case _:
                pass

    def read(self) -> None:
        """Shows what is new."""
        if not self._stem:
            return
        newest = _newest(self._directory.path / "output", self._stem)
        if newest and newest != self._name:
            self._name, self._offset = newest, 0
        self._more()

    def finish(self, name: str) -> None:
        """Shows the rest of an output that is whole now."""
        if name != self._name:
            self._name, self._offset = name, 0
        self._more()
        self._name = ""

    def _more(self) -> None:
        if not self._name:
            return
        with suppress(OSError):
            fd = open_regular(self._directory.path / self._name)
            try:
                while chunk := os.pread(fd, _BLOCK_BYTES, self._offset):
                    self._offset += len(chunk)
                    self._show(chunk)
            finally:
                os.close(fd)


def _newest(folder: Path, stem: str) -> str:
    """The last output of an attempt: a unit that came to the same attempt again has several."""
    numbered = re.compile(re.escape(stem) + r"(?:-(\d+))?\.log\Z")
    with suppress(OSError):
        found = [match for name in os.listdir(folder) if (match := numbered.match(name))]
        if found:
            return f"output/{max(found, key=lambda match: int(match[1] or 1))[0]}"
    return ""
