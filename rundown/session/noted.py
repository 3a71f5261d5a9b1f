"""`Noted`: facts that come up while a step runs: on record at once, shown when the step has ended.

A front end shows on one thread; a line in the middle of what a step prints would tear that apart.
"""

import threading

from rundown.model.event import Body, Event
from rundown.session.ports import EventLog, Frontend


class Noted:
    """One a run."""

    def __init__(self, log: EventLog, frontend: Frontend) -> None:
        self._log = log
        self._frontend = frontend
        self._events: list[Event] = []
        self._lock = threading.Lock()

    def take(self, body: Body) -> None:
        """Puts a fact on record. Callable from any thread."""
        with self._lock:
            self._events.append(self._log.append(body))

    def show(self) -> None:
        """Shows what came since the last time, in its order."""
        with self._lock:
            events, self._events = self._events, []
        for event in events:
            self._frontend.show(event)
