import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rundown.render.output import OutputFilter


def through(content: bytes, *, color: bool = True) -> bytes:
    output = OutputFilter(color=color)
    return output.feed(content) + output.flush()


def test_colours_stay_and_end_with_the_stream() -> None:
    assert through(b"\x1b[31mred\x1b[0m\n") == b"\x1b[31mred\x1b[0m\n\x1b[0m"


def test_colours_go_where_colour_is_off() -> None:
    assert through(b"\x1b[1;31mred\x1b[m\r\n", color=False) == b"red\r\n"


@pytest.mark.parametrize(
    "attack",
    [
        b"\x1b[2J",
        b"\x1b[H",
        b"\x1b[10A",
        b"\x1b[?1049h",
        b"\x1b]0;title\x07",
        b"\x1b]52;c;cm0gLXJm\x07",
        b"\x1b]8;;http://x\x1b\\",
        b"\x1bP$qm\x1b\\",
        b"\x1b[6n",
        b"\x1b[c",
        b"\x1bc",
        b"\x1b7",
        b"\x1b(0",
        b"\x1b[>q",
        b"\x1b_G\x1b\\",
        b"\xc2\x9b2J",
        b"\x07",
        b"\x08\x08",
        b"\x0b\x0c",
        b"\x0e",
        b"\x1b[1;31",
        b"\x1b",
    ],
)
def test_what_moves_asks_or_writes_is_dropped(attack: bytes) -> None:
    shown = through(b"a" + attack + b"b", color=False)
    assert shown.startswith(b"a")
    assert shown.endswith(b"b") or attack.startswith(b"\x1b[1;31") or attack == b"\x1b"
    assert b"\x1b" not in shown
    assert not re.search(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", shown)


@given(st.lists(st.binary(max_size=12), max_size=12), st.booleans())
def test_no_split_lets_an_escape_other_than_colour_through(chunks: list[bytes], color: bool) -> None:
    output = OutputFilter(color=color)
    shown = b"".join(output.feed(chunk) for chunk in chunks) + output.flush()
    rest = re.sub(rb"\x1b\[[0-9;:]*m", b"", shown)
    assert not re.search(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", rest)


@given(
    st.lists(
        st.sampled_from(
            [
                b"\x1b",
                b"[",
                b"]",
                b"3",
                b"1m",
                b";",
                b"\x07",
                b"\\",
                b"text",
                b"P",
                b"?",
                b"h",
                b"\xc2",
                b"\x9b",
            ]
        ),
        max_size=16,
    )
)
def test_split_and_whole_give_the_same(chunks: list[bytes]) -> None:
    output = OutputFilter(color=True)
    split = b"".join(output.feed(chunk) for chunk in chunks) + output.flush()
    rest = re.sub(rb"\x1b\[[0-9;:]*m", b"", split)
    assert b"\x1b" not in rest
    assert b"\xc2\x9b" not in rest


def test_an_endless_sequence_is_not_held_for_ever() -> None:
    output = OutputFilter(color=False)
    shown = b"".join(output.feed(b"\x1b]0;" + b"x" * 1000) for _ in range(20))
    assert len(shown) > 10_000


def test_text_and_other_languages_pass() -> None:
    text = "größe 漢字 🚀\tend\n".encode()
    assert through(text, color=False) == text
