"""Grants for a whole project are written into its document when no step runs that could write there as well.

The document is read-only for every step that runs; one that is put in its place, or made anew, is not, and
would count as the step's own work. What is allowed meanwhile holds for the session at once.
"""

import threading
from collections.abc import Callable
from contextlib import suppress

from rundown.errors import RundownError


class LastingGrants:
    """One a desk. Any thread may call it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[int] = set()
        self._waiting: tuple[Callable[[], object], ...] = ()

    def begin(self, step: object) -> None:
        """From now on nothing is written, until `end` of every step that began. What waits is written before:
        what changed since the last step is looked at first, and this is nobody's change."""
        with self._lock:
            self._write_what_waits()
            self._running.add(id(step))

    def end(self, step: object) -> None:
        """Says that a step is over and was judged."""
        with self._lock:
            self._running.discard(id(step))

    def end_all(self) -> None:
        """Writes what waits: every step is over, also those whose end nobody told."""
        with self._lock:
            self._running.clear()
            self._write_what_waits()

    def write(self, act: Callable[[], object]) -> None:
        """Calls `act` now and lets its errors through, or later: then a grant that cannot be written is asked
        for again in the next session."""
        with self._lock:
            if self._running:
                self._waiting = (*self._waiting, act)
            else:
                self._write_what_waits()
                act()

    def _write_what_waits(self) -> None:
        if not self._running:
            waiting, self._waiting = self._waiting, ()
            for act in waiting:
                with suppress(RundownError, OSError):
                    act()
