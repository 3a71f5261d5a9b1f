"""What the agents of one session share: which may start, what a person let them have, and their grants.

Agents have grants of their own: what a person allowed to command steps says nothing about them, unless the
person says so.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from msgspec.structs import replace

from rundown.errors import InvalidInputError
from rundown.model.event import Body, QuestionAsked
from rundown.model.policy import Allowed, Envelope, Grant
from rundown.model.request import Capability, ExecutionRequest
from rundown.model.runbook import Runbook
from rundown.policy.paths import covers
from rundown.session.bridge import AgentJudge
from rundown.session.build import House
from rundown.session.crew import Crew, crew_of
from rundown.session.permissions import Judge, Permissions
from rundown.session.ports import Answer, Prompter, Question
from rundown.session.run import Start

_SHARE = "May agents use what was allowed to the steps of this session so far?"
_WRITE = "May the agent of this step change files of this project? Each change is still decided by policy."
_ANSWERS = {True: "allow for this session", False: "deny"}


class Delegation:
    """One a session. `sees`: lines on what the sandbox will permit."""

    def __init__(
        self,
        crew: Crew,
        judge: Judge,
        prompter: Prompter,
        *,
        sees: Callable[[Envelope], tuple[str, ...]] = lambda envelope: (),
        standing: tuple[Grant, ...] = (),
    ) -> None:
        self.crew = crew
        self._judge = judge
        self._prompter = prompter
        self._sees = sees
        self._standing = standing
        self._grants = standing
        self._writes: bool | None = None
        self._shares: bool | None = None

    def require(self, runbook: Runbook, start: Start) -> None:
        """Returns if every agent of a runbook can be started.

        Raises:
            InvalidInputError: with one problem for each that cannot.
        """
        default = start.agent or runbook.front.agent or self.crew.default
        problems = () if start.prompted else self.crew.problems(runbook, default)
        if problems:
            raise InvalidInputError(*problems)

    def admit(self, root: str, request: ExecutionRequest) -> Iterator[Body]:
        """Yields what is asked before the first agent starts; `given` tells the answer."""
        if self._writes is None and self._prompter.can_ask() and not self._may_write(request, root):
            self._writes = self._prompter.confirm(_WRITE)
            yield self._asked(request, "write {repo}/** (each change is decided)", self._writes)

    def given(self, root: str, request: ExecutionRequest) -> tuple[Grant, ...]:
        """Returns what the start of an agent has besides the session's grants: its program, if a person or a
        policy names its kind, and the writes that a person let it have."""
        tree = (Grant(capability=Capability.WRITE, pattern=f"{root}/**"),) if self._writes else ()
        return (*self.crew.program_grants(request), *tree)

    def share(self, root: str, request: ExecutionRequest, granted: tuple[Grant, ...]) -> Iterator[Body]:
        """Asks once whether agents may use what command steps were granted. What opens the sandbox for this
        agent, its program and the project's tree, is no leave for its calls and not among it."""
        program = {item.resource for item in request.operations if item.capability is Capability.RUN}
        tree = f"{root}/**"
        shared = tuple(
            grant
            for grant in granted
            if grant.pattern != tree
            and (grant.capability is not Capability.RUN or grant.pattern not in program)
        )
        if self._shares is None and shared and self._prompter.can_ask():
            self._shares = self._prompter.confirm(_SHARE)
            yield self._asked(request, "grants of command steps", self._shares)
        if self._shares:
            self._grants = tuple(dict.fromkeys((*self._grants, *shared)))

    @contextmanager
    def permissions(
        self, envelope: Envelope | None, freeze: Callable[[bool], None] = lambda wanted: None
    ) -> Iterator[Permissions]:
        """Gives the permissions of one attempt: agents' own grants, within what its sandbox opens. `freeze`
        stops the agent, with its clock, while a person is asked."""
        judge = AgentJudge(self._judge, envelope)

        def sees(foreseen: Envelope) -> tuple[str, ...]:
            """The walls stand already: they are those of the agent, whatever a call by itself would have."""
            return self._sees(envelope or foreseen)

        permissions = Permissions(judge, _Patient(self._prompter, freeze), sees, self._standing)
        permissions.grants = self._grants
        try:
            yield permissions
        finally:
            self._grants = permissions.grants

    def _may_write(self, request: ExecutionRequest, root: str) -> bool:
        nothing = replace(request, operations=(), argv=())
        decision = self._judge.evaluate(nothing, self._standing)
        opened = decision.envelope.write_allow if isinstance(decision, Allowed) else ()
        return any(covers(tree.removesuffix("/**"), root) for tree in opened)

    def _asked(self, request: ExecutionRequest, what: str, answer: bool) -> QuestionAsked:
        return QuestionAsked(
            request=request.digest,
            position=request.position,
            resources=(what,),
            answers=(_ANSWERS[answer],),
            answered_by="person",
        )


class _Patient:
    """Asks while the agent stands still: what a person takes to answer is not its time."""

    def __init__(self, prompter: Prompter, freeze: Callable[[bool], None]) -> None:
        self._prompter = prompter
        self._freeze = freeze
        self.can_ask = prompter.can_ask
        self.preflight = prompter.preflight

    def permit(self, question: Question) -> tuple[Answer, ...]:
        """Returns one answer for each of the question's asks."""
        self._freeze(True)
        try:
            return self._prompter.permit(question)
        finally:
            self._freeze(False)


def delegation_of(house: House, prompter: Prompter, chosen: str | None) -> Delegation:
    """Returns what agents share in this house; `chosen`: the kind that a person named."""
    desk = house.desk
    standing = desk.keeper.personal()
    return Delegation(crew_of(desk, chosen), desk, prompter, sees=house.describe_view, standing=standing)
