"""The ready-made policies and the examples fit together."""

import pytest

from tests.support.project import rundown
from tests.support.sources import ROOT

pytestmark = pytest.mark.kernel

POLICIES = sorted(path.name for path in (ROOT / "policies").glob("*.yaml"))
COMPLETE, DENIED = 0, 3

# What `git` may do is where the policies differ: bisecting starts programs, an agent may not tag.
ENDINGS = {
    "hello": {},
    "python-package": {},
    "health-check": {},
    "incident-stale-lock": {},
    "agents/mock": {},
    "agents/command": {},
    "red-build": {"default.yaml": DENIED, "ci.yaml": DENIED, "agent.yaml": DENIED},
    "release-rehearsal": {"agent.yaml": DENIED},
}


@pytest.mark.parametrize("runbook", ENDINGS)
@pytest.mark.parametrize("policy", ["default.yaml", "ci.yaml", "terminal.yaml", "agent.yaml"])
def test_an_example_ends_as_its_policy_has_it(policy, runbook, project):
    given = ["--input", "Version=1.4.0"] if runbook == "release-rehearsal" else []
    words = ["--policy", f"policies/{policy}", "--non-interactive", *given]
    ran = rundown(project, "run", f"runbooks/{runbook}.runbook.md", *words)
    assert ran.returncode == ENDINGS[runbook].get(policy, COMPLETE), ran.stdout + ran.stderr


def test_strict_runs_what_it_names_and_nothing_else_however_deep(project):
    (project / "strict.runbook.md").write_text(
        "# Strict\n\n## 1. Named\n\n```bash\nhead -n 1 README.md\n```\n\n"
        "## 2. Not named, and no text shows it\n\n```bash\n"
        "python3 -c 'import subprocess; subprocess.run([\"/usr/bin/id\"], check=True)'\n```\n"
    )
    ran = rundown(
        project, "run", "strict.runbook.md", "--policy", "policies/strict.yaml", "--non-interactive"
    )
    told = ran.stdout + ran.stderr
    assert (ran.returncode, "# A project" in told, "PermissionError" in told, "uid=" in told) == (
        1,
        True,
        True,
        False,
    ), told


@pytest.mark.parametrize("policy", POLICIES)
def test_a_ready_made_policy_is_valid(policy, project):
    checked = rundown(project, "policy", "check", f"policies/{policy}")
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_a_document_is_checked_as_whose_it_is(project):
    (project / "mine.yaml").write_text("notify: notify-send rundown\n")
    refused = rundown(project, "policy", "check", "mine.yaml")
    assert (refused.returncode, "belongs to your own" in refused.stdout) == (2, True)
    assert rundown(project, "policy", "check", "--as", "user", "mine.yaml").returncode == 0


def test_what_a_document_says_in_vain_is_told_at_every_use(project):
    (project / "vain.yaml").write_text("default: {run: {allow: ['kube*']}}\n")
    for words in (
        ("policy", "check", "vain.yaml"),
        ("policy", "explain", "--policy", "vain.yaml", "--", "true"),
        ("policy", "show", "--policy", "vain.yaml"),
        ("exec", "--policy", "vain.yaml", "--", "true"),
        ("run", "--policy", "vain.yaml", "--non-interactive", "runbooks/hello.runbook.md"),
    ):
        ran = rundown(project, *words)
        told = ran.stdout + ran.stderr
        assert (ran.returncode, told.count("warning[policy/lifts-nothing]")) == (0, 1), (words, told)


def test_a_projects_document_is_trusted_by_any_file_of_it(project, tmp_path):
    other = tmp_path / "other"
    (other / ".rundown").mkdir(parents=True)
    (other / ".rundownrc.yaml").write_text("default: {run: {allow: [terraform]}}\n")
    (other / "a.runbook.md").write_text("# A\n\n## 1. S\n\n```sh\ntrue\n```\n")
    trusted = rundown(project, "trust", other / "a.runbook.md")
    assert f".rundownrc.yaml of {other} opens:" in trusted.stdout
    assert (
        "nothing to trust: you trust its document as it is now"
        in rundown(project, "trust", other / "a.runbook.md").stdout
    )
