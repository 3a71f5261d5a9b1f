"""A step fails and the run would only stop: a person at the terminal says what happens instead."""

import json

import pytest

from tests.support.project import RUNDOWN, bare_environment, commit_all, rundown
from tests.support.terminal import Terminal

pytestmark = [pytest.mark.kernel, pytest.mark.terminal]

FAILS = """# Fails

## 1. Build

```bash
echo oops
test -e "$RD_WORK_PATH/mended" || exit 3
echo built
```

## 2. Ship

```bash
echo shipped
```
"""
WORDS = ["run", "fails.runbook.md", "--no-preflight"]


@pytest.fixture
def project(tmp_path):
    place = tmp_path / "project"
    place.mkdir()
    (place / "fails.runbook.md").write_text(FAILS)
    commit_all(place, "Start")
    return place


@pytest.fixture
def at_terminal(project):
    def start(*more, columns=80):
        return Terminal(
            [RUNDOWN, *WORDS, *more], cwd=project, environment=bare_environment(project), columns=columns
        )

    return start


def bodies(project, *types: str) -> list[dict]:
    (run,) = (path for path in (project / ".rundown/runs").iterdir() if path.is_dir())
    read = [json.loads(line)["body"] for line in (run / "events.jsonl").read_text().splitlines()]
    return [body for body in read if body["type"] in types]


def results(project) -> list[tuple[str, str, str]]:
    return [(b["step"], b["result"], b["reported_by"]) for b in bodies(project, "StepFinished")]


@pytest.mark.parametrize("key", ["x", "Enter", "C-c"])
def test_no_answer_stops_the_run_as_without_anybody(at_terminal, project, key):
    with at_terminal() as terminal:
        assert "exit status 3" in terminal.wait_question("Step 1 failed")
        terminal.press(key)
        assert terminal.wait_exit() == 1
    assert results(project) == [("1", "fail", "process")]


def test_it_is_run_again_once_it_was_mended(at_terminal, project):
    with at_terminal() as terminal:
        terminal.wait_question("Step 1 failed")
        (project / ".rundown/work").mkdir(parents=True, exist_ok=True)
        (project / ".rundown/work/mended").touch()
        terminal.press("r")
        assert terminal.wait_exit() == 0, terminal.screen()
    assert results(project) == [("1", "pass", "process"), ("2", "pass", "process")]
    assert [body["answers"] for body in bodies(project, "QuestionAsked")] == [["again"]]


def test_an_edited_command_is_decided_anew_and_recorded(at_terminal, project):
    with at_terminal() as terminal:
        terminal.wait_question("Step 1 failed")
        terminal.press("e")
        terminal.wait_for("Ctrl-S: run this instead")
        terminal.type("seq 2 | tac; exit 0 # ")
        terminal.press("C-s")
        assert "seq 2 | tac" in terminal.wait_question("Permission needed")
        terminal.press("y")
        assert terminal.wait_exit() == 0, terminal.screen()
    assert results(project)[0] == ("1", "pass", "process")
    frozen = [body["frozen"] for body in bodies(project, "DecisionMade") if body.get("frozen")]
    assert [request["text"].splitlines()[0] for request in frozen][:2] == [
        "echo oops",
        "seq 2 | tac; exit 0 # echo oops",
    ]


def test_a_shell_is_in_the_sandbox_of_the_step_and_its_end_is_no_result(at_terminal, project):
    with at_terminal() as terminal:
        terminal.wait_question("Step 1 failed")
        terminal.press("s")
        terminal.wait_until(lambda screen: screen.splitlines()[-1].endswith(("#", "$")), "shell prompt")
        terminal.type("echo $((40+2)); touch /usr/not; touch $RD_WORK_PATH/mended; exit 7")
        terminal.press("Enter")
        shown = terminal.wait_question("Step 1 failed")
        assert "42" in shown
        assert "Read-only file system" in shown or "Permission denied" in shown, shown
        terminal.press("r")
        assert terminal.wait_exit() == 0, terminal.screen()
    assert results(project) == [("1", "pass", "process"), ("2", "pass", "process")]
    assert [body["answers"] for body in bodies(project, "QuestionAsked")] == [["shell"], ["again"]]


def test_counting_it_as_passed_says_who_said_so(at_terminal, project):
    with at_terminal() as terminal:
        terminal.wait_question("Step 1 failed")
        terminal.press("p")
        assert terminal.wait_exit() == 0, terminal.screen()
    assert results(project) == [("1", "pass", "person"), ("2", "pass", "process")]
    assert bodies(project, "StepFinished")[0]["note"] == "counted as passed after exit status 3"


def test_a_skipped_step_has_no_result(at_terminal, project):
    with at_terminal() as terminal:
        terminal.wait_question("Step 1 failed")
        terminal.press("k")
        assert terminal.wait_exit() == 0, terminal.screen()
    assert results(project) == [("2", "pass", "process")]


def test_nobody_is_asked_where_the_runbook_says_what_follows_or_nobody_is_there(at_terminal, project):
    (project / "fails.runbook.md").write_text(
        FAILS.replace("## 1. Build\n", '## 1. Build\n\n- FAIL STOP "broken"\n')
    )
    with at_terminal() as terminal:
        assert terminal.wait_exit() == 1
        assert "broken" in terminal.screen()
    (project / "fails.runbook.md").write_text(FAILS)
    assert rundown(project, *WORDS, "--non-interactive").returncode == 1


def test_step_by_step_asks_before_each_step(at_terminal, project):
    with at_terminal("--step-by-step") as terminal:
        terminal.wait_question("step 1 Build")
        terminal.press("k")
        terminal.wait_question("step 2 Ship")
        terminal.press("r")
        assert terminal.wait_exit() == 0, terminal.screen()
    assert results(project) == [("2", "pass", "process")]


def test_step_by_step_stops_where_nobody_says_go(at_terminal, project):
    with at_terminal("--step-by-step") as terminal:
        terminal.wait_question("step 1 Build")
        terminal.press("Enter")
        assert terminal.wait_exit() == 130
        assert "rundown resume" in terminal.screen()
    assert bodies(project, "LaunchRequested") == []
    refused = rundown(project, *WORDS, "--step-by-step", "--non-interactive")
    assert (refused.returncode, "cli/nobody-to-step" in refused.stderr) == (5, True), refused.stderr
