"""A secret reaches a step by a rule or a person's yes, is redacted before the step starts, and is on record
after it did."""

from pathlib import Path

import pytest

from rundown.model.event import (
    Body,
    DecisionMade,
    LaunchRequested,
    QuestionAsked,
    RunPaused,
    SecretReleased,
)
from rundown.model.sandbox import ProcessResult, StageFailure
from rundown.policy.release import Recipient, SecretRule
from tests.support.bench import Bench, Variables
from tests.support.fakes import ScriptedLauncher, ScriptedPrompter

VALUE = "correct horse battery"
TEXT = '```sh\ndate; : "$KEY"\n```\n'
ASKING = f"---\nname: test\nsecrets: [KEY]\n---\n# Test\n\n## 1. Step\n\n{TEXT}"
RULE = SecretRule(name="KEY", source="env:K", runbooks=("*.runbook.md",))
ELSEWHERE = SecretRule(name="KEY", source="env:K", runbooks=("other/*",))


def bench(folder: Path, text: str = TEXT, rule: SecretRule | None = RULE, **more: object) -> Bench:
    given = {"sources": {"env:K": VALUE, "env:KEY": VALUE}, **more}
    return Bench(text, folder, rules_of_secrets=(rule,) if rule else (), **given)  # type: ignore[arg-type]


def of_kind(bodies: list[Body], kind: type) -> list[Body]:
    return [body for body in bodies if isinstance(body, kind)]


def env_of(run: Bench) -> list[dict[str, str]]:
    return [dict(plan.env) for plan in run.launcher.launched]


def test_a_rule_releases_to_its_runbooks_and_the_record_says_so_after_the_step_had_it(tmp_path):
    run = bench(tmp_path)
    names = [type(body).__name__ for body in run.execute()]
    assert (names, env_of(run)[0]["KEY"]) == (
        ["DecisionMade", "LaunchRequested", "SecretReleased", "ProcessEnded", "StepFinished"],
        VALUE,
    )


def test_no_other_runbook_gets_it(tmp_path):
    run = bench(tmp_path, rule=ELSEWHERE)
    assert (of_kind(run.execute(), SecretReleased), env_of(run)) == ([], [{}])


def test_what_a_step_prints_of_it_is_redacted_everywhere(tmp_path):
    launcher = ScriptedLauncher(
        [0], prints=[("stdout", f"got {VALUE[:7]}".encode()), ("stdout", VALUE[7:].encode())]
    )
    run = bench(tmp_path, launcher=launcher)
    run.execute()
    (file,) = run.files.values()
    assert (file.content, run.redacted) == (b"got [REDACTED:KEY]", {"KEY": VALUE})


def test_a_file_holds_the_value_and_the_variable_its_path(tmp_path):
    rule = SecretRule(name="KEY", source="env:K", runbooks=("**",), form="file")
    run = bench(tmp_path, rule=rule)
    (fact,) = of_kind(run.execute(), SecretReleased)
    assert (fact, env_of(run), run.launcher.secret_files) == (
        SecretReleased(position="1", name="KEY", form="file"),
        [{"KEY": "/run/secrets/KEY"}],
        {"KEY": VALUE},
    )
    assert list((tmp_path / "live").iterdir()) == []


def test_the_names_stand_in_the_promise_to_launch_and_no_value_anywhere(tmp_path):
    bodies = bench(tmp_path).execute()
    (promise,) = of_kind(bodies, LaunchRequested)
    assert isinstance(promise, LaunchRequested)
    assert (promise.secrets, VALUE in repr(bodies)) == (("KEY",), False)


def test_the_variable_is_no_matter_of_env_rules_which_deny_its_name(tmp_path):
    """The built-in policy denies `*_KEY`; a text that uses a released one is not about the parent's."""
    text = '```sh env=DEPLOY_KEY\ndate; : "$DEPLOY_KEY"\n```\n'
    rule = SecretRule(name="DEPLOY_KEY", source="env:K", runbooks=("**",))
    (first, *_) = bench(tmp_path, text, rule).execute()
    assert isinstance(first, DecisionMade) and first.frozen is not None
    assert (first.outcome, first.frozen.env_names) == ("allow", ())
    (first, *_) = bench(tmp_path, text, None).execute()
    assert isinstance(first, DecisionMade) and first.outcome == "deny"


def test_a_missing_one_is_an_error_before_the_step_starts(tmp_path):
    run = bench(tmp_path, sources={})
    assert (run.execute()[1:], env_of(run)) == (
        [RunPaused(reason="secret", position="1", detail="no KEY: not there")],
        [],
    )


