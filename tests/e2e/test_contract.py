"""The contract of a run: past its end nothing begins, and what it asks of the host is asked again."""

import json
from pathlib import Path

import pytest

from tests.support.project import commit_all, rundown
from tests.support.running import only_run

pytestmark = pytest.mark.kernel

BOOK = "# A\n\n## 1. First\n\n```sh\necho ran >> .rundown/work/ran\n```\n"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "a.runbook.md").write_text(BOOK)
    commit_all(folder, "Start")
    return folder


def receipt(place: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads(rundown(place, "verify", "--json").stdout)["statement"]["predicate"]
    return found


def test_past_its_end_no_step_begins_and_the_run_can_only_be_ended(place: Path) -> None:
    started = rundown(place, "run", "a.runbook.md", "--expires", "1ms")
    resumed = rundown(place, "resume", "--non-interactive")
    passed = rundown(place, "pass", "--non-interactive")
    assert [item.returncode for item in (started, resumed, passed)] == [4, 4, 4], resumed.stderr
    assert ["session/capability-mismatch" in item.stderr for item in (resumed, passed)] == [True, True]
    assert "capability mismatch: the contract of run" in resumed.stderr
    assert (receipt(place)["exit_class"], (place / ".rundown/work/ran").exists()) == ("expired", False)
    stopped = rundown(place, "stop", "too late", "--non-interactive")
    assert (stopped.returncode, receipt(place)["exit_class"]) == (1, "failed"), stopped.stderr


def test_policy_says_for_how_long_and_a_flag_only_makes_it_shorter(place: Path) -> None:
    (place / ".rundownrc.yaml").write_text("version: 1\ndefault: {limits: {expiry: 1ms}}\n")
    ran = rundown(place, "run", "a.runbook.md", "--expires", "24h")
    contract = json.loads((only_run(place) / "contract.json").read_text())
    assert (ran.returncode, contract["expires_at"] > contract["at"]) == (4, True), ran.stderr


def test_within_its_time_a_run_goes_on_as_ever(place: Path) -> None:
    ran = rundown(place, "run", "a.runbook.md", "--expires", "1h")
    assert (ran.returncode, (place / ".rundown/work/ran").read_text()) == (0, "ran\n"), ran.stderr
