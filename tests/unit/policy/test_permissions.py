"""What a runbook asks for in its front matter: a request, weighed, never a grant of itself."""

import pytest

from rundown.model.diagnostic import Span
from rundown.model.policy import Grant, Outcome
from rundown.model.request import Capability
from rundown.policy.compiled import compile_ruleset
from rundown.policy.permissions import decode_permissions, weigh_wishes
from tests.support.policies import FACTS, env, net, outcome, rules, run, write

SPAN = Span(file="a.runbook.md", line=3)


def weigh(raw, ruleset=None, grants=()):
    wishes, problems = decode_permissions(raw, SPAN)
    assert problems == ()
    compiled = compile_ruleset(ruleset or rules(), FACTS)
    return {
        f"{item.rule.capability.value} {item.rule.pattern}": item.outcome.value
        for item in weigh_wishes(compiled, wishes, grants)
    }


def test_each_wish_is_allowed_already_to_be_asked_for_or_denied():
    raw = {
        "run": {"allow": ["git", "terraform", "docker", "npm*"]},
        "write": {"allow": ["{repo}/dist/**", "{repo}/docs/**", "{repo}/.env"]},
        "read": {"allow": ["{repo}/**"]},
        "env": {"allow": ["CI", "API_TOKEN", "EDITOR"]},
        "net": {"allow": ["a.example:443", "*.b.example"]},
    }
    assert weigh(raw) == {
        "run git": "allow",
        "run terraform": "ask",
        "run docker": "deny",
        "run npm*": "ask",
        "write {repo}/dist/**": "allow",
        "write {repo}/docs/**": "ask",
        "write {repo}/.env": "deny",
        "read {repo}/**": "allow",
        "env CI": "allow",
        "env API_TOKEN": "deny",
        "env EDITOR": "ask",
        "net a.example:443": "ask",
        "net *.b.example": "ask",
    }


def test_the_grant_of_a_wish_answers_what_the_runbook_then_asks():
    raw = {
        "run": {"allow": ["terraform", "docker ps", "perl -e *"]},
        "write": {"allow": ["{repo}/docs/**"]},
        "env": {"allow": ["EDITOR", "PYTHONPATH="]},
        "net": {"allow": ["a.example:443"]},
    }
    wishes, _ = decode_permissions(raw, SPAN)
    ruleset = rules()
    weighed = weigh_wishes(compile_ruleset(ruleset, FACTS), wishes)
    grants = tuple(item.grant for item in weighed if item.outcome is Outcome.ASK)
    operations = [
        run("terraform plan"),
        run("perl -e 1", kind="opaque"),
        write("docs/a.md"),
        env("EDITOR"),
        env("PYTHONPATH", span=(0, 9)),
        net("https://a.example/x"),
    ]
    assert [outcome(ruleset, item) for item in operations] == ["ask"] * 6
    assert [outcome(ruleset, item, grants=grants) for item in operations] == ["allow"] * 6
    assert outcome(ruleset, run("docker ps"), grants=grants) == "deny"


def test_a_wish_for_a_name_covers_no_escape_no_code_and_no_file_that_a_step_can_replace():
    ruleset = rules("default: {run: {ask: ['jq -n']}}")
    grants = (
        Grant(capability=Capability.RUN, pattern="perl"),
        Grant(capability=Capability.RUN, pattern="jq"),
    )
    operations = [
        run("perl -e 1", kind="opaque"),
        run("perl -x", kind="escape"),
        run("perl x.pl", safe_path=False),
        run("jq -n 1"),
    ]
    assert [outcome(ruleset, item, grants=grants) for item in operations] == ["ask"] * 4
    assert outcome(ruleset, run("perl x.pl"), grants=grants) == "allow"


def test_a_wish_that_was_granted_is_not_asked_again_and_mode_deny_grants_none():
    raw = {"run": {"allow": ["terraform"]}}
    granted = (Grant(capability=Capability.RUN, pattern="terraform"),)
    assert weigh(raw, grants=granted) == {"run terraform": "allow"}
    assert weigh(raw, rules("default: {mode: deny}")) == {"run terraform": "deny"}


@pytest.mark.parametrize(
    ("raw", "codes"),
    [
        ([], {"policy/wrong-type"}),
        ("git", {"policy/wrong-type"}),
        ({"mode": "execute"}, {"policy/unknown-key"}),
        ({"limits": {}}, {"policy/unknown-key"}),
        ({"run": {"deny": ["git"]}}, {"policy/not-a-wish"}),
        ({"run": ["git"]}, {"policy/wrong-type"}),
        (
            {"write": {"allow": ["*.txt"]}, "read": {"allow": ["{x}/y"]}},
            {"policy/write-glob-not-tree", "policy/unknown-placeholder"},
        ),
    ],
)
def test_anything_but_allow_lists_is_an_error_at_the_front_matters_line(raw, codes):
    wishes, problems = decode_permissions(raw, SPAN)
    assert (wishes, {item.code for item in problems}, {item.span for item in problems}) == ((), codes, {SPAN})


def test_each_problem_is_told_once_and_in_the_words_of_the_front_matter():
    raw = {"rum": {"allow": ["jq"]}, "mode": "execute", "run": {"alow": ["x"]}, "read": "nope"}
    _, problems = decode_permissions(raw, SPAN)
    assert [item.message for item in problems] == [
        "unknown key `rum` in permissions",
        "unknown key `mode` in permissions",
        "unknown key `alow` in permissions.run",
        "permissions.read must be a map, not `nope`",
    ]
