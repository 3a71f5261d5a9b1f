"""Durations and sizes."""

import pytest

from rundown.policy.units import parse_duration, parse_size


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("10m", 600), ("1h30m", 5400), ("500ms", 0.5), ("1h1m1s1ms", 3661.001), ("0s", None), ("", None),
     ("10", None), ("m", None), ("1m1h", None), ("-1s", None), ("1.5h", None), ("١m", None)],
)  # fmt: skip
def test_durations(text, seconds):
    assert parse_duration(text) == (None if seconds is None else int(seconds * 10**9))


@pytest.mark.parametrize(
    ("text", "size"),
    [("512", 512), ("1KiB", 1024), ("1K", 1000), ("1KB", 1000), ("1.5GiB", 3 << 29), ("2 MiB", 2 << 20), ("0B", None),
     ("", None), ("GiB", None), ("1EiB", None), ("-1", None), ("٣", None)],
)  # fmt: skip
def test_sizes(text, size):
    assert parse_size(text) == size
