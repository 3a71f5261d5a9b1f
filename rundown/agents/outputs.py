"""The values an agent hands on: a JSON object in its last message."""

import json
from typing import Any

_MOST_CHARACTERS = 1 << 20
_MOST_TRIES = 1000


def read_outputs(said: str, names: tuple[str, ...]) -> dict[str, Any]:
    """Returns the values of `names` from the last JSON object in `said` that has one of them.

    Looks at the end of a long text, and gives up on one that is nothing but braces.
    """
    said = said[-_MOST_CHARACTERS:]
    decoder = json.JSONDecoder()
    found: dict[str, Any] = {}
    place, tries = said.find("{"), 0
    while place >= 0 and tries < _MOST_TRIES:
        tries += 1
        try:
            value, end = decoder.raw_decode(said, place)
        except (ValueError, RecursionError):
            end = place + 1
        else:
            held = {name: value[name] for name in names if name in value}
            found = held or found
        place = said.find("{", end)
    return found
