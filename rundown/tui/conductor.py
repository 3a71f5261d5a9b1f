"""`Conductor`: one house and its runs on a thread of their own, which ends with the last of them.

The screen tells it what to do; it answers with messages. Nothing is decided here.
"""

import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue

from msgspec import Struct
from msgspec.structs import replace
from textual.message import Message

from rundown.errors import RundownError
from rundown.model.diagnostic import Diagnostic
from rundown.model.event import Event
from rundown.model.policy import Grant
from rundown.model.runbook import Runbook
from rundown.policy.show import policy_lines
from rundown.record.place import RunsPlace
from rundown.session.build import House, open_house
from rundown.session.library import Opened
from rundown.session.outlook import Outlook
from rundown.session.ports import Foreseen, Frontend
from rundown.session.preparation import Invocation, prepare
from rundown.session.run import Ended, Front, Start
from rundown.session.runner import Runner
from rundown.session.steering import Order
from rundown.session.surroundings import Surroundings
from rundown.session.values import Given, gather_values, secret_names
from rundown.session.wish import Wish
from rundown.tui.frontend import ScreenFrontend, Shelf
from rundown.tui.helm import PersonHelm
from rundown.tui.messages import (
    CameToRest,
    Closed,
    HouseOpened,
    Looked,
    Remarked,
    RunOpened,
    TerminalWanted,
)
from rundown.tui.prompter import ScreenPrompter

Job = Callable[[Runner], Ended]
_LEAST_SIZE = (5, 20)


class Manner(Struct, frozen=True, kw_only=True):
    """How the invocation wants things run, whatever it is that runs. `shape`: what else a start is to be
    like."""

    around: Surroundings
    wish: Wish
    given: Given = Given()
    hidden: tuple[str, ...] = ()
    prompted: bool = False
    agent: str | None = None
    preflight: bool = True
    shape: Callable[[Opened, Start], Start] = lambda opened, start: start


class Watched(Struct, frozen=True, kw_only=True):
    """A run that another process drives: where it lies, and that process by its own word."""

    place: RunsPlace
    pid: int | None


class Errand(Struct, frozen=True, kw_only=True):
    """What a run screen is opened for. `run_id`, `run_path` and `earlier` are of a run on record; "" for a
    new one. `watched`: the run is driven elsewhere, and `earlier` ends before the unit under way."""

    manner: Manner
    opened: Opened
    run_id: str = ""
    run_path: Path | None = None
    earlier: tuple[Event, ...] = ()
    watched: Watched | None = None


