"""The command line in this process, in a project and a home of its own."""

from pathlib import Path

import pytest

from rundown.cli.group import run_command_line
from tests.support.command_line import Cli, Ran


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory: a project without policy, below a home of its own."""
    place = tmp_path / "project"
    (place / ".git").mkdir(parents=True)
    (tmp_path / "home").mkdir()
    monkeypatch.chdir(place)
    for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "CI", "RD_RUN_ID", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"HOME": str(tmp_path / "home"), "PATH": "/usr/bin:/bin", "NO_COLOR": "1"}.items():
        monkeypatch.setenv(name, value)
    return place


@pytest.fixture
def cli(project: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> Cli:
    """Runs the words of a command line."""

    def run(*words: str) -> Ran:
        capsysbinary.readouterr()
        code = run_command_line(list(words))
        out, err = capsysbinary.readouterr()
        return Ran(code=code, out=out.decode(), err=err.decode())

    return run
