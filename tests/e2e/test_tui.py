"""The real program in a real terminal: prompts are answered, steps run, and the terminal is given back."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.patience import wait_until
from tests.support.project import RUNDOWN, bare_environment, commit_all, rundown
from tests.support.terminal import Terminal

pytestmark = [pytest.mark.kernel, pytest.mark.terminal]

# No rule mentions `tac`; `rm` is denied by the built-in policy.
STEPS = """# Three steps

## 1. First

```sh
echo first-{output}
seq 3 | tac > "$RD_WORK_PATH/first"
```

## 2. Second

```sh
echo second-{output}
```

## 3. Third

```sh
echo third-{output}
```
""".replace("{output}", "ran")
WAITS = "# Waits\n\n## 1. Wait\n\n```sh\necho waiting-$((40 + 2))\nsleep 300\n```\n"
READY = "Nothing has run yet"
WAY_BACK = "\x1b[?1049l"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    place = tmp_path / "project"
    (place / "runbooks").mkdir(parents=True)
    (place / "runbooks/steps.runbook.md").write_text(STEPS)
    (place / "waits.runbook.md").write_text(WAITS)
    commit_all(place, "Start")
    return place


def at_terminal(project: Path, *words: str, columns: int = 110, rows: int = 32, after: str = "") -> Terminal:
    """Starts the program from a shell, which then says how the terminal stands."""
    command = f'"$@"; code=$?; stty -a | tr " ;" "\\n\\n" | grep -x -e echo -e icanon | tr "\\n" " "; {after}exit $code'
    return Terminal(
        ["sh", "-c", command, "sh", RUNDOWN, *words],
        cwd=project,
        environment=bare_environment(project),
        columns=columns,
        rows=rows,
    )


def events(project: Path, *types: str) -> list[dict]:
    (log,) = (project / ".rundown/runs").glob("*/events.jsonl")
    bodies = [json.loads(line)["body"] for line in log.read_text().splitlines()]
    return [body for body in bodies if body["type"] in types]


def finished(project: Path) -> list[tuple[str, str, str]]:
    return [(body["step"], body["result"], body["reported_by"]) for body in events(project, "StepFinished")]


def restored(screen: str) -> bool:
    """Whether lines are read and echoed again, as the shell says."""
    return "icanon echo" in screen or "echo icanon" in screen


def test_a_question_is_answered_and_the_run_goes_to_its_end(project):
    with at_terminal(project, "tui", "runbooks/steps.runbook.md") as terminal:
        terminal.wait_for(READY)
        terminal.press("r")
        assert "run tac" in terminal.wait_for("Permission needed")
        terminal.wait_for("Enter alone: deny")
        terminal.press("y")
        terminal.wait_for("Complete.")
        assert (project / ".rundown/work/first").read_text() == "3\n2\n1\n"
        terminal.press("q")
        assert terminal.wait_exit() == 0, terminal.screen()
        screen = terminal.screen()
    assert ("record: rundown show" in screen, restored(screen)) == (True, True), screen
    assert finished(project) == [("1", "pass", "process"), ("2", "pass", "process"), ("3", "pass", "process")]
    assert [body["answers"] for body in events(project, "QuestionAsked")] == [["allow once"]]


def test_enter_alone_denies_and_the_run_can_go_on_from_there(project):
    with at_terminal(project, "run", "--tui", "steps", columns=80, rows=24) as terminal:
        terminal.wait_for(READY)
        terminal.press("r")
        terminal.wait_for("Enter alone: deny")
        terminal.press("Enter")
        terminal.wait_for("Paused.")
        terminal.press("r")
        terminal.wait_for("Enter alone: deny")
        terminal.press("s")
        terminal.wait_for("Complete.")
        terminal.press("q")
        assert terminal.wait_exit() == 0, terminal.screen()
    assert [body["answers"] for body in events(project, "QuestionAsked")] == [
        ["deny once"],
        ["allow for this session"],
    ]


def test_step_by_step_a_person_runs_passes_skips_and_ends(project):
    with at_terminal(project, "tui", "steps") as terminal:
        terminal.wait_for(READY)
        terminal.press("t")
        terminal.wait_for("step by step  0/3")
        terminal.press("r")
        terminal.wait_for("Step 1 has not run yet")
        terminal.press("p")
        terminal.wait_for("Step 2 has not run yet")
        terminal.press("r")
        terminal.wait_for("Step 3 has not run yet")
        terminal.press("s")
        terminal.wait_for("Complete")
        terminal.press("q")
        assert terminal.wait_exit() == 0, terminal.screen()
    assert finished(project) == [("1", "pass", "person"), ("2", "pass", "process")]


def test_a_run_that_was_left_is_opened_again_and_goes_on(project):
    before = rundown(project, "run", "steps", "--non-interactive")
    assert before.returncode == 3, before.stdout + before.stderr
    with at_terminal(project, "tui", "last") as terminal:
        terminal.wait_for("was refused: run tac")
        terminal.press("r")
        terminal.wait_for("Enter alone: deny")
        terminal.press("y")
        terminal.wait_for("Complete.")
        terminal.press("q")
        assert terminal.wait_exit() == 0, terminal.screen()
    assert len(finished(project)) == 3


def test_without_a_name_the_list_shows_runbooks_and_runs(project):
    rundown(project, "run", "steps", "--non-interactive", "--allow-run", "tac")
    with at_terminal(project, "tui") as terminal:
        screen = terminal.wait_for("Recent runs")
        assert ("runbooks/steps.runbook.md" in screen, "completed" in screen) == (True, True), screen
        terminal.press("Tab", "Enter")
        terminal.wait_for("Complete. 3 steps done")
        terminal.press("b")
        terminal.wait_for("Recent runs")
        terminal.press("q")
        assert terminal.wait_exit() == 0, terminal.screen()


def test_an_interactive_step_has_the_terminal_and_gives_it_back(project):
    text = (
        "# Ask\n\n## 1. Name\n\n```sh interactive\nprintf 'your-name: '; read name; echo hello-$name\n```\n"
    )
    (project / "ask.runbook.md").write_text(text)
    with at_terminal(project, "tui", "ask.runbook.md") as terminal:
        terminal.wait_for(READY)
        terminal.press("r")
        terminal.wait_until(lambda screen: screen.rstrip().endswith("your-name:"), "the step's own question")
        terminal.type("Ada")
        terminal.press("Enter")
        assert "hello-Ada" in terminal.wait_for("Complete.")
        terminal.press("q")
        assert terminal.wait_exit() == 0, terminal.screen()


def test_a_step_that_failed_is_counted_as_passed_by_a_person(project):
    (project / "fails.runbook.md").write_text("# Fails\n\n## 1. Fail\n\n```sh\nexit 3\n```\n")
    with at_terminal(project, "tui", "fails.runbook.md") as terminal:
        terminal.wait_for(READY)
        terminal.press("r")
        terminal.wait_for("exit status 3")
        terminal.wait_for("Enter alone: stop the run here")
        terminal.press("p")
        terminal.wait_for("Complete.")
        terminal.press("q")
        assert terminal.wait_exit() == 0, terminal.screen()
    assert finished(project) == [("1", "pass", "person")]


def test_leaving_in_the_middle_of_a_step_asks_first_and_stops_it(project):
    with at_terminal(project, "tui", "waits.runbook.md") as terminal:
        terminal.wait_for(READY)
        terminal.press("r")
        terminal.wait_for("waiting-42")
        terminal.press("q")
        terminal.wait_for("Enter alone: stay")
        terminal.press("y")
        assert terminal.wait_exit() == 130, terminal.screen()
        assert "go on: rundown resume" in terminal.screen()


def program_of(terminal: Terminal) -> int:
    """Returns the process id of the program in the shell of a terminal."""
    shell = int(terminal._ask("#{pane_pid}"))
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and _is_program(process) and shell in _ancestors(int(process.name)):
            return int(process.name)
    raise AssertionError("the program is gone")


def _is_program(process: Path) -> bool:
    try:
        words = (process / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return b"tui" in words and b"python" in words[0]


def _ancestors(pid: int) -> list[int]:
    found = []
    while pid > 1:
        try:
            pid = int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
        except OSError:
            break
        found.append(pid)
    return found


@pytest.mark.parametrize("moment", ["while it is asked", "while a step runs"])
def test_when_the_terminal_goes_away_the_run_pauses_and_the_program_ends(moment, project):
    asked = moment == "while it is asked"
    with at_terminal(project, "tui", "steps" if asked else "waits.runbook.md") as terminal:
        terminal.wait_for(READY)
        terminal.press("r")
        terminal.wait_for("Enter alone: deny" if asked else "waiting-42")
        program = Path(f"/proc/{program_of(terminal)}")
        terminal.hang_up()
        wait_until(lambda: not program.exists(), "the program's end after its terminal's")
    assert [body["reason"] for body in events(project, "RunPaused")] == ["interrupted"]
    assert events(project, "QuestionAsked") == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=["SIGTERM", "SIGHUP"])
def test_a_signal_ends_the_step_then_the_program_and_the_terminal_is_restored(number, project):
    with at_terminal(project, "tui", "waits.runbook.md") as terminal:
        terminal.wait_for(READY)
        terminal.press("r")
        terminal.wait_for("waiting-42")
        os.kill(program_of(terminal), number)
        assert terminal.wait_exit() == 130, terminal.screen()
        screen = terminal.screen()
    assert ("go on: rundown resume" in screen, restored(screen)) == (True, True), screen
    assert [body["reason"] for body in events(project, "RunPaused")] == ["interrupted"]


def test_after_a_crash_the_terminal_is_restored_and_the_run_is_on_record(project):
    """The screen fails in the middle of a run: the program ends, and says so."""
    broken = "import sys; sys.argv[0] = 'rundown'; from rundown.tui.run_screen import RunScreen\n"
    broken += "def fail(self, message): raise ZeroDivisionError('a defect')\n"
    broken += "RunScreen.on_output_grew = fail\n"
    broken += "from rundown.cli.main import main; sys.exit(main())\n"
    (project / "broken.py").write_text(broken)
    command = (
        '"$@"; code=$?; stty -a | tr " ;" "\\n\\n" | grep -x -e echo -e icanon | tr "\\n" " "; exit $code'
    )
    python = RUNDOWN.parent / "python"
    with Terminal(
        ["sh", "-c", command, "sh", python, project / "broken.py", "tui", "waits.runbook.md"],
        cwd=project,
        environment=bare_environment(project),
        columns=100,
        rows=50,
    ) as terminal:
        terminal.wait_for(READY)
        terminal.press("r")
        assert terminal.wait_exit() not in (0, None), terminal.screen()
        screen = terminal.screen()
    assert restored(screen), screen
    assert [body["reason"] for body in events(project, "RunPaused")] == ["interrupted"]


@contextmanager
def closing_file(path: Path) -> Iterator[None]:
    """Whatever happens, the step that waits for the file is let go."""
    try:
        yield
    finally:
        path.touch()


def test_a_run_that_another_process_drives_is_followed_until_it_can_be_gone_on_with(project):
    """Its output is shown as it comes; keys that would drive it say why they do not; then it is ours."""
    text = "# Waits\n\n## 1. Wait\n\n```sh\necho waiting-$((40 + 2))\nuntil [ -e go ]; do sleep 0.1; done\n"
    text += "echo went-$((40 + 3))\n```\n\n## 2. Fail\n\n```sh\nexit 3\n```\n"
    (project / "waits.runbook.md").write_text(text)
    command = [RUNDOWN, "run", "waits.runbook.md", "--non-interactive"]
    with (
        subprocess.Popen(command, cwd=project, env=bare_environment(project)) as driver,
        closing_file(project / "go"),
    ):
        wait_until(
            lambda: list((project / ".rundown/runs").glob("*/output/*.log")) != [], "the step's output"
        )
        with at_terminal(project, "tui", "last") as terminal:
            terminal.wait_for(f"driven by process {driver.pid}: read only.")
            terminal.press("2")
            terminal.wait_for("waiting-42")
            terminal.press("r")
            terminal.wait_for("drives this run")
            (project / "go").touch()
            terminal.wait_for("Stopped.")
            terminal.press("Home", "2")
            terminal.wait_for("went-43")
            terminal.press("q")
            assert terminal.wait_exit() == 0, terminal.screen()
    assert driver.returncode == 1


def test_without_a_terminal_it_says_what_to_do_instead(project):
    ran = rundown(project, "tui", "steps")
    assert (ran.returncode, "error[cli/no-screen]" in ran.stderr) == (2, True), ran.stderr
