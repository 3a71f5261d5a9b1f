import pytest
from hypothesis import given
from hypothesis import strategies as st

from rundown.render.duration import render_duration, render_size

MS, S = 1_000_000, 1_000_000_000


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (0, "0 ms"),
        (400_000, "0 ms"),
        (12 * MS, "12 ms"),
        (999 * MS + 499_999, "999 ms"),
        (999 * MS + 600_000, "1.0 s"),
        (3 * S + 440 * MS, "3.4 s"),
        (59 * S + 960 * MS, "1 m 00 s"),
        (65 * S, "1 m 05 s"),
        (3599 * S + 600 * MS, "1 h 00 m"),
        (7320 * S, "2 h 02 m"),
    ],
)
def test_times_are_told_as_people_tell_them(nanoseconds: int, text: str) -> None:
    assert render_duration(nanoseconds) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1024 * 1024 - 1, "1.0 MiB"),
        (2_621_440, "2.5 MiB"),
        (1 << 30, "1.0 GiB"),
        (1 << 42, "4096.0 GiB"),
    ],
)
def test_sizes_are_told_in_the_unit_that_fits(count: int, text: str) -> None:
    assert render_size(count) == text


@given(st.integers(0, 1 << 40))
def test_no_unit_is_told_beyond_its_end(count: int) -> None:
    number, unit = render_size(count).split()
    assert unit == "GiB" or float(number) < 1024
