"""Lasting grants: in private files, and in the project's own document, nothing else touched."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from rundown.errors import InvalidInputError
from rundown.model.policy import Grant
from rundown.model.request import Capability
from rundown.policy.edit import add_grant
from rundown.policy.keep import Keeper, can_last
from rundown.policy.load import load_ruleset
from rundown.policy.trust import record_trust, trusted_roots
from tests.support.policies import outcome, run

CURL = Grant(capability=Capability.RUN, pattern="curl", resolved="/usr/bin/curl")
WHEN = "2026-01-01T00:00:00Z"
ENTRY = {"type": "run", "pattern": "git push origin *", "scope": "permanent", "granted_at": WHEN}
LINE = '{type: run, pattern: "git push origin *", scope: permanent, granted_at: "2026-01-01T00:00:00Z"}'


@pytest.fixture
def root(tmp_path):
    (tmp_path / "project").mkdir()
    return tmp_path / "project"


def keeper(root: Path, **changes) -> Keeper:
    loaded = load_ruleset(
        str(root), "", cwd=str(root), state_dir=str(root.parent / "state"), system_file="/nowhere", **changes
    )
    return Keeper(root=str(root), state_dir=str(root.parent / "state"), loaded=loaded)


# Personal


def test_a_personal_grant_is_private_and_outside_the_checkout(root):
    kept = keeper(root)
    path = Path(kept.keep_personal(CURL))
    assert (path.parent, path.stat().st_mode & 0o777) == (root.parent / "state/grants", 0o600)
    assert (kept.personal(), list(root.iterdir())) == ((CURL,), [])


def test_personal_grants_are_forgotten_when_the_policy_changes_and_none_is_kept_twice(root):
    kept = keeper(root)
    other = replace(CURL, pattern="jq")
    for grant in (CURL, other, CURL):
        kept.keep_personal(grant)
    assert kept.personal() == (other, CURL)
    (root / ".rundownrc.yaml").write_text("default: {run: {deny: [jq]}}\n")
    assert keeper(root).personal() == ()


def test_personal_grants_of_one_project_are_no_other_projects(root):
    keeper(root).keep_personal(CURL)
    elsewhere = root.parent / "elsewhere"
    elsewhere.mkdir()
    assert keeper(elsewhere).personal() == ()


def test_personal_grants_can_be_forgotten_one_by_one_or_all(root):
    kept = keeper(root)
    for name in ("a", "b", "c"):
        kept.keep_personal(replace(CURL, pattern=name))
    assert (kept.forget_personal("b"), [item.pattern for item in kept.personal()]) == (1, ["a", "c"])
    assert (kept.forget_personal(), kept.personal(), kept.forget_personal()) == (2, (), 0)


def test_what_is_known_only_at_run_time_cannot_last(root):
    for grant in (replace(CURL, digest="sha256:1"), replace(CURL, pattern="*", everything=True)):
        assert not can_last(grant)
        with pytest.raises(InvalidInputError):
            keeper(root).keep_personal(grant)
        with pytest.raises(InvalidInputError):
            keeper(root).keep_for_project(grant, "", WHEN)


# Project


def test_a_grant_makes_a_document_and_trusts_what_the_person_just_allowed(root):
    kept = keeper(root)
    assert kept.keep_for_project(CURL, "sync.runbook.md", WHEN) == ".rundownrc.yaml"
    again = keeper(root)
    assert again.loaded.trusted == "recorded"
    assert outcome(again.loaded.ruleset, run("curl x")) == "deny"
    here = load_ruleset(str(root), "sync.runbook.md", state_dir=kept.state_dir, system_file="/nowhere")
    assert outcome(here.ruleset, run("curl x")) == "allow"


def test_several_grants_of_one_run_leave_the_document_trusted(root):
    kept = keeper(root)
    kept.keep_for_project(CURL, "", WHEN)
    assert kept.name_for_project(replace(CURL, pattern="nc"), "", WHEN) == ".rundownrc.yaml"
    kept.keep_for_project(replace(CURL, pattern="wget"), "", WHEN)
    found = keeper(root).loaded
    allowed = [outcome(found.ruleset, run(text)) for text in ("curl x", "wget x", "nc x")]
    assert (found.trusted, allowed) == ("recorded", ["allow", "allow", "deny"])


def test_a_trusted_document_stays_trusted_with_the_one_entry_more(root):
    path = root / ".rundownrc.yaml"
    path.write_text("# mine\ndefault:\n  run:   {allow: [terraform]}  # keep\n")
    path.chmod(0o640)
    kept = keeper(root, trust_project=True)
    record_trust(kept.state_dir, str(root), kept.loaded.decoded[0].digest)
    kept = keeper(root)
    kept.keep_for_project(CURL, "", WHEN)
    assert path.read_text() == (
        "# mine\ndefault:\n  run:   {allow: [terraform]}  # keep\n"
        'grants:\n  - {type: run, pattern: curl, scope: permanent, granted_at: "2026-01-01T00:00:00Z"}\n'
    )
    assert (path.stat().st_mode & 0o777, keeper(root).loaded.trusted) == (0o640, "recorded")


def test_a_document_that_was_trusted_for_one_run_or_changed_meanwhile_is_not_trusted_by_a_grant(root):
    path = root / ".rundownrc.yaml"
    path.write_text("default: {run: {allow: [terraform]}}\n")
    kept = keeper(root, trust_project=True)
    kept.keep_for_project(CURL, "", WHEN)
    assert trusted_roots(kept.state_dir) == {}
    path.write_text("default: {run: {deny: [terraform]}}\n")
    kept = keeper(root)
    path.write_text("default: {run: {allow: [docker]}}\n")
    kept.keep_for_project(CURL, "", WHEN)
    assert trusted_roots(kept.state_dir) == {}


def test_a_named_policy_file_takes_the_grant_itself(root):
    (root / "ci.yaml").write_text("version: 1\n")
    kept = keeper(root, policy_file="ci.yaml")
    assert kept.keep_for_project(CURL, "", WHEN) == "ci.yaml"
    assert "curl" in (root / "ci.yaml").read_text()
    (root.parent / "policy.yaml").write_text("version: 1\n")
    blob = keeper(
        root,
        policy_file="git:main:p.yaml",
        policy_content=b"version: 1\n",
        user_config_dir=str(root.parent),
    )
    with pytest.raises(InvalidInputError):
        blob.keep_for_project(CURL, "", WHEN)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("version: 1 # x\n", f"version: 1 # x\ngrants:\n  - {LINE}\n"),
        ("version: 1", f"version: 1\ngrants:\n  - {LINE}\n"),
        (
            "grants:   # why\n- {type: run, pattern: a}  # one\n\n# tail\nversion: 1\n",
            f"grants:   # why\n- {{type: run, pattern: a}}  # one\n- {LINE}\n\n# tail\nversion: 1\n",
        ),
        (
            "grants:\n    - type: run\n      pattern: a # c\n    # more\nbackup: agent\n",
            f"grants:\n    - type: run\n      pattern: a # c\n    - {LINE}\n    # more\nbackup: agent\n",
        ),
    ],
)
def test_yaml_gains_one_line_and_loses_nothing(before, after):
    assert add_grant(before.encode(), ".rundownrc.yaml", ENTRY).decode() == after


@pytest.mark.parametrize(
    "before",
    ["grants: []  # none\nversion: 1\n", "grants: [{type: run, pattern: a}] # one\n", "{version: 1}\n"],
)
def test_yaml_in_flow_style_keeps_its_comments(before):
    after = add_grant(before.encode(), ".rundownrc.yaml", ENTRY).decode()
    assert ("#" not in before or before.partition("#")[2].splitlines()[0] in after) and "origin" in after


def test_json_and_toml_gain_the_entry_in_their_section():
    package = b'{\n\t"name": "\xc3\xbc",\n\t"rundown": {\n\t\t"version": 1\n\t}\n}\n'
    assert add_grant(package, "package.json", ENTRY).decode() == (
        '{\n\t"name": "ü",\n\t"rundown": {\n\t\t"version": 1,\n\t\t"grants": [\n\t\t\t{\n'
        '\t\t\t\t"type": "run",\n\t\t\t\t"pattern": "git push origin *",\n\t\t\t\t"scope": "permanent",\n'
        f'\t\t\t\t"granted_at": "{WHEN}"\n\t\t\t}}\n\t\t]\n\t}}\n}}\n'
    )
    project = b"[tool.rundown]\nversion = 1  # c\n\n[tool.x]\na = 1\n"
    assert add_grant(project, "pyproject.toml", ENTRY).decode() == project.decode() + (
        f'\n[[tool.rundown.grants]]\ntype = "run"\npattern = "git push origin *"\nscope = "permanent"\ngranted_at = "{WHEN}"\n'
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", "[tool.rundown]\ngrants = []\n"),
        (".rundownrc.yaml", "a: [\n"),
        (".rundownrc.yaml", "- x\n"),
    ],
)
def test_what_cannot_be_edited_cleanly_is_left_alone_and_says_so(name, text):
    with pytest.raises(InvalidInputError):
        add_grant(text.encode(), name, ENTRY)
