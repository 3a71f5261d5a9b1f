"""The published schema of events is that of the types."""

from pathlib import Path

from rundown.record.schema import schema_text

_STORED = Path(__file__).parents[3] / "docs/events.schema.json"


def test_the_published_schema_is_current() -> None:
    assert _STORED.read_text() == schema_text(), "python -m rundown.record.schema > docs/events.schema.json"
