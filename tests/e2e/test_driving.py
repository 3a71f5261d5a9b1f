"""Runs that a person drives: each command is a process of its own, and the run goes on across them."""

import json
import subprocess
from contextlib import contextmanager

import pytest

from tests.support.patience import PATIENCE_SECONDS
from tests.support.project import RUNDOWN, bare_environment, rundown
from tests.support.runs import kinds, logs, reports, run_ids, standings
from tests.support.terminal import Terminal

pytestmark = pytest.mark.kernel

GUIDE = "guide.runbook.md"
TEXT = """# Guide

## 1. First
- PASS CONTINUE
- FAIL GOTO Fix

```sh
touch "$RD_WORK_PATH/never"
```

## 2. Rounds
- FOR i IN 3

### 2.1 Round {{ i }}

Turn it {{ i }} times.

### 2.2 Enough?
- PASS CONTINUE
- FAIL BREAK

Is it tight?

## 3. Last
- PASS COMPLETE "all tight"
- FAIL STOP "it leaks"

Look at it.

## Fix
- PASS GOTO 3
- FAIL STOP "beyond repair"

Mend it.
"""


@pytest.fixture
def project(tmp_path):
    place = tmp_path / "project"
    (place / ".rundown").mkdir(parents=True, mode=0o700)
    (place / GUIDE).write_text(TEXT)
    return place


def codes(project, *lines: str) -> list[int]:
    """Carries out command lines, one process after the other."""
    return [rundown(project, *line.split()).returncode for line in lines]


def test_a_prompted_run_is_driven_to_its_end_by_reports_in_processes_of_their_own(project):
    lines = (f"run {GUIDE} --prompted", "pass", "pass", "ok", "yes", "no", "pass")
    assert codes(project, *lines) == [0] * 7
    assert reports(project, GUIDE) == [
        "1 pass",
        "2.1.1 pass",
        "2.1.2 pass",
        "2.2.1 pass",
        "2.2.2 fail",
        "3 pass",
    ]
    assert standings(project) == [f"{GUIDE} completed: all tight"]
    assert not (project / ".rundown/work/never").exists()


@pytest.mark.parametrize(
    ("lines", "code", "standing"),
    [
        (("pass",), 0, "waiting at 2.1.1"),
        (("fail",), 0, "waiting at Fix"),
        (("fail", "no"), 1, "stopped: beyond repair"),
        (("pass", "retry"), 0, "waiting at 2.1.1"),
        (("goto 3",), 0, "waiting at 3"),
        (("goto 3", "fail"), 1, "stopped: it leaks"),
        (("goto Fix", "yes", "ok"), 0, "completed: all tight"),
        (("goto 2 --index 3", "fail"), 1, "stopped"),
        (("goto 2.2 --index 3", "pass"), 0, "waiting at 3"),
        (("stop",), 1, "stopped"),
        (("complete",), 0, "completed"),
    ],
    ids=lambda value: ", ".join(value) if isinstance(value, tuple) else None,
)
def test_the_exit_code_says_where_the_run_ended_up(lines, code, standing, project):
    *_, last = codes(project, f"run {GUIDE} --prompted", *lines)
    assert (last, standings(project)) == (code, [f"{GUIDE} {standing}"])


def test_what_does_not_fit_is_misuse_and_leaves_the_log_untouched(project):
    rundown(project, "run", GUIDE, "--prompted")
    before = logs(project)
    jumps = ("goto 9", "goto 2.7", "goto fix", "goto 2 --index 4", "goto 3 --index 1")
    refused = [rundown(project, *words.split()) for words in (*jumps, "pass --step 2", "fail --index 1")]
    assert [(ran.returncode, "error[engine/" in ran.stderr) for ran in refused] == [(2, True)] * 7
    assert logs(project) == before
    assert codes(project, "pass --step 1") == [0]


def test_a_report_after_the_end_is_told_and_is_no_mistake(project):
    codes(project, f"run {GUIDE} --prompted", "complete done")
    told = [
        rundown(project, *words.split()) for words in ("pass", "no", "goto 2", "retry", "stop", "complete")
    ]
    assert [ran.returncode for ran in told] == [0] * 6
    assert {ran.stdout for ran in told} == {"no run is active here\n"}
    resumed = rundown(project, "resume")
    assert (resumed.returncode, "cli/no-active-run" in resumed.stderr) == (2, True)


def test_a_note_and_the_words_of_an_end_go_on_record(project):
    rundown(project, "run", GUIDE, "--prompted")
    rundown(project, "pass", "--note", "done by hand; see the wiki")
    rundown(project, "stop", "the window closed")
    notes = [(body["reported_by"], body["note"]) for body in kinds(project, GUIDE, "StepFinished")]
    assert notes == [("person", "done by hand; see the wiki")]
    assert standings(project) == [f"{GUIDE} stopped: the window closed"]
    assert "done by hand" in rundown(project, "show").stdout


def test_status_says_where_the_run_is_and_how_to_go_on(project):
    rundown(project, "run", GUIDE, "--prompted")
    rundown(project, "pass")
    told = rundown(project, "status").stdout
    assert [part for part in ("2.1.1", "waiting", "rundown pass", GUIDE) if part not in told] == []


