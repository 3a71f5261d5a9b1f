"""A run on terminals of all kinds: narrow, without colour, without Unicode, plain, resized, suspended."""

import re
import signal
import subprocess

import pytest

from tests.support.project import RUNDOWN, bare_environment, commit_all, rundown
from tests.support.terminal import Terminal

pytestmark = [pytest.mark.kernel, pytest.mark.terminal]

BOOK = """# Show

## 1. Print something wide, 日本語 and a title that is longer than a narrow terminal

```bash
printf '\\033[32mgreen\\033[0m 日本語 '; printf 'x%.0s' $(seq 60); echo
printf '10%%\\r100%%\\n'
```

## 2. Wait for a file

```bash
echo waiting
until [ -e "$RD_WORK_PATH/go" ]; do sleep 0.05; done
python3 -c 'import shutil; print(shutil.get_terminal_size().columns)'
```

## 3. Ask

```bash
seq 2 | tac
```
"""


@pytest.fixture
def project(tmp_path):
    place = tmp_path / "project"
    place.mkdir()
    (place / "show.runbook.md").write_text(BOOK)
    commit_all(place, "Start")
    return place


@pytest.fixture
def at_terminal(project):
    def start(*words, columns=100, rows=40, **environment):
        return Terminal(
            [RUNDOWN, "run", "show.runbook.md", "--no-preflight", *words],
            cwd=project,
            environment=bare_environment(project, environment),
            columns=columns,
            rows=rows,
        )

    return start


# SGR: reset, bold, dim, the terminal's own foreground and background.
COLOURLESS = {"", "0", "1", "2", "0;1", "0;2", "1;2", "39", "49"}


def let_go(project) -> None:
    (project / ".rundown/work").mkdir(parents=True, exist_ok=True)
    (project / ".rundown/work/go").touch()


@pytest.mark.parametrize("columns", [40, 80, 140])
def test_nothing_is_cut_or_torn_at_any_width(at_terminal, project, columns):
    let_go(project)
    with at_terminal(columns=columns) as terminal:
        asked = terminal.wait_question("Permission needed")
        assert all(len(line) <= columns for line in terminal.screen(joined=False).split("\n"))
        assert "seq 2 | tac" in asked
        terminal.press("y")
        assert terminal.wait_exit() == 0, terminal.screen()
        shown = terminal.screen(joined=False)
    assert f"│ {columns - 2}" in shown.split("\n")
    assert re.search(r"✓ 3 +Ask +\d+ ms", shown)


def test_without_unicode_everything_is_ascii(at_terminal, project):
    let_go(project)
    with at_terminal(LANG="C", LC_ALL="C") as terminal:
        terminal.wait_question("Permission needed")
        asked = terminal.screen()
        terminal.press("y")
        assert terminal.wait_exit() == 0
        assert "| green" in terminal.screen()
        assert terminal.screen().replace("日本語", "").isascii(), terminal.screen()
        assert "> n  deny" in asked


def test_without_colour_no_colour_is_used(at_terminal, project):
    let_go(project)
    with at_terminal(NO_COLOR="1") as terminal:
        terminal.wait_question("Permission needed")
        assert set(re.findall(r"\x1b\[([0-9;]*)m", terminal.screen(colours=True))) <= COLOURLESS
        terminal.press("n")
        assert terminal.wait_exit() == 3


def test_plain_asks_in_lines_and_says_everything_in_words(at_terminal, project):
    let_go(project)
    with at_terminal("--plain") as terminal:
        terminal.wait_for("Allow this?")
        terminal.press("y")
        assert terminal.wait_exit() == 0, terminal.screen()
        shown = terminal.screen()
        assert "\x1b[3" not in terminal.screen(colours=True).partition("Allow this?")[0]
    assert "> 1 Print something wide" in shown
    assert "ok 3 passed" in shown


def test_a_terminal_too_small_to_draw_on_is_asked_in_lines(at_terminal, project):
    let_go(project)
    with at_terminal(rows=12) as terminal:
        terminal.wait_for("Allow this?")
        terminal.press("n")
        assert terminal.wait_exit() == 3


def test_a_window_resized_while_a_step_runs_is_heard_of(at_terminal, project):
    with at_terminal() as terminal:
        terminal.wait_for("│ waiting")
        terminal.resize(60, 30)
        let_go(project)
        terminal.wait_question("Permission needed")
        terminal.press("n")
        assert terminal.wait_exit() == 3
        assert "│ 58" in terminal.screen().split("\n")


def test_a_question_follows_the_window(at_terminal, project):
    let_go(project)
    with at_terminal() as terminal:
        terminal.wait_question("Permission needed")
        terminal.resize(50, 40)
        terminal.wait_until(
            lambda _: all(
                len(line) <= 50 for line in terminal.screen(joined=False, history=False).split("\n")
            ),
            "a narrower question",
        )
        terminal.wait_question("Permission needed")
        terminal.press("y")
        assert terminal.wait_exit() == 0, terminal.screen()


def test_a_quiet_step_shows_that_it_runs(at_terminal, project):
    with at_terminal() as terminal:
        terminal.wait_until(lambda screen: re.search(r"\n\S \d+\.0 s$", screen) is not None, "a sign of life")
        let_go(project)
        terminal.wait_question("Permission needed")
        terminal.press("n")
        assert terminal.wait_exit() == 3
        assert not re.search(r"\n\S \d+\.0 s\n", terminal.screen())


def test_suspending_freezes_the_step_with_its_clock(project):
    """A shell with job control is in front, as with a person."""
    environment = bare_environment(project)
    with Terminal(["bash", "--norc", "-i"], cwd=project, environment=environment) as terminal:
        terminal.type(f"{RUNDOWN} run show.runbook.md --no-preflight")
        terminal.press("Enter")
        terminal.wait_for("│ waiting")
        terminal.press("C-z")
        terminal.wait_for("Stopped")
        let_go(project)
        states = subprocess.run(["ps", "-eo", "stat=,args="], capture_output=True, text=True).stdout
        assert re.search(r"^T\S* .*bash -c.*echo waiting", states, re.MULTILINE) or "echo waiting" in states
        assert "Permission needed" not in terminal.screen()
        terminal.type("fg")
        terminal.press("Enter")
        terminal.wait_question("Permission needed")
        terminal.press("n")
        terminal.wait_for("rundown resume")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_while_a_question_stands_gives_the_terminal_back(at_terminal, project, number):
    let_go(project)
    with at_terminal() as terminal:
        terminal.wait_question("Permission needed")
        terminal.signal(number)
        assert terminal.wait_exit() == 130
        assert terminal.cursor_shown()
        assert "rundown resume" in terminal.screen()


def test_piped_output_has_no_bar_and_nothing_that_moves(project):
    let_go(project)
    ran = rundown(project, "run", "show.runbook.md", "--allow-run", "tac", "--non-interactive")
    assert ran.returncode == 0, ran.stderr
    assert "green 日本語 " + "x" * 60 in ran.stdout.split("\n")
    assert "\x1b" not in ran.stdout
