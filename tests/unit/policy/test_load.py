"""From files to one ruleset: discovery, layers, profiles, trust. Real files in real folders."""

import os
from pathlib import Path

import pytest

from rundown.errors import InvalidInputError
from rundown.model.policy import Allowed, LayerKind
from rundown.policy.flags import PolicyFlags
from rundown.policy.load import load_ruleset, tool_document, tool_names
from rundown.policy.trust import UntrustedError, forget_trust, record_trust, trusted_roots
from tests.support.policies import ROOT, decide, outcome, rules, run

TIGHT = "default: {run: {deny: [git]}}\n"
LOOSE = "default: {run: {allow: [terraform]}}\n"


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


class Place:
    def __init__(self, base: Path) -> None:
        self.base = base
        self.root = base / "project"
        self.root.mkdir()
        self.system = base / "etc.yaml"

    def load(self, runbook="", **changes):
        given = {
            "cwd": str(self.root),
            "home": str(self.base),
            "user_config_dir": str(self.base / "config"),
            "system_file": str(self.system),
            "state_dir": str(self.base / "state"),
        }
        return load_ruleset(str(self.root), runbook, **(given | changes))

    def user(self, text):
        (self.base / "config").mkdir(exist_ok=True)
        (self.base / "config/policy.yaml").write_text(text)

    def problems(self, **changes):
        with pytest.raises(InvalidInputError) as raised:
            self.load(**changes)
        return [item.code for item in raised.value.diagnostics]


def test_without_documents_the_built_in_default_holds(place):
    loaded = place.load()
    assert (loaded.sources, loaded.trusted, loaded.documents) == (("builtin.yaml",), "no document", ())


def test_layers_are_project_user_system_built_in(place):
    (place.root / ".rundownrc.yaml").write_text(TIGHT)
    place.user("default: {run: {allow: [jq]}}\n")
    place.system.write_text("default: {run: {deny: [curl]}}\n")
    loaded = place.load()
    assert [layer.kind for layer in loaded.ruleset.layers] == [
        LayerKind.PROJECT,
        LayerKind.USER,
        LayerKind.SYSTEM,
        LayerKind.BUILTIN,
    ]
    assert loaded.sources == (
        ".rundownrc.yaml",
        str(place.base / "config/policy.yaml"),
        str(place.system),
        "builtin.yaml",
    )
    assert loaded.documents == (
        str(place.root / ".rundownrc.yaml"),
        str(place.base / "config/policy.yaml"),
        str(place.system),
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (".rundownrc", '{"default": {"run": {"deny": ["git"]}}}'),
        (".rundownrc", TIGHT),
        (".rundownrc.json", '{\n\t"default": {"run": {"deny": ["git"]}}}'),
        (".rundownrc.yaml", TIGHT),
        (".rundownrc.yml", TIGHT),
        ("package.json", '{"name": "x", "rundown": {"default": {"run": {"deny": ["git"]}}}}'),
        ("pyproject.toml", '[project]\nname="x"\n[tool.rundown.default.run]\ndeny = ["git"]\n'),
    ],
)
def test_a_project_document_is_found_under_each_of_its_names(place, name, text):
    (place.root / name).write_text(text)
    loaded = place.load()
    assert (loaded.sources[0], outcome(loaded.ruleset, run("git log"))) == (name, "deny")


def test_the_first_name_wins_and_project_files_without_a_section_are_passed_over(place):
    (place.root / "package.json").write_text('{"name": "rundown-demo"}')
    (place.root / "pyproject.toml").write_text("[tool.rundown]\nversion = 1\n")
    (place.root / ".rundownrc.yml").write_text(TIGHT)
    assert place.load().sources[0] == ".rundownrc.yml"
    (place.root / ".rundownrc.yml").unlink()
    assert place.load().sources[0] == "pyproject.toml"


def test_a_document_in_a_folder_above_or_below_is_no_document(place):
    (place.base / ".rundownrc.yaml").write_text(LOOSE)
    (place.root / "sub").mkdir()
    (place.root / "sub/.rundownrc.yaml").write_text(LOOSE)
    assert place.load().sources == ("builtin.yaml",)


