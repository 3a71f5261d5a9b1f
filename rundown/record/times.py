"""Times as they stand in records: RFC 3339, UTC, always six digits, so that texts sort as times do."""

from datetime import UTC, datetime, timedelta

_NS_PER_S = 1_000_000_000
_MICROSECOND = timedelta(microseconds=1)


def rfc3339(now_ns: int) -> str:
    """Returns nanoseconds since the epoch as `2026-11-21T13:36:00.123456Z`."""
    seconds, rest_ns = divmod(now_ns, _NS_PER_S)
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{rest_ns // 1000:06d}Z"


def parse_rfc3339(text: str) -> datetime:
    """Returns the time of a text that `rfc3339` wrote.

    Raises:
        ValueError: it is another text.
    """
    return datetime.fromisoformat(text)


def elapsed_ns(start: str, end: str) -> int:
    """Returns the nanoseconds from one text to another, 0 if one of them is "" or no time: a log that came
    with a checkout may say anything."""
    try:
        return (parse_rfc3339(end) - parse_rfc3339(start)) // _MICROSECOND * 1000
    except (ValueError, TypeError):  # TypeError: one has a zone and the other has none
        return 0