def test_a_run_that_waits_shows_its_task_again_when_resumed(project):
    rundown(project, "run", GUIDE, "--prompted")
    rundown(project, "pass")
    resumed = rundown(project, "resume")
    assert (resumed.returncode, "Turn it 1 times." in resumed.stdout) == (0, True)
    assert "2.1.1 Round 1" in resumed.stdout


def test_the_newest_run_is_meant_unless_one_is_named(project):
    rundown(project, "run", GUIDE, "--prompted")
    rundown(project, "run", GUIDE, "--prompted")
    rundown(project, "fail")
    older, _ = run_ids(project)
    rundown(project, "pass", "--run", older)
    assert standings(project) == [f"{GUIDE} waiting at 2.1.1", f"{GUIDE} waiting at Fix"]


def test_a_program_drives_by_events(project):
    rundown(project, "run", GUIDE, "--prompted", "--json")
    driven = rundown(project, "fail", "--json")
    bodies = [json.loads(line)["body"] for line in driven.stdout.splitlines()]
    assert [body["type"] for body in bodies] == ["RunResumed", "StepFinished", "StepStarted", "RunPaused"]
    assert "Mend it." in driven.stderr


def test_a_run_whose_record_lies_elsewhere_is_driven_there(project, tmp_path):
    place = tmp_path / "records"
    assert rundown(project, "run", GUIDE, "--prompted", "--runs-dir", place).returncode == 0
    assert rundown(project, "stop", "--runs-dir", place).returncode == 1


def test_the_way_to_go_on_is_told_as_it_works_from_where_the_person_stands(project, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    told = rundown(other, "run", project / GUIDE, "--prompted").stdout
    assert f"rundown pass --root {project}" in told
    assert rundown(other, "pass", "--root", project).returncode == 0


def test_a_run_without_a_person_needs_one_and_ends_with_5(project):
    ran = rundown(project, "run", GUIDE, "--non-interactive")
    assert (ran.returncode, standings(project)) == (5, [f"{GUIDE} waiting at 2.1.1"])
    assert codes(project, "pass") == [0]


def test_automatic_steps_after_a_report_run_and_decide_the_code(project):
    (project / "half.runbook.md").write_text(
        '# Half\n\n## 1. Ask\n\nSure?\n\n## 2. Do\n- FAIL STOP "it broke"\n\n```sh\nexit 3\n```\n'
    )
    assert codes(project, "run half.runbook.md --non-interactive", "pass") == [5, 1]
    assert standings(project) == ["half.runbook.md stopped: it broke"]


def test_a_report_settles_a_denied_step_that_was_done_by_hand(project):
    (project / "tac.runbook.md").write_text("# Tac\n\n## 1. Do\n\n```sh\nseq 3 | tac\n```\n")
    assert codes(project, "run tac.runbook.md --non-interactive", "pass --note by-hand") == [3, 0]
    assert standings(project) == ["tac.runbook.md completed"]


def test_a_changed_runbook_waits_for_a_person_and_leaves_the_log_untouched(project):
    rundown(project, "run", GUIDE, "--prompted")
    before = logs(project)
    (project / GUIDE).write_text(TEXT.replace("Mend it.", "Mend it well."))
    refused = rundown(project, "pass", "--non-interactive")
    assert (refused.returncode, "session/changed" in refused.stderr) == (5, True), refused.stderr
    assert logs(project) == before


HELD = "# Held\n\n## 1. Ask\n\nSure?\n\n## 2. Hold\n\n```sh\necho held; sleep 60\n```\n"


@contextmanager
def holding(project):
    """A process that goes on with a run, while its second step runs."""
    (project / "held.runbook.md").write_text(HELD)
    rundown(project, "run", "held.runbook.md", "--non-interactive")
    with subprocess.Popen(
        [str(RUNDOWN), "pass", "--json"],
        cwd=project,
        env=bare_environment(project),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as holder:
        assert holder.stderr is not None and holder.stderr.readline() == b"held\n"
        yield holder
        holder.communicate(timeout=PATIENCE_SECONDS)


def test_a_run_has_one_writer(project):
    with holding(project) as holder:
        second = rundown(project, "pass")
        assert (second.returncode, "Traceback" in second.stderr) == (6, False), second.stderr
        holder.terminate()
    assert standings(project) == ["held.runbook.md interrupted at 2"]


def test_a_process_that_is_killed_while_it_goes_on_leaves_a_run_that_can_go_on(project):
    with holding(project) as holder:
        holder.kill()
    doubted = rundown(project, "resume", "--non-interactive")
    assert (doubted.returncode, standings(project)) == (5, ["held.runbook.md in-doubt at 2"]), doubted.stderr
    assert codes(project, "pass --note looked") == [0]
    assert reports(project, "held.runbook.md") == ["1 pass", "2 pass"]


@pytest.mark.terminal
def test_at_a_terminal_the_run_asks_how_it_went(project):
    command = [RUNDOWN, "run", GUIDE, "--prompted"]
    environment = {key: value for key, value in bare_environment(project).items() if key != "LANG"}
    with Terminal(command, cwd=project, environment=environment) as terminal:
        terminal.wait_question("How did it go?   1 First")
        terminal.press("f")
        terminal.wait_question("How did it go?   Fix")
        terminal.press("p")
        terminal.wait_question("How did it go?   3 Last")
        terminal.press("l")
        assert terminal.wait_exit() == 0
    assert reports(project, GUIDE) == ["1 fail", "Fix pass"]
    assert standings(project) == [f"{GUIDE} waiting at 3"]
