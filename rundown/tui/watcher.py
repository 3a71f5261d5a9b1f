"""`Watcher`: stands where the conductor does while another process drives the run. Follows its record, and
drives nothing: no order, no answer, no signal goes from here to the other process."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress

from textual.message import Message

from rundown.errors import RundownError
from rundown.model.diagnostic import Diagnostic
from rundown.model.event import Event
from rundown.model.runbook import Runbook
from rundown.record.attend import attend
from rundown.record.place import RunsPlace
from rundown.record.rundir import RunDirectory
from rundown.record.times import elapsed_ns, rfc3339
from rundown.session.library import Document, parse_document
from rundown.session.reopening import RUNBOOK_COPY
from rundown.tui.conductor import Conductor, Errand
from rundown.tui.frontend import ScreenFrontend
from rundown.tui.messages import Closed, LetGo, RunOpened


class _LeftError(Exception):
    """The screen is gone."""


class Watcher(Conductor):
    """Tells the screen what the other process does, and at last that no process drives the run any more."""

    def __init__(self, errand: Errand, post: Callable[[Message], object]) -> None:
        super().__init__(errand, post)
        self._left = threading.Event()

    def close(self) -> None:
        """Looks no longer; the run goes on."""
        self._left.set()

    def _work(self) -> None:
        errand, problems = self._errand, tuple[Diagnostic, ...]()
        assert errand.watched is not None
        try:
            self._watch(errand.watched.place, errand.run_id, len(errand.earlier), errand.opened.runbook)
            self.post(LetGo())
        except _LeftError:
            pass
        except RundownError as problem:
            problems = problem.diagnostics
        finally:
            self.shelf.current.close()
            self.post(Closed(problems))

    def _watch(self, place: RunsPlace, run_id: str, skip: int, runbook: Runbook | None = None) -> None:
        with RunDirectory.open(place, run_id) as directory:
            if runbook is None:
                copy = Document(file="runbook.md", path=None, content=directory.read_file(RUNBOOK_COPY))
                runbook = parse_document(copy).runbook
            self._decks += 1
            self.post(RunOpened(self._decks, runbook, (), is_child=self._decks > 1))
            audience = _Audience(self, ScreenFrontend(self._decks, self), place)
            attend(directory, audience, skip=skip, pause=self._pause)

    def watch_below(self, place: RunsPlace, run_id: str) -> None:
        """Follows a run that stands in for the unit under way; returns when it is at rest."""
        with suppress(RundownError):
            self._watch(place, run_id, 0)

    def _pause(self, seconds: float) -> None:
        if self._left.wait(seconds):
            raise _LeftError


class _Audience:
    def __init__(self, watcher: Watcher, frontend: ScreenFrontend, place: RunsPlace) -> None:
        self._watcher, self._frontend, self._place = watcher, frontend, place

    def event(self, event: Event) -> None:
        self._frontend.show(event, age_ns=max(0, elapsed_ns(event.at, rfc3339(time.time_ns()))))

    def output(self, chunk: bytes) -> None:
        self._frontend.output("stdout", chunk)

    def below(self, run_id: str) -> None:
        self._watcher.watch_below(self._place, run_id)
