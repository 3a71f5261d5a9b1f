"""The first minutes: `rundown` alone, `rundown init`, and Tab in the shells that people use."""

import re
import shutil

import pytest

from tests.support.project import RUNDOWN, bare_environment, rundown
from tests.support.terminal import Terminal

BOOK = "runbooks/start.runbook.md"


@pytest.fixture
def project(tmp_path):
    place = tmp_path / "project"
    place.mkdir()
    return place


def test_alone_it_says_what_to_do_next_and_what_lies_here(project):
    (project / "deploy.runbook.md").write_text("# Deploy\n")
    shown = rundown(project)
    assert shown.returncode == 0
    assert len(shown.stdout.splitlines()) < 24
    for words in ("rundown init", "rundown run FILE", "deploy.runbook.md", "rundown --help"):
        assert words in shown.stdout


@pytest.mark.kernel
def test_alone_it_names_the_run_that_is_not_over(project):
    (project / "ask.runbook.md").write_text("# Ask\n\n## 1. One\n\n```sh\ntac /dev/null\n```\n")
    assert "not over" not in rundown(project).stdout
    assert rundown(project, "run", "ask.runbook.md", "--non-interactive").returncode == 3
    shown = rundown(project).stdout
    assert "not over yet: ask.runbook.md, paused (denied)" in shown
    (goes_on,) = (line.split() for line in shown.splitlines() if "rundown resume" in line)
    assert rundown(project, *goes_on[1:], "--allow-run", "tac", "--non-interactive").returncode == 0
    assert "not over" not in rundown(project).stdout


@pytest.mark.kernel
@pytest.mark.parametrize("kind", ["python", "node", "go", "rust", "other"])
def test_what_init_writes_is_valid_and_its_last_word_is_the_command_to_run(project, kind):
    done = rundown(project, "init", "--kind", kind, "--agents", "--ci")
    assert done.returncode == 0, done.stderr
    files = [BOOK, ".rundownrc.yaml", ".rundown-ci.yaml", ".rundown/.gitignore"]
    assert [(project / name).is_file() for name in files] == [True] * 4
    assert f"  rundown run {BOOK}" in done.stdout.splitlines()
    assert rundown(project, "check", BOOK).returncode == 0
    policies = rundown(project, "policy", "check", ".rundownrc.yaml", ".rundown-ci.yaml")
    assert policies.returncode == 0, policies.stdout
    if kind in ("python", "other"):
        ran = rundown(project, "run", BOOK, "--non-interactive", "--trust-project")
        assert ran.returncode == 0, ran.stdout + ran.stderr


def test_init_never_overwrites(project):
    (project / ".rundownrc.yaml").write_text("version: 1\n# mine\n")
    done = rundown(project, "init", "--kind", "go")
    assert "kept     .rundownrc.yaml" in done.stdout
    assert (project / ".rundownrc.yaml").read_text() == "version: 1\n# mine\n"


def test_init_without_a_terminal_asks_nothing_and_knows_the_kind_by_its_files(project):
    (project / "go.mod").write_text("module x\n")
    assert rundown(project, "init").returncode == 0
    assert "go test ./..." in (project / BOOK).read_text()


def test_where_nothing_may_be_written_init_says_so(project):
    (project / "runbooks").write_text("a file\n")
    done = rundown(project, "init", "--kind", "go")
    assert (done.returncode, "error[cli/not-written]" in done.stderr) == (2, True), done.stderr


@pytest.mark.terminal
def test_at_a_terminal_init_asks(project):
    with Terminal([RUNDOWN, "init"], cwd=project, environment=bare_environment(project)) as terminal:
        terminal.wait_for("What is this project written in?")
        terminal.press("Space", "Enter")
        terminal.wait_for("Do coding agents work in it?")
        terminal.press("n")
        terminal.wait_for("Is CI to run runbooks as well?")
        terminal.press("n")
        assert terminal.wait_exit() == 0
    assert "python3 -m pytest" in (project / BOOK).read_text()


@pytest.mark.terminal
def test_who_would_rather_not_gets_nothing(project):
    with Terminal([RUNDOWN, "init"], cwd=project, environment=bare_environment(project)) as terminal:
        terminal.wait_for("What is this project written in?")
        terminal.press("C-c")
        assert terminal.wait_exit() == 130
    assert not (project / BOOK).exists()


SHELLS = {
    "bash": ["bash", "--norc", "--noprofile", "-i"],
    "zsh": ["zsh", "-f", "-i"],
    "fish": ["fish", "--no-config", "-i"],
}
SETUP = {
    "bash": 'eval "$(rundown completion bash)"',
    "zsh": 'autoload -U compinit && compinit -u && eval "$(rundown completion zsh)"',
    "fish": "rundown completion fish | source",
}


@pytest.mark.terminal
@pytest.mark.parametrize("shell", SHELLS)
def test_tab_completes_commands_runbooks_and_steps(project, shell):
    assert shutil.which(shell), f"{shell} is not installed"
    rundown(project, "init", "--kind", "other")
    environment = bare_environment(project)
    environment["PATH"] = f"{RUNDOWN.parent}:{environment['PATH']}"
    with Terminal(SHELLS[shell], cwd=project, environment=environment, columns=120) as terminal:
        terminal.type(f"{SETUP[shell]}; echo re''ady")
        terminal.press("Enter")
        terminal.wait_for("\nready")
        terminal.type("rundown resol")
        terminal.press("Tab")
        terminal.wait_for("rundown resolve")
        terminal.press("C-u")
        terminal.type("rundown run runbooks/st")
        terminal.press("Tab")
        terminal.wait_for(f"rundown run {BOOK}")
        terminal.type(" --from ")
        terminal.press("Tab", "Tab")
        steps = re.compile(r"--from.*\b1\b.*\b2\b.*\b3\b", re.DOTALL)
        terminal.wait_until(lambda screen: bool(steps.search(screen.partition(BOOK)[2])), "the steps")
