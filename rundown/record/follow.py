"""`follow_events`: the events of a run as they come, until its process lets go of it."""

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from rundown.model.event import Event
from rundown.record.events import decode_at
from rundown.record.lock import is_locked
from rundown.record.problems import describe, record_problem
from rundown.record.regular import open_regular
from rundown.record.rundir import LOCK

_PAUSE_S = 0.1
_READ_BYTES = 1 << 16


def follow_events(path: Path, pause: Callable[[float], object] | None = None) -> Iterator[Event]:
    """Yields the events of the log at `path`: those that are there, then each as it is stored.

    Ends when nothing is left and no process writes the run: it ended, it is paused, or its process died.
    `pause` waits for that many seconds at most before the file is looked at again.

    Raises:
        RecordError: the file cannot be read, or a line is no event.
    """
    for seq, line in enumerate(follow_lines(path, pause)):
        yield decode_at(path, seq, line)


def follow_lines(path: Path, pause: Callable[[float], object] | None = None) -> Iterator[bytes]:
    """Yields the whole lines of a log as they stand there, without line ends, as `follow_events` does.

    Raises:
        RecordError: the file cannot be read.
    """
    pause = pause or threading.Event().wait
    try:
        fd = open_regular(path)
    except OSError as error:
        raise record_problem("log-not-read", f"cannot read {path}", why=describe(error)) from error
    rest, offset, is_last_look = b"", 0, False
    try:
        while True:
            # A torn tail is cut off and written anew when a run is resumed: only whole lines move the offset.
            content = os.pread(fd, max(_READ_BYTES, 2 * len(rest)), offset)
            whole = content.rfind(b"\n") + 1
            yield from content[:whole].split(b"\n")[:-1]
            offset += whole
            grew, rest = whole > 0 or len(content) > len(rest), content[whole:]
            if grew:
                continue
            if is_last_look:
                return
            is_last_look = not is_locked(path.with_name(LOCK))
            if not is_last_look:
                pause(_PAUSE_S)
    finally:
        os.close(fd)
