"""The documents in `policies/` do what their first lines promise, on real command lines."""

import re
from pathlib import Path

import pytest
from msgspec.structs import replace

from rundown.model.policy import LayerKind, Outcome
from rundown.policy.compiled import compile_ruleset
from rundown.policy.evaluate import evaluate
from rundown.policy.load import load_ruleset
from rundown.policy.subject import absolute_path
from rundown.shell.extract import extract
from tests.support.policies import FACTS, ROOT, decoded, outcome, read, request, run, write
from tests.support.sources import ROOT as CHECKOUT

FOLDER = CHECKOUT / "policies"
NAMES = ("agent", "ci", "default", "strict", "terminal")
SAFE = "/usr/bin"


@pytest.fixture(params=NAMES)
def name(request):
    return request.param


def load(name):
    return load_ruleset(ROOT, "", policy_file=str(FOLDER / f"{name}.yaml"), system_file="/nowhere").ruleset


def settled(name, text, *, no_gap=True, venv=False):
    """Returns the outcome of a step's text, its executables found where they usually lie."""
    facts = replace(FACTS, no_gap=no_gap)
    operations = tuple(_found(item, venv=venv) for item in extract(text, "bash").operations)
    decision = evaluate(compile_ruleset(load(name), facts), request(*operations, text=text), facts)
    words = {item.outcome for item in decision.rulings}
    return next((found.value for found in (Outcome.DENY, Outcome.ASK) if found in words), "allow")


def _found(operation, *, venv):
    if operation.capability.value in ("read", "write"):
        return replace(operation, resolved=absolute_path(operation.resource, ROOT, FACTS.home))
    if operation.capability.value != "run" or operation.kind == "dynamic":
        return operation
    if "/" in operation.resource:
        return replace(operation, resolved=str(Path(ROOT, operation.resource)))
    if venv and operation.resource in ("python", "pytest", "pip"):
        lies = (
            "/usr/bin/python3.11"
            if operation.resource == "python"
            else f"{ROOT}/.venv/bin/{operation.resource}"
        )
        return replace(operation, resolved=lies, safe_path=False)
    return replace(operation, resolved=f"{SAFE}/{operation.resource}")


def test_there_are_no_others():
    assert {path.stem for path in FOLDER.glob("*.yaml")} == set(NAMES)


def test_each_is_valid_and_editors_know_its_schema(name):
    text = (FOLDER / f"{name}.yaml").read_text()
    decoded(text, LayerKind.PROJECT)
    assert text.startswith("# yaml-language-server: $schema=./policy.schema.json\n#\n# ")


def test_the_starting_point_changes_nothing_and_needs_no_trust(tmp_path):
    (tmp_path / ".rundownrc.yaml").write_text((FOLDER / "default.yaml").read_text())
    loaded = load_ruleset(str(tmp_path), "", system_file="/nowhere")
    assert (loaded.trusted, loaded.ruleset.layers[0].rules) == ("only tightens", ())


def test_the_commented_lines_of_the_starting_point_are_valid_too():
    text = (FOLDER / "default.yaml").read_text()
    keys = "extends|allow|ask|deny|limits|overrides|  - runbook|    run"
    text = re.sub(rf"^( *)# ((?:{keys}):)", r"\1\2", text, flags=re.MULTILINE)
    text = re.sub(r" *allow: \[\]\n(?= *allow:)", "", text)
    document = decoded(text).document
    assert document.default.run.deny and document.overrides and document.default.limits.timeout == "10m"


