"""Durations as people write them: `30s`, `1h30m`, `500ms`. A number without a unit is none."""

import re

_UNITS = {"ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9, "d": 86400 * 10**9}
_PART = re.compile(r"([0-9]{1,6})(ms|s|m|h|d)")
MAX_NS = 366 * _UNITS["d"]


def parse_duration(text: str) -> int | None:
    """Returns the nanoseconds of `text`, None if it is no duration between 1 ms and a year."""
    total, at = 0, 0
    while match := _PART.match(text, at):
        total += int(match[1]) * _UNITS[match[2]]
        at = match.end()
    return total if at == len(text) and 0 < total <= MAX_NS else None
