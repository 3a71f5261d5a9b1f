"""The example runbooks do what they say, unattended, on a copy of the project."""

import gzip
import os
import time
import zipfile
from pathlib import Path

import pytest

from tests.support.project import git, rundown
from tests.support.sources import ROOT

pytestmark = pytest.mark.kernel

RUNBOOKS = sorted(path.relative_to(ROOT) for path in (ROOT / "runbooks").rglob("*.runbook.md"))
DAY_SECONDS = 86_400


def unattended(project: Path, runbook: str, *words: str) -> str:
    """Runs an example as a CI job would and returns all it printed; it must complete."""
    ran = rundown(project, "run", f"runbooks/{runbook}.runbook.md", "--non-interactive", *words)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout + ran.stderr


@pytest.mark.parametrize("runbook", RUNBOOKS, ids=str)
def test_an_example_is_valid_without_a_warning(runbook, project):
    checked = rundown(project, "check", runbook)
    assert (checked.returncode, "warning[" in checked.stdout + checked.stderr) == (0, False), checked.stderr


def test_hello_writes_its_page_although_nobody_answers(project):
    unattended(project, "hello")
    page = (project / ".rundown/work/hello.md").read_text().splitlines()
    assert (page[0], page[6]) == ("# A first look", "The biggest files:")
    assert all(line.split()[0].isdigit() for line in page[8:])


def test_hello_shows_readable_sizes_once_numfmt_is_allowed(project):
    unattended(project, "hello", "--allow-run", "numfmt")
    page = (project / ".rundown/work/hello.md").read_text().splitlines()
    assert [line for line in page[8:] if line.split()[0].endswith("K")] != []


def test_python_package_builds_a_wheel_that_holds_the_module(project):
    unattended(project, "python-package")
    wheels = [path.name for path in (project / ".rundown/work/greeter/dist").iterdir()]
    assert wheels == ["greeter-1.0.0-py3-none-any.whl"]
    with zipfile.ZipFile(project / ".rundown/work/greeter/dist" / wheels[0]) as wheel:
        assert "greeter/__init__.py" in wheel.namelist()


def write_logs(project: Path) -> dict[str, int]:
    """Lays out logs of 0 to 60 days of age and returns their ages by name."""
    ages = {"today.log": 0, "week.log": 10, "old.log": 20, "ancient.log": 60}
    (project / "logs").mkdir()
    for name, days in ages.items():
        log = project / "logs" / name
        log.write_text(f"{name} was here\n" * 1000)
        os.utime(log, (time.time() - days * DAY_SECONDS,) * 2)
    return ages


def test_rotate_logs_compresses_the_old_and_deletes_the_oldest(project):
    write_logs(project)
    unattended(project, "rotate-logs", "--allow-run", "rm", "--allow-write", "logs")
    left = sorted(path.name for path in (project / "logs").iterdir())
    assert left == ["old.log.gz", "today.log", "week.log.gz"]
    assert gzip.decompress((project / "logs/old.log.gz").read_bytes()) == b"old.log was here\n" * 1000


def test_rotate_logs_deletes_nothing_unless_rm_is_allowed_and_goes_on_when_it_is(project):
    ages = write_logs(project)
    runbook = "runbooks/rotate-logs.runbook.md"
    refused = rundown(project, "run", runbook, "--non-interactive", "--allow-write", "logs")
    assert (refused.returncode, "--allow-run rm" in refused.stderr) == (3, True), refused.stderr
    assert sorted(path.name.removesuffix(".gz") for path in (project / "logs").iterdir()) == sorted(ages)
    resumed = rundown(project, "resume", "--non-interactive", "--allow-run", "rm", "--allow-write", "logs")
    assert resumed.returncode == 0, resumed.stdout + resumed.stderr
    left = sorted(path.name for path in (project / "logs").iterdir())
    assert left == ["old.log.gz", "today.log", "week.log.gz"]


def test_release_rehearsal_leaves_a_bundle_with_the_tag_and_the_project_as_it_was(project):
    before = git(project, "rev-parse", "HEAD"), git(project, "status", "--porcelain")
    unattended(project, "release-rehearsal", "--input", "Version=1.4.0")
    bundle = project / ".rundown/work/release-1.4.0.bundle"
    assert git(project, "ls-remote", "--tags", str(bundle), "v1.4.0").endswith("refs/tags/v1.4.0")
    assert (git(project, "rev-parse", "HEAD"), git(project, "status", "--porcelain")) == before
    assert git(project, "tag") == ""


def test_release_rehearsal_stops_at_a_version_that_is_out(project):
    git(project, "tag", "v1.4.0")
    runbook = "runbooks/release-rehearsal.runbook.md"
    ran = rundown(project, "run", runbook, "--non-interactive", "--input", "Version=1.4.0")
    assert (ran.returncode, "released already" in ran.stdout + ran.stderr) == (1, True), ran.stderr
    assert not (project / ".rundown/work/release-1.4.0.bundle").exists()


def test_health_check_retries_until_the_service_is_well(project):
    printed = unattended(project, "health-check")
    assert [part for part in ("0 of 2", "1 of 2", "2 of 2") if part not in printed] == []


def test_incident_recovers_by_setting_the_stale_lock_aside(project):
    unattended(project, "incident-stale-lock")
    place = project / ".rundown/work/export"
    told = [line.partition(" ")[2] for line in (place / "timeline").read_text().splitlines()]
    assert told == [
        "paged: no export since yesterday",
        "export, attempt 1",
        "export, attempt 2",
        "set aside the stale lock of process 4711",
        "export, attempt 1",
        "export complete, 1000 rows",
    ]
    assert (place / "lock").read_text() == ""


def test_red_build_finds_and_reverts_the_culprit(project):
    unattended(project, "red-build", "--allow-run", "git bisect run python3 -B -m unittest --quiet")
    patch = (project / ".rundown/work/repair.patch").read_text()
    assert 'Revert "Simplify prices"' in patch
    assert "+def gross(net, tax): return net * (100 + tax) // 100" in patch


def test_the_mock_agent_sees_no_secret_and_reaches_no_host(project):
    printed = unattended(project, "agents/mock")
    assert "secret DEPLOY_TOKEN: absent" in printed
    assert "connection example.org:443: refused" in printed


def test_a_reviewing_command_passes_clean_documents(project):
    assert "ready" in unattended(project, "agents/command")


def test_a_reviewing_command_stops_the_run_where_something_is_to_do(project):
    (project / "notes.md").write_text("# Notes\n\nTODO: finish\n")
    ran = rundown(project, "run", "runbooks/agents/command.runbook.md", "--non-interactive")
    printed = ran.stdout + ran.stderr
    assert (ran.returncode, "notes.md:3:TODO: finish" in printed) == (1, True), printed


def test_an_agents_pass_is_not_believed_where_the_check_says_otherwise(project):
    words = ("run", "runbooks/agents/fix-and-check.runbook.md", "--agent", "mock", "--non-interactive")
    clean = rundown(project, *words)
    (project / "notes.md").write_text("# Notes\n\nFIXME: say hello\n")
    ran = rundown(project, *words)
    assert (clean.returncode, ran.returncode) == (0, 1), ran.stdout + ran.stderr
    assert "the check says otherwise" in ran.stdout


def test_a_summary_that_an_agent_did_not_hand_on_is_missed(project):
    ran = rundown(
        project, "run", "runbooks/agents/summarise.runbook.md", "--agent", "mock", "--non-interactive"
    )
    assert (ran.returncode, "undefined-variable: Title" in ran.stdout) == (1, True), ran.stdout + ran.stderr
