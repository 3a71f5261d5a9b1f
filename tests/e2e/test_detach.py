"""A run without its terminal: it goes on when it was told to, and pauses after its step when it was not."""

import json
import signal
from pathlib import Path

import pytest

from tests.support.patience import wait_until
from tests.support.project import RUNDOWN, bare_environment, commit_all, rundown
from tests.support.running import Running, has_process, only_run, types_on_record
from tests.support.terminal import Terminal

pytestmark = [pytest.mark.kernel, pytest.mark.terminal]

# The second step waits until somebody says `go`.
BOOK = """# Long

## 1. First

```sh
echo "first went by"
```

## 2. Second

```sh
echo "second began"
: > "$RD_WORK_PATH/started"
until [ -e "$RD_WORK_PATH/go" ]; do sleep 0.02; done
echo "second ended" | tee -a "$RD_WORK_PATH/ran"
```

## 3. Third

```sh
TASK
echo "third went by" | tee -a "$RD_WORK_PATH/ran"
```
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    write(folder, "true")
    commit_all(folder, "Start")
    return folder


def write(place: Path, task: str) -> None:
    (place / "long.runbook.md").write_text(BOOK.replace("TASK", task))


def at_terminal(place: Path, *words: str) -> Terminal:
    return Terminal([RUNDOWN, *words], cwd=place, environment=bare_environment(place), columns=120, rows=45)


def wait_started(place: Path) -> None:
    wait_until((place / ".rundown/work/started").exists, "the second step")


def say_go(place: Path) -> None:
    (place / ".rundown/work/go").touch()


def ran(place: Path) -> str:
    return (place / ".rundown/work/ran").read_text()


def notify_by_file(place: Path) -> Path:
    """Has the user's own document send notices to a file."""
    config = Path(bare_environment(place)["HOME"]) / ".config/rundown"
    config.mkdir(parents=True, exist_ok=True)
    told, command = place.parent / "told", place.parent / "tell"
    command.write_text(f'#!/bin/sh\nprintf "%s\\n" "$1" >> {told}\n')
    command.chmod(0o755)
    (config / "policy.yaml").write_text(f"version: 1\nnotify: {command}\n")
    return told


def last_event(place: Path) -> dict[str, str]:
    found: dict[str, str] = json.loads((only_run(place) / "events.jsonl").read_text().splitlines()[-1])[
        "body"
    ]
    return found


def test_a_detached_run_outlives_its_terminal_and_is_watched_from_another(place: Path) -> None:
    with at_terminal(place, "run", "long.runbook.md", "--detach") as terminal:
        screen = terminal.wait_for("goes on without this terminal")
        assert (terminal.wait_exit(), "rundown attach" in screen) == (0, True)
        wait_started(place)
        terminal.hang_up()
    with at_terminal(place, "attach") as other:
        other.wait_for("second began")
        other.press("C-c")
        assert (other.wait_exit(), "left; the run goes on" in other.screen()) == (0, True)
    with at_terminal(place, "attach") as again:
        again.wait_for("second began")
        say_go(place)
        screen = again.wait_for("completed")
        assert again.wait_exit() == 0
    assert ("second ended" in screen, "third went by" in screen, ran(place)) == (
        True,
        True,
        "second ended\nthird went by\n",
    )
    assert rundown(place, "verify").returncode == 0


def test_what_a_detached_run_wants_to_ask_waits_until_somebody_attaches(place: Path) -> None:
    write(place, "seq 1 | tac")
    told = notify_by_file(place)
    with at_terminal(place, "run", "long.runbook.md", "--detach", "--no-preflight") as terminal:
        assert (terminal.wait_exit(), "goes on without" in terminal.screen()) == (0, True)
    wait_started(place)
    say_go(place)
    wait_until(lambda: types_on_record(place)[-1:] == ["RunPaused"], "the pause")
    wait_until(lambda: told.exists() and told.read_text().endswith("\n"), "the notice")
    run = only_run(place).name.rpartition("-")[2]
    assert told.read_text() == f"run {run} waits at step 3 (denied): rundown attach {run}\n"
    with at_terminal(place, "attach") as other:
        other.wait_for("a key, or arrows")
        other.press("y")
        other.wait_for("completed")
        assert other.wait_exit() == 0
    assert ran(place) == "second ended\nthird went by\n"


def test_what_is_asked_before_the_first_process_is_asked_at_the_terminal(place: Path) -> None:
    (place / "long.runbook.md").write_text("# Asks\n\n## 1. First\n\n```sh\nseq 1 | tac\n```\n")
    with at_terminal(place, "run", "long.runbook.md", "--detach") as terminal:
        terminal.wait_for("a key, or arrows")
        terminal.press("n")
        assert terminal.wait_exit() == 3
        assert "goes on without" not in terminal.screen()
    assert last_event(place)["reason"] == "denied"


def test_a_step_is_ended_from_another_terminal_and_the_run_can_go_on_detached(place: Path) -> None:
    started = rundown(place, "run", "long.runbook.md", "--detach", "--json")
    wait_started(place)
    interrupted = rundown(place, "attach", "--interrupt")
    assert (json.loads(started.stdout)["run_id"], started.returncode) == (only_run(place).name, 0)
    assert (interrupted.returncode, last_event(place)["reason"]) == (0, "interrupted"), interrupted.stderr
    say_go(place)
    resumed = rundown(place, "resume", "--detach")
    assert resumed.returncode == 0, resumed.stderr
    wait_until(lambda: types_on_record(place)[-1:] == ["RunFinished"], "the end")
    watched = rundown(place, "attach", only_run(place).name)
    assert (watched.returncode, ran(place)) == (0, "second ended\nthird went by\n")


def test_a_problem_before_the_start_is_told_at_once_with_its_status(place: Path) -> None:
    (place / "long.runbook.md").write_text("# Nothing to do\n")
    refused = rundown(place, "run", "long.runbook.md", "--detach")
    assert (refused.returncode, "error[" in refused.stderr, refused.stdout) == (2, True, "")


def test_a_lost_terminal_lets_the_step_end_and_then_pauses_the_run(place: Path) -> None:
    with at_terminal(place, "run", "long.runbook.md") as terminal:
        terminal.wait_for("second began")
        wait_started(place)
        terminal.hang_up()
    say_go(place)
    wait_until(lambda: types_on_record(place)[-1:] == ["RunPaused"], "the pause")
    assert (last_event(place)["reason"], last_event(place)["position"], ran(place)) == (
        "interrupted",
        "3",
        "second ended\n",
    )
    resumed = rundown(place, "resume", "--non-interactive")
    assert (resumed.returncode, ran(place)) == (0, "second ended\nthird went by\n"), resumed.stderr


def test_hanging_up_a_process_without_a_terminal_is_heeded_as_well(place: Path) -> None:
    with Running(place, "run", "long.runbook.md", "--non-interactive") as running:
        running.wait_for((place / ".rundown/work/started").exists, "the second step")
        running.send(signal.SIGHUP)
        say_go(place)
        assert running.wait() == 130
    assert (last_event(place)["position"], ran(place)) == ("3", "second ended\n")
    wait_until(lambda: not has_process(str(place)), "the end of every process")
