"""Where values of secrets come from; whatever cannot be had is said without a value."""

import os
import sys
from pathlib import Path

import pytest

from rundown.model.diagnostic import Diagnostic
from rundown.policy.release import SecretRule
from rundown.session.secret_sources import Sources
from tests.support.surroundings import surroundings


def read(tmp_path: Path, source: str, **environ: str) -> str | Diagnostic:
    around = surroundings(tmp_path, environ={**os.environ, **environ})
    sources = Sources(around=around, root=str(tmp_path), off_limits=(str(tmp_path / "own"),))
    return sources.read(SecretRule(name="KEY", source=source))


def why(found: str | Diagnostic) -> str:
    assert isinstance(found, Diagnostic) and found.code == "session/secret-missing"
    return found.why


def test_a_variable_is_taken_as_it_is(tmp_path):
    assert read(tmp_path, "env:MINE", MINE=" kept \n as is") == " kept \n as is"


@pytest.mark.parametrize("environ", [{}, {"MINE": ""}])
def test_a_variable_that_is_not_there_or_empty_is_missing(tmp_path, environ):
    assert why(read(tmp_path, "env:MINE", **environ)) == "the variable MINE is not set, or empty"


def test_rundowns_own_key_is_no_secret_of_a_step(tmp_path):
    assert why(read(tmp_path, "env:RUNDOWN_SIGNING_KEY", RUNDOWN_SIGNING_KEY="x" * 40))


@pytest.mark.parametrize("where", ["token", "~/token", "{absolute}"])
def test_a_file_is_found_below_the_root_the_home_or_anywhere(tmp_path, where):
    (tmp_path / "token").write_bytes(b"caf\xff\xc3\xa9\r\n\n")
    source = "file:" + where.replace("{absolute}", str(tmp_path / "token"))
    assert read(tmp_path, source) == "caf\udcffé"


def test_a_file_that_is_none_is_missing_and_nothing_hangs(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "empty").write_text("\n\n")
    (tmp_path / "nul").write_bytes(b"a\0b")
    (tmp_path / "long").write_bytes(b"x" * 70_000)
    (tmp_path / "own").mkdir()
    (tmp_path / "own/key").write_text("signing key")
    (tmp_path / "way").symlink_to(tmp_path / "own/key")
    names = ("fifo", "gone", ".", "empty", "nul", "long", "own/key", "way")
    told = [why(read(tmp_path, f"file:{name}")) for name in names]
    assert [text.removeprefix(str(tmp_path)).removeprefix("/") for text in told] == [
        "fifo is no plain file",
        "gone: No such file or directory",
        ".: Is a directory",
        "empty holds nothing",
        "nul is longer than 65536 bytes, or holds a NUL",
        "long is longer than 65536 bytes, or holds a NUL",
        "own/key is rundown's own, and never reaches a step",
        "way is rundown's own, and never reaches a step",
    ]


def test_a_command_is_run_without_a_shell_and_its_output_is_the_value(tmp_path):
    script = tmp_path / "give me"
    script.write_text(f"#!{sys.executable}\nimport sys\nprint(sys.argv[1:], sys.stdin.read())\n")
    script.chmod(0o755)
    assert read(tmp_path, f"command:'{script}' '$HOME;x'") == "['$HOME;x'] "


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("false", "`false` ended with status 1"),
        ("no-such-command-here", "`no-such-command-here`: No such file or directory"),
        ("true", "`true` holds nothing"),
    ],
)
def test_a_command_that_gives_nothing_is_said(tmp_path, command, reason):
    assert why(read(tmp_path, f"command:{command}")) == reason


def test_a_keyring_that_cannot_be_asked_is_said_with_what_to_install(tmp_path):
    """The library may or may not be there; without a backend it refuses, and nobody is shown a traceback."""
    found = read(
        tmp_path, "keyring:rundown-test/nobody", PYTHON_KEYRING_BACKEND="keyring.backends.fail.Keyring"
    )
    assert why(found).startswith(("the keyring", "the library `keyring` is not installed"))
