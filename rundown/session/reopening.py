"""Opens the logs of runs: of new ones, and of those that go on, from the outermost to the one that waits.

Nothing is written to a log that goes on until its whole family was opened and fits its runbooks.
"""

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import msgspec
from msgspec.structs import replace

from rundown.engine.course import chart
from rundown.errors import InvalidInputError, RecordError, RundownError
from rundown.model.contract import Contract
from rundown.model.diagnostic import Diagnostic
from rundown.record.events import StoredEvents
from rundown.record.log import EventLog
from rundown.record.place import RunsPlace, make_own_folder
from rundown.record.registry import Registry
from rundown.record.rundir import EVENTS, RunDirectory
from rundown.session.again import Secrets, does_not_fit, run_is_over
from rundown.session.build import House
from rundown.session.composition import Family
from rundown.session.library import Document, Opened, parse_document
from rundown.session.opening import draw_contract, make_work_directory
from rundown.session.replay import Replayed, replay
from rundown.session.run import Run, Start
from rundown.session.selection import find_target
from rundown.session.values import Values, load_values, scope

RUNBOOK_COPY = "runbook.md"


class Logs:
    """The runs of one house, by their directories. What is opened is closed with the stack it is given to."""

    def __init__(self, house: House) -> None:
        desk = house.desk
        self._house = house
        chosen = desk.wish.runs_dir
        self._place = RunsPlace(
            root=Path(desk.project.root),
            state_home=desk.around.state.parent,
            runs_dir=(desk.around.cwd / chosen).resolve() if chosen is not None else None,
        )
        self._registry = Registry(self._place.state_home)

    def make(self, stack: ExitStack, opened: Opened, start: Start) -> Run:
        """Returns a new run: directory, contract, empty log, a copy of the runbook.

        Raises:
            RecordError: it cannot be recorded.
        """
        house = self._house
        house.keep_secret(start.secret_values)
        now_ns = house.desk.around.now_ns()
        if start.family.parent is None:
            start = replace(start, expires_at=house.expiry(now_ns))
        directory = stack.enter_context(RunDirectory.create(self._place, now_ns=now_ns))
        if self._place.runs_dir is not None:
            make_own_folder(self._place.root)
        make_work_directory(Path(house.desk.project.root))
        contract = draw_contract(house.desk, opened, start, run_id=directory.run_id, now_ns=now_ns)
        try:
            log = EventLog.create(directory, contract, house.desk.around.now_ns, house.redact_text)
            stack.enter_context(log)
            directory.write_file(RUNBOOK_COPY, house.redactor.redact_bytes(opened.document.content))
        except RecordError:
            with suppress(OSError):
                directory.remove()  # nothing of it ran; half of a run is no use to anybody
            raise
        # Before anything names it: a parent that was killed right after `ChildStarted` finds it as its own.
        self._registry.register(directory, log.head, at_rest=False)
        return Run(directory=directory, log=log, course=chart(opened.runbook), opened=opened, start=start)

    def reopen(self, stack: ExitStack, run_id: str, secrets: Secrets) -> tuple[Run, ...]:
        """Returns a run and those that stand in for its units, each in the one before, down to the one that
        is to go on; the last may be over already, without the one above knowing.

        Raises:
            RecordError: one cannot be resumed here.
            InvalidInputError: it is over, or a runbook is not valid any more, or is another.
            PersonNeededError: a secret input must be given again.
        """
        run = self._open(stack, run_id, secrets, None)
        if run is None:
            raise InvalidInputError(run_is_over(run_id, None))
        family = [run]
        while (child := _pending(family[-1])) is not None:
            below = self._open(stack, child, secrets, family[-1])
            if below is None:
                break
            family.append(below)
        return tuple(family)

    def note(self, run: Run, *, at_rest: bool) -> Diagnostic | None:
        """Notes how far a run has come; returns a warning if it cannot be noted."""
        return self._registry.register(run.directory, run.log.head, at_rest=at_rest)

    def _open(self, stack: ExitStack, run_id: str, secrets: Secrets, parent: Run | None) -> Run | None:
        """Returns the run; None if it never began."""
        house = self._house
        directory = stack.enter_context(RunDirectory.open(self._place, run_id))
        log = self._registry.resume(directory, house.desk.around.now_ns, house.redact_text)
        stack.enter_context(log)
        events = StoredEvents(directory.path / EVENTS, log.head.count)
        contract = msgspec.json.decode(log.contract, type=Contract)
        opened = self._reread(directory, contract)
        course = chart(opened.runbook)
        try:
            replayed = replay(course, events)
        except RundownError as error:
            raise InvalidInputError(does_not_fit(run_id), *error.diagnostics) from error
        if replayed is None:
            return None
        start = _start(opened, replayed, secrets, parent)
        start = replace(start, expires_at=contract.expires_at)
        house.keep_secret(start.secret_values)
        return Run(directory=directory, log=log, course=course, opened=opened, start=start, replayed=replayed)

    def _reread(self, directory: RunDirectory, contract: Contract) -> Opened:
        """The runbook as it is now; the copy kept with the run, if it came from standard input or is gone."""
        path = Path(contract.runbook_path) if contract.runbook_path else None
        content = (
            path.read_bytes() if path is not None and path.is_file() else directory.read_file(RUNBOOK_COPY)
        )
        return parse_document(Document(file=contract.runbook_file, path=path, content=content))


def remarks(run: Run) -> Iterator[Diagnostic]:
    """Yields what a person should know about a run that was just opened."""
    if run.directory.notice is not None:
        yield run.directory.notice
    torn = run.log.torn
    if torn is not None:
        yield Diagnostic(
            code="record/torn-line",
            severity="warning",
            message=f"the last line of run {run.directory.run_id} was torn and is cut off",
            why=f"its process ended while it wrote event {torn.seq}: {torn.size_bytes} bytes of it are there",
        )


def family_below(parent: Run | None) -> Family:
    """Returns the family of a run that stands in for a unit of `parent`."""
    if parent is None:
        return Family()
    return parent.start.family.with_parent(parent.directory.run_id, parent.opened.document.path)


def is_over(run: Run) -> bool:
    """Returns whether the log tells of the run's end."""
    return run.replayed is not None and run.replayed.state.lifecycle in ("completed", "stopped")


def _start(opened: Opened, replayed: Replayed, secrets: Secrets, parent: Run | None) -> Start:
    started = replayed.started
    known: Values = {}
    if parent is None:
        secrets.require_no_others(started.withheld)
    else:
        assert parent.replayed is not None
        known = scope(parent.course, parent.replayed.state, parent.start.values)
    return Start(
        values={**load_values(started.inputs), **secrets.give(opened.runbook, started.withheld, known)},
        secret=frozenset(started.withheld),
        prompted=started.prompted,
        agent=started.agent,
        context_id=started.context_id,
        family=family_below(parent),
        until=find_target(opened.runbook, started.until) if started.until else None,
        cwd=started.cwd,
    )


def _pending(run: Run) -> str | None:
    """The run that stands in for the unit where `run` is; None if it is over, or there is none."""
    replayed = run.replayed
    if replayed is None or replayed.child is None or is_over(run):
        return None
    return replayed.child.run_id if replayed.child.position == replayed.state.position else None
