"""Run ids, and how a person names a run."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rundown.errors import InvalidInputError
from rundown.record.ids import is_run_id, new_run_id, resolve_run, short_id, started_ms

_NOW_NS = 1_790_000_000_123_456_789
_IDS = (
    "019c0000-0000-7000-8000-0000000000aa",
    "019c0000-0000-7000-8000-0000000000bb",
    "019d1111-0000-7000-8000-00000000c0de",
    "019c2222-0000-7000-8000-beef00000001",
)


@given(st.integers(0, (1 << 48) * 1_000_000 - 1))
def test_an_id_is_a_uuid_of_version_7_that_holds_its_time(now_ns: int) -> None:
    run_id = new_run_id(now_ns)
    parsed = uuid.UUID(run_id)
    assert (str(parsed), parsed.version, parsed.variant, started_ms(run_id), is_run_id(run_id)) == (
        run_id,
        7,
        uuid.RFC_4122,
        now_ns // 1_000_000,
        True,
    )


@given(st.integers(0, 999_000), st.integers(250, 10**12))
def test_ids_sort_by_time_also_within_a_millisecond(fraction_ns: int, later_ns: int) -> None:
    start = 1_790_000_000_000_000_000 + fraction_ns
    assert new_run_id(start) < new_run_id(start + later_ns)


def test_two_ids_of_one_moment_differ() -> None:
    assert new_run_id(_NOW_NS) != new_run_id(_NOW_NS)


@pytest.mark.parametrize(
    "text",
    ["", "last", "../x", _IDS[0].upper(), _IDS[0][:-1], _IDS[0].replace("7000", "4000"), _IDS[0] + "\n"],
)
def test_other_texts_are_no_ids(text: str) -> None:
    assert not is_run_id(text)


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        (None, _IDS[2]),
        ("", _IDS[2]),
        ("last", _IDS[2]),
        (_IDS[0], _IDS[0]),
        (_IDS[0].upper(), _IDS[0]),
        ("019d", _IDS[2]),
        ("c0de", _IDS[2]),
        ("beef", _IDS[3]),
        ("BEEF00", _IDS[3]),
        (short_id(_IDS[1]), _IDS[1]),
    ],
)
def test_a_run_is_named_by_id_start_end_or_age(argument: str | None, expected: str) -> None:
    assert resolve_run(argument, (_IDS[1], _IDS[2], _IDS[3], _IDS[0])) == expected


@pytest.mark.parametrize(
    ("argument", "ids", "code", "message"),
    [
        (None, (), "record/no-runs", "there is no run here yet"),
        ("nope", _IDS, "record/no-such-run", "no run is called `nope`"),
        ("aa", _IDS, "record/no-such-run", "no run is called `aa`"),
        ("bee", _IDS, "record/no-such-run", "no run is called `bee`"),
        ("019c0", _IDS, "record/ambiguous-run", "`019c0` names 2 runs"),
        ("0000", _IDS, "record/ambiguous-run", "`0000` names 3 runs"),
    ],
)
def test_what_names_no_single_run_is_said(
    argument: str | None, ids: tuple[str, ...], code: str, message: str
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        resolve_run(argument, ids)
    assert [(item.code, item.message) for item in caught.value.diagnostics] == [(code, message)]
