"""Warnings about entries that say something in vain."""

from rundown.policy.advice import advise
from rundown.policy.load import builtin_document, load_ruleset
from tests.support.policies import decoded

BELOW = (builtin_document().layer(""),)


def said(text):
    return [(item.code, item.span.line, item.message) for item in advise(decoded(text), BELOW)]


def test_a_wildcard_over_denied_names_is_told_to_lift_nothing():
    assert said("default:\n  run: {allow: ['*']}\n  env: {allow: ['SSH_*', 'GITHUB_*']}\n") == [
        ("policy/lifts-nothing", 2, "`*` does not allow sudo, su, passwd, useradd, usermod, userdel, …"),
        ("policy/lifts-nothing", 3, "`GITHUB_*` does not allow GITHUB_TOKEN"),
    ]


def test_an_entry_that_the_same_document_undoes():
    assert said("default:\n  run:\n    allow: [git, jq]\n    deny: [jq]\n") == [
        ("policy/undone-entry", 3, "`jq` is denied in line 4 of the same document")
    ]


def test_what_works_is_not_talked_about():
    assert (
        said("default: {run: {allow: [docker, 'git *', ./x*], deny: [{pattern: jq, except: ['jq .']}]}}")
        == []
    )


def test_warnings_come_with_the_ruleset(tmp_path):
    (tmp_path / "p.yaml").write_text("default: {run: {allow: ['*']}}\n")
    loaded = load_ruleset(str(tmp_path), "", policy_file="p.yaml", cwd=str(tmp_path), system_file="/nowhere")
    assert [(item.code, item.severity) for item in loaded.warnings] == [("policy/lifts-nothing", "warning")]