def test_a_program_as_a_document_is_named_in_an_error_that_says_what_to_do(place):
    (place.root / "rundown.config.mjs").write_text("export default {}")
    with pytest.raises(InvalidInputError) as raised:
        place.load()
    assert [(item.code, "JSON" in item.fix) for item in raised.value.diagnostics] == [
        ("policy/code-document", True)
    ]


def test_a_symlink_out_of_the_project_is_refused_and_one_inside_is_not(place):
    (place.base / "elsewhere.yaml").write_text(TIGHT)
    (place.root / ".rundownrc.yaml").symlink_to(place.base / "elsewhere.yaml")
    assert place.problems() == ["policy/symlink-out"]
    (place.root / ".rundownrc.yaml").unlink()
    (place.root / "policy.yaml").write_text(TIGHT)
    (place.root / ".rundownrc.yaml").symlink_to("policy.yaml")
    assert place.load().documents == (str(place.root / "policy.yaml"),)


def test_a_dangling_link_a_folder_and_a_fifo_are_errors_and_never_a_laxer_policy(place):
    path = place.root / ".rundownrc.yaml"
    path.symlink_to("nowhere")
    assert place.problems() == ["policy/unreadable"]
    path.unlink()
    path.mkdir()
    assert place.problems() == ["policy/unreadable"]
    path.rmdir()
    os.mkfifo(path)
    assert place.problems() == ["policy/unreadable"]


def test_a_project_file_that_cannot_be_read_may_hold_a_policy_and_is_an_error(place):
    (place.root / "package.json").symlink_to("/proc/self/mem")
    assert place.problems() == ["policy/symlink-out"]


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file away")
def test_a_document_of_another_user_is_refused(place):
    path = place.root / ".rundownrc.yaml"
    path.write_text(TIGHT)
    os.chown(path, 65534, 65534)
    assert place.problems() == ["policy/foreign-owner"]


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file away")
def test_a_document_of_another_user_that_a_person_names_is_taken(place):
    (place.root / "ci.yaml").write_text(TIGHT)
    os.chown(place.root / "ci.yaml", 65534, 65534)
    assert place.load(policy_file="ci.yaml").sources[0] == "ci.yaml"


def test_invalid_documents_stop_everything_and_are_reported_together(place):
    (place.root / ".rundownrc.yaml").write_text("defualt: {}\n")
    place.user("default: {run: git}\n")
    place.system.write_text("x: 1\n")
    assert sorted(place.problems()) == ["policy/unknown-key", "policy/unknown-key", "policy/wrong-type"]


def test_a_named_policy_replaces_discovery_and_must_be_there(place):
    (place.root / ".rundownrc.yaml").write_text("not: valid\n")
    (place.root / "mine.yaml").write_text(LOOSE)
    loaded = place.load(policy_file="mine.yaml")
    assert (loaded.sources[0], loaded.trusted) == ("mine.yaml", "named")
    assert outcome(loaded.ruleset, run("terraform plan")) == "allow"
    assert place.problems(policy_file="missing.yaml") == ["policy/unreadable"]


def test_a_policy_may_be_handed_over_as_bytes(place):
    loaded = place.load(policy_file="git:main:.rundownrc.yaml", policy_content=LOOSE.encode())
    assert (loaded.sources[0], loaded.documents) == ("git:main:.rundownrc.yaml", ())
    with pytest.raises(InvalidInputError) as raised:
        place.load(policy_file="git:main:p.yaml", policy_content=b"x: 1")
    assert raised.value.diagnostics[0].span.file == "git:main:p.yaml"


def test_extends_none_cuts_off_what_lies_below_but_not_the_system(place):
    (place.root / "p.yaml").write_text("extends: none\ndefault: {run: {allow: [rm]}}\n")
    place.user(TIGHT)
    place.system.write_text("default: {run: {deny: [curl]}}\n")
    loaded = place.load(policy_file="p.yaml")
    assert loaded.sources == ("p.yaml", str(place.system))
    assert [outcome(loaded.ruleset, run(name)) for name in ("rm", "curl", "git")] == ["allow", "deny", "ask"]


