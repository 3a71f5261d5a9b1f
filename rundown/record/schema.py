"""`events_schema`: the JSON Schema of a log's lines, from the types themselves.

`python -m rundown.record.schema` prints it as docs/events.schema.json holds it.
"""

import sys

import msgspec

from rundown.model.event import KnownBody
from rundown.record.chain import FORMAT

_DRAFT = "https://json-schema.org/draft/2020-12/schema"


def events_schema() -> dict[str, object]:
    """Returns the schema of one line. A body of another type is any object with a `type`."""
    known = msgspec.json.schema(KnownBody)
    shapes = known.pop("$defs")
    names = sorted(str(kind.__struct_config__.tag) for kind in KnownBody.__args__)
    unknown = {
        "description": "A type of a later version: kept as it is.",
        "type": "object",
        "required": ["type"],
        "properties": {"type": {"type": "string", "not": {"enum": names}}},
    }
    return {
        "$schema": _DRAFT,
        "title": "A line of events.jsonl",
        "type": "object",
        "required": ["v", "seq", "at", "prev", "body"],
        "additionalProperties": False,
        "properties": {
            "v": {"const": FORMAT},
            "seq": {"type": "integer", "minimum": 0},
            "at": {"type": "string", "format": "date-time"},
            "prev": {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"},
            "body": {"anyOf": [known, unknown]},
        },
        "$defs": shapes,
    }


def schema_text() -> str:
    """Returns the schema as it is stored: indented, keys in a fixed order, with a line end."""
    plain = msgspec.json.encode(events_schema(), order="sorted")
    return msgspec.json.format(plain, indent=2).decode() + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema_text())
