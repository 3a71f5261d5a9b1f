"""What a stream can show."""

import io
import os
import pty
from collections.abc import Iterator
from typing import TextIO

import pytest

from rundown.cli.screen import stream_style
from rundown.render.style import Style


@pytest.fixture
def terminal() -> Iterator[TextIO]:
    """A real terminal of 24 rows and 100 columns, to write to."""
    master, slave = pty.openpty()
    with os.fdopen(slave, "w", encoding="utf-8") as stream:
        yield stream
    os.close(master)


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "100")


@pytest.mark.parametrize(
    ("variables", "at_terminal", "in_file"),
    [
        ({"TERM": "xterm"}, True, False),
        ({}, True, False),
        ({"TERM": "dumb"}, False, False),
        ({"TERM": "xterm", "NO_COLOR": "1"}, False, False),
        ({"TERM": "xterm", "NO_COLOR": ""}, True, False),
        ({"FORCE_COLOR": "1"}, True, True),
        ({"TERM": "dumb", "FORCE_COLOR": "1"}, True, True),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False, False),
    ],
)
def test_colour_is_for_terminals_and_for_whoever_forces_it(
    variables: dict[str, str],
    at_terminal: bool,
    in_file: bool,
    terminal: TextIO,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert (stream_style(terminal).color, stream_style(io.StringIO()).color) == (at_terminal, in_file)


@pytest.mark.parametrize(
    ("encoding", "unicode"), [("utf-8", True), ("UTF8", True), ("ascii", False), ("latin-1", False)]
)
def test_signs_are_what_the_encoding_can_write(encoding: str, unicode: bool) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    assert stream_style(stream).unicode is unicode


@pytest.mark.parametrize(("columns", "width"), [("100", 100), ("5", 20), ("0", 80)])
def test_a_width_is_never_too_narrow_to_draw(
    columns: str, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    found = stream_style(io.TextIOWrapper(io.BytesIO(), encoding="utf-8"))
    assert found == Style(color=False, unicode=True, width=width)
