"""A person at a terminal is asked, and every way of not saying yes means no."""

import json
import time

import pytest

from tests.support.patience import PATIENCE_SECONDS
from tests.support.project import RUNDOWN, bare_environment, commit_all, rundown
from tests.support.terminal import Terminal

pytestmark = [pytest.mark.kernel, pytest.mark.terminal]

# No rule mentions `tac`.
ASKS_TWICE = """# Asks twice

## 1. First

```sh
seq 3 | tac > "$RD_WORK_PATH/first"
```

## 2. Second

```sh
seq 3 | tac > "$RD_WORK_PATH/second"
```
"""
REVERSED = "3\n2\n1\n"
ASKED = "Permission needed"
ARMED = "Enter alone: deny"


@pytest.fixture
def project(tmp_path):
    place = tmp_path / "project"
    place.mkdir()
    (place / "asks.runbook.md").write_text(ASKS_TWICE)
    commit_all(place, "Start")
    return place


@pytest.fixture
def at_terminal(project):
    """Returns a way to start `rundown` on a screen in the project."""

    def start(*words, rows=50, **environment):
        return Terminal(
            [RUNDOWN, *words],
            cwd=project,
            environment=bare_environment(project, environment),
            columns=110,
            rows=rows,
        )

    return start


def results(project) -> dict[str, str]:
    work = project / ".rundown/work"
    return {path.name: path.read_text() for path in sorted(work.iterdir())} if work.exists() else {}


def only_run(project) -> str:
    (run,) = (path.name for path in (project / ".rundown/runs").iterdir() if path.is_dir())
    return run


def events(project, *types: str) -> list[dict]:
    log = project / ".rundown/runs" / only_run(project) / "events.jsonl"
    bodies = [json.loads(line)["body"] for line in log.read_text().splitlines()]
    return [body for body in bodies if body["type"] in types]


def answers(project) -> list[list[str]]:
    """What was answered at steps, the question before the first step aside."""
    asked = events(project, "QuestionAsked")
    return [body["answers"] for body in asked if body["position"] != "preflight"]


def resumed_once_free(project):
    """Goes on with the run once the process that had it is gone."""
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        resumed = rundown(project, "resume", only_run(project), "--allow-run", "tac", "--non-interactive")
        if resumed.returncode != 6 or time.monotonic() > until:
            return resumed


def test_allow_once_is_asked_again_at_the_next_step(at_terminal, project):
    with at_terminal("run", "asks.runbook.md") as terminal:
        assert "run tac  /" in terminal.wait_question(ASKED)
        assert results(project) == {}
        terminal.press("y")
        terminal.wait_until(lambda screen: "step 2 Second" in screen and ARMED in screen, "second question")
        assert results(project) == {"first": REVERSED}
        terminal.press("y")
        assert terminal.wait_exit() == 0, terminal.screen()
    assert results(project) == {"first": REVERSED, "second": REVERSED}
    assert answers(project) == [["allow once"], ["allow once"]]


def test_several_questions_are_asked_once_before_the_first_step(at_terminal, project):
    (project / "several.runbook.md").write_text(ASKS_TWICE.replace("seq 3 | tac", "seq 3 | tac | nl", 1))
    with at_terminal("run", "several.runbook.md") as terminal:
        screen = terminal.wait_question("Before it starts")
        assert ("run tac (steps 1, 2)" in screen, "run nl (step 1)" in screen) == (True, True), screen
        assert results(project) == {}
        terminal.press("a")
        assert terminal.wait_exit() == 0, terminal.screen()
        assert "run nl: allowed for this run" in terminal.screen()
    assert results(project)["second"] == REVERSED


def test_allow_for_the_session_is_not_asked_again(at_terminal, project):
    with at_terminal("run", "asks.runbook.md") as terminal:
        terminal.wait_question(ASKED)
        terminal.press("s")
        assert terminal.wait_exit() == 0, terminal.screen()
        assert terminal.screen().count("allow for this session") == 1
    assert results(project) == {"first": REVERSED, "second": REVERSED}


def test_what_is_always_allowed_here_is_not_asked_in_the_next_run(at_terminal, project):
    before = rundown(project, "run", "asks.runbook.md", "--non-interactive")
    assert before.returncode == 3, before.stdout + before.stderr
    with at_terminal("run", "asks.runbook.md") as terminal:
        terminal.wait_question(ASKED)
        terminal.press("p")
        assert terminal.wait_exit() == 0, terminal.screen()
    after = rundown(project, "run", "asks.runbook.md", "--non-interactive")
    assert after.returncode == 0, after.stdout + after.stderr


@pytest.mark.parametrize("keys", [["n"], ["Enter"], ["C-c"], ["C-d"]], ids=["n", "Enter", "Ctrl-C", "EOF"])
def test_whatever_is_no_yes_denies_and_pauses_the_run(keys, at_terminal, project):
    with at_terminal("run", "asks.runbook.md") as terminal:
        terminal.wait_question(ASKED)
        terminal.press(*keys)
        assert terminal.wait_exit() == 3, terminal.screen()
        assert "rundown resume" in terminal.screen()
    assert results(project) == {}
    assert events(project, "LaunchRequested", "StepFinished") == []


def test_a_denied_run_goes_on_once_the_flag_is_given(at_terminal, project):
    with at_terminal("run", "asks.runbook.md") as terminal:
        terminal.wait_question(ASKED)
        terminal.press("n")
        assert terminal.wait_exit() == 3, terminal.screen()
    resumed = rundown(project, "resume", only_run(project), "--allow-run", "tac", "--non-interactive")
    assert resumed.returncode == 0, resumed.stdout + resumed.stderr
    assert results(project) == {"first": REVERSED, "second": REVERSED}


