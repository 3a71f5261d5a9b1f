"""However rundown ends, nothing runs twice without a word, and the record holds."""

import json
import os
import shutil
import signal

import pytest

from tests.support.patience import wait_until
from tests.support.project import RUNDOWN, bare_environment, commit_all, rundown
from tests.support.running import Running, has_process, only_run, types_on_record
from tests.support.terminal import Terminal

pytestmark = pytest.mark.kernel

# Each step leaves a mark; the second waits until somebody says `go`.
THREE_STEPS = """# Three steps

## 1. First

```sh
echo one >> "$RD_WORK_PATH/ran"
```

## 2. Second
- PASS CONTINUE
- FAIL STOP

```sh
echo two >> "$RD_WORK_PATH/ran"
: > "$RD_WORK_PATH/started"
until [ -e "$RD_WORK_PATH/go" ]; do sleep 0.02; done
```

## 3. Third

```sh
echo three >> "$RD_WORK_PATH/ran"
```
"""
QUIET = ("run", "three.runbook.md", "--non-interactive")


@pytest.fixture
def project(tmp_path):
    return lay(tmp_path / "project")


def lay(place, text: str = THREE_STEPS):
    """Returns a checkout of one runbook."""
    place.mkdir()
    (place / "three.runbook.md").write_text(text)
    commit_all(place, "Start")
    return place


def marks(project) -> str:
    file = project / ".rundown/work/ran"
    return " ".join(file.read_text().split()) if file.exists() else ""


def has_started(project):
    return lambda: (project / ".rundown/work/started").exists()


def say_go(project) -> None:
    (project / ".rundown/work/go").touch()


def kill_in_second_step(project, *words: str) -> str:
    """Leaves a run whose process was killed while the second step ran; returns its id."""
    with Running(project, *(words or QUIET)) as running:
        running.wait_for(has_started(project), "the second step")
        running.kill()
    (project / ".rundown/work/started").unlink()
    return only_run(project).name


def last_event(project) -> dict:
    return json.loads((only_run(project) / "events.jsonl").read_text().splitlines()[-1])["body"]


def receipt_of(project) -> dict:
    """What the newest run's receipt says, once it was verified against its log."""
    verified = rundown(project, "verify", "--json")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    return json.loads(verified.stdout)["statement"]["predicate"]


# --- killed while a step runs --------------------------------------------------------------------


def test_a_step_dies_with_the_rundown_that_started_it(project):
    (project / "long.runbook.md").write_text(
        '# Long\n\n## 1. Sleep\n\n```sh\n: > "$RD_WORK_PATH/started"; setsid sleep 86413.7 & sleep 86413.7\n```\n'
    )
    with Running(project, "run", "long.runbook.md", "--non-interactive", "--yes") as running:
        running.wait_for(has_started(project), "the step")
        running.wait_for(lambda: has_process("86413.7"), "the sleep")
        running.kill()
    wait_until(lambda: not has_process("86413.7"), "the end of every process of the step")


def test_a_step_in_doubt_is_not_run_again_where_nobody_can_be_asked(project):
    run = kill_in_second_step(project)
    assert (marks(project), types_on_record(project)[-1]) == ("one two", "LaunchRequested")
    assert "its process died; go on: rundown resume" in rundown(project, "status").stdout
    resumed = rundown(project, "resume", run, "--non-interactive")
    assert (resumed.returncode, marks(project)) == (5, "one two"), resumed.stdout + resumed.stderr
    assert "in-doubt" in resumed.stdout
    assert f"or run the step again: rundown retry {run[-12:]}" in resumed.stdout
    told = receipt_of(project)
    assert (told["exit_class"], "in-doubt 2" in told["disclosures"]) == ("person-needed", True)


def test_retry_runs_a_step_in_doubt_again_without_a_question(project):
    run = kill_in_second_step(project)
    say_go(project)
    done = rundown(project, "retry", run[-12:-6], "--non-interactive")
    assert (done.returncode, marks(project)) == (0, "one two two three"), done.stdout + done.stderr
    assert done.stdout.count("▶ 2 ") == 1
    assert "in-doubt 2" in receipt_of(project)["disclosures"]


@pytest.mark.terminal
@pytest.mark.parametrize(
    ("key", "status", "ran"),
    [("r", 0, "one two two three"), ("p", 0, "one two three"), ("f", 1, "one two"), ("s", 5, "one two")],
    ids=["again", "passed", "failed", "later"],
)
def test_a_person_says_what_becomes_of_a_step_in_doubt(key, status, ran, project):
    run = kill_in_second_step(project)
    say_go(project)
    with at_terminal(project, "resume", run) as terminal:
        terminal.wait_question("was running when rundown ended")
        assert marks(project) == "one two"
        terminal.press(key)
        assert terminal.wait_exit() == status, terminal.screen()
    assert marks(project) == ran
    assert "in-doubt 2" in receipt_of(project)["disclosures"]


