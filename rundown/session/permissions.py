"""Settles a request: evaluate, ask what no rule settles, remember the answers, evaluate again.

The only place where grants of a session live: in memory, gone with the process. Nothing here decides;
`rundown.policy.evaluate` does, each time anew.
"""

import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Literal, NamedTuple, Protocol, assert_never

from msgspec import Struct
from msgspec.structs import replace

from rundown.model.event import Body, DecisionMade, GrantGiven, GrantRevoked, QuestionAsked
from rundown.model.policy import Allowed, Decision, Denied, Envelope, Grant, NeedsPrompt, Outcome, Ruling
from rundown.model.request import ExecutionRequest
from rundown.policy.grants import remember
from rundown.policy.profile import Profile
from rundown.session.ports import Answer, Choice, Foreseen, Question, Subject, ToolProfile
from rundown.session.withdrawal import Withdrawal

_SCOPES: dict[Choice, Literal["personal", "permanent"]] = {
    Choice.ALWAYS_ME: "personal",
    Choice.ALWAYS_PROJECT: "permanent",
}
_AHEAD = {True: Choice.SESSION.value, False: "ask at the step"}
_DENYING = {Choice.DENY, Choice.DENY_TYPE, Choice.TOOL, Choice.EDIT}
"""The last two are denials where nothing of the kind was offered."""


class Judge(Protocol):
    """Decides, and keeps what is to last."""

    def evaluate(self, request: ExecutionRequest, grants: tuple[Grant, ...]) -> Decision:
        """Returns the decision on a request under these grants."""
        ...

    def keep_grant(self, grant: Grant, choice: Choice) -> str:
        """Stores a lasting grant; returns where, as shown to the person."""
        ...


class Learned(NamedTuple):
    """What goes on record of an answer, and the grants that it gives for this once."""

    facts: tuple[Body, ...]
    once: tuple[Grant, ...]


class Asker(Protocol):
    """The part of a prompter that permissions need."""

    def can_ask(self) -> bool:
        """Whether there is a person to ask at all."""
        ...

    def permit(self, question: Question) -> tuple[Answer, ...]:
        """Returns one answer for each ask of the question."""
        ...

    def preflight(self, questions: tuple[Foreseen, ...], denials: tuple[Foreseen, ...]) -> tuple[bool, ...]:
        """Returns for each question whether it is allowed for this session."""
        ...


class Aside(Struct, frozen=True, kw_only=True):
    """What comes with a request. Of an agent's, `claim`: its own words, `diff`: what its edit changes.
    `given`: grants that hold for this request alone. `editable`: a person may put another command in its
    place, which `EditedError` tells."""

    claim: str = ""
    diff: str = ""
    given: tuple[Grant, ...] = ()
    editable: bool = False