def test_a_closed_terminal_denies_and_leaves_a_run_that_can_be_resumed(at_terminal, project):
    with at_terminal("run", "asks.runbook.md") as terminal:
        terminal.wait_question(ASKED)
        terminal.hang_up()
    assert results(project) == {}
    resumed = resumed_once_free(project)
    assert resumed.returncode == 0, resumed.stdout + resumed.stderr
    assert results(project) == {"first": REVERSED, "second": REVERSED}


def test_keys_typed_before_the_question_do_not_answer_it(at_terminal, project):
    (project / "slow.runbook.md").write_text(
        "# Slow\n\n## 1. Wait for a file\n\n```sh\n"
        'echo waiting; until [ -e "$RD_WORK_PATH/go" ]; do sleep 0.05; done\n```\n\n'
        "## 2. Ask\n\n```sh\nseq 1 | tac\n```\n"
    )
    with at_terminal("run", "slow.runbook.md") as terminal:
        terminal.wait_for("waiting")
        terminal.type("yyyy")
        (project / ".rundown/work").mkdir(parents=True, exist_ok=True)
        (project / ".rundown/work/go").touch()
        terminal.wait_question(ASKED)
        assert answers(project) == []
        terminal.press("n")
        assert terminal.wait_exit() == 3, terminal.screen()


def test_characters_that_could_mislead_are_shown_as_what_they_are(at_terminal, project):
    spoof = "seq 1 | tac # \x1b[2K\x1b[1;32mharmless \u202egnirts\u202c zero\u200bwidth \x07"
    (project / "spoof.runbook.md").write_text(f"# Spoof\n\n## 1. Look\n\n```sh\n{spoof}\n```\n")
    with at_terminal("run", "spoof.runbook.md") as terminal:
        terminal.wait_question(ASKED)
        plain, coloured = terminal.screen(), terminal.screen(colours=True)
        terminal.press("n")
        assert terminal.wait_exit() == 3
    assert "seq 1 | tac" in plain
    assert [mark for mark in ("\u202e", "\u202c", "\u200b", "\x07") if mark in plain] == []
    assert [mark for mark in ("202e", "200b") if mark not in plain.lower()] == []
    assert "\x1b[1;32mharmless" not in coloured


def test_a_ci_variable_means_that_nobody_is_asked(at_terminal, project):
    with at_terminal("run", "asks.runbook.md", CI="true") as terminal:
        assert terminal.wait_exit() == 3, terminal.screen()
        assert ASKED not in terminal.screen()
        assert "--allow-run tac" in terminal.screen()
    assert results(project) == {}


def test_yes_answers_for_plain_executables(at_terminal, project):
    with at_terminal("run", "asks.runbook.md", "--yes") as terminal:
        assert terminal.wait_exit() == 0, terminal.screen()
        assert ASKED not in terminal.screen()
    assert results(project) == {"first": REVERSED, "second": REVERSED}


def test_an_interrupt_ends_the_step_and_leaves_the_run_resumable(at_terminal, project):
    (project / "long.runbook.md").write_text(
        '# Long\n\n## 1. Wait\n\n```sh\necho waiting; if [ ! -e "$RD_WORK_PATH/go" ]; then sleep 600; fi\n```\n'
    )
    with at_terminal("run", "long.runbook.md") as terminal:
        terminal.wait_for("waiting")
        terminal.press("C-c")
        assert terminal.wait_exit() == 130, terminal.screen()
        assert "Traceback" not in terminal.screen()
    (project / ".rundown/work").mkdir(parents=True, exist_ok=True)
    (project / ".rundown/work/go").touch()
    resumed = rundown(project, "resume", only_run(project), "--non-interactive")
    assert resumed.returncode == 0, resumed.stdout + resumed.stderr


def test_an_edited_command_is_asked_about_and_recorded_as_what_it_is(at_terminal, project):
    with at_terminal("run", "asks.runbook.md", "--no-preflight") as terminal:
        terminal.wait_question("step 1 First")
        terminal.press("e", "c")
        terminal.wait_for("Ctrl-S: run this instead")
        terminal.type("seq 2 | shuf --head-count 0; ")
        terminal.press("C-s")
        assert "run shuf  /" in terminal.wait_question("shuf --head-count 0; seq 3 | tac")
        terminal.press("a")
        assert terminal.wait_exit() == 0, terminal.screen()
    frozen = [body["frozen"]["text"] for body in events(project, "DecisionMade") if body.get("frozen")]
    assert [text.split(";")[0] for text in frozen][:2] == [
        'seq 3 | tac > "$RD_WORK_PATH/first"\n',
        "seq 2 | shuf --head-count 0",
    ]
    assert answers(project)[0] == ["run an edited command instead"]


def test_session_grants_are_taken_back_at_the_prompt(at_terminal, project):
    (project / "asks.runbook.md").write_text(ASKS_TWICE.replace("seq 3 | tac", "seq 3 | shuf", 1))
    with at_terminal("run", "asks.runbook.md", "--no-preflight") as terminal:
        terminal.wait_question("step 1 First")
        terminal.press("s")
        terminal.wait_question("step 2 Second")
        terminal.press("g")
        terminal.wait_for("allow run shuf")
        terminal.press("1")
        terminal.wait_until(lambda screen: "session grants taken back" in screen and ARMED in screen, "again")
        terminal.press("n")
        assert terminal.wait_exit() == 3
    assert [body["grant"]["pattern"] for body in events(project, "GrantRevoked")] == ["shuf"]