def test_a_run_that_is_killed_after_a_resume_can_still_go_on(project):
    with Running(project, *QUIET) as running:
        running.wait_for(has_started(project), "the second step")
        assert running.end(signal.SIGTERM)[0] == 130
    (project / ".rundown/work/started").unlink()
    run = kill_in_second_step(project, "resume", "--non-interactive")
    assert types_on_record(project)[-1] == "LaunchRequested"
    resumed = rundown(project, "resume", run, "--non-interactive")
    assert (resumed.returncode, "in-doubt" in resumed.stdout) == (5, True), resumed.stdout + resumed.stderr
    reported = rundown(project, "pass", "--run", run, "--non-interactive")
    assert (reported.returncode, marks(project)) == (0, "one two two three"), (
        reported.stdout + reported.stderr
    )


# --- killed between two facts --------------------------------------------------------------------


def test_a_process_that_ended_is_judged_by_its_record_and_not_run_again(project):
    with Running(project, *QUIET, "--json") as running:
        running.wait_for(has_started(project), "the second step")
        running.hold()
        say_go(project)
        running.wait_for(lambda: types_on_record(project)[-1] == "ProcessEnded", "the end of the process")
        running.kill()
    assert types_on_record(project)[-1] == "ProcessEnded"
    resumed = rundown(project, "resume", "--non-interactive")
    assert (resumed.returncode, marks(project)) == (0, "one two three"), resumed.stdout + resumed.stderr
    assert "changes-unseen 2" in receipt_of(project)["disclosures"]


def test_a_step_that_is_finished_is_not_run_again(project):
    with Running(project, *QUIET) as running:
        running.wait_for(has_started(project), "the second step")
        running.hold()
        say_go(project)
        running.wait_for(lambda: types_on_record(project).count("StepFinished") == 2, "the step's result")
        running.kill()
    assert types_on_record(project)[-1] == "StepFinished"
    resumed = rundown(project, "resume", "--non-interactive")
    assert (resumed.returncode, marks(project)) == (0, "one two three"), resumed.stdout + resumed.stderr


@pytest.mark.parametrize("lines", [1, 4, 6, 8, 10, 12, 14, 16, 18])
def test_wherever_it_is_killed_each_step_runs_at_most_once(lines, project):
    (project / ".rundown/work").mkdir(parents=True)
    say_go(project)
    with Running(project, *QUIET) as running:
        wait_until(lambda: len(types_on_record(project)) >= lines or running.has_ended(), f"{lines} events")
        running.kill()
    resumed = rundown(project, "resume", "--non-interactive")
    assert resumed.returncode in (0, 2, 5), resumed.stdout + resumed.stderr
    ran = marks(project).split()
    assert len(ran) == len(set(ran)), ran
    assert (resumed.returncode != 0) or ran == ["one", "two", "three"]
    assert "Traceback" not in resumed.stderr


@pytest.mark.terminal
def test_a_run_that_is_killed_at_a_question_asks_again(project):
    (project / "asks.runbook.md").write_text(
        '# Asks\n\n## 1. First\n\n```sh\necho one >> "$RD_WORK_PATH/ran"\n```\n\n'
        '## 2. Second\n\n```sh\necho two | tac >> "$RD_WORK_PATH/ran"\n```\n'
    )
    with at_terminal(project, "run", "asks.runbook.md") as terminal:
        terminal.wait_question("Permission needed")
        kill_by_lock(project, signal.SIGKILL)
        assert terminal.wait_exit() == 128 + 9
    assert types_on_record(project)[-1] == "DecisionMade"
    resumed = rundown(project, "resume", "--non-interactive", "--allow-run", "tac")
    assert (resumed.returncode, marks(project)) == (0, "one two"), resumed.stdout + resumed.stderr


# --- the log -------------------------------------------------------------------------------------


def test_a_torn_last_line_is_told_and_cut_off(project):
    run = kill_in_second_step(project)
    log = only_run(project) / "events.jsonl"
    whole = log.read_bytes()
    log.write_bytes(whole + b'{"at":"2026-11-2')
    assert rundown(project, "show", run).returncode == 0
    resumed = rundown(project, "resume", run, "--non-interactive")
    assert (resumed.returncode, "warning[record/torn-line]" in resumed.stderr) == (5, True), resumed.stderr
    assert log.read_bytes().startswith(whole + b'{"at":')
    receipt_of(project)


