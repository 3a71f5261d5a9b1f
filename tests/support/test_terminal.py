"""The terminal driver shows and types what a person would see and type."""

import pytest

from tests.support.terminal import ScreenTimeoutError, Terminal

pytestmark = pytest.mark.terminal

SET_BY_TMUX_AND_SHELL = {
    *(
        "COLORTERM",
        "OLDPWD",
        "PWD",
        "SHELL",
        "SHLVL",
        "TERM_PROGRAM",
        "TERM_PROGRAM_VERSION",
        "TMUX_TMPDIR",
        "_",
    ),
}
ASKS = "stty size; printf 'Name? '; read name; echo \"Hello, $name\"; exit 7"


def test_a_program_is_asked_and_answered(tmp_path):
    with Terminal(["sh", "-c", ASKS], cwd=tmp_path, columns=90, rows=20) as terminal:
        terminal.wait_for("Name? ")
        terminal.type("Ada; $HOME")
        terminal.press("Enter")
        assert terminal.wait_exit() == 7
        assert terminal.screen().splitlines()[:3] == ["20 90", "Name? Ada; $HOME", "Hello, Ada; $HOME"]


def test_an_interrupt_reaches_the_program(tmp_path):
    with Terminal(
        ["sh", "-c", "trap 'echo caught; exit 5' INT; echo ready; read x"], cwd=tmp_path
    ) as terminal:
        terminal.wait_for("ready")
        terminal.press("C-c")
        assert terminal.wait_exit() == 5
        assert "caught" in terminal.screen()


def test_what_scrolled_off_the_screen_is_still_seen(tmp_path):
    with Terminal(["seq", "1", "200"], cwd=tmp_path, rows=10) as terminal:
        terminal.wait_exit()
        shown = terminal.screen().splitlines()
        assert shown[:200] == [str(number) for number in range(1, 201)]


def test_text_that_never_comes_fails_with_the_screen_as_soon_as_the_program_ends(tmp_path):
    terminal = Terminal(["echo", "something else"], cwd=tmp_path)
    with terminal, pytest.raises(ScreenTimeoutError, match="something else"):
        terminal.wait_for("Continue?")


def test_only_the_given_environment_reaches_the_program(tmp_path):
    with Terminal(["env"], cwd=tmp_path, environment={"MARK": "x"}) as terminal:
        terminal.wait_exit()
        names = {line.partition("=")[0] for line in terminal.screen().splitlines() if "=" in line}
    assert names - SET_BY_TMUX_AND_SHELL == {"MARK", "HOME", "PATH", "LANG", "TERM"}
