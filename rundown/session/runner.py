"""Starts runs and goes on with them: contract, log, machine and ports of one run, and of its children."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from msgspec import Struct

from rundown import __version__
from rundown.engine.course import Course, chart
from rundown.engine.machine import initial
from rundown.engine.state import State
from rundown.model.contract import Contract
from rundown.model.event import (
    Body,
    Event,
    HostProbed,
    PolicyFrozen,
    ProcessEnded,
    RunPaused,
    RunStarted,
)
from rundown.model.runbook import AgentBody, Runbook
from rundown.record.log import EventLog
from rundown.record.place import RunsPlace
from rundown.record.registry import Registry
from rundown.record.rundir import RunDirectory
from rundown.record.times import rfc3339
from rundown.session.build import House, RunRef
from rundown.session.driver import drive, record
from rundown.session.execution import Tools
from rundown.session.launching import Terminal
from rundown.session.library import Opened
from rundown.session.performer import Performer
from rundown.session.permissions import Permissions
from rundown.session.ports import Frontend, Prompter
from rundown.session.values import Values, dump_values

_TAIL_BYTES = 64 * 1024


class Start(Struct, frozen=True, kw_only=True):
    """How a new run begins. `values` are those of `gather_values`; `secret` names are kept off the record."""

    values: Values
    secret: frozenset[str] = frozenset()
    prompted: bool = False
    agent: str | None = None
    parent_run: str | None = None
    context_id: str | None = None


class Ended(Struct, frozen=True, kw_only=True):
    """Where a run came to rest. `pause` says why, if it is paused."""

    run_id: str
    path: Path
    state: State
    pause: RunPaused | None = None


class Front(Struct, frozen=True, kw_only=True):
    """The front end's part: who is asked, what is shown, which terminal steps run on."""

    prompter: Prompter
    terminal: Terminal
    frontend: Callable[[str, Runbook], Frontend]


class Runner:
    """Runs runbooks in one house. Session grants live as long as it does."""

    def __init__(self, house: House, front: Front) -> None:
        self._house = house
        self._front = front
        self.permissions = Permissions(house.evaluate, front.prompter, house.keep_grant, house.describe_view)
        self.place = RunsPlace(
            root=Path(house.project.root),
            state_home=house.around.state.parent,
            runs_dir=house.wish.runs_dir,
        )
        self._registry = Registry(self.place.state_home)

    def start(self, opened: Opened, start: Start) -> Ended:
        """Makes a run and drives it to its end or a pause.

        Raises:
            RecordError: it cannot be recorded; nothing was run then.
        """
        house = self._house
        now_ns = house.around.now_ns()
        with RunDirectory.create(self.place, now_ns=now_ns) as directory:
            contract = self._contract(opened.runbook, start, directory.run_id, now_ns)
            log = EventLog.create(directory, contract, house.around.now_ns, house.redactor.redact_text)
            with log:
                self._registry.register(directory, log.head, at_rest=False)
                run = _Run(directory=directory, log=log, course=chart(opened.runbook), start=start)
                head = self._head(opened, start, directory.run_id)
                return self._drive(run, initial(run.course), head, opened)

    def _drive(
        self,
        run: "_Run",
        state: State,
        head: Iterator[Body],
        opened: Opened,
        unjudged: ProcessEnded | None = None,
    ) -> Ended:
        frontend = self._front.frontend(run.directory.run_id, opened.runbook)
        watched = _Watched(frontend)
        tools = self._tools(run, opened, watched)
        performer = Performer(run.course, tools, run.start.values, partial(self._child, run), unjudged)
        try:
            state = record(run.course, state, head, run.log, watched)
            state = drive(run.course, state, performer, run.log, watched)
        finally:
            self._registry.register(run.directory, run.log.head, at_rest=True)
        pause = watched.pause if state.lifecycle == "paused" else None
        return Ended(run_id=run.directory.run_id, path=run.directory.path, state=state, pause=pause)

    def _child(self, run: "_Run", *_: object) -> Iterator[Body]:
        raise NotImplementedError

    def _tools(self, run: "_Run", opened: Opened, frontend: Frontend) -> Tools:
        front = opened.runbook.front
        path = opened.document.path
        ref = RunRef(
            run_id=run.directory.run_id,
            context_id=run.start.context_id or run.directory.run_id,
            runbook_file=opened.document.file,
            runbook_path=str(path.resolve()) if path is not None else "",
        )
        return Tools(
            run_id=run.directory.run_id,
            root=self._house.project.root,
            shell=front.shell,
            on_denied=front.on_denied,
            agent=run.start.agent or front.agent,
            permissions=self.permissions,
            workspace=self._house.workspace,
            launcher=self._house.launcher(ref, self._front.terminal),
            prompter=self._front.prompter,
            frontend=frontend,
            open_output=run.directory.open_output,
            read_output=lambda name: run.directory.read_file(name)[-_TAIL_BYTES:],
            redactor=self._house.redactor,
        )

    def _contract(self, runbook: Runbook, start: Start, run_id: str, now_ns: int) -> Contract:
        return Contract(
            run_id=run_id,
            at=rfc3339(now_ns),
            root=self._house.project.root,
            rundown_version=__version__,
            runbook_file=runbook.file,
            runbook_digest=runbook.digest,
            policy_digest=self._house.loaded.digest,
            inputs=dump_values(start.values, start.secret),
            host=self._house.host,
            isolation=self._house.wish.sandbox,
            agents=_agents(runbook, start.agent),
            prompted=start.prompted,
            parent_run=start.parent_run,
        )

    def _head(self, opened: Opened, start: Start, run_id: str) -> Iterator[Body]:
        house = self._house
        yield RunStarted(
            run_id=run_id,
            runbook_file=opened.document.file,
            runbook_digest=opened.runbook.digest,
            root=house.project.root,
            rundown_version=__version__,
            prompted=start.prompted,
            inputs=dump_values(start.values, start.secret),
            parent_run=start.parent_run,
        )
        yield HostProbed(facts=house.host, wish=house.wish.sandbox)
        yield PolicyFrozen(digest=house.loaded.digest, sources=house.loaded.sources)


class _Run(Struct, frozen=True, kw_only=True):
    directory: RunDirectory
    log: EventLog
    course: Course
    start: Start


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


def _agents(runbook: Runbook, chosen: str | None) -> tuple[str, ...]:
    bodies = (body for body in runbook.bodies() if isinstance(body, AgentBody))
    kinds = {body.kind or chosen or runbook.front.agent for body in bodies}
    return tuple(sorted(kind for kind in kinds if kind is not None))
