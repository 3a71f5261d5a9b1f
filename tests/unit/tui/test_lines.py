"""Lines: whole, in order, bounded, and nothing in them that a terminal would obey."""

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rundown.tui.lines import Lines, matches, plain


def text_of(lines: Lines) -> list[str]:
    return [lines.line(number) for number in range(lines.first, lines.end)]


def fed(*chunks: bytes, **bounds: int) -> Lines:
    lines = Lines(**bounds)
    for chunk in chunks:
        lines.feed("stdout", chunk)
    lines.close()
    return lines


def test_lines_come_whole_however_they_were_cut():
    assert text_of(fed(b"one\ntw", b"o\n", b"three")) == ["one", "two", "three"]


def test_an_unfinished_line_is_shown_as_it_stands():
    lines = Lines()
    lines.feed("stdout", b"done\nPassword: ")
    assert text_of(lines) == ["done", "Password: "]


def test_what_a_carriage_return_overwrote_is_gone():
    assert text_of(fed(b"10%\r50%\r100%\r\nend\n")) == ["100%", "end"]


def test_a_colour_goes_on_until_it_is_ended_and_nothing_else_stays():
    shown = text_of(fed(b"\x1b[31mred\nstill\x1b[0m\nplain\x1b]0;t\x07\x1b[2J\n"))
    assert shown == ["\x1b[31mred", "\x1b[31mstill\x1b[0m", "plain"]


@pytest.mark.parametrize("hidden", ["\u202e", "\u200b", "\u2066"])
def test_hidden_characters_are_visible(hidden):
    assert text_of(fed(f"a{hidden}b\n".encode())) == [f"a<U+{ord(hidden):04X}>b"]


@given(st.binary(max_size=400), st.integers(1, 40))
@settings(max_examples=60, deadline=None)
def test_nothing_but_colours_is_left_whatever_is_printed(content, size):
    chunks = [content[start : start + size] for start in range(0, len(content), size)]
    for line in text_of(fed(*chunks)):
        assert all(character.isprintable() for character in plain(line))


def test_only_the_newest_are_kept_and_numbers_stay():
    lines = fed(b"".join(b"%d\n" % number for number in range(1000)), most_lines=100)
    assert (lines.end, lines.end - lines.first <= 110, lines.line(999), lines.line(0)) == (
        1000,
        True,
        "999",
        "",
    )


def test_a_line_that_never_ends_is_bounded():
    lines = Lines()
    for _ in range(100):
        lines.feed("stdout", b"x" * 10_000)
    assert len(lines.line(0)) <= 40_000


def test_a_search_goes_on_after_the_last_find_and_round_the_end():
    lines = fed(b"".join(b"line %d\n" % number for number in range(30)))
    assert [lines.find("LINE 2", 3), lines.find("line 2", 29), lines.find("line 2", 1, back=True)] == [
        20,
        29,
        29,
    ]
    assert (lines.find("nothing", 0), lines.count("line 2")) == (None, 11)


def test_a_search_sees_through_colours():
    assert fed(b"a \x1b[31mfai\x1b[0mled step\n").find("failed", 0) == 0


def test_finds_are_told_by_their_places():
    assert matches("abcABC", "bc") == ((1, 3), (4, 6))


def test_a_reader_beside_the_writer_sees_whole_lines_only():
    lines = Lines(most_lines=50)
    stop = threading.Event()
    wrong: list[str] = []

    def look() -> None:
        while not stop.is_set():
            for number in range(lines.first, lines.end):
                line = lines.line(number)
                if line not in ("", "a" * 40):
                    wrong.append(line)

    reader = threading.Thread(target=look)
    reader.start()
    for _ in range(300):
        lines.feed("stdout", (b"a" * 40 + b"\n") * 20)
    stop.set()
    reader.join()
    assert wrong == []