def test_a_log_that_was_changed_is_not_gone_on_with(project):
    run = kill_in_second_step(project)
    log = only_run(project) / "events.jsonl"
    log.write_bytes(log.read_bytes().replace(b'"title":"First"', b'"title":"FIRST"'))
    refused = rundown(project, "resume", run, "--non-interactive")
    assert (refused.returncode, "record/chain-broken" in refused.stderr) == (6, True), refused.stderr
    assert marks(project) == "one two"


def test_a_second_process_is_refused_and_the_first_goes_on(project):
    with Running(project, *QUIET) as running:
        running.wait_for(has_started(project), "the second step")
        refused = rundown(project, "resume", only_run(project).name, "--non-interactive")
        assert (refused.returncode, "being written by another process" in refused.stderr) == (6, True), (
            refused.stderr
        )
        removed = rundown(project, "prune", "--all", "--unfinished")
        assert (removed.returncode, "0 removed" in removed.stdout) == (0, True), removed.stdout
        assert "three.runbook.md  running" in rundown(project, "status").stdout
        say_go(project)
        assert running.wait() == 0
    assert marks(project) == "one two three"


def test_a_run_that_came_with_a_checkout_can_be_read_and_not_resumed(project, tmp_path):
    run = kill_in_second_step(project)
    assert rundown(project, "resume", run, "--non-interactive").returncode == 5
    exported = rundown(project, "keys", "export", "--output", "signer.pub")
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(project, elsewhere)
    shown = rundown(elsewhere, "show", run)
    verified = rundown(elsewhere, "verify", run, "--key", "signer.pub")
    assert (exported.returncode, shown.returncode, verified.returncode) == (0, 0, 0), verified.stderr
    for words in (("resume", run), ("pass", "--run", run), ("resume",)):
        refused = rundown(elsewhere, *words, "--non-interactive")
        assert (refused.returncode, "record/not-ours" in refused.stderr) == (6, True), refused.stderr
    assert marks(elsewhere) == "one two"


# --- asked to end --------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda it: it.name)
@pytest.mark.parametrize("trap", ["", "trap '' TERM INT HUP; "], ids=["polite", "stubborn"])
def test_a_signal_ends_the_step_and_leaves_a_whole_record_within_five_seconds(trap, number, tmp_path):
    took: list[float] = []
    while not took or (
        min(took) >= 5 and len(took) < 3
    ):  # three are in its grace; a busy machine may need more
        project = lay(tmp_path / f"try-{len(took)}", THREE_STEPS.replace("echo two", f"{trap}echo two"))
        with Running(project, *QUIET) as running:
            running.wait_for(has_started(project), "the second step")
            status, seconds, told = running.end(number)
        assert (status, "Traceback" in told) == (130, False), told
        took.append(seconds)
    assert min(took) < 5, took
    assert last_event(project) == {
        "type": "RunPaused",
        "reason": "interrupted",
        "position": "2",
        "detail": "",
    }
    told = receipt_of(project)
    assert (told["exit_class"], told["status"]) == ("interrupted", "paused")
    say_go(project)
    resumed = rundown(project, "resume", "--non-interactive")
    assert (resumed.returncode, marks(project)) == (0, "one two two three"), resumed.stderr


def test_an_impatient_persons_next_signals_cost_neither_receipt_nor_last_words(project):
    (project / "three.runbook.md").write_text(THREE_STEPS)
    with Running(project, *QUIET) as running:
        running.wait_for(has_started(project), "the second step")
        running.send(signal.SIGINT)
        wait_until(lambda: "RunPaused" in types_on_record(project), "the pause")
        for _ in range(4):
            running.send(signal.SIGINT)
        status, told = running.wait(), running.told()
    assert (status, told) == (130, "")
    assert receipt_of(project)["status"] == "paused"


@pytest.mark.terminal
def test_a_signal_at_a_question_is_no_answer_to_it(project):
    (project / "asks.runbook.md").write_text("# Asks\n\n## 1. First\n\n```sh\nseq 1 | tac\n```\n")
    with at_terminal(project, "run", "asks.runbook.md") as terminal:
        terminal.wait_question("Permission needed")
        kill_by_lock(project, signal.SIGTERM)
        assert terminal.wait_exit() == 130, terminal.screen()
        assert "Traceback" not in terminal.screen()
    assert (last_event(project)["type"], last_event(project)["reason"]) == ("RunPaused", "interrupted")
    assert "QuestionAsked" not in types_on_record(project)
    assert receipt_of(project)["exit_class"] == "interrupted"


def at_terminal(project, *words: str) -> Terminal:
    return Terminal(
        [RUNDOWN, *words], cwd=project, environment=bare_environment(project), columns=110, rows=50
    )


def kill_by_lock(project, number: signal.Signals) -> None:
    """Sends a signal to the process that drives the one run: its lock file says which."""
    os.kill(int((only_run(project) / "lock").read_text()), number)