ORDINARY = [
    "git status && git add -A && git commit -m 'a change'",
    "pytest -q tests/",
    "python -m venv .venv && .venv/bin/pip install -e .",
    "pip install -r requirements.txt",
    "python -m build",
    "make -j4 all",
    "npm ci && npm run build",
    "go test ./... && cargo build --release",
    "PYTHONPATH=src python -m pytest",
    'export PATH="$PWD/tools/bin:$PATH" && pytest -q',
    'for f in src/*.py; do wc -l "$f"; done | sort -n > report.txt',
    "tar czf dist/app.tar.gz src && sha256sum dist/app.tar.gz",
    "./scripts/lint.sh",
    "docker-compose-lint x; terraform fmt",
    "find . -name '*.pyc' -delete",
    "git -c core.pager=cat log -1",
    "cp config.example.yaml config.yaml && mkdir -p out",
]


@pytest.mark.parametrize("text", ORDINARY)
@pytest.mark.parametrize("venv", [False, True], ids=["system", "venv"])
def test_at_the_terminal_ordinary_work_passes_without_a_question(text, venv):
    assert settled("terminal", text, venv=venv) == "allow"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("rm -rf build", "ask"),
        ("git push origin main", "ask"),
        ("git push --force", "ask"),
        ("curl https://a.example/x", "deny"),
        ("sudo make install", "deny"),
        ("cat < .env", "deny"),
        ("echo x >> /home/ada/.bashrc", "deny"),
        ("echo x > .git/hooks/pre-commit", "deny"),
        ("kubectl delete ns prod", "deny"),
        ("LD_PRELOAD=./x.so make", "ask"),
    ],
)
def test_at_the_terminal_what_a_sandbox_cannot_take_back_is_asked_for(text, expected):
    assert settled("terminal", text) == expected


def test_at_the_terminal_a_gap_in_the_sandbox_brings_the_questions_back():
    assert settled("terminal", "./scripts/lint.sh", no_gap=False) == "ask"
    assert settled("terminal", "pytest -q", no_gap=False) == "allow"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("git status && npm ci && npm test", "allow"),
        ("pytest -q && python -m build", "allow"),
        ("make > build.log 2>&1", "allow"),
        ("./scripts/release.sh", "deny"),
        ("terraform apply", "deny"),
        ("$CMD", "deny"),
        ("git -c core.pager=x log", "deny"),
        ("git push", "deny"),
        ("curl https://a.example", "deny"),
        ("echo x >> $GITHUB_ENV", "allow"),
    ],
)
@pytest.mark.parametrize("venv", [False, True], ids=["system", "venv"])
def test_in_ci_nothing_is_asked_and_nothing_unlisted_runs(text, expected, venv):
    assert settled("ci", text, venv=venv) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("git status && make", "allow"),
        ("git commit -m x", "deny"),
        ("npm ci", "deny"),
        ("cat /etc/passwd", "allow"),
        ("sort src/a > dist/b", "allow"),
        ("sort src/a > src/b", "deny"),
    ],
)
def test_strict_runs_its_short_list_and_writes_build_output_only(text, expected):
    assert settled("strict", text) == expected


def test_strict_is_enforced_in_the_whole_process_tree():
    decision = evaluate(load("strict"), request(), FACTS)
    assert decision.envelope.enforce_run == "tree"
    assert outcome(load("strict"), read("/home/ada/.ssh/config")) == "deny"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("git diff --stat && pytest -q", "allow"),
        ("git commit -m x", "ask"),
        ("npm install left-pad", "ask"),
        ("npm test", "allow"),
        ("rm src/a.py", "ask"),
        ("git push origin HEAD", "deny"),
        ("gh pr create", "deny"),
        ("echo x > .github/workflows/ci.yml", "deny"),
        ("echo x > src/new.py", "allow"),
        ("echo x > AGENTS.md", "deny"),
        ("cat < .env", "deny"),
    ],
)
def test_an_agent_may_work_on_the_project_and_publish_nothing(text, expected):
    assert settled("agent", text) == expected


def test_what_an_agent_started_from_an_allowed_list_still_needs_its_tests_and_files():
    assert outcome(load("agent"), run("pytest -q")) == "allow"
    assert outcome(load("agent"), write("src/a.py")) == "allow"
