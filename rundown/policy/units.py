"""Durations, sizes and command lines as people write them: `10m`, `1h30m`, `2GiB`, `notify-send rundown`."""

import re
import shlex

_DURATION = re.compile(r"(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?(?:(\d{1,9})ms)?", re.ASCII)
_SIZE = re.compile(r"(\d{1,12}(?:\.\d{1,3})?)\s*(B|[KMGT]i?B?)?", re.ASCII)
_FACTORS = {"": 1, "K": 1000, "M": 1000**2, "G": 1000**3, "T": 1000**4}
_BINARY = {"K": 1024, "M": 1024**2, "G": 1024**3, "T": 1024**4}


def parse_duration(text: str) -> int | None:
    """Returns nanoseconds of `10m`, `1h30m`, `90s`, `500ms`; None if `text` is no duration above zero."""
    found = _DURATION.fullmatch(text.strip())
    if found is None:
        return None
    hours, minutes, seconds, millis = (int(part or 0) for part in found.groups())
    return (((hours * 60 + minutes) * 60 + seconds) * 1000 + millis) * 1_000_000 or None


def parse_size(text: str) -> int | None:
    """Returns bytes of `512`, `64KiB`, `2GB`; None if `text` is no size above zero."""
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        return None
    unit = (found[2] or "").removesuffix("B")
    factor = _BINARY[unit[0]] if unit.endswith("i") else _FACTORS[unit]
    return int(float(found[1]) * factor) or None


def split_command(text: str) -> tuple[str, ...]:
    """Returns the words of a command (of `notify:`, of a secret's source), which no shell reads; () if they
    are none."""
    try:
        return tuple(shlex.split(text))
    except ValueError:
        return ()
