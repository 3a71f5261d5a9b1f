"""What each answer does: to this request, to the next ones, and on record."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from rundown.model.event import Body, DecisionMade, GrantGiven, GrantRevoked, QuestionAsked
from rundown.model.policy import Allowed, Decision, Denied, Grant, NeedsPrompt, Outcome
from rundown.model.request import Capability, ExecutionRequest
from rundown.policy.evaluate import evaluate
from rundown.policy.profile import fitting_profile
from rundown.session.permissions import Permissions
from rundown.session.ports import Answer, Choice, Foreseen, Subject
from rundown.session.withdrawal import Withdrawal
from tests.support.fakes import ScriptedPrompter
from tests.support.policies import ASK, FACTS, net, request, rules, run, write

ASKED = request(run("deploy-tool --to prod"), text="deploy-tool --to prod")
OTHER = request(run("other-tool"), text="other-tool")
TWO = request(run("deploy-tool"), write("/srv/elsewhere/file"), text="deploy-tool > /srv/elsewhere/file")
DENIED = request(run("rm x"), text="rm x")
ALLOWED = request(run("git status"), text="git status")
GRANT = Grant(
    capability=Capability.RUN, pattern="deploy-tool", scope="session", resolved="/usr/bin/deploy-tool"
)
EVERYTHING = Grant(capability=Capability.RUN, pattern="*", everything=True)


class Rules:
    """The built-in policy; lasting grants are kept in a list."""

    def __init__(self) -> None:
        self.kept: list[tuple[Grant, Choice]] = []

    def evaluate(self, request: ExecutionRequest, grants: tuple[Grant, ...]) -> Decision:
        return evaluate(rules(), request, FACTS, grants)

    def keep_grant(self, grant: Grant, choice: Choice) -> str:
        self.kept.append((grant, choice))
        return "kept.json"


class Session:
    """Permissions under the built-in policy, and what they yielded last."""

    def __init__(self, *answers: Choice | Answer, present: bool = True, standing: tuple[Grant, ...] = ()):
        given = [(answer if isinstance(answer, Answer) else Answer(choice=answer),) for answer in answers]
        self.rules = Rules()
        self.prompter = ScriptedPrompter(given, present=present)
        self.permissions = Permissions(
            self.rules, self.prompter, lambda envelope: envelope.write_made, standing
        )

    def settle(self, wanted: ExecutionRequest) -> tuple[list[Body], Allowed | Denied]:
        bodies: list[Body] = []
        settling = self.permissions.settle(wanted, Subject(title="A step"))
        while True:
            try:
                bodies.append(next(settling))
            except StopIteration as ended:
                return bodies, ended.value

    def outcome(self, wanted: ExecutionRequest) -> str:
        return "allow" if isinstance(self.settle(wanted)[1], Allowed) else "deny"

    @property
    def asked(self) -> list[ExecutionRequest]:
        return [question.request for question in self.prompter.questions]


def decided(wanted: ExecutionRequest, outcome: str, *grants: Grant, first: bool = False) -> DecisionMade:
    """Returns the fact of a decision; asks that were refused are denials."""
    rulings = evaluate(rules(), wanted, FACTS, grants).rulings
    if outcome == "deny":
        rulings = tuple(
            replace(item, outcome=Outcome.DENY) if item.outcome is ASK else item for item in rulings
        )
    return DecisionMade(
        request=wanted.digest,
        position="1",
        outcome=outcome,  # type: ignore[arg-type]
        rulings=rulings,
        frozen=wanted if first else None,
    )


def answered(wanted: ExecutionRequest, answer: str, by: str = "person") -> QuestionAsked:
    return QuestionAsked(
        request=wanted.digest,
        position="1",
        resources=("run deploy-tool",),
        answers=(answer,),
        answered_by=by,
    )


ASK_FIRST = decided(ASKED, "ask", first=True)
GIVEN = {
    Choice.SESSION: (GRANT, "session"),
    Choice.TYPE_SESSION: (EVERYTHING, "session"),
    Choice.ALWAYS_ME: (replace(GRANT, scope="personal"), "kept.json"),
    Choice.ALWAYS_PROJECT: (replace(GRANT, scope="permanent"), "kept.json"),
    Choice.DENY_TYPE: (replace(EVERYTHING, verdict=Outcome.DENY), "session"),
}


@pytest.mark.parametrize("choice", list(Choice), ids=lambda choice: choice.name.lower())
def test_every_answer_is_on_record_between_the_two_decisions(choice: Choice) -> None:
    outcome = "deny" if choice in (Choice.DENY, Choice.DENY_TYPE, Choice.TOOL, Choice.EDIT) else "allow"
    grant, origin = GIVEN.get(choice, (replace(GRANT, verdict=Outcome(outcome)), ""))
    learned = [GrantGiven(grant=grant, origin=origin)] if choice in GIVEN else []
    assert Session(choice).settle(ASKED)[0] == [
        ASK_FIRST,
        answered(ASKED, choice.value),
        *learned,
        decided(ASKED, outcome, grant),
    ]


@pytest.mark.parametrize(
    ("choice", "again", "other"),
    [
        (Choice.ONCE, "asked", "asked"),
        (Choice.SESSION, "allow", "asked"),
        (Choice.TYPE_SESSION, "allow", "allow"),
        (Choice.ALWAYS_ME, "allow", "asked"),
        (Choice.ALWAYS_PROJECT, "allow", "asked"),
        (Choice.DENY, "asked", "asked"),
        (Choice.DENY_TYPE, "deny", "deny"),
    ],
)
def test_an_answer_reaches_as_far_as_it_says(choice: Choice, again: str, other: str) -> None:
    reach = {}
    for name, wanted in (("again", ASKED), ("other", OTHER)):
        session = Session(choice)
        session.settle(ASKED)
        outcome = session.outcome(wanted)
        reach[name] = "asked" if len(session.asked) == 2 else outcome
    assert reach == {"again": again, "other": other}


@pytest.mark.parametrize("choice", [Choice.ALWAYS_ME, Choice.ALWAYS_PROJECT])
def test_what_is_allowed_for_good_is_kept_with_its_scope(choice: Choice) -> None:
    session = Session(choice)
    session.settle(ASKED)
    assert session.rules.kept == [(GIVEN[choice][0], choice)]


@pytest.mark.parametrize("choice", [item for item in Choice if not item.name.startswith("ALWAYS")])
def test_nothing_else_is_kept(choice: Choice) -> None:
    session = Session(choice)
    session.settle(ASKED)
    assert session.rules.kept == []


def test_where_nobody_can_be_asked_every_ask_is_denied_and_says_so() -> None:
    session = Session(present=False)
    bodies, decision = session.settle(ASKED)
    assert bodies == [
        ASK_FIRST,
        answered(ASKED, "deny", by="non-interactive"),
        decided(ASKED, "deny"),
    ]
    assert isinstance(decision, Denied)
    assert decision.denials == bodies[-1].rulings  # type: ignore[union-attr]
    assert session.asked == []


@pytest.mark.parametrize(("wanted", "outcome"), [(DENIED, "deny"), (ALLOWED, "allow")])
def test_what_rules_settle_is_not_asked(wanted: ExecutionRequest, outcome: str) -> None:
    session = Session(Choice.ONCE)
    bodies, _ = session.settle(wanted)
    assert (bodies, session.asked) == ([decided(wanted, outcome, first=True)], [])


def test_one_denial_among_several_answers_denies_the_step_and_keeps_the_others() -> None:
    session = Session()
    session.prompter = ScriptedPrompter([(Answer(choice=Choice.SESSION), Answer(choice=Choice.DENY))])
    session.permissions = Permissions(session.rules, session.prompter, lambda envelope: ())
    bodies, decision = session.settle(TWO)
    assert isinstance(decision, Denied)
    assert [item.operation.resource for item in decision.denials] == ["/srv/elsewhere/file"]
    assert bodies[1] == QuestionAsked(
        request=TWO.digest,
        position="1",
        resources=("run deploy-tool", "write /srv/elsewhere/file"),
        answers=("allow for this session", "deny once"),
        answered_by="person",
    )
    assert session.permissions.grants == (GRANT,)


def test_a_question_shows_what_is_asked_and_what_the_sandbox_would_permit_after_a_yes() -> None:
    session = Session()
    session.settle(TWO)
    (question,) = session.prompter.questions
    found = evaluate(rules(), TWO, FACTS)
    assert isinstance(found, NeedsPrompt)
    assert (question.request, question.subject, question.asks, question.rulings, question.sees) == (
        TWO,
        Subject(title="A step"),
        found.asks,
        found.rulings,
        ("/srv/elsewhere/file",),
    )


def test_an_edited_pattern_is_what_is_remembered() -> None:
    session = Session(Answer(choice=Choice.SESSION, pattern="deploy-tool --to *"))
    bodies, decision = session.settle(ASKED)
    grant = Grant(capability=Capability.RUN, pattern="deploy-tool --to *")
    assert (bodies[2], isinstance(decision, Allowed)) == (GrantGiven(grant=grant, origin="session"), True)
    assert session.outcome(request(run("deploy-tool --to test"))) == "allow"
    assert session.outcome(request(run("deploy-tool --from test"))) == "deny"


def test_an_edited_pattern_matters_not_for_what_is_allowed_once() -> None:
    session = Session(Answer(choice=Choice.ONCE, pattern="something-else"))
    assert session.outcome(ASKED) == "allow"


def test_a_pattern_that_does_not_cover_what_is_asked_allows_it_not() -> None:
    session = Session(Answer(choice=Choice.SESSION, pattern="something-else"))
    assert session.outcome(ASKED) == "deny"


def test_all_of_a_type_covers_what_was_asked_for_and_of_the_rest_only_plain_names() -> None:
    odd = request(run("deploy-tool --exec x", kind="escape"))
    session = Session(Choice.TYPE_SESSION)
    assert [session.outcome(odd), session.outcome(OTHER), session.outcome(odd)] == ["allow", "allow", "deny"]
    assert session.asked == [odd, odd]


def test_a_grant_never_lifts_a_deny() -> None:
    allow_rm = Grant(capability=Capability.RUN, pattern="rm", resolved="/usr/bin/rm")
    session = Session(Choice.TYPE_SESSION, standing=(allow_rm,))
    session.settle(ASKED)
    assert session.outcome(DENIED) == "deny"


def test_standing_grants_hold_from_the_start_and_stay_when_the_session_is_reset() -> None:
    session = Session(Choice.SESSION, standing=(GRANT,))
    assert session.outcome(ASKED) == "allow"
    assert session.outcome(OTHER) == "allow"
    session.permissions.reset()
    assert (session.permissions.grants, session.asked) == ((GRANT,), [OTHER])


def test_a_prompter_that_answers_for_too_few_allows_nothing() -> None:
    session = Session()
    session.prompter = ScriptedPrompter([(Answer(choice=Choice.ONCE),)])
    session.permissions = Permissions(session.rules, session.prompter, lambda envelope: ())
    with pytest.raises(ValueError, match="shorter"):
        session.settle(TWO)


def test_what_is_allowed_beforehand_is_remembered_for_each_of_its_uses() -> None:
    grants = (GRANT, replace(GRANT, pattern="deploy-tool --force", argv=("deploy-tool", "--force")))
    foreseen = (
        Foreseen(text="run deploy-tool", positions=("1", "2"), outcome=Outcome.ASK, grants=grants),
        Foreseen(text="run other-tool", positions=("3",), outcome=Outcome.ASK, grants=(EVERYTHING,)),
    )
    session = Session()
    session.prompter = ScriptedPrompter(preflight=(True, False))
    session.permissions = Permissions(session.rules, session.prompter, lambda envelope: ())
    assert list(session.permissions.ask_ahead(foreseen, ())) == [
        QuestionAsked(
            request="",
            position="preflight",
            resources=("run deploy-tool", "run other-tool"),
            answers=("allow for this session", "ask at the step"),
            answered_by="person",
        ),
        *(GrantGiven(grant=grant, origin="preflight") for grant in grants),
    ]
    assert session.permissions.grants == grants


WORDS = ["deploy-tool", "--to", "prod", "x y", "$(", "*", "?"]


@given(
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=4),
    st.sampled_from(["literal", "escape", "opaque", "dynamic", "unparseable"]),
    st.sampled_from([Choice.SESSION, Choice.ALWAYS_ME, Choice.ALWAYS_PROJECT]),
)
def test_after_session_or_always_the_same_text_is_never_asked_again(
    words: list[str], kind: str, choice: Choice
) -> None:
    operation = replace(run("placeholder"), argv=("deploy-tool", *words), resource="deploy-tool", kind=kind)
    operation = replace(operation, resolved="/usr/bin/deploy-tool" if kind == "literal" else None)
    text = " ".join(_quoted(words))
    wanted = request(operation, text=text)
    later = replace(wanted, position="7", attempt=3)
    session = Session(choice)
    assert [session.outcome(wanted), session.outcome(later)] == ["allow", "allow"]
    assert session.asked == [wanted]


def _quoted(words: Iterable[str]) -> Iterable[str]:
    return (f"'{word}'" for word in words)


def test_a_grant_that_is_taken_back_is_asked_for_again() -> None:
    session = Session(Choice.SESSION, Choice.ONCE)
    session.settle(ASKED)
    (grant,) = session.permissions.grants
    assert session.permissions.revoke(grant) == (GrantRevoked(grant=grant, origin="person"),)
    assert session.permissions.revoke(grant) == ()
    bodies, _ = session.settle(ASKED)
    assert [type(body) for body in bodies] == [DecisionMade, QuestionAsked, DecisionMade]


def test_what_is_allowed_ahead_is_on_record_once_and_is_not_asked_for() -> None:
    session = Session()
    item = Foreseen(text="run deploy-tool", positions=("1",), outcome=Outcome.ASK, grants=(GRANT,))
    assert list(session.permissions.allow_ahead((item, item))) == [
        GrantGiven(grant=GRANT, origin="preflight")
    ]
    bodies, decision = session.settle(ASKED)
    assert ([type(body) for body in bodies], type(decision)) == ([DecisionMade], Allowed)


# --- taken back, and a tool's profile -------------------------------------------------------------------

OTHER_GRANT = replace(GRANT, pattern="other-tool", resolved="/usr/bin/other-tool")


def test_the_prompt_shows_what_is_remembered_and_what_it_takes_back_is_asked_for_anew() -> None:
    forget = Answer(choice=Choice.DENY, forget=(GRANT,))
    session = Session(Choice.SESSION, forget, Choice.SESSION)
    session.settle(ASKED)
    bodies, decision = session.settle(OTHER)
    first, second = session.prompter.questions[1:]
    assert (first.remembered, second.remembered) == ((GRANT,), ())
    assert bodies[1] == GrantRevoked(grant=GRANT, origin="person")
    assert (type(decision), session.permissions.grants) == (Allowed, (OTHER_GRANT,))


def test_taking_back_what_the_very_request_stands_on_asks_for_that_as_well() -> None:
    both = request(run("deploy-tool"), run("other-tool"), text="deploy-tool; other-tool")
    session = Session(Choice.SESSION, Answer(choice=Choice.DENY, forget=(GRANT,)))
    session.settle(ASKED)
    _, decision = session.settle(both)
    assert [len(question.asks) for question in session.prompter.questions] == [1, 1, 2]
    assert isinstance(decision, Denied)


def test_a_reset_leaves_what_was_kept_for_good() -> None:
    standing = replace(OTHER_GRANT, scope="personal")
    session = Session(Choice.SESSION, standing=(standing,))
    session.settle(ASKED)
    assert session.permissions.remembered == (GRANT,)
    assert session.permissions.reset() == (GrantRevoked(grant=GRANT, origin="person"),)
    assert (session.permissions.grants, session.permissions.reset()) == ((standing,), ())


def test_what_another_terminal_takes_back_is_gone_before_the_next_decision() -> None:
    session = Session(Choice.SESSION)
    session.settle(ASKED)
    left = [Withdrawal(pattern="deploy-tool"), Withdrawal(pattern="no such grant")]
    session.permissions.withdrawals = lambda: [left.pop() for _ in tuple(left)]
    bodies, decision = session.settle(ASKED)
    assert bodies[0] == GrantRevoked(grant=GRANT, origin="another terminal")
    assert isinstance(decision, Denied)


FETCH = request(run("npm ci"), net("registry.npmjs.org:443"), run("deploy-tool"), text="npm ci; deploy-tool")


def profiled(*answers: tuple[Answer, ...]) -> Session:
    session = Session()
    session.prompter = ScriptedPrompter(answers)
    session.permissions = Permissions(
        session.rules,
        session.prompter,
        lambda envelope: (),
        profile=lambda decision: fitting_profile(decision, FACTS),
    )
    return session


def test_a_tools_profile_answers_what_it_covers_and_the_rest_is_asked_for() -> None:
    tool, once = Answer(choice=Choice.TOOL), Answer(choice=Choice.ONCE)
    session = profiled((tool, tool), (once,))
    bodies, decision = session.settle(FETCH)
    first, second = session.prompter.questions
    assert first.profile is not None and first.profile.name == "tool/npm"
    assert ([str(ask.operation) for ask in second.asks], second.profile) == (["run deploy-tool"], None)
    given = [body for body in bodies if isinstance(body, GrantGiven)]
    assert {body.origin for body in given} == {"tool/npm"}
    assert isinstance(decision, Allowed)


def test_a_profile_that_was_not_offered_allows_nothing() -> None:
    session = Session(Choice.TOOL)
    _, decision = session.settle(ASKED)
    assert (session.permissions.grants, type(decision)) == ((), Denied)
