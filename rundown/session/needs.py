"""`Needs`: what the steps of a run were seen to need, and the smallest policy document that gives it to them.

Asks the evaluator again, under the policy that is to be added to; remembers no decision.
"""

from collections.abc import Iterator
from pathlib import Path

from msgspec.structs import replace

from rundown.model.event import Body, DecisionMade, EgressBlocked
from rundown.model.policy import Decision, Grant, LayerKind, Outcome, Rule
from rundown.model.request import Capability, ExecutionRequest, Operation
from rundown.policy.compiled import CompiledRuleset
from rundown.policy.flags import PolicyFlags
from rundown.policy.host import Endpoint
from rundown.policy.suggest import Need, suggest_document
from rundown.session.desk import Desk, open_desk
from rundown.session.outlook import find_wanted, foresee
from rundown.session.reach import Chapter
from rundown.session.request import Place, freeze_nothing
from rundown.session.run import Start
from rundown.session.secrecy import Redact, discreet_ruling
from rundown.session.surroundings import Surroundings
from rundown.session.wish import Wish


class Needs:
    """What a session has asked for so far, each request once."""

    def __init__(self) -> None:
        self._requests: dict[str, ExecutionRequest] = {}

    def take(self, body: Body) -> None:
        """Takes one event in."""
        if isinstance(body, DecisionMade) and body.frozen is not None:
            self._requests.setdefault(body.request, body.frozen)
        elif isinstance(body, EgressBlocked) and body.host != "*":
            reached = Endpoint(host=body.host, port=body.port or None)  # a look-up: the usual ports
            wanted = Operation(capability=Capability.NET, resource=str(reached))
            place = Place(run_id="", position=body.position, attempt=1, cwd="/")
            self._requests.setdefault(f"net {wanted.resource}", freeze_nothing(place, wanted))

    def suggest(
        self, desk: Desk, first: Chapter, grants: tuple[Grant, ...], start: Start, *, redact: Redact
    ) -> str:
        """Returns the document that would allow, beside the policy of `desk` and these grants, what was seen
        and what the texts of `first` and of those it leads to say; "" if nothing is missing. Of what holds
        a secret, by `redact`, it only says that it is missing."""
        wanted = find_wanted(first, desk, grants)
        wishes = [_wish(grant) for item in wanted for grant in item.grants]
        needs = [
            replace(need, ruling=discreet_ruling(need.ruling, redact))
            for need in self._missing(desk, first, grants, start)
        ]
        if not needs and not wishes:
            return ""

        def decide(policy: CompiledRuleset, request: ExecutionRequest) -> Decision:
            return desk.evaluate(request, grants, policy)

        return redact(suggest_document(needs, wishes, desk.compiled, decide))

    def _missing(self, desk: Desk, first: Chapter, grants: tuple[Grant, ...], start: Start) -> Iterator[Need]:
        for request in (*foresee(first, desk, start.agent, cwd=start.cwd), *self._requests.values()):
            for ruling in desk.evaluate(request, grants).rulings:
                if ruling.outcome is not Outcome.ALLOW:
                    yield Need(request=request, ruling=ruling)


def _wish(grant: Grant) -> Rule:
    return Rule(
        capability=grant.capability, verdict=Outcome.ALLOW, pattern=grant.pattern, layer=LayerKind.SESSION
    )


def open_plain_desk(wish: Wish, around: Surroundings, runbook: Path | None) -> Desk:
    """Returns the desk of the same invocation without its --yes and its --allow flags: what a document must
    say so that they are not needed.

    Raises:
        InvalidInputError: a policy document is not valid, or not trusted.
    """
    flags = PolicyFlags(deny=wish.flags.deny, deny_all=wish.flags.deny_all)
    return open_desk(replace(wish, flags=flags), around, runbook)
