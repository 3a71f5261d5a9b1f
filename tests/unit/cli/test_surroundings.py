"""What rundown was started in, or in words why that cannot be used."""

import os
import sys
from pathlib import Path

import pytest

from rundown.cli.surroundings import read_surroundings, working_directory
from rundown.errors import InvalidInputError
from tests.support.command_line import Cli


def test_everything_is_gathered_at_once(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(project / "state"))
    home = project.parent / "home"
    found = read_surroundings()
    assert (found.cwd, found.home, found.state, found.config, found.cache, found.environ) == (
        project,
        home,
        project / "state/rundown",
        home / ".config/rundown",
        home / ".cache/rundown",
        dict(os.environ),
    )
    assert (Path(found.package, "cli/main.py").is_file(), found.executable_dirs) == (
        True,
        (str(Path(sys.executable).parent),),
    )


def test_a_directory_that_is_gone_is_told(project: Path, cli: Cli) -> None:
    (project / "gone").mkdir()
    os.chdir(project / "gone")
    (project / "gone").rmdir()
    with pytest.raises(InvalidInputError):
        working_directory()
    ran = cli("ls")
    assert (ran.code, ran.err.splitlines()[0]) == (
        2,
        "error[cli/no-working-directory]: the working directory cannot be used",
    )


def test_a_home_that_is_no_path_is_told(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "relative")
    ran = cli("ls")
    assert (ran.code, ran.err.splitlines()[0]) == (
        2,
        "error[cli/no-home]: there is no home directory to keep anything in",
    )


@pytest.mark.parametrize(
    ("ci", "flags", "asks"),
    [
        (None, {}, True),
        ("", {}, True),
        ("0", {}, True),
        ("false", {}, True),
        ("True", {}, False),
        ("1", {}, False),
        ("1", {"interactive": True}, True),
        (None, {"non_interactive": True}, False),
        (None, {"non_interactive": True, "interactive": True}, False),
    ],
)
def test_a_person_is_asked_at_a_terminal_outside_ci_or_by_wish(
    ci: str | None, flags: dict[str, bool], asks: bool, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from msgspec.structs import replace

    if ci is not None:
        monkeypatch.setenv("CI", ci)
    words = {"non_interactive": False, "interactive": False, **flags}
    around = replace(read_surroundings(), has_terminal=True)
    assert around.is_interactive(**words) is asks
    assert replace(around, has_terminal=False).is_interactive(**words) is False
