"""Whatever a step prints, nothing of it begins at the left edge, and no line is longer than the terminal."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rundown.render.cells import count_cells
from rundown.render.gutter import Gutter
from rundown.render.output import OutputFilter

MARK = "│ "
_SEQUENCE = re.compile(r"\x1b\[[0-9;:?]*[A-Za-z]")


def through(text: str, columns: int = 20) -> str:
    gutter = Gutter(MARK, columns)
    return gutter.feed(text) + gutter.end()


def screen_lines(text: str) -> list[str]:
    """Returns what is written on each line, every return to its beginning as a line of its own."""
    return [part for line in _SEQUENCE.sub("", text).split("\n")[:-1] for part in line.split("\r")]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("one\ntwo\n", "│ one\n│ two\n"),
        ("no end", "│ no end\n"),
        ("\n\nx\n", "│\n│\n│ x\n"),
        ("a\r\nb\r\n", "│ a\n│ b\n"),
        ("10%\r100%\n", "│ 10%\r│ 100%\n"),
        ("x" * 40, "│ " + "x" * 18 + "\n│ " + "x" * 18 + "\n│ xxxx\n"),
        ("日本" * 6, "│ " + "日本" * 4 + "日\n│ 本日本\n"),
        ("a\tb\n", "│ a       b\n"),
        (
            "\x1b[31mred\nstill\x1b[0m not\n",
            "\x1b[0m│ \x1b[31mred\x1b[0m\n\x1b[0m│ \x1b[31mstill\x1b[0m not\n",
        ),
        ("old\r\x1b[Knew\n", "│ old\r\x1b[0m\x1b[K│ new\n"),
        ("old\x1b[2Knew\n", "│ old\r\x1b[0m\x1b[K│ new\n"),
        ("old\x1b[1Gnew\n", "│ old\r│ new\n"),
    ],
)
def test_each_line_gets_the_mark(text: str, shown: str) -> None:
    assert through(text) == shown


@given(
    st.lists(st.text(st.sampled_from("ab日\u0301\n\r\t\x1b[mKGH0123;?l\u202e "), max_size=30), max_size=8),
    st.integers(4, 30),
)
@settings(max_examples=150)
def test_nothing_begins_at_the_left_edge(chunks: list[str], columns: int) -> None:
    output, gutter = OutputFilter(color=True, in_line=True), Gutter(MARK, columns)
    shown = "".join(gutter.feed(output.feed(chunk.encode()).decode()) for chunk in chunks)
    shown += gutter.feed(output.flush().decode()) + gutter.end()
    for line in screen_lines(shown):
        assert line == "" or line.startswith("│"), shown
        assert count_cells(line) <= columns, shown
