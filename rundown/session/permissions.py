"""Settles a request: evaluate, ask what no rule settles, remember the answers, evaluate again.

The only place where grants of a session live: in memory, gone with the process. Nothing here decides;
`rundown.policy.evaluate` does, each time anew.
"""

import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Literal, Protocol, assert_never

from msgspec.structs import replace

from rundown.model.event import Body, DecisionMade, GrantGiven, GrantRevoked, QuestionAsked
from rundown.model.policy import Allowed, Decision, Denied, Envelope, Grant, NeedsPrompt, Outcome, Ruling
from rundown.model.request import ExecutionRequest
from rundown.policy.grants import remember
from rundown.session.ports import Answer, Choice, Foreseen, Prompter, Question, Subject

_SCOPES: dict[Choice, Literal["personal", "permanent"]] = {
    Choice.ALWAYS_ME: "personal",
    Choice.ALWAYS_PROJECT: "permanent",
}
_AHEAD = {True: Choice.SESSION.value, False: "ask at the step"}
_DENYING = {Choice.DENY, Choice.DENY_TYPE, Choice.TOOL, Choice.EDIT}
"""The last two are not offered yet; an answer that nothing was offered for allows nothing."""


class Judge(Protocol):
    """Decides, and keeps what is to last."""

    def evaluate(self, request: ExecutionRequest, grants: tuple[Grant, ...]) -> Decision:
        """Returns the decision on a request under these grants."""
        ...

    def keep_grant(self, grant: Grant, choice: Choice) -> str:
        """Stores a lasting grant; returns where, as shown to the person."""
        ...


class Permissions:
    """One a session. `grants` may be listed and reset while the run is going; `standing` ones were kept for
    good in an earlier session. `sees(envelope)`: lines on what the sandbox will permit."""

    def __init__(
        self,
        judge: Judge,
        prompter: Prompter,
        sees: Callable[[Envelope], tuple[str, ...]],
        standing: tuple[Grant, ...] = (),
    ) -> None:
        self._evaluate = judge.evaluate
        self._keep = judge.keep_grant
        self._prompter = prompter
        self._sees = sees
        self._standing = standing
        self.grants = standing
        self._lock = threading.Lock()

    def settle(self, request: ExecutionRequest, subject: Subject) -> Generator[Body, None, Allowed | Denied]:
        """Yields each fact on the way; returns what was decided in the end."""
        decision = self._evaluate(request, self.grants)
        yield _fact(decision, first=True)
        if not isinstance(decision, NeedsPrompt):
            return decision
        if not self._prompter.can_ask():
            yield _asked(decision, ("deny",) * len(decision.asks), "non-interactive")
            refused = _denied(decision, decision.asks)
            yield _fact(refused, first=False)
            return refused
        question = Question(
            request=request,
            subject=subject,
            asks=decision.asks,
            rulings=decision.rulings,
            sees=self._foresee(decision),
        )
        answers = self._prompter.permit(question)
        yield _asked(decision, tuple(answer.choice.value for answer in answers), "person")
        once = yield from self._learn(decision, answers)
        final = self._evaluate(request, (*self.grants, *once))
        if isinstance(final, NeedsPrompt):
            final = _denied(final, final.asks)
        yield _fact(final, first=False)
        return final

    def ask_ahead(self, questions: tuple[Foreseen, ...], denials: tuple[Foreseen, ...]) -> Iterator[Body]:
        """Asks before the first step what all would ask for; keeps what is allowed for the session."""
        answers = self._prompter.preflight(questions, denials)
        yield QuestionAsked(
            request="",
            position="preflight",
            resources=tuple(item.text for item in questions),
            answers=tuple(_AHEAD[allowed] for allowed in answers),
            answered_by="person",
        )
        allowed = (item for item, is_allowed in zip(questions, answers, strict=True) if is_allowed)
        yield from self.allow_ahead(allowed)

    def allow_ahead(self, items: Iterable[Foreseen]) -> Iterator[Body]:
        """Keeps for the session what would be asked for later."""
        for grant in (grant for item in items for grant in item.grants):
            if grant not in self.grants:
                self._remember(grant)
                yield GrantGiven(grant=grant, origin="preflight")

    def revoke(self, grant: Grant) -> tuple[Body, ...]:
        """Takes a grant back for the rest of this session, at once; what runs already is not touched. Returns
        the fact, which is still to be put on record. Any thread may call it."""
        with self._lock:
            if grant not in self.grants:
                return ()
            self.grants = tuple(item for item in self.grants if item != grant)
        return (GrantRevoked(grant=grant, origin="person"),)

    def _remember(self, grant: Grant) -> None:
        with self._lock:
            self.grants = (*self.grants, grant)

    def reset(self) -> None:
        """Forgets every grant of this session; what was kept for good stays."""
        self.grants = self._standing

    def _foresee(self, decision: NeedsPrompt) -> tuple[str, ...]:
        """What the sandbox would permit if everything asked for were allowed."""
        asked = tuple(remember(decision.request, ask) for ask in decision.asks)
        allowed = self._evaluate(decision.request, (*self.grants, *asked))
        return self._sees(allowed.envelope) if isinstance(allowed, Allowed) else ()

    def _learn(
        self, decision: NeedsPrompt, answers: tuple[Answer, ...]
    ) -> Generator[Body, None, tuple[Grant, ...]]:
        """Keeps what is to be kept; returns the grants that hold for this request alone."""
        once: list[Grant] = []
        for ask, answer in zip(decision.asks, answers, strict=True):
            grant = _grant(decision.request, ask, answer)
            if answer.choice in (Choice.ONCE, Choice.DENY, Choice.TOOL, Choice.EDIT):
                once.append(grant)
                continue
            if answer.choice is Choice.TYPE_SESSION:
                # "All of this type" is about plain names; this one was shown and meant as well.
                once.append(remember(decision.request, ask))
            origin = self._keep(grant, answer.choice) if answer.choice in _SCOPES else "session"
            self._remember(grant)
            yield GrantGiven(grant=grant, origin=origin)
        return tuple(once)