def test_a_step_that_could_not_be_launched_got_nothing(tmp_path):
    failure = StageFailure(stage="exec", errno=2, detail="no such file")
    bodies = bench(tmp_path, launcher=ScriptedLauncher([failure])).execute()
    assert of_kind(bodies, SecretReleased) == []


def test_an_interrupted_step_had_it(tmp_path):
    result = ProcessResult(ending="interrupted", duration_ns=1)
    bodies = bench(tmp_path, launcher=ScriptedLauncher([result])).execute()
    assert of_kind(bodies, SecretReleased) == [SecretReleased(position="1", name="KEY", form="env")]


# --- what a runbook asks for ----------------------------------------------------------------------------


@pytest.mark.parametrize("rule", [None, ELSEWHERE], ids=["unknown", "for others"])
def test_what_a_runbook_asks_for_is_released_after_a_yes_once_for_the_session(tmp_path, rule):
    prompter = ScriptedPrompter(confirms=[True])
    run = bench(tmp_path, ASKING, rule, prompter=prompter)
    first, second = run.execute(), run.execute(number=2)
    assert of_kind(first, QuestionAsked) == [
        QuestionAsked(
            request="",
            position="1",
            resources=("secret KEY",),
            answers=("allow for this session",),
            answered_by="person",
        )
    ]
    assert (of_kind(second, QuestionAsked), [env["KEY"] for env in env_of(run)]) == ([], [VALUE, VALUE])
    assert len(prompter.sentences) == 1


@pytest.mark.parametrize(("present", "by"), [(True, "person"), (False, "non-interactive")])
def test_without_a_yes_the_step_does_not_begin(tmp_path, present, by):
    run = bench(tmp_path, ASKING, None, prompter=ScriptedPrompter(present=present))
    (asked,) = of_kind(bodies := run.execute(), QuestionAsked)
    assert isinstance(asked, QuestionAsked) and (asked.answers, asked.answered_by) == (("deny",), by)
    assert (bodies[-1], env_of(run)) == (
        RunPaused(reason="denied", position="1", detail="secret KEY from env:KEY (the runbook asks for it)"),
        [],
    )


def test_a_flag_or_rule_that_lets_the_variable_through_is_a_yes(tmp_path):
    run = bench(tmp_path, ASKING, None, variables=Variables(allowed=frozenset({"KEY"})))
    assert (len(of_kind(run.execute(), SecretReleased)), env_of(run)[0]["KEY"]) == (1, VALUE)


@pytest.mark.parametrize("text", [TEXT, ASKING])
def test_what_a_flag_or_the_systems_document_denies_is_never_released(tmp_path, text):
    variables = Variables(allowed=frozenset({"KEY"}), forbidden=frozenset({"KEY"}))
    run = bench(tmp_path, text, prompter=ScriptedPrompter(confirms=[True]), variables=variables)
    assert (run.execute()[-1], env_of(run)) == (
        RunPaused(reason="denied", position="1", detail="secret KEY"),
        [],
    )


def test_wishes_are_what_is_asked_for_and_not_released_yet(tmp_path):
    run = bench(tmp_path, ASKING, None)
    secrets = run.vault.of_runbook("test.runbook.md", ("KEY",))
    before = [item.secret for item in secrets.wishes()]
    run.vault.approve("KEY", "test.runbook.md")
    others = run.vault.of_runbook("other.runbook.md", ("KEY",))
    assert (before, secrets.wishes(), [item.secret for item in others.wishes()]) == (["KEY"], (), ["KEY"])


def test_what_is_missing_is_told_before_the_first_step(tmp_path):
    run = bench(tmp_path, sources={})
    named, other = (run.vault.of_runbook(name, ()) for name in ("test.runbook.md", "else/x.md"))
    assert ([item.message for item in named.missing()], other.missing()) == (["no KEY"], ())


# --- headers --------------------------------------------------------------------------------------------


def test_a_header_never_enters_the_step_and_is_given_to_the_gateway_alone(tmp_path):
    rule = SecretRule(name="KEY", source="env:K", runbooks=("**",), form="header")
    run = bench(tmp_path, rule=rule)
    run.execute()
    secrets = run.vault.of_runbook("test.runbook.md", ())
    value = secrets.header("KEY", Recipient(step="1", by_agent=True))
    assert (env_of(run), value, run.redacted) == ([{}], VALUE, {"KEY": VALUE})


@pytest.mark.parametrize("rule", [RULE, ELSEWHERE, None], ids=["env", "for others", "unknown"])
def test_what_is_no_header_for_this_runbook_is_not_given(tmp_path, rule):
    secrets = bench(tmp_path, rule=rule).vault.of_runbook("test.runbook.md", ())
    refused = secrets.header("KEY", Recipient(step="1", by_agent=True))
    assert not isinstance(refused, str) and refused.code == "session/secret-not-released"
