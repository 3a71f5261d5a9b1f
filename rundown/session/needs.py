"""`Needs`: what the steps of a run were seen to need, and the smallest policy document that gives it to them.

Asks the evaluator again, under the policy that is to be added to; remembers no decision.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from msgspec.structs import replace

from rundown.model.event import Body, DecisionMade, EgressBlocked
from rundown.model.policy import Fix, Grant, Outcome, Ruling
from rundown.model.request import Capability, ExecutionRequest, Operation
from rundown.policy.flags import PolicyFlags
from rundown.policy.host import Endpoint
from rundown.policy.suggest import suggest_document
from rundown.session.desk import Desk, open_desk
from rundown.session.outlook import find_wanted, foresee
from rundown.session.reach import Chapter
from rundown.session.request import Place, freeze_nothing
from rundown.session.run import Start
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

    def suggest(self, desk: Desk, first: Chapter, grants: tuple[Grant, ...], start: Start) -> str:
        """Returns the document that would allow, beside the policy of `desk` and these grants, what was seen
        and what the texts of `first` and of those it leads to say; "" if nothing is missing."""
        missing = list(self._missing(desk, first, grants, start))
        return suggest_document(missing, desk.facts) if missing else ""

    def _missing(
        self, desk: Desk, first: Chapter, grants: tuple[Grant, ...], start: Start
    ) -> Iterator[Ruling]:
        for request in (*foresee(first, desk, start.agent, cwd=start.cwd), *self._requests.values()):
            for ruling in desk.evaluate(request, grants).rulings:
                if ruling.outcome is not Outcome.ALLOW:
                    yield _with_directory(ruling)
        wanted = find_wanted(first, desk, grants)
        for grant in (grant for item in wanted for grant in item.grants):
            flag = f"--allow-{grant.capability.value} {grant.pattern}"
            operation = Operation(capability=grant.capability, resource=grant.pattern)
            fix = Fix(flag=flag, yaml="", pattern=grant.pattern)
            yield Ruling(operation=operation, outcome=Outcome.ASK, why="the runbook asks for it", fix=fix)


def _with_directory(ruling: Ruling) -> Ruling:
    """A file that is not there yet is made in its directory, and that is what a line must open."""
    fix, made = ruling.fix, ruling.operation
    if made.capability is not Capability.WRITE or ruling.outcome is not Outcome.ASK or made.resolved is None:
        return ruling
    if fix is None or not fix.pattern or fix.pattern.endswith("/**") or os.path.lexists(made.resolved):
        return ruling
    above = os.path.dirname(fix.pattern)
    return replace(ruling, fix=replace(fix, pattern=f"{above}/**")) if above else ruling


def open_plain_desk(wish: Wish, around: Surroundings, runbook: Path | None) -> Desk:
    """Returns the desk of the same invocation without its --yes and its --allow flags: what a document must
    say so that they are not needed.

    Raises:
        InvalidInputError: a policy document is not valid, or not trusted.
    """
    flags = PolicyFlags(deny=wish.flags.deny, deny_all=wish.flags.deny_all)
    return open_desk(replace(wish, flags=flags), around, runbook)
