"""The profile that the prompt may offer: of a tool that runs, and only where it answers something."""

from rundown.model.policy import NeedsPrompt, Outcome
from rundown.policy.profile import fitting_profile
from tests.support.policies import FACTS, decide, env, host, net, outcome, read, rules, run


def fitting(*operations, ruleset=None):
    decision = decide(ruleset or rules(), *operations)
    assert isinstance(decision, NeedsPrompt), decision
    return fitting_profile(decision, FACTS)


def test_the_profile_of_the_tool_that_runs_is_offered_with_what_it_would_open():
    found = fitting(run("npm ci"), net("registry.npmjs.org:443"))
    assert (found.name, found.is_root) == ("tool/npm", False)
    assert "net registry.npmjs.org:443" in found.tells
    operations = (run("npm ci"), net("registry.npmjs.org:443"))
    decision = decide(rules(), *operations, grants=found.grants)
    assert [item.outcome for item in decision.rulings] == [Outcome.ALLOW] * 2


def test_a_profile_that_answers_nothing_is_not_offered():
    assert fitting(run("npm ci"), net("evil.example:443")) is None
    assert fitting(run("npm ci"), host("pid")) is None


def test_nor_one_of_a_tool_that_does_not_run():
    assert fitting(run("git log"), net("registry.npmjs.org:443")) is None


def test_the_one_that_answers_most_is_offered():
    asked = (run("python3 x.py"), net("pypi.org:443"), net("github.com:443"))
    assert fitting(*asked).name == "tool/uv"


def test_a_profile_lifts_no_deny():
    found = fitting(run("git fetch"), net("github.com:22"))
    assert found.name == "tool/git-ssh"
    assert outcome(rules(), env("SSH_AUTH_SOCK"), grants=found.grants) == "deny"
    assert outcome(rules(), read("/home/ada/.ssh/config"), grants=found.grants) == "allow"


def test_one_that_amounts_to_root_says_so():
    ruleset = rules("default: {run: {ask: [docker]}}")
    found = fitting(run("docker ps"), ruleset=ruleset)
    assert (found.name, found.is_root) == ("tool/docker", True)
