"""Nothing that is printed where a CI runner reads is a command to it, however it is split up."""

import random
import re

import pytest

from rundown.render.guard import RunnerGuard, Stream

# What runners obey, looked for as they do: the beginning of a line, whatever has no weight skipped.
_NOTHING = "[\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2060\ufeff]*"
_OBEYED = re.compile(
    rf"(?m)^(?:\s|{_NOTHING}|\x1b\[[0-9;]*m)*:{_NOTHING}:"
    rf"|#{_NOTHING}#{_NOTHING}(?:[a-z]{_NOTHING}){{0,16}}\[|section_(?:start|end):|\r"
)
TOKENS = [
    ":", "::", "#", "##", "[", "\r", "\n", " ", "\t", "\x1b[1m", "\x1b", "error", "vso", "section_", "start:",
    "end:", "\u200b", "\u00ad", "\u2028", "x", "é", "stop-commands",
]  # fmt: skip


def passed(*pieces: tuple[Stream, bytes]) -> bytes:
    """Returns what a runner reads of both streams, in the order in which it is written."""
    guard = RunnerGuard()
    out = b"".join(guard.feed(stream, piece) for stream, piece in pieces)
    return out + guard.flush("stdout") + guard.flush("stderr")


@pytest.mark.parametrize(
    ("printed", "read"),
    [
        ("::error::x\n", ": :error::x\n"),
        ("  \t::set-output name=a::b\n", "  \t: :set-output name=a::b\n"),
        ("::stop-commands::token\n", ": :stop-commands::token\n"),
        ("\x1b[31m::add-mask::x\n", "\x1b[31m: :add-mask::x\n"),
        ("\u2028\ufeff::error::x\n", "\u2028\ufeff: :error::x\n"),
        (":\u00ad:error::x\n", ": \u00ad:error::x\n"),
        ("50%\r::set-env name=PATH::/x\n", "50%\n: :set-env name=PATH::/x\n"),
        ("one\r\ntwo\r\n", "one\ntwo\n"),
        ("a ##[group]x\n", "a ## [group]x\n"),
        ("####[x]\n", "#### [x]\n"),
        ("#\u200b#[x]\n", "#\u200b# [x]\n"),
        ("##vso[task.setvariable variable=a]b\n", "## vso[task.setvariable variable=a]b\n"),
        ("##teamcity[message]\n", "## teamcity[message]\n"),
        ("\x1b[0Ksection_start:12:a\r\x1b[0K", "\x1b[0Ksection_ start:12:a\n\x1b[0K"),
        ("a::b ::c section_size ## Heading # x\n", "a::b ::c section_size ## Heading # x\n"),
    ],
)
def test_a_mark_becomes_plain_text_whole_or_a_byte_at_a_time(printed: str, read: str) -> None:
    content = printed.encode()
    assert passed(("stdout", content)).decode() == read
    assert passed(*(("stdout", bytes([byte])) for byte in content)).decode() == read


def test_bytes_that_are_no_unicode_pass_unharmed() -> None:
    assert (
        passed(("stdout", b"\xff\xfe\n"), ("stdout", b"\xc3"), ("stdout", b"\xa9\x80"))
        == b"\xff\xfe\n\xc3\xa9\x80"
    )


@pytest.mark.parametrize(
    "pieces",
    [
        [("stdout", b":"), ("stderr", b":error::x\n")],
        [("stdout", b"##"), ("stderr", b"[group]\n")],
        [("stdout", b"section_"), ("stderr", b"start:1:a\r\x1b[0K")],
        [("stderr", b"abc"), ("stdout", b"\n"), ("stderr", b"::error::x\n")],
        [("stdout", b"  "), ("stderr", b"::error::x\n")],
    ],
)
def test_a_mark_is_seen_although_a_runner_reads_both_streams_as_one(
    pieces: list[tuple[Stream, bytes]],
) -> None:
    assert _OBEYED.search(passed(*pieces).decode()) is None


@pytest.mark.parametrize("streams", [("stdout",), ("stdout", "stderr")], ids=len)
def test_whatever_is_printed_in_whatever_pieces_nothing_is_obeyed_and_nothing_lost(
    streams: tuple[Stream, ...],
) -> None:
    chance = random.Random(7)
    for _ in range(6000):
        pieces = [
            (chance.choice(streams), chance.choice(TOKENS).encode()) for _ in range(chance.randint(1, 9))
        ]
        read = passed(*pieces).decode()
        assert _OBEYED.search(read) is None, (pieces, read)
        if len(streams) == 1:
            assert _bare(read) == _bare(b"".join(piece for _, piece in pieces).decode())


def test_an_endless_beginning_of_a_mark_is_not_kept_for_ever() -> None:
    guard = RunnerGuard()
    written = sum(len(guard.feed("stdout", b"#" * 1000)) for _ in range(20))
    assert written > 19_000


def test_a_line_is_known_to_be_open_until_it_ends() -> None:
    guard = RunnerGuard()
    opened = [guard.is_at_line_start("stdout")]
    for piece in (b"half", b" a line\n"):
        guard.feed("stdout", piece)
        opened.append(guard.is_at_line_start("stdout"))
    assert opened == [True, False, True]


def _bare(text: str) -> str:
    """Without blanks and line ends, which the guard adds and changes."""
    return re.sub(r"[ \r\n]", "", text)