def _grant(request: ExecutionRequest, ask: Ruling, answer: Answer) -> Grant:
    everything = answer.choice in (Choice.TYPE_SESSION, Choice.DENY_TYPE)
    pattern = None if answer.choice is Choice.ONCE else answer.pattern
    grant = remember(request, ask, everything=everything, pattern=pattern)
    verdict = Outcome.DENY if answer.choice in _DENYING else Outcome.ALLOW
    scope = _SCOPES.get(answer.choice, "session")
    return replace(grant, verdict=verdict, scope=scope)


def _fact(decision: Decision, *, first: bool) -> DecisionMade:
    outcome: Literal["allow", "ask", "deny"]
    match decision:
        case Allowed():
            outcome = "allow"
        case NeedsPrompt():
            outcome = "ask"
        case Denied():
            outcome = "deny"
        case _:
            assert_never(decision)
    request = decision.request
    return DecisionMade(
        request=request.digest,
        position=request.position,
        outcome=outcome,
        rulings=decision.rulings,
        frozen=request if first else None,
    )


def _asked(decision: NeedsPrompt, answers: tuple[str, ...], by: str) -> QuestionAsked:
    return QuestionAsked(
        request=decision.request.digest,
        position=decision.request.position,
        resources=tuple(str(ask.operation) for ask in decision.asks),
        answers=answers,
        answered_by=by,
    )


def _denied(decision: NeedsPrompt, denials: tuple[Ruling, ...]) -> Denied:
    refused = tuple(
        replace(item, outcome=Outcome.DENY, why=item.why or "nobody allowed it") for item in denials
    )
    kept = tuple(item for item in decision.rulings if item not in denials)
    return Denied(request=decision.request, rulings=(*kept, *refused), denials=refused)