class Conductor:
    """Started once for an errand; `close` ends it. It never looks at the screen, which may be gone before the
    run is at rest: it is told what it has to know."""

    def __init__(self, errand: Errand, post: Callable[[Message], object]) -> None:
        self._errand = errand
        self._manner = errand.manner
        self._send = post
        self._size = _LEAST_SIZE
        self._lends = False
        self.ended: Ended | None = None
        self.defects: tuple[Diagnostic, ...] = ()
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._house: House | None = None
        self._runner: Runner | None = None
        self._decks = 0
        self._above = False
        self._given_back: Future[None] | None = None
        self.shelf = Shelf()
        self.helm = PersonHelm(self.post, lends=lambda: self._lends)
        self.prompter = ScreenPrompter(self.post)
        self._thread = threading.Thread(target=self._work, name="rundown-engine", daemon=True)

    def begin(self, *, lends: bool) -> None:
        """Opens the house. `lends`: the screen can give a step the whole terminal."""
        self._lends = lends
        self._thread.start()

    def post(self, message: Message) -> None:
        """Tells the screen; one that is gone is told nothing."""
        with suppress(RuntimeError):
            self._send(message)

    def start(self, opened: Opened, given: Given) -> None:
        """Makes a run and drives it."""
        manner = self._manner

        def job(runner: Runner) -> Ended:
            invocation = Invocation(
                given=given,
                around=manner.around,
                prompter=self.prompter,
                root=manner.wish.root,
                hidden=manner.hidden,
                prompted=manner.prompted,
                agent=manner.agent,
            )
            start = manner.shape(opened, prepare(opened, invocation))
            return runner.start(opened, replace(start, preflight=manner.preflight))

        self._jobs.put(job)

    def resume(self, run_id: str, order: Order | None = None) -> None:
        """Goes on with a run; `order` is what the person does first."""
        self._jobs.put(lambda runner: runner.resume(run_id, self._manner.given, order))

    def interrupt(self) -> bool:
        """Ends the step that runs; returns whether one does. Signal-safe."""
        house = self._house
        return house is not None and house.room.interrupt()

    def resize(self, rows: int, columns: int) -> None:
        """Takes the size of the output pane, which is that of the terminal of steps."""
        self._size = (rows, columns)
        if (house := self._house) is not None:
            house.room.resize(rows, columns)

    def grants(self) -> tuple[Grant, ...]:
        """Returns the grants in force."""
        return self._runner.permissions.grants if self._runner is not None else ()

    def revoke(self, grant: Grant) -> None:
        """Takes a grant back, at once."""
        if self._runner is not None:
            self.helm.note(self._runner.permissions.revoke(grant))

    def allow_ahead(self, items: tuple[Foreseen, ...]) -> None:
        """Allows for this session what steps would ask for later."""
        if self._runner is not None:
            self.helm.note(tuple(self._runner.permissions.allow_ahead(items)))

    def look(self, given: Given) -> Outlook:
        """Returns what the steps would ask for now, with these inputs."""
        if self._runner is None or self._house is None:
            return Outlook()
        opened = self._errand.opened
        values, _ = gather_values(opened.runbook, given)
        secret = secret_names(opened.runbook)
        start = Start(values=values, secret=secret, agent=self._manner.agent)
        return self._runner.look_ahead(opened, start).told_by(self._house.redact_text)

    def lend_terminal(self) -> int | None:
        """Gives an interactive step the whole terminal until its end; called on the engine's thread."""
        if not self._lends:
            return None
        taken: Future[bool] = Future()
        self._given_back = Future()
        self.post(TerminalWanted(taken, self._given_back))
        return 0 if taken.result() else None

    def terminal_size(self) -> tuple[int, int] | None:
        """Returns the size of the pty of steps."""
        if self._given_back is not None:
            found = os.get_terminal_size(1)
            return found.lines, found.columns
        return self._size

    def tee(self, chunk: bytes) -> None:
        """Shows what an interactive step prints on the terminal that it was given."""
        if self._given_back is not None:
            with suppress(OSError):
                os.write(1, chunk)

    def give_terminal_back(self) -> None:
        """Ends what an interactive step was given."""
        given_back, self._given_back = self._given_back, None
        if given_back is not None:
            given_back.set_result(None)

    def close(self) -> None:
        """Lets a run pause where it is, and the house be left. `Closed` says when."""
        self.helm.close()
        self.prompter.close()
        if (house := self._house) is not None:
            house.room.dismiss()
        self._jobs.put(None)

    def join(self, seconds: float) -> bool:
        """Waits for the end; returns whether it came."""
        if self._thread.ident is not None:
            self._thread.join(seconds)
        return not self._thread.is_alive()

    def _work(self) -> None:
        problems: tuple[Diagnostic, ...] = ()
        manner, path = self._manner, self._errand.opened.document.path
        try:
            with open_house(manner.wish, manner.around, path, self.prompter) as house:
                self._house, self._runner = house, Runner(house, self._front())
                lines = policy_lines(house.desk.loaded, house.desk.compiled)
                self.post(HouseOpened(lines, house.desk.project.root))
                self.post(Looked(self.look(manner.given)))
                while (job := self._jobs.get()) is not None and self.prompter.can_ask():
                    self.post(self._do(job, self._runner))
        except RundownError as problem:
            problems = problem.diagnostics
        except (KeyboardInterrupt, CancelledError):
            pass
        except Exception as problem:
            problems = (self._defect(problem),)
        finally:
            self._house = self._runner = None
            self.post(Closed(problems))

    def _do(self, job: Job, runner: Runner) -> CameToRest:
        self.helm.begin()
        self._above = False
        problems: tuple[Diagnostic, ...] = ()
        try:
            self.ended = job(runner)
            return CameToRest(ended=self.ended)
        except RundownError as problem:
            problems = problem.diagnostics
        except KeyboardInterrupt:
            pass
        except Exception as problem:
            problems = self.defects = (self._defect(problem),)
        finally:
            self.give_terminal_back()
            self.shelf.current.close()
        return CameToRest(problems=problems)

    def _defect(self, problem: Exception) -> Diagnostic:
        said = f"{type(problem).__name__}: {problem}"
        return Diagnostic(
            code="tui/internal",
            message=f"rundown itself failed: {self._house.redact_text(said) if self._house else said}",
            why="this is a defect of rundown; nothing further was run",
            fix="`rundown resume` goes on with what is on record",
        )

    def _front(self) -> Front:
        return Front(
            prompter=self.prompter,
            terminal=_PaneTerminal(self),
            frontend=self._frontend,
            warn=self._remark,
            helm=self.helm,
        )

    def _remark(self, item: Diagnostic) -> None:
        self.post(Remarked(item))

    def _frontend(self, run_id: str, runbook: Runbook, earlier: Iterable[Event]) -> Frontend:
        self._decks += 1
        self.post(RunOpened(self._decks, runbook, earlier, is_child=self._above))
        self._above = True
        return ScreenFrontend(self._decks, self)


Conduct = Callable[[Errand, Callable[[Message], object]], Conductor]
"""What makes the conductor of a run screen."""


class _PaneTerminal:
    """The terminal of steps: a pty as large as the output pane; for an interactive one the real terminal."""

    def __init__(self, conductor: Conductor) -> None:
        self._conductor = conductor

    def size(self) -> tuple[int, int] | None:
        return self._conductor.terminal_size()

    def stdin(self, *, interactive: bool) -> int | None:
        return self._conductor.lend_terminal() if interactive else None