class EditedError(Exception):
    """A person wants another command instead; this request was not decided. `text`: the new one."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


_NOTHING = Aside()


class Permissions:
    """One a session. `grants` may be listed and taken back while the run is going; `standing` ones were kept
    for good in an earlier session. `sees(envelope)`: lines on what the sandbox will permit. `profile`: the
    tool's profile that would answer asks. `withdrawals`: what was taken back from outside since the last
    time."""

    def __init__(
        self,
        judge: Judge,
        prompter: Asker,
        sees: Callable[[Envelope], tuple[str, ...]],
        standing: tuple[Grant, ...] = (),
        *,
        profile: Callable[[NeedsPrompt], Profile | None] = lambda decision: None,
    ) -> None:
        self._evaluate = judge.evaluate
        self._keep = judge.keep_grant
        self._prompter = prompter
        self._sees = sees
        self._standing = standing
        self._profile = profile
        self.grants = standing
        self.withdrawals: Callable[[], Iterable[Withdrawal]] = tuple
        self._lock = threading.Lock()
        self._asking = threading.Lock()

    def settle(
        self,
        request: ExecutionRequest,
        subject: Subject,
        *,
        aside: Aside = _NOTHING,
    ) -> Generator[Body, None, Allowed | Denied]:
        """Yields each fact on the way; returns what was decided in the end.

        Raises:
            EditedError: a person wrote another command, to be asked for in its stead.
        """
        yield from self.take_back()
        decision = self._evaluate(request, (*self.grants, *aside.given))
        yield _fact(decision, first=True)
        if not isinstance(decision, NeedsPrompt):
            return decision
        if not self._prompter.can_ask():
            yield _asked(decision, ("deny",) * len(decision.asks), "non-interactive")
            refused = _denied(decision, decision.asks)
            yield _fact(refused, first=False)
            return refused
        while True:
            profile = self._profile(decision)
            answers = self._prompter.permit(
                replace(
                    self._question(decision, subject, profile),
                    claim=aside.claim,
                    diff=aside.diff,
                    editable=aside.editable,
                )
            )
            once: tuple[Grant, ...] = ()
            if any(answer.forget for answer in answers):
                yield from self._forget(answers)
            else:
                yield _asked(decision, tuple(answer.choice.value for answer in answers), "person")
                edited = next((answer.text for answer in answers if answer.choice is Choice.EDIT), None)
                if edited and aside.editable:
                    raise EditedError(edited)
                once = yield from self._learn(decision, answers, profile)
            final = self._evaluate(request, (*self.grants, *aside.given, *once))
            if isinstance(final, NeedsPrompt) and _asks_again(answers, profile):
                decision = final
                continue
            if isinstance(final, NeedsPrompt):
                final = _denied(final, final.asks)
            yield _fact(final, first=False)
            return final

    def ask_host(self, request: ExecutionRequest, ask: Ruling, answer: Callable[[], Answer]) -> "Learned":
        """Asks about one connection of a running step; keeps what is to be kept.

        Called on threads of running steps; one question at a time is open in a session.
        """
        with self._asking:
            given = answer()
            decision = NeedsPrompt(request=request, rulings=(ask,), asks=(ask,))
            facts: list[Body] = [_asked(decision, (given.choice.value,), "person")]
            learning = self._learn(decision, (given,), None)
            while True:
                try:
                    facts.append(next(learning))
                except StopIteration as learned:
                    return Learned(facts=tuple(facts), once=learned.value)

    def _question(self, decision: NeedsPrompt, subject: Subject, profile: Profile | None) -> Question:
        offered = None
        if profile is not None:
            offered = ToolProfile(name=profile.name, tells=profile.tells, is_root=profile.is_root)
        return Question(
            request=decision.request,
            subject=subject,
            asks=decision.asks,
            rulings=decision.rulings,
            sees=self._foresee(decision),
            profile=offered,
            remembered=self.remembered,
        )

    def rule(self, request: ExecutionRequest) -> tuple[Ruling, ...]:
        """Returns the rulings on a request as things stand; nobody is asked and nothing is put on record."""
        return self._evaluate(request, self.grants).rulings

    def ask_ahead(
        self, questions: tuple[Foreseen, ...], denials: tuple[Foreseen, ...]
    ) -> Generator[Body, None, tuple[bool, ...]]:
        """Asks before the first step what all would ask for; keeps what is allowed for the session, and
        returns for each question whether it is."""
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
        return answers

    def allow_ahead(self, items: Iterable[Foreseen]) -> Iterator[Body]:
        """Keeps for the session what would be asked for later."""
        yield from self._allow((grant for item in items for grant in item.grants), "preflight")

    def _allow(self, grants: Iterable[Grant], origin: str) -> Iterator[Body]:
        for grant in grants:
            if grant not in self.grants:
                self._remember(grant)
                yield GrantGiven(grant=grant, origin=origin)

    @property
    def remembered(self) -> tuple[Grant, ...]:
        """What this session was granted or denied, without what was kept for good before."""
        return tuple(grant for grant in self.grants if grant not in self._standing)

    def revoke(self, *grants: Grant, origin: str = "person") -> tuple[Body, ...]:
        """Takes grants back for the rest of this session, at once; what runs already is not touched. Returns
        the facts, which are still to be put on record. Any thread may call it."""
        with self._lock:
            gone = tuple(grant for grant in self.grants if grant in grants)
            self.grants = tuple(grant for grant in self.grants if grant not in grants)
        return tuple(GrantRevoked(grant=grant, origin=origin) for grant in gone)

    def reset(self, origin: str = "person") -> tuple[Body, ...]:
        """Takes every grant of this session back; what was kept for good stays. Like `revoke`."""
        return self.revoke(*self.remembered, origin=origin)

    def take_back(self) -> Iterator[Body]:
        """Yields what was taken back from another terminal since the last time, and is gone now."""
        for wish in self.withdrawals():
            meant = (grant for grant in self.remembered if wish.means(grant))
            yield from self.revoke(*meant, origin="another terminal")

    def _remember(self, grant: Grant) -> None:
        with self._lock:
            self.grants = (*self.grants, grant)

    def _foresee(self, decision: NeedsPrompt) -> tuple[str, ...]:
        """What the sandbox would permit if everything asked for were allowed."""
        asked = tuple(remember(decision.request, ask) for ask in decision.asks)
        allowed = self._evaluate(decision.request, (*self.grants, *asked))
        return self._sees(allowed.envelope) if isinstance(allowed, Allowed) else ()

    def _forget(self, answers: tuple[Answer, ...]) -> Iterator[Body]:
        yield from self.revoke(*(grant for answer in answers for grant in answer.forget))

    def _learn(
        self, decision: NeedsPrompt, answers: tuple[Answer, ...], profile: Profile | None
    ) -> Generator[Body, None, tuple[Grant, ...]]:
        """Keeps what is to be kept; returns the grants that hold for this request alone."""
        once: list[Grant] = []
        for ask, answer in zip(decision.asks, answers, strict=True):
            if answer.choice is Choice.TOOL and profile is not None:
                yield from self._allow(profile.grants, profile.name)
                continue
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


def _asks_again(answers: tuple[Answer, ...], profile: Profile | None) -> bool:
    """Whether what is still open is put to the person again: a profile answered some of it, or grants were
    taken back instead of an answer."""
    chosen = profile is not None and any(answer.choice is Choice.TOOL for answer in answers)
    return chosen or any(answer.forget for answer in answers)


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
