"""The values an agent hands on: a JSON object in its last message."""

import json
from collections import deque
from collections.abc import Iterator
from typing import Any, NoReturn

_MOST_CHARACTERS = 1 << 20
_MOST_TRIES = 1000


def read_outputs(said: str, names: tuple[str, ...]) -> dict[str, Any]:
    """Returns the values of `names` from the last JSON object in `said` that has one of them."""
    found: dict[str, Any] = {}
    for value in _objects(said):
        found = pick(value, names) or found
    return found


def read_answer(said: str) -> dict[str, Any] | None:
    """Returns the last JSON object in `said`, whatever its keys; None without one."""
    return next(iter(deque(_objects(said), maxlen=1)), None)


def pick(value: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Returns those of `names` that the object has."""
    return {name: value[name] for name in names if name in value}


def _objects(said: str) -> Iterator[dict[str, Any]]:
    """Looks at the end of a long text, and gives up on one that is nothing but braces."""
    said = said[-_MOST_CHARACTERS:]
    decoder = json.JSONDecoder(parse_constant=_refuse)
    place, tries = said.find("{"), 0
    while place >= 0 and tries < _MOST_TRIES:
        tries += 1
        try:
            value, end = decoder.raw_decode(said, place)
        except (ValueError, RecursionError):
            end = place + 1
        else:
            yield value
        place = said.find("{", end)


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON")