def test_profiles_lie_right_below_the_document_that_names_them(place):
    (place.root / "p.yaml").write_text(
        "extends: [tool/kubectl, tool/npm]\ndefault: {run: {ask: [kubectl]}}\n"
    )
    place.user("default: {run: {deny: [kubectl]}}\n")
    loaded = place.load(policy_file="p.yaml")
    assert loaded.sources[:3] == ("p.yaml", "tool/kubectl", "tool/npm")
    assert outcome(loaded.ruleset, run("kubectl get")) == "ask"


def test_an_unknown_profile_is_an_error_that_names_the_nearest(place):
    (place.root / "p.yaml").write_text("extends: [tool/kubctl]\n")
    with pytest.raises(InvalidInputError) as raised:
        place.load(policy_file="p.yaml")
    found = raised.value.diagnostics[0]
    assert (found.code, found.span.line, found.fix.split("?")[0]) == (
        "policy/unknown-profile",
        1,
        "did you mean `tool/kubectl`",
    )


def test_every_shipped_profile_is_valid_and_lets_its_tool_run():
    assert tool_names() == (
        "aws",
        "cargo",
        "claude",
        "codex",
        "docker",
        "gcloud",
        "gemini",
        "git-ssh",
        "go",
        "goose",
        "helm",
        "kubectl",
        "npm",
        "opencode",
        "pip",
        "postgres",
        "terraform",
        "uv",
    )
    for name in tool_names():
        ruleset = rules(tool_document(name).layer(""))
        tool = {"git-ssh": "git", "postgres": "psql"}.get(name, name)
        assert outcome(ruleset, run(tool)) == "allow"


def test_a_profile_that_amounts_to_root_says_so():
    found = [rule.reason for rule in tool_document("docker").layer("").rules if rule.pattern == "docker"]
    assert found == ["the docker daemon gives root on this host"]


# The system document


def test_the_system_refuses_to_be_bypassed_unless_it_says_otherwise(place):
    place.system.write_text(TIGHT)
    flags = PolicyFlags(allow_all=True)
    assert (place.problems(flags=flags), place.load().bypass_allowed) == (["policy/bypass-refused"], False)
    place.system.write_text("allow_bypass: true\n")
    assert (place.load(flags=flags).ruleset.bypass.allow_all, place.load().bypass_allowed) == (True, True)


# Trust


def test_a_document_that_only_tightens_is_used_as_it_is(place):
    (place.root / ".rundownrc.yaml").write_text(
        "default: {mode: deny, enforce_run: tree, run: {deny: [git], allow: [npm]}, limits: {pids: 5}}\n"
    )
    assert place.load().trusted == "only tightens"


@pytest.mark.parametrize(
    "text",
    [
        LOOSE,
        "extends: none\n",
        "extends: [tool/npm]\n",
        "default: {mode: execute}\n",
        "default: {mode: {run: confined}}\n",
        "default: {read: {allow: ['~/**']}}\n",
        "default: {net: {allow: [a.example]}}\n",
        "default: {run: {ask: [rm]}}\n",
        "default: {run: {allow: [docker]}}\n",
        "overrides: [{runbook: x, run: {deny: [git]}}]\n",
        "grants: [{type: run, pattern: curl}]\n",
        "secrets: {A: {source: 'env:A'}}\n",
        "agents: {claude: {per_call: best-effort}}\n",
        "agents: {default: mock}\n",
        "tools: {allow: [x]}\n",
        "backup: never\n",
    ],
)
def test_whatever_may_open_something_needs_trust(place, text):
    (place.root / ".rundownrc.yaml").write_text(text)
    with pytest.raises(UntrustedError) as raised:
        place.load()
    assert {item.code for item in raised.value.diagnostics} == {"policy/untrusted"}
    assert place.load(trust_project=True).trusted == "for this run"


def test_saying_again_what_the_user_denies_needs_trust(place):
    place.user("default: {run: {deny: [git]}}\n")
    (place.root / ".rundownrc.yaml").write_text("default: {run: {allow: [git]}}\n")
    with pytest.raises(UntrustedError):
        place.load()


