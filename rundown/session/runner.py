"""Starts runs and goes on with them: contract, log, machine and ports of one run, and of its children.

A little longer than most modules because a run and its children call each other in a circle.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import msgspec
from msgspec.structs import replace

from rundown.engine.course import chart
from rundown.engine.effects import LaunchChild
from rundown.engine.machine import initial
from rundown.engine.state import State
from rundown.errors import InvalidInputError, PersonNeededError, PolicyDeniedError, RundownError
from rundown.model.contract import Contract
from rundown.model.diagnostic import Diagnostic
from rundown.model.event import (
    Body,
    ChildStarted,
    EffectFailed,
    Event,
    RunPaused,
    RunResumed,
)
from rundown.model.runbook import Runbook
from rundown.record.events import read_events
from rundown.record.log import EventLog
from rundown.record.place import RunsPlace
from rundown.record.registry import Registry
from rundown.record.rundir import EVENTS, RunDirectory
from rundown.session.again import does_not_fit, find_changes, run_is_over, secrets_again
from rundown.session.build import House, RunRef
from rundown.session.composition import Family, find_child
from rundown.session.driver import drive, record
from rundown.session.execution import Tools
from rundown.session.handing import hand_up, inherit, report_of
from rundown.session.library import Document, Opened, parse_document
from rundown.session.opening import begin, draw_contract, make_work_directory
from rundown.session.outlook import Outlook, look_ahead, refusals
from rundown.session.performer import Performer
from rundown.session.permissions import Permissions
from rundown.session.ports import Frontend
from rundown.session.replay import Replayed, replay
from rundown.session.run import Ended, Front, Run, Start
from rundown.session.texts import Texts
from rundown.session.values import Values, load_values, secret_names

RUNBOOK_COPY = "runbook.md"
_TAIL_BYTES = 64 * 1024

Facts = Callable[[State], Iterator[Body]]


class Runner:
    """Runs runbooks in one house. Session grants live as long as it does."""

    def __init__(self, house: House, front: Front) -> None:
        self._house = house
        self._front = front
        self.permissions = Permissions(
            house.desk.evaluate, front.prompter, house.desk.keep_grant, house.describe_view
        )
        self.place = RunsPlace(
            root=Path(house.desk.project.root),
            state_home=house.desk.around.state.parent,
            runs_dir=house.desk.wish.runs_dir,
        )
        self._registry = Registry(self.place.state_home)
        self._facts: Facts | None = None

    def start(self, opened: Opened, start: Start) -> Ended:
        """Makes a run and drives it to its end or a pause.

        Raises:
            RecordError: it cannot be recorded; nothing was run then.
        """
        outlook = Outlook() if start.prompted else self.look_ahead(opened.runbook, start)
        if outlook.wanted and not self._front.prompter.can_ask():
            raise PolicyDeniedError(*refusals(outlook))
        with ExitStack() as stack:
            run = self._make(stack, opened, start)
            return self._drive(run, initial(run.course), self._beginning(run, outlook))

    def look_ahead(self, runbook: Runbook, start: Start) -> Outlook:
        """Returns what the steps would ask for and be refused, with the grants in force."""
        return look_ahead(runbook, self._house.desk, start.values, self.permissions.grants, start.agent)

    def _beginning(self, run: Run, outlook: Outlook) -> Iterator[Body]:
        yield from begin(self._house.desk, run)
        questions = outlook.questions
        if run.start.preflight and self._front.prompter.can_ask() and (outlook.wanted or len(questions) > 1):
            yield from self.permissions.ask_ahead(questions, outlook.denials)

    def resume(self, run_id: str, given: Values, facts: Facts | None = None) -> Ended:
        """Goes on with a run. `given`: values of secret inputs, which are on no record. `facts`: what a
        person does to the run that waits at the bottom (a report, a jump, an end) before it goes on.

        Raises:
            RecordError: it cannot be resumed here.
            InvalidInputError: it is over, or its runbook is not valid any more.
            PersonNeededError: its runbook changed, or a step is in doubt, and nobody can be asked.
        """
        self._facts = facts
        with ExitStack() as stack:
            run, replayed = self._reopen(stack, run_id, given, Family())
            return self._drive(run, replayed.state, self._again(run, replayed))

    def _make(self, stack: ExitStack, opened: Opened, start: Start) -> Run:
        house = self._house
        now_ns = house.desk.around.now_ns()
        directory = stack.enter_context(RunDirectory.create(self.place, now_ns=now_ns))
        make_work_directory(Path(house.desk.project.root))
        contract = draw_contract(house.desk, opened, start, directory.run_id, now_ns)
        redact = house.redactor.redact_text
        log = stack.enter_context(EventLog.create(directory, contract, house.desk.around.now_ns, redact))
        directory.write_file(RUNBOOK_COPY, house.redactor.redact_bytes(opened.document.content))
        self._registry.register(directory, log.head, at_rest=False)
        return Run(directory=directory, log=log, course=chart(opened.runbook), opened=opened, start=start)

    def _reopen(self, stack: ExitStack, run_id: str, given: Values, family: Family) -> tuple[Run, Replayed]:
        house = self._house
        directory = stack.enter_context(RunDirectory.open(self.place, run_id))
        log = self._registry.resume(directory, house.desk.around.now_ns, house.redactor.redact_text)
        stack.enter_context(log)
        events = tuple(read_events(directory.path / EVENTS))
        opened = self._reread(directory, msgspec.json.decode(log.contract, type=Contract))
        course = chart(opened.runbook)
        try:
            replayed = replay(course, events)
        except RundownError as error:
            raise InvalidInputError(does_not_fit(run_id), *error.diagnostics) from error
        if replayed is None or replayed.state.lifecycle in ("completed", "stopped"):
            raise InvalidInputError(run_is_over(run_id, replayed))
        started = replayed.started
        start = Start(
            values={**load_values(started.inputs), **secrets_again(opened.runbook, given)},
            secret=secret_names(opened.runbook),
            prompted=started.prompted,
            agent=started.agent,
            context_id=started.context_id,
            family=family,
        )
        run = Run(directory=directory, log=log, course=course, opened=opened, start=start, replayed=replayed)
        return run, replayed

    def _reread(self, directory: RunDirectory, contract: Contract) -> Opened:
        """The runbook as it is now; the copy kept with the run, if it came from standard input or is gone."""
        path = Path(contract.runbook_path) if contract.runbook_path else None
        content = (
            path.read_bytes() if path is not None and path.is_file() else directory.read_file(RUNBOOK_COPY)
        )
        return parse_document(Document(file=contract.runbook_file, path=path, content=content))

    def _drive(self, run: Run, state: State, head: Iterator[Body]) -> Ended:
        hint = run.start.family.outermost or run.directory.run_id
        watched = _Watched(self._front.frontend(hint, run.opened.runbook))
        tools = self._tools(run, watched)
        unjudged = run.replayed.unjudged if run.replayed is not None else None

        def child(effect: LaunchChild, now: State, values: Values) -> Iterator[Body]:
            return self._child(run, effect, now, values)

        performer = Performer(run.course, tools, run.start.values, child, unjudged)
        try:
            state = record(run.course, state, head, run.log, watched)
            state = drive(run.course, state, performer, run.log, watched)
        finally:
            self._registry.register(run.directory, run.log.head, at_rest=True)
        pause = watched.pause if state.lifecycle == "paused" else None
        outlook = Outlook()
        if pause is not None and pause.reason == "denied" and not self._front.prompter.can_ask():
            outlook = self.look_ahead(run.opened.runbook, run.start)
        return Ended(
            run_id=run.directory.run_id, path=run.directory.path, state=state, pause=pause, outlook=outlook
        )

    def _again(self, run: Run, replayed: Replayed) -> Iterator[Body]:
        """What going on begins with: what changed, what a person does, what is in doubt."""
        changes = find_changes(run, replayed, self._house.desk.loaded.documents_digest)
        if "runbook" in changes:
            self._require_yes("the runbook changed since the run began: go on with it as it is now?")
        yield RunResumed(changes=changes)
        if replayed.child is None and self._facts is not None:
            facts, self._facts = self._facts, None
            yield from facts(replayed.state)
        elif replayed.in_doubt is not None:
            yield from self._settle_doubt(run, replayed)

    def _require_yes(self, sentence: str) -> None:
        prompter = self._front.prompter
        if not prompter.can_ask():
            raise PersonNeededError(
                Diagnostic(
                    code="session/changed",
                    message=sentence.split(":")[0],
                    fix="go on at a terminal, or start anew",
                )
            )
        if not prompter.confirm(sentence):
            raise InvalidInputError(
                Diagnostic(
                    code="session/not-resumed", message="the run was left as it is", severity="warning"
                )
            )

    def _settle_doubt(self, run: Run, replayed: Replayed) -> Iterator[Body]:
        state = replayed.state
        title = f"step {state.position} {run.course.unit(state.step, state.substep).title}".rstrip()
        report = self._front.prompter.settle_doubt(title)
        if report.kind == "later":
            yield RunPaused(
                reason="in-doubt", position=state.position, detail="it may or may not have run to its end"
            )
        elif report.kind in ("pass", "fail"):
            yield report_of(state, report.kind, "it was in doubt")

    def _child(self, run: Run, effect: LaunchChild, state: State, values: Values) -> Iterator[Body]:
        """Runs another runbook in a unit's place: a new run, or the one that was left half done."""
        reference = Texts(values).shown(effect.reference)
        family = run.start.family.with_parent(run.directory.run_id, run.opened.document.path)
        with ExitStack() as stack:
            pending = run.replayed.child if run.replayed is not None else None
            if pending is not None and pending.position == state.position:
                child, replayed = self._reopen(stack, pending.run_id, {}, family)
                ended = self._drive(child, replayed.state, self._again(child, replayed))
            else:
                found = find_child(reference, run.opened.document, self._house.desk.project.root, family)
                if isinstance(found, str):
                    yield EffectFailed(position=state.position, code="inline_launch_failed", message=found)
                    return
                start = replace(run.start, values=inherit(values), family=family)
                start = replace(start, context_id=run.start.context_id or run.directory.run_id)
                child = self._make(stack, found, start)
                yield ChildStarted(
                    position=state.position, run_id=child.directory.run_id, reference=found.document.file
                )
                ended = self._drive(child, initial(child.course), begin(self._house.desk, child))
        yield from hand_up(ended, child, state)

    def _tools(self, run: Run, frontend: Frontend) -> Tools:
        front = run.opened.runbook.front
        path = run.opened.document.path
        ref = RunRef(
            run_id=run.directory.run_id,
            context_id=run.start.context_id or run.directory.run_id,
            runbook_file=run.opened.document.file,
            runbook_path=str(path.resolve()) if path is not None else "",
        )
        return Tools(
            run_id=run.directory.run_id,
            root=self._house.desk.project.root,
            shell=front.shell,
            on_denied=front.on_denied,
            agent=run.start.agent or front.agent,
            permissions=self.permissions,
            workspace=self._house.desk.workspace,
            launcher=self._house.launcher(ref, self._front.terminal),
            prompter=self._front.prompter,
            frontend=frontend,
            live_folder=self._house.desk.around.state / "live",
            open_output=run.directory.open_output,
            read_output=lambda name: run.directory.read_file(name)[-_TAIL_BYTES:],
            redactor=self._house.redactor,
        )


class _Watched:
    """A front end, and the last pause that went by."""

    def __init__(self, frontend: Frontend) -> None:
        self._frontend = frontend
        self.output = frontend.output
        self.present = frontend.present
        self.pause: RunPaused | None = None

    def show(self, event: Event) -> None:
        if isinstance(event.body, RunPaused):
            self.pause = event.body
        self._frontend.show(event)
