"""What a warm Python becomes is what a fresh one would be."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.patience import PATIENCE_SECONDS
from tests.support.project import RUNDOWN, bare_environment, commit_all, rundown
from tests.support.warm import may_be_warm, run_warm

LOOK = "pwd; umask; env | sort; ls /proc/self/fd | wc -l; ps -o sid= -p $$ | wc -l; cat; exit 3"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    made = tmp_path / "project"
    made.mkdir()
    (made / "look.runbook.md").write_text(f"# Look\n\n## 1. Look\n- FAIL STOP\n\n```sh\n{LOOK}\n```\n")
    commit_all(made, "Start")
    return made


Runs = Callable[[list[str]], subprocess.CompletedProcess[str]]


@pytest.fixture
def both(place: Path) -> tuple[Runs, Runs]:
    """Runs words fresh, and warm."""
    around = bare_environment(place)
    assert may_be_warm(around)
    return (
        lambda words: rundown(place, *words, fresh=True),
        lambda words: run_warm([str(RUNDOWN), *words], place, around, PATIENCE_SECONDS),
    )


@pytest.mark.parametrize(
    "words",
    [
        ["--version"],
        ["check", "look.runbook.md"],
        ["check", "missing.runbook.md"],
        ["no-such-command"],
        ["run", "look.runbook.md", "--yes", "--quiet"],
    ],
    ids=" ".join,
)
def test_it_says_and_ends_the_same(both: tuple[Runs, Runs], words: list[str]) -> None:
    fresh, warm = (run(words) for run in both)
    assert (warm.args, warm.returncode) == (fresh.args, fresh.returncode)
    assert (_steady(warm.stdout), _steady(warm.stderr)) == (_steady(fresh.stdout), _steady(fresh.stderr))


def _steady(text: str) -> str:
    """The text without what differs from run to run: ids, digests, times."""
    return re.sub(
        r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{8,}|[0-9]+(?:\.[0-9]+)? m?s|[0-9T:.-]+Z|\b[0-9]+\b",
        "~",
        text,
    )


def test_a_secret_or_what_python_reads_at_its_start_is_never_given_to_a_warm_one(place: Path) -> None:
    usual = bare_environment(place)
    for name in ("ANTHROPIC_API_KEY", "PYTHONWARNINGS", "LC_ALL", "LD_PRELOAD", "SECRET"):
        assert not may_be_warm({**usual, name: "x"})
    assert not may_be_warm({**usual, "LANG": "C"})


def test_one_that_takes_too_long_is_ended(place: Path) -> None:
    (place / "long.runbook.md").write_text("# Long\n\n## 1. Long\n\n```sh\nsleep 600\n```\n")
    words, around = [str(RUNDOWN), "run", "long.runbook.md", "--yes"], bare_environment(place)
    assert run_warm([str(RUNDOWN), "--version"], place, around, PATIENCE_SECONDS).returncode == 0
    with pytest.raises(subprocess.TimeoutExpired):
        run_warm(words, place, around, 2)
    assert run_warm([str(RUNDOWN), "--version"], place, around, PATIENCE_SECONDS).returncode == 0
