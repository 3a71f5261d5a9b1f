"""Starts runs and goes on with them: contract, log, machine and ports of one run, and of its children.

Longer than 350 lines because a run and its children call each other in a circle: they are driven here
together.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from itertools import pairwise

from msgspec.structs import replace

from rundown.engine.effects import LaunchChild
from rundown.engine.machine import initial
from rundown.engine.state import State
from rundown.errors import InvalidInputError, PolicyDeniedError
from rundown.model.diagnostic import Diagnostic
from rundown.model.event import Body, ChildStarted, EffectFailed, RunResumed
from rundown.record.stored import redact_body
from rundown.session.again import Secrets, find_changes, require_unchanged, run_is_over, settle_doubt
from rundown.session.bounds import Bounds
from rundown.session.build import House, RunRef
from rundown.session.composition import find_child
from rundown.session.delegation import Delegation, delegation_of
from rundown.session.discretion import Discreet
from rundown.session.driver import Track, drive, record
from rundown.session.egress import Networks
from rundown.session.expiry import require_valid
from rundown.session.failures import Failures
from rundown.session.handing import hand_up, is_launching, prepare_child, prepare_stand_in
from rundown.session.library import Opened
from rundown.session.needs import Needs
from rundown.session.noted import Noted
from rundown.session.opening import begin, frozen_anew
from rundown.session.outlook import Outlook, find_wanted, look_ahead, refusals
from rundown.session.performer import Performer
from rundown.session.permissions import Permissions
from rundown.session.ports import Frontend
from rundown.session.reach import Chapter
from rundown.session.receipts import Receipts
from rundown.session.reopening import Logs, family_below, is_over, remarks
from rundown.session.rest import Watched, interrupt, over
from rundown.session.run import Ended, Front, Run, Start
from rundown.session.script import Shop
from rundown.session.steering import Order, rehearse
from rundown.session.texts import Texts
from rundown.session.tools import Tools
from rundown.session.values import Given, Values
from rundown.session.withdrawal import Withdrawals
from rundown.session.workspace import LiveWorkspace

_TAIL_BYTES = 64 * 1024


class Runner:
    """Runs runbooks in one house. Session grants live as long as it does."""

    def __init__(self, house: House, front: Front) -> None:
        self._house = house
        front = replace(front, prompter=Discreet(front.prompter, house.redact_text))
        self._front = front
        self.permissions = Permissions(
            house.desk,
            front.prompter,
            house.describe_view,
            house.desk.keeper.personal(),
            profile=house.desk.fitting_profile,
        )
        self._workspace = LiveWorkspace(house.desk.workspace_under, lambda: self.permissions.grants)
        self._logs = Logs(house)
        self._receipts = Receipts(house.desk.around, front.warn)
        self._agents: Delegation | None = None
        self._below: dict[str, Run] = {}
        self.needs = Needs()
        self._bounds = Bounds(None, None, house.time_left, front.helm)
        self._order: tuple[str, Order] | None = None
        self._told: list[Diagnostic] = []

    def start(self, opened: Opened, start: Start) -> Ended:
        """Makes a run and drives it to its end or a pause.

        Raises:
            RecordError: it cannot be recorded; nothing was run then.
        """
        self._tell(*self._house.desk.loaded.warnings)
        self._delegation(start.agent).require(opened.runbook, start)
        outlook = self._outlook(opened, start)
        if outlook.wanted and not self._front.prompter.can_ask():
            raise PolicyDeniedError(*refusals(outlook))
        self._tell(*self._house.check_secrets(opened, start))
        self._receipts.prepare()
        self._bounds = Bounds(start.begin, start.until, self._house.time_left, self._front.helm)
        with ExitStack() as stack:
            run = self._make(stack, opened, start)
            self._heed(stack, run)
            return self._drive(run, initial(run.course), self._beginning(run, outlook))

    def _outlook(self, opened: Opened, start: Start) -> Outlook:
        """All that can be foreseen, if somebody is asked about it; else what the runbook itself wants."""
        if start.prompted:
            return Outlook()
        if start.preflight and self._front.prompter.can_ask():
            return self.look_ahead(opened, start)
        first = self._first(opened, start)
        return Outlook(
            wanted=find_wanted(first, self._house.desk, self.permissions.grants, self._house.secrets_of)
        )

    def look_ahead(self, opened: Opened, start: Start) -> Outlook:
        """Returns what the steps would ask for and be refused, children's included, with the grants in
        force."""
        found = look_ahead(
            self._first(opened, start),
            self._house.desk,
            self.permissions.grants,
            agent=start.agent,
            secrets_of=self._house.secrets_of,
            cwd=start.cwd,
        )
        is_one = start.begin is not None and start.begin == start.until
        return found.within(str(start.begin)) if is_one else found

    def _first(self, opened: Opened, start: Start) -> Chapter:
        return Chapter(opened=opened, values=start.values, secret=start.secret)

    def _suggest(self, run: Run) -> str:
        first = self._first(run.opened, run.start)
        return self.needs.suggest(
            self._house.desk, first, self.permissions.grants, run.start, redact=self._house.redact_text
        )

    def _beginning(self, run: Run, outlook: Outlook) -> Iterator[Body]:
        yield from begin(self._house.desk, run)
        questions = outlook.questions
        if self._front.prompter.can_ask() and (outlook.wanted or len(questions) > 1):
            answers = yield from self.permissions.ask_ahead(questions, outlook.denials)
            for item, allowed in zip(questions, answers, strict=True):
                if item.secret and allowed:
                    self._house.vault.approve(item.secret, item.asker)

    def resume(self, run_id: str, given: Given, order: Order | None = None) -> Ended:
        """Goes on with a run. `given`: values of secret inputs, which are on no record. `order`: what a
        person does first.

        Raises:
            RecordError: it cannot be resumed here.
            InvalidInputError: it is over, its runbook is not valid any more, or the order does not fit.
            PersonNeededError: its runbook changed and nobody can be asked, or a secret must be given again.
        """
        self._tell(*self._house.desk.loaded.warnings)
        self._receipts.prepare()
        with ExitStack() as stack:
            family = self._logs.reopen(stack, run_id, Secrets(given, self._front.prompter))
            for run in family:
                self._tell(*remarks(run))
            if is_over(family[0]):
                self._tell(self._receipts.complete(family[0]))
                raise InvalidInputError(run_is_over(run_id, family[0].replayed))
            if order is None or not order.ends:
                require_valid(family, self._house.desk.around.now_ns())
            for run in family:
                require_unchanged(run, self._front.prompter)
            if order is not None:
                rehearse(order, family)
                if order.stand_in is not None:
                    prepare_stand_in(order.choose(family)[0], order.stand_in)
                if order.ends:
                    return self._end(family, order)
                self._order = (order.choose(family)[0].directory.run_id, order)
            self._heed(stack, family[0])
            until = family[0].start.until
            self._bounds = Bounds(None, until, self._house.time_left, self._front.helm)
            self._below = {upper.directory.run_id: lower for upper, lower in pairwise(family)}
            return self._drive(family[0], _state(family[0]), self._again(family[0]))

    def _heed(self, stack: ExitStack, run: Run) -> None:
        """From now on grants can be taken back from another terminal; what was left before is void."""
        left = Withdrawals(state=self._house.desk.around.state, run_id=run.directory.run_id)
        left.close()
        stack.callback(left.close)
        self.permissions.withdrawals = left.collect

    def _end(self, family: tuple[Run, ...], order: Order) -> Ended:
        """Ends every run of the family, the one at the bottom first."""
        ended = None
        for run in reversed(order.choose(family)):
            facts = iter((RunResumed(), *order.facts(_state(run))))
            ended = self._drive(run, _state(run), facts)
        assert ended is not None
        return ended

    def _drive(self, run: Run, state: State, head: Iterator[Body]) -> Ended:
        hint = run.start.family.outermost or run.directory.run_id
        earlier = run.replayed.events if run.replayed is not None else ()
        watched = Watched(
            self._front.frontend(hint, run.opened.runbook, earlier), self.needs, self._house.redact_text
        )
        unjudged = run.replayed.unjudged if run.replayed is not None else None

        def child(effect: LaunchChild, now: State, values: Values) -> Iterator[Body]:
            return self._child(run, effect, now, values)

        track = Track(course=run.course, log=run.log, frontend=watched)
        performer = Performer(run, self._tools(run, watched), child, unjudged)
        self._tell(self._logs.note(run, at_rest=False))
        try:
            state = record(track, state, head)
            state = drive(track, state, performer, self._house.bounded(run.start, self._bounds))
        except KeyboardInterrupt:
            state = interrupt(run, watched)
        finally:
            self._tell(self._logs.note(run, at_rest=True))
            receipt = self._receipts.issue(run)
        pause = watched.pause if state.lifecycle == "paused" else None
        outlook, suggestion = Outlook(), ""
        if pause is not None and pause.reason == "denied" and not self._front.prompter.can_ask():
            outlook = redact_body(self.look_ahead(run.opened, run.start), self._house.redact_text)
            suggestion = self._suggest(run)
        return Ended(
            run_id=run.directory.run_id,
            path=run.directory.path,
            state=state,
            pause=pause,
            message=watched.message,
            outlook=outlook,
            suggestion=suggestion,
            receipt=receipt,
        )

    def _make(self, stack: ExitStack, opened: Opened, start: Start) -> Run:
        run = self._logs.make(stack, opened, start)
        self._tell(*remarks(run))
        return run

    def _tell(self, *found: Diagnostic | None) -> None:
        for item in found:
            if item is not None and item not in self._told:
                self._told.append(item)
                self._front.warn(redact_body(item, self._house.redact_text))

    def _again(self, run: Run) -> Iterator[Body]:
        """What going on begins with: what changed, what a person does, what is in doubt."""
        assert run.replayed is not None
        yield RunResumed(changes=find_changes(run, self._house.desk.loaded.documents_digest))
        yield from frozen_anew(self._house.desk, run.replayed.host, run.replayed.policy)
        if self._order is not None and self._order[0] == run.directory.run_id:
            (_, order), self._order = self._order, None
            if order.stand_in is not None:
                start = prepare_stand_in(run, order.stand_in)
                yield from self._begin_below(order.stand_in.opened, start, run.replayed.state)
            yield from order.facts(run.replayed.state)
        elif run.directory.run_id in self._below and not is_launching(run):
            yield from self._go_on_below(self._below.pop(run.directory.run_id), run.replayed.state)
        elif run.replayed.in_doubt is not None:
            yield from settle_doubt(run, self._front.prompter)

    def _go_on_below(self, child: Run, state: State) -> Iterator[Body]:
        """Goes on with a child that was left half done; one that is over hands its result up."""
        if is_over(child):
            self._tell(self._receipts.complete(child))
            yield from hand_up(child, over(child), state)
            return
        yield from hand_up(child, self._drive(child, _state(child), self._again(child)), state)

    def _begin_below(self, found: Opened, start: Start, state: State) -> Iterator[Body]:
        """Runs another runbook in a unit's place, as a new run."""
        with ExitStack() as stack:
            child = self._make(stack, found, start)
            yield ChildStarted(
                position=state.position, run_id=child.directory.run_id, reference=found.document.file
            )
            ended = self._drive(child, initial(child.course), begin(self._house.desk, child))
        yield from hand_up(child, ended, state)

    def _child(self, run: Run, effect: LaunchChild, state: State, values: Values) -> Iterator[Body]:
        """Runs another runbook in a unit's place: a new run, or the one that was left half done."""
        child = self._below.pop(run.directory.run_id, None)
        if child is not None:
            yield from self._go_on_below(child, state)
            return
        reference = Texts(values, run.start.secret).shown(effect.reference)
        found = find_child(reference, run.opened.document, self._house.desk.project.root, family_below(run))
        start = found if isinstance(found, str) else prepare_child(run, found, values)
        if isinstance(found, str) or isinstance(start, str):
            message = start if isinstance(start, str) else ""
            yield EffectFailed(position=state.position, code="inline_launch_failed", message=message)
            return
        yield from self._begin_below(found, start, state)

    def _delegation(self, chosen: str | None) -> Delegation:
        """What the agents of this session share, whoever starts them."""
        if self._agents is None:
            self._agents = delegation_of(self._house, self._front.prompter, chosen)
        return self._agents

    def _tools(self, run: Run, frontend: Frontend) -> Tools:
        front = run.opened.runbook.front
        path = run.opened.document.path
        ref = RunRef(
            run_id=run.directory.run_id,
            context_id=run.context_id,
            runbook_file=run.opened.document.file,
            runbook_path=str(path.resolve()) if path is not None else "",
        )
        noted = Noted(run.log, frontend)
        networks = Networks(
            egress=self._house.egress,
            judge=self._house.desk,
            permissions=self.permissions,
            prompter=self._front.prompter,
            note=noted.take,
            proxied=self._house.is_proxied,
            keep_secret=lambda name, value: self._house.keep_secret({name: value}),
        )
        crew = self._delegation(run.start.agent).crew

        def read_output(name: str) -> bytes:
            return run.directory.read_file(name)[-_TAIL_BYTES:]

        failures = Failures()
        failures.recall(run.replayed.events if run.replayed is not None else (), read_output)
        return Tools(
            run_id=run.directory.run_id,
            salt=self._house.salt,
            root=self._house.desk.project.root,
            shop=Shop(
                shell=front.shell,
                workspace=self._workspace,
                agent=run.start.agent or front.agent or crew.default,
                own=crew.own,
            ),
            on_denied=front.on_denied,
            permissions=self.permissions,
            launcher=self._house.launcher(ref, self._front.terminal),
            prompter=self._front.prompter,
            frontend=frontend,
            live_folder=self._house.live_folder,
            open_output=run.directory.open_output,
            read_output=read_output,
            redaction=self._house.redact_stream,
            watch=self._house.watch_steps(run.directory),
            cwd=run.start.cwd,
            guard=self._house.guard_steps(run.directory.path / "quarantine"),
            secrets=self._house.secrets_of(run.opened),
            secret_folder=self._house.secret_folder,
            open_network=networks.open,
            show_noted=noted.show,
            delegation=self._delegation(run.start.agent),
            open_transcript=partial(run.directory.open_output, suffix=".transcript.jsonl"),
            open_answer=partial(run.directory.open_output, suffix=".answer.json"),
            failures=failures,
            home=str(self._house.desk.around.home),
        )


def _state(run: Run) -> State:
    assert run.replayed is not None
    return run.replayed.state
