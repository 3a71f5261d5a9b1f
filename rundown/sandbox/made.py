"""Write trees that a person named and that do not exist: made before a step, removed if they stayed empty."""

import os
from collections.abc import Iterable
from contextlib import suppress

from rundown.model.policy import Envelope


def make_missing_trees(envelope: Envelope) -> tuple[str, ...]:
    """Makes what `write_made` names and is missing; returns every directory made, outermost first.

    Follows no symlink: below one nothing is made, since nothing reached through one is opened. A literal
    path without `/**` may be meant as a file and is left alone.
    """
    made: list[str] = []
    for pattern in envelope.write_made:
        if pattern.endswith("/**"):
            made += _make(pattern.removesuffix("/**"))
    return tuple(made)


def _make(path: str) -> list[str]:
    missing: list[str] = []
    while path not in ("", "/") and not os.path.lexists(path):
        missing.append(path)
        path = os.path.dirname(path)
    if os.path.realpath(path) != path or not os.path.isdir(path):
        return []
    made: list[str] = []
    for directory in reversed(missing):
        try:
            os.mkdir(directory)
        except OSError:
            break
        made.append(directory)
    return made


def remove_if_empty(made: Iterable[str]) -> None:
    """Removes those of the directories that hold nothing, innermost first."""
    for directory in reversed(tuple(made)):
        with suppress(OSError):
            os.rmdir(directory)
