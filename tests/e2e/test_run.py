"""Runs without a person: what is denied, what is told, what is kept when the disk is not."""

import json
import os
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.patience import RUN_SECONDS
from tests.support.project import RUNDOWN, bare_environment, commit_all, rundown

pytestmark = pytest.mark.kernel

THREE_STEPS = """# Three steps

## 1. First

```sh
echo first >> "$RD_WORK_PATH/ran"
```

## 2. Second

```sh
echo second | tac >> "$RD_WORK_PATH/ran"
```

## 3. Third

```sh
nl "$RD_WORK_PATH/ran"
```
"""


@pytest.fixture
def project(tmp_path):
    return lay_out(tmp_path / "project")


def lay_out(place: Path) -> Path:
    place.mkdir()
    (place / "three.runbook.md").write_text(THREE_STEPS)
    commit_all(place, "Start")
    return place


def marks(project) -> str:
    file = project / ".rundown/work/ran"
    return file.read_text() if file.exists() else ""


def only_run(project) -> str:
    (run,) = (path.name for path in (project / ".rundown/runs").iterdir() if path.is_dir())
    return run


def test_a_denied_step_pauses_the_run_and_everything_done_so_far_stays_done(project):
    ran = rundown(project, "run", "three.runbook.md", "--non-interactive")
    assert (ran.returncode, marks(project)) == (3, "first\n"), ran.stdout + ran.stderr
    run = only_run(project)
    assert f"rundown resume {run[-12:]} --allow-run tac" in ran.stderr
    resumed = rundown(project, "resume", run, "--allow-run", "tac,nl", "--non-interactive")
    assert (resumed.returncode, marks(project)) == (0, "first\nsecond\n"), resumed.stdout + resumed.stderr


def test_everything_that_is_missing_is_listed_at_once(project):
    ran = rundown(project, "run", "three.runbook.md", "--non-interactive")
    assert (ran.returncode, "tac" in ran.stderr, "nl" in ran.stderr) == (3, True, True), ran.stderr


def test_a_ci_variable_means_non_interactive(project):
    ran = rundown(project, "run", "three.runbook.md", environment={"CI": "true"})
    assert (ran.returncode, "--allow-run" in ran.stderr) == (3, True), ran.stdout + ran.stderr


@pytest.mark.parametrize("words", [["--yes"], ["--allow-run", "tac,nl"], ["--yes=all"]], ids=" ".join)
def test_flags_that_allow_all_that_is_asked_let_the_run_complete(words, project):
    ran = rundown(project, "run", "three.runbook.md", "--non-interactive", *words)
    assert (ran.returncode, marks(project)) == (0, "first\nsecond\n"), ran.stdout + ran.stderr


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("tac README.md", 0),
        ("find . -name README.md -exec tac {} +", 0),
        ('x=tac; "$x" README.md', 3),
        ("git -c core.pager=tac log", 3),
        ("if then", 3),
        ("rm -f x", 3),
        ("cp README.md /usr/local/README.md", 3),
    ],
    ids=["plain", "started by another", "dynamic", "escape", "unparseable", "denied", "a write"],
)
def test_yes_answers_for_plain_unlisted_executables_and_nothing_else(text, status, project):
    (project / "README.md").write_text("# Project\n")
    (project / "odd.runbook.md").write_text(f"# Odd\n\n## 1. Do\n\n```sh\n{text}\n```\n")
    ran = rundown(project, "run", "odd.runbook.md", "--non-interactive", "--yes")
    assert ran.returncode == status, ran.stdout + ran.stderr


def test_a_deny_flag_wins_over_yes_and_over_an_allow_flag(project):
    words = ["--yes=all", "--allow-run", "tac,nl", "--deny-run", "tac"]
    ran = rundown(project, "run", "three.runbook.md", "--non-interactive", *words)
    assert (ran.returncode, "second" in marks(project)) == (3, False), ran.stdout + ran.stderr


def test_json_prints_the_events_and_nothing_else_on_standard_output(project):
    ran = rundown(project, "run", "three.runbook.md", "--json", "--allow-run", "tac,nl", "--non-interactive")
    events = [json.loads(line) for line in ran.stdout.splitlines()]
    assert ran.returncode == 0, ran.stderr
    assert [event["seq"] for event in events] == list(range(len(events)))
    first, last = events[0]["body"], events[-1]["body"]
    assert (first["type"], last["type"], last["status"]) == ("RunStarted", "RunFinished", "completed")
    run_id = only_run(project)
    assert {event.pop("run_id") for event in events} == {run_id}
    log = project / ".rundown/runs" / run_id / "events.jsonl"
    assert events == [json.loads(line) for line in log.read_text().splitlines()]


