"""The permission bridge: every call of an agent goes through the evaluator and the prompt of steps.

Refuses to ask a person for what the kernel would not let the agent do anyway: the walls of its sandbox stand
from its start. Grants that command steps were given do not answer for an agent, unless a person says so.
"""

from collections.abc import Callable, Generator

from msgspec.structs import replace

from rundown.agents.call import Permit, ToolCall, refusal
from rundown.model.event import Body
from rundown.model.policy import Decision, Denied, Envelope, Grant, Outcome, Ruling
from rundown.model.request import Capability, ExecutionRequest
from rundown.policy.paths import covers
from rundown.session.call import freeze_call
from rundown.session.edit_diff import edit_diff
from rundown.session.permissions import Aside, Judge, Permissions
from rundown.session.ports import Choice, Subject, Workspace
from rundown.session.request import Place

_NO_NETWORK = "a step of an agent reaches its model and nothing else"
_NOT_OPENED = "the sandbox of this step does not open it"


class Bridge:
    """One an attempt. `redact` takes secrets out of what is shown of a file."""

    def __init__(
        self,
        permissions: Permissions,
        workspace: Workspace,
        place: Place,
        redact: Callable[[str], str],
    ) -> None:
        self._permissions = permissions
        self._workspace = workspace
        self._place = place
        self._redact = redact

    def decide(self, call: ToolCall, subject: Subject) -> Generator[Body, None, Permit]:
        """Yields each fact on the way; returns the answer for this one call."""
        request = freeze_call(self._place, call, self._workspace)
        decision = yield from self._permissions.settle(
            request,
            subject,
            aside=Aside(claim=self._redact(call.claim), diff=self._redact(edit_diff(call, self._place.cwd))),
        )
        if not isinstance(decision, Denied):
            return Permit(allowed=True)
        what = ", ".join(dict.fromkeys(str(item.operation) for item in decision.denials))
        why = next((item.why for item in decision.denials if item.why), "")
        return refusal(what, why)


class AgentJudge:
    """Decides as `judge` does, within what the agent's sandbox opens. `envelope` None: it is not confined."""

    def __init__(self, judge: Judge, envelope: Envelope | None) -> None:
        self._judge = judge
        self._envelope = envelope

    def evaluate(self, request: ExecutionRequest, grants: tuple[Grant, ...]) -> Decision:
        """Returns the decision; what could not be done anyway is denied, with that reason."""
        decision = self._judge.evaluate(request, grants)
        if isinstance(decision, Denied):
            return decision
        rulings = tuple(self._within(ruling) for ruling in decision.rulings)
        denials = tuple(item for item in rulings if item.outcome is Outcome.DENY)
        if denials:
            return Denied(request=request, rulings=rulings, denials=denials)
        return decision

    def keep_grant(self, grant: Grant, choice: Choice) -> str:
        """Stores a lasting grant."""
        return self._judge.keep_grant(grant, choice)

    def _within(self, ruling: Ruling) -> Ruling:
        why = self._closed(ruling)
        return replace(ruling, outcome=Outcome.DENY, why=why, fix=None) if why else ruling

    def _closed(self, ruling: Ruling) -> str:
        envelope, operation = self._envelope, ruling.operation
        if envelope is None:
            return ""
        if operation.capability is Capability.NET:
            return _NO_NETWORK
        by_rule = ruling.outcome is Outcome.ALLOW and ruling.grant is None
        if by_rule or operation.capability not in (Capability.READ, Capability.WRITE):
            return ""
        opened = envelope.write_allow
        if operation.capability is Capability.READ:
            opened = (*envelope.read_allow, *envelope.write_allow, *envelope.run_trees)
        path = operation.resolved
        trees = (pattern.removesuffix("/**") for pattern in opened)
        return "" if path is not None and any(covers(tree, path) for tree in trees) else _NOT_OPENED
