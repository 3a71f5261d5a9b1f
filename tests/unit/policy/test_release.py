"""Which secrets a unit gets, by what the documents say."""

import pytest

from rundown.model.policy import LayerKind
from rundown.policy.loosen import find_loosenings
from rundown.policy.release import Recipient, SecretRule, fits_unit, names_runbook, secret_rules
from tests.support.policies import decoded, problems_of

PROJECT = """
secrets:
  KEY: {source: "env:PROJECT_KEY", runbooks: ["deploy/*"], steps: ["2", "ship.*"], as: file}
  TOKEN: {source: "file:~/token"}
"""
USER = """
secrets:
  KEY: {source: "command:pass show key", runbooks: ["**"]}
  OTHER: {source: "keyring:prod/ada", as: header}
"""


def test_the_most_specific_document_that_knows_a_name_says_what_it_is():
    found = secret_rules((decoded(PROJECT), decoded(USER, LayerKind.USER, "user.yaml")))
    assert found == (
        SecretRule(
            name="KEY",
            source="env:PROJECT_KEY",
            runbooks=("deploy/*",),
            steps=("2", "ship.*"),
            form="file",
            document=".rundownrc.yaml",
        ),
        SecretRule(name="OTHER", source="keyring:prod/ada", form="header", document="user.yaml"),
        SecretRule(name="TOKEN", source="file:~/token", document=".rundownrc.yaml"),
    )


@pytest.mark.parametrize(
    ("patterns", "runbook", "named"),
    [
        (("deploy/*",), "deploy/a.runbook.md", True),
        (("./deploy/*",), "deploy/a.runbook.md", True),
        (("deploy/*",), "deploy/eu/a.runbook.md", False),
        (("deploy/**",), "deploy/eu/a.runbook.md", True),
        (("**",), "a.md", True),
        (("**",), "", False),
        ((), "a.md", False),
    ],
)
def test_a_rule_names_runbooks_by_their_path_below_the_root(patterns, runbook, named):
    rule = SecretRule(name="K", source="env:K", runbooks=patterns)
    assert names_runbook(rule, runbook) is named


@pytest.mark.parametrize(
    ("steps", "unit", "form", "fits"),
    [
        ((), Recipient(step="1"), "env", True),
        ((), Recipient(step="1", by_agent=True), "env", False),
        ((), Recipient(step="1", by_agent=True), "file", False),
        ((), Recipient(step="1", by_agent=True), "header", True),
        (("1",), Recipient(step="1", by_agent=True), "env", True),
        (("1",), Recipient(step="1", substep="2"), "env", True),
        (("1.2",), Recipient(step="1", substep="2"), "env", True),
        (("1.2",), Recipient(step="1", substep="3"), "env", False),
        (("2",), Recipient(step="1"), "env", False),
        (("ship*",), Recipient(step="shipping"), "env", True),
    ],
)
def test_an_agents_step_gets_a_secret_only_if_it_is_named(steps, unit, form, fits):
    assert fits_unit(SecretRule(name="K", source="env:K", steps=steps, form=form), unit) is fits


def test_a_projects_secrets_need_trust_and_the_question_says_what_goes_where():
    (found,) = find_loosenings(decoded(PROJECT), ())
    assert found.text == (
        "secrets: releases KEY (env:PROJECT_KEY) to deploy/*;"
        " TOKEN (file:~/token) to runbooks that ask, if you say yes"
    )


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ('"A-B": {source: "env:A"}', "policy/wrong-value"),
        ('LD_PRELOAD: {source: "env:A"}', "policy/wrong-value"),
        ('PATH: {source: "env:A"}', "policy/wrong-value"),
        ('RD_RUN_ID: {source: "env:A"}', "policy/wrong-value"),
        ('RUNDOWN_SIGNING_KEY: {source: "env:A"}', "policy/wrong-value"),
        ('K: {source: "env:RUNDOWN_SIGNING_KEY"}', "policy/wrong-value"),
        ('K: {source: "env:A B"}', "policy/wrong-value"),
        ('K: {source: "keyring:service"}', "policy/wrong-value"),
        ('K: {source: "vault:a"}', "policy/wrong-value"),
        ('K: {source: "command:id"}', "policy/misplaced-key"),
        ("K: {}", "policy/missing-key"),
    ],
)
def test_an_entry_that_can_never_work_or_must_not_is_an_error(entry, code):
    assert [item[1] for item in problems_of(f"secrets: {{{entry}}}")] == [code]


def test_a_command_must_be_one_that_can_be_split():
    text = 'secrets: {K: {source: "command:pass \'show"}}'
    assert [item[1] for item in problems_of(text, LayerKind.USER)] == ["policy/wrong-value"]