def test_a_failing_step_stops_the_run_with_1(project):
    (project / "fails.runbook.md").write_text(
        '# Fails\n\n## 1. Fail\n- FAIL STOP "as it should"\n\n```sh\nexit 7\n```\n'
    )
    ran = rundown(project, "run", "fails.runbook.md", "--non-interactive")
    assert (ran.returncode, "as it should" in ran.stdout + ran.stderr) == (1, True), ran.stdout + ran.stderr


def test_a_step_that_needs_a_person_ends_an_unattended_run_with_5(project):
    (project / "prose.runbook.md").write_text("# Prose\n\n## 1. Call the owner\n\nTell them.\n")
    ran = rundown(project, "run", "prose.runbook.md", "--non-interactive")
    assert ran.returncode == 5, ran.stdout + ran.stderr


def test_denied_counts_as_failed_where_the_runbook_says_so(project):
    (project / "on.runbook.md").write_text(
        "---\non-denied: fail\n---\n# On\n\n## 1. Try\n- FAIL GOTO Other\n\n```sh\nseq 1 | tac\n```\n\n"
        '## Other\n- PASS COMPLETE\n\n```sh\necho other >> "$RD_WORK_PATH/ran"\n```\n'
    )
    ran = rundown(project, "run", "on.runbook.md", "--non-interactive")
    assert (ran.returncode, marks(project)) == (0, "other\n"), ran.stdout + ran.stderr


def test_a_checkout_that_cannot_be_written_keeps_its_record_in_the_state_home():
    with an_open_place() as place:
        project = lay_out(place / "project")
        (project / "reads.runbook.md").write_text(
            "# Reads\n\n## 1. Count\n\n```sh\nwc -l three.runbook.md\n```\n"
        )
        ran = as_ordinary_user(project, "run", "reads.runbook.md", "--non-interactive")
        assert (ran.returncode, "Traceback" in ran.stderr) == (0, False), ran.stdout + ran.stderr
        assert "warning[record/place-moved]" in ran.stderr
        assert not (project / ".rundown").exists()


def test_a_record_that_belongs_to_another_user_is_not_written_to():
    if os.getuid() != 0:
        pytest.skip("only root can make a directory that belongs to another user")
    with an_open_place() as place:
        project = lay_out(place / "project")
        (project / ".rundown").mkdir(mode=0o777)
        (project / ".rundown").chmod(0o777)
        ran = as_ordinary_user(project, "run", "three.runbook.md", "--non-interactive", "--yes")
        assert "Traceback" not in ran.stderr
        assert list((project / ".rundown").iterdir()) == []


def as_ordinary_user(project: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Runs `rundown` as somebody who does not own the project, with a home of their own."""
    home = Path(tempfile.mkdtemp(prefix="rd-home-", dir=project.parent))
    command = [str(RUNDOWN), *words]
    if os.getuid() == 0:
        shutil.chown(home, 65534, 65534)
        command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *command]
    else:
        project.chmod(0o555)
    environment = {**bare_environment(project), "HOME": str(home)}
    try:
        return subprocess.run(
            command,
            cwd=project,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=RUN_SECONDS,
        )
    finally:
        project.chmod(0o755)


@contextmanager
def an_open_place() -> Iterator[Path]:
    """A temporary directory that every user may enter, unlike pytest's own."""
    place = Path(tempfile.mkdtemp(prefix="rd-open-"))
    place.chmod(0o755)
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


@pytest.mark.parametrize("limit", [200, 800, 1500, 3000, 6000])
def test_a_full_disk_ends_the_run_cleanly_and_nothing_runs_that_is_not_on_record(limit, project):
    def no_file_longer() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))

    ran = subprocess.run(
        [str(RUNDOWN), "run", "three.runbook.md", "--non-interactive", "--yes"],
        cwd=project,
        env=bare_environment(project),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
        preexec_fn=no_file_longer,
    )
    told = ran.stdout + ran.stderr
    assert "Traceback" not in told
    assert (ran.returncode, "error[record/" in ran.stderr) == (6, True), told
    logs = list(project.glob(".rundown/runs/*/events.jsonl"))
    recorded = "".join(log.read_text() for log in logs)
    assert marks(project).count("\n") <= recorded.count('"LaunchRequested"'), recorded
