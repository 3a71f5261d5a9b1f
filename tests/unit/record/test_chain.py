"""The chain: no byte of a log can change unseen."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rundown.model.event import Event, StepStarted, UnknownBody
from rundown.record.chain import (
    Head,
    contract_bytes,
    decode_line,
    encode_line,
    first_prev,
    is_canonical,
    line_hash,
    verify_lines,
)
from tests.support.records import a_contract, known_bodies, some_bodies, unknown_objects

_CONTRACT = contract_bytes(a_contract())


def _log() -> tuple[bytes, ...]:
    lines: list[bytes] = []
    prev = first_prev(_CONTRACT)
    for seq, body in enumerate(some_bodies()):
        lines.append(encode_line(Event(seq=seq, at="2026-09-21T13:33:20.000000Z", prev=prev, body=body)))
        prev = line_hash(lines[-1])
    return tuple(lines)


_LINES = _log()
_HEAD = Head(count=len(_LINES), hash=line_hash(_LINES[-1]))


def _seen(
    lines: tuple[bytes, ...], contract: bytes = _CONTRACT, head: Head | None = _HEAD
) -> list[tuple[str, int | None]]:
    return [(finding.code, finding.seq) for finding in verify_lines(contract, lines, head)]


def test_a_whole_log_has_no_findings() -> None:
    assert _seen(_LINES) == []


def test_a_log_may_go_on_behind_a_known_head() -> None:
    assert _seen(_LINES, head=Head(count=3, hash=line_hash(_LINES[2]))) == []


@given(st.data())
def test_any_flipped_byte_is_found(data: st.DataObject) -> None:
    content = bytearray(b"\n".join(_LINES))
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] ^= data.draw(st.integers(1, 255))
    assert _seen(tuple(bytes(content).split(b"\n"))) != []


@given(st.data())
def test_any_removed_byte_is_found(data: st.DataObject) -> None:
    content = b"\n".join(_LINES)
    at = data.draw(st.integers(0, len(content) - 1))
    assert _seen(tuple((content[:at] + content[at + 1 :]).split(b"\n"))) != []


@given(st.integers(0, len(_CONTRACT) - 1), st.integers(1, 255))
def test_any_flipped_byte_of_the_contract_is_found(at: int, flip: int) -> None:
    changed = bytearray(_CONTRACT)
    changed[at] ^= flip
    assert ("record/chain-broken", 0) in _seen(_LINES, contract=bytes(changed))


@given(st.permutations(range(len(_LINES))))
def test_any_other_order_is_found(order: list[int]) -> None:
    assert (_seen(tuple(_LINES[at] for at in order)) == []) == (order == sorted(order))


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (
            (*_LINES[:2], *_LINES[3:]),
            [
                ("record/sequence", 2),
                ("record/chain-broken", 2),
                *[("record/sequence", seq) for seq in (3, 4, 5)],
                ("record/lines-missing", 6),
            ],
        ),
        (
            _LINES[1:3],
            [
                ("record/sequence", 0),
                ("record/chain-broken", 0),
                ("record/sequence", 1),
                ("record/lines-missing", 2),
            ],
        ),
        (_LINES[:-1], [("record/lines-missing", 6)]),
        ((), [("record/lines-missing", 0)]),
        ((*_LINES[:-1], b"{}"), [("record/line-damaged", 6), ("record/head-differs", 6)]),
        ((*_LINES[:-1], _LINES[-1].replace(b'"no"', b'"yes"')), [("record/head-differs", 6)]),
        (
            (*_LINES[:-1], _LINES[-1].replace(b'"v":1', b'"v": 1')),
            [("record/not-canonical", 6), ("record/head-differs", 6)],
        ),
        (
            (*_LINES[:-1], _LINES[-1].replace(b'"v":1', b'"v":2')),
            [("record/format", 6), ("record/head-differs", 6)],
        ),
    ],
)
def test_findings_name_the_line_and_what_is_wrong(
    lines: tuple[bytes, ...], expected: list[tuple[str, int | None]]
) -> None:
    assert _seen(lines) == expected


def test_without_a_head_the_end_cannot_be_vouched_for() -> None:
    assert _seen(_LINES[:-1], head=None) == []


@given(known_bodies())
def test_every_known_body_comes_back_as_it_was(body: object) -> None:
    event = Event(seq=0, at="", prev="", body=body)  # type: ignore[arg-type]
    try:
        line = encode_line(event)
    except ValueError:
        return  # an integer that JSON cannot hold, a lone surrogate: the log says so (test_log)
    assert decode_line(line) == event


@given(unknown_objects())
def test_a_body_of_an_unknown_type_is_kept_byte_for_byte(raw: dict[str, object]) -> None:
    event = Event(seq=0, at="", prev="", body=UnknownBody(type=str(raw["type"]), raw=raw))
    line = encode_line(event)
    assert encode_line(decode_line(line)) == line


def test_a_known_type_with_the_wrong_fields_is_damage_not_the_unknown() -> None:
    line = encode_line(Event(seq=0, at="", prev="", body=StepStarted(step="1"))).replace(
        b'"step":"1"', b'"step":1'
    )
    with pytest.raises(msgspec.ValidationError, match="step"):
        decode_line(line)


@pytest.mark.parametrize(
    "line", [b'{"b":1,"a":2}', b'{"a":1.0}', b'{"a": 1}', b'{"a":1}\n', b"{", b"\xff", b'{"a":"\\u0041"}']
)
def test_other_spellings_are_not_canonical(line: bytes) -> None:
    assert not is_canonical(line)


@given(st.lists(st.binary(max_size=40), max_size=4))
def test_whatever_a_log_holds_it_is_judged_not_stumbled_over(lines: list[bytes]) -> None:
    assert [code for code, _ in _seen(tuple(lines), head=None)] == ["record/line-damaged"] * len(lines)


def test_a_line_nested_without_end_is_damage() -> None:
    nested = b"[" * 100_000 + b"]" * 100_000
    line = b'{"at":"","body":{"type":"X","x":' + nested + b'},"prev":"","seq":0,"v":1}'
    assert _seen((line,), head=None) == [("record/line-damaged", 0)]
