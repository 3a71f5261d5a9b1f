"""Jobs in the images that CI systems start: somebody else's checkout, a masked /proc, no user namespaces."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.patience import RUN_SECONDS
from tests.support.project import RUNDOWN, bare_environment, commit_all, git
from tests.support.sources import ROOT

pytestmark = pytest.mark.kernel

LESSER = ROOT / "tests/support/lesser_host.py"
STRANGER = 4242
BOOK = """# In an image

## 1. Keep out

```sh
cat /etc/shadow && echo leaked || echo held
echo built > dist/made
```
"""
POLICY = "version: 1\ndefault: {write: {allow: ['{repo}/dist/**']}, run: {allow: [tac]}}\n"


@pytest.fixture
def project() -> Iterator[Path]:
    # Not below pytest's own folder, which every session closes to others.
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        Path(folder).chmod(0o755)
        yield lay_out(Path(folder) / "project")


def lay_out(place: Path) -> Path:
    (place / "dist").mkdir(parents=True)
    (place / "job.runbook.md").write_text(BOOK)
    (place / "ci.yaml").write_text(POLICY)
    commit_all(place, "Start")
    return place


def in_image(
    project: Path, *words: str, host: tuple[str, ...] = (), **more: str
) -> subprocess.CompletedProcess[str]:
    """Runs rundown as a job does, on a host made lesser by these words."""
    prefix = [sys.executable, str(LESSER), *host, "--"] if host else []
    return subprocess.run(
        [*prefix, str(RUNDOWN), *words],
        cwd=project,
        env=bare_environment(project, {"CI": "true", **more}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
        start_new_session=True,
    )


def give_away(project: Path) -> None:
    for path in (project, *project.rglob("*")):
        os.chown(path, STRANGER, STRANGER, follow_symlinks=False)


HOSTS = {
    "a masked /proc": (("masked-proc",), "sandbox/proc-shared"),
    "no user namespaces": (("root-without-userns",), "sandbox/no-user-namespaces"),
    "both": (("masked-proc", "root-without-userns"), "sandbox/proc-shared"),
    "no Landlock": (("no-landlock",), "sandbox/no-landlock"),
}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make this host a lesser one")
@pytest.mark.parametrize("name", HOSTS)
def test_a_job_of_root_in_such_an_image_is_confined_and_the_gap_is_named(name: str, project: Path) -> None:
    words, code = HOSTS[name]
    ran = in_image(project, "run", "job.runbook.md", "--policy", "ci.yaml", host=words)
    assert (ran.returncode, "held" in ran.stdout, "leaked" in ran.stdout) == (0, True, False), ran.stderr
    assert (project / "dist/made").read_text() == "built\n"
    (receipt,) = project.glob(".rundown/runs/*/events.jsonl")
    assert code in receipt.read_text()
    told = in_image(project, "doctor", "--ci", host=words)
    assert (told.returncode, len(told.stdout.splitlines())) == (4, 10), told.stdout
    assert told.stdout.splitlines()[-1] != "     to get the rest: nothing is to be done"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a checkout away")
def test_root_works_in_a_checkout_that_belongs_to_another(project: Path) -> None:
    give_away(project)
    ran = in_image(project, "run", "job.runbook.md", "--policy", "ci.yaml")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert (project / "dist/made").read_text() == "built\n"
    told = in_image(project, "doctor", "--ci").stdout.splitlines()[2]
    assert f"belongs to uid {STRANGER}" in told


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a checkout away")
def test_a_policy_of_a_trusted_ref_is_read_although_git_thinks_the_checkout_dubious(project: Path) -> None:
    commit = git(project, "rev-parse", "HEAD")
    (project / "ci.yaml").write_text("version: 1\ndefault: {mode: execute}\n")
    (project / "more.runbook.md").write_text(
        "# M\n\n## 1. M\n\n```sh\necho a | tac\n```\n\n## 2. N\n\n```sh\nnl ci.yaml\n```\n"
    )
    give_away(project)
    ran = in_image(project, "run", "more.runbook.md", "--policy", f"git:{commit}:ci.yaml")
    assert (ran.returncode, "step 2 may not run `nl`" in ran.stderr) == (3, True), ran.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
def test_a_user_works_in_a_checkout_that_belongs_to_root(project: Path) -> None:
    project.with_name("project.home").mkdir(exist_ok=True)
    os.chown(project.with_name("project.home"), 4243, 4243)
    (project / "dist").chmod(0o777)
    ran = in_image(project, "run", "job.runbook.md", "--policy", "ci.yaml", host=("ordinary",))
    assert (ran.returncode, "held" in ran.stdout) == (0, True), ran.stdout + ran.stderr
    assert not (project / ".rundown").exists() and "record/" in ran.stderr


def test_nobody_is_asked_in_a_job_and_ci_set_to_false_is_no_job(project: Path) -> None:
    (project / "ask.runbook.md").write_text("# A\n\n## 1. A\n\n```sh\necho a | tac\n```\n")
    codes = [
        in_image(project, "run", "ask.runbook.md", CI=value).returncode for value in ("true", "1", "yes")
    ]
    assert codes == [3, 3, 3]
