"""Streams that are closed, broken or full end a command quietly and with the right code, in a real process."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.patience import RUN_SECONDS
from tests.support.project import RUNDOWN, bare_environment


def shell(line: str, folder: Path, **variables: str) -> tuple[int, str, str]:
    """Returns status, output and errors of a shell line in which `@` is the program."""
    ran = subprocess.run(
        ["bash", "-c", line.replace("@", str(RUNDOWN))],
        cwd=folder,
        env=bare_environment(folder, variables),
        capture_output=True,
        text=True,
        errors="replace",
        timeout=RUN_SECONDS,
    )
    return ran.returncode, ran.stdout, ran.stderr


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "project"
    (place / ".git").mkdir(parents=True)
    (place / "a.runbook.md").write_text("# T\n\n## 1. A\n\n```sh\ntrue\n```\n")
    (place / "bad.runbook.md").write_text("# Grüße\n\n## 3. A\n\n```sh\ntrue\n```\n")
    return place


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("@ --version >&-", 0),
        ("@ ls >&-", 0),
        ("@ ls 2>&-", 0),
        ("@ ls <&-", 0),
        ("@ check a.runbook.md >&- 2>&- <&-", 0),
        ("@ check bad.runbook.md >&-", 2),
        ("@ check missing 2>&-", 2),
        ("@ run - --non-interactive <&-", 2),
        ("@ nonsense 2>&-", 2),
    ],
)
def test_a_closed_stream_is_no_problem_of_its_own(line: str, code: int, folder: Path) -> None:
    found, _, err = shell(line, folder)
    assert (found, "Traceback" in err, "AttributeError" in err) == (code, False, False), err


def test_what_is_opened_never_takes_the_place_of_a_closed_stream(folder: Path) -> None:
    program = (
        "import os, sys; from rundown.cli.streams import prepare_streams; prepare_streams();"
        "fd = os.open('log', os.O_WRONLY | os.O_CREAT); print('printed'); sys.stdout.flush();"
        "sys.exit(fd if os.stat('log').st_size == 0 else 100)"
    )
    ran = subprocess.run(
        ["bash", "-c", f"exec {sys.executable} -c {program!r} <&- >&- 2>&-".replace("'", '"', 0)],
        cwd=folder,
        timeout=RUN_SECONDS,
    )
    assert 3 <= ran.returncode < 100


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--version"], 2),
        (["--help"], 1),
        (["check", "a.runbook.md"], 0),
        (["check", "bad.runbook.md"], 2),
        (["policy", "show"], 1),
    ],
    ids=["version", "help", "valid", "invalid", "more than a buffer"],
)
def test_a_reader_that_went_away_is_nothing_to_tell(words: list[str], code: int, folder: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    ran = subprocess.run(
        [str(RUNDOWN), *words],
        cwd=folder,
        env=bare_environment(folder),
        stdout=writer,
        stderr=subprocess.PIPE,
        timeout=RUN_SECONDS,
    )
    os.close(writer)
    assert (ran.returncode, ran.stderr) == (code, b"")


@pytest.mark.parametrize("words", ["--version", "ls", "check a.runbook.md", "--help"])
def test_what_a_full_disk_lost_is_a_failure(words: str, folder: Path) -> None:
    code, _, err = shell(f"@ {words} >/dev/full", folder)
    assert (code, "Traceback" in err, "Exception ignored" in err) == (2, False, False), err


def test_text_that_a_stream_cannot_write_is_written_in_escapes(folder: Path) -> None:
    code, out, err = shell("@ check bad.runbook.md", folder, PYTHONIOENCODING="latin-1", LANG="C")
    assert (code, "error[" in out, "Traceback" in err) == (2, True, False), err
