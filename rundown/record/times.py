"""Times as they stand in records: RFC 3339, UTC, always six digits, so that texts sort as times do."""

from datetime import UTC, datetime

_NS_PER_S = 1_000_000_000


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