def test_larger_limits_and_laxer_enforcement_than_the_users_need_trust(place):
    place.user("default: {limits: {pids: 10}, enforce_run: tree}\n")
    for text in ("default: {limits: {pids: 11}}\n", "default: {enforce_run: command}\n"):
        (place.root / ".rundownrc.yaml").write_text(text)
        with pytest.raises(UntrustedError):
            place.load()
    (place.root / ".rundownrc.yaml").write_text("default: {limits: {pids: 10}, enforce_run: tree}\n")
    assert place.load().trusted == "only tightens"


def test_trust_is_for_one_root_and_one_value_and_any_change_of_it_asks_again(place):
    path = place.root / ".rundownrc.yaml"
    path.write_text(LOOSE)
    with pytest.raises(UntrustedError) as raised:
        place.load()
    question = raised.value.question
    assert (question.root, question.source) == (str(place.root), ".rundownrc.yaml")
    assert [(item.text, item.span.line) for item in question.opens] == [("run allow terraform", 1)]
    record_trust(str(place.base / "state"), question.root, question.digest)
    assert place.load().trusted == "recorded"
    path.write_text("# a comment\n" + LOOSE)
    assert place.load().trusted == "recorded"
    path.write_text(LOOSE.replace("terraform", "terraform2"))
    with pytest.raises(UntrustedError):
        place.load()
    path.write_text(LOOSE)
    forget_trust(str(place.base / "state"), question.root)
    with pytest.raises(UntrustedError):
        place.load()


def test_the_trust_store_is_private_and_one_that_others_may_write_counts_for_nothing(place):
    state = place.base / "state"
    record_trust(str(state), "/a", "sha256:1")
    record_trust(str(state), "/b", "sha256:2")
    store = state / "trust.json"
    assert trusted_roots(str(state)) == {"/a": "sha256:1", "/b": "sha256:2"}
    assert store.stat().st_mode & 0o777 == 0o600
    store.chmod(0o622)
    assert trusted_roots(str(state)) == {}
    store.chmod(0o600)
    store.write_text("{broken")
    assert trusted_roots(str(state)) == {}
    store.rename(state / "other.json")
    store.symlink_to("other.json")
    assert trusted_roots(str(state)) == {}


def test_the_digests_name_the_flags_or_only_the_documents(place):
    plain, flagged = place.load(), place.load(flags=PolicyFlags(deny_all=True))
    assert plain.digest != flagged.digest
    assert plain.documents_digest == flagged.documents_digest
    place.user(TIGHT)
    assert place.load().documents_digest != plain.documents_digest


def test_an_override_matches_the_runbooks_path_below_the_root(place):
    (place.root / "p.yaml").write_text("overrides: [{runbook: 'deploy/*', run: {allow: [kubectl]}}]\n")
    found = {
        name: outcome(place.load(name, policy_file="p.yaml").ruleset, run("kubectl get"))
        for name in ("deploy/a.runbook.md", "deploy/x/a.runbook.md", "a.runbook.md", "")
    }
    assert found == {
        "deploy/a.runbook.md": "allow",
        "deploy/x/a.runbook.md": "deny",
        "a.runbook.md": "deny",
        "": "deny",
    }


def test_the_command_for_a_waiting_question_is_the_persons_own_before_the_systems(place):
    place.system.write_text("notify: wall waiting\n")
    assert place.load().notify == ("wall", "waiting")
    place.user("notify: notify-send 'a question' rundown\n")
    assert place.load().notify == ("notify-send", "a question", "rundown")
    (place.root / ".rundownrc.yaml").write_text("notify: curl evil.example\n")
    assert place.problems() == ["policy/misplaced-key"]


def test_a_document_above_others_is_warned_about_what_it_says_in_vain(place):
    place.user("default: {run: {allow: ['ku*']}}\n")
    (found,) = place.load().warnings
    assert (found.code, found.severity, found.message) == (
        "policy/lifts-nothing",
        "warning",
        "`ku*` does not allow kubectl",
    )


def test_the_trees_of_a_profile_that_a_person_extends_are_made_where_they_are_missing(place):
    (place.root / ".rundownrc.yaml").write_text("extends: [tool/pip]\n")
    loaded = place.load(trust_project=True)
    decision = decide(loaded.ruleset, run("pip list"))
    assert isinstance(decision, Allowed)
    assert f"{ROOT}/.venv/**" in decision.envelope.write_made
