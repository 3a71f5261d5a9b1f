"""Which runbooks a run can come to: its own, and those that its units refer to, each with what is known of
its values beforehand. Reads files; what cannot be had is left out, and told at its step.
"""

import os
from collections.abc import Iterator

from msgspec import Struct

from rundown.model.runbook import Body, ReferenceBody, Runbook
from rundown.session.composition import Family, find_child
from rundown.session.library import Opened
from rundown.session.texts import Texts
from rundown.session.values import Given, Values, gather_values, inherit, secret_names

_MOST_CHAPTERS = 200


class Chapter(Struct, frozen=True, kw_only=True):
    """One runbook of a run. `at`: the position of the unit it stands in for, with a slash, "" for the first;
    `above`: the real paths of the runbooks around it."""

    opened: Opened
    values: Values
    secret: frozenset[str] = frozenset()
    at: str = ""
    above: tuple[str, ...] = ()

    @property
    def texts(self) -> Texts:
        """Fills in what is known."""
        return Texts(self.values, self.secret)

    def units(self) -> Iterator[tuple[str, Body | None]]:
        """Yields the body of every unit with its position, children's behind that of their parent's unit."""
        for position, body in _units(self.opened.runbook):
            yield self.at + position, body


def chapters(first: Chapter, root: str) -> tuple[Chapter, ...]:
    """Returns the runbook and those below it, in the order of their units, no more than 200."""
    found: list[Chapter] = []
    _visit(first, root, found)
    return tuple(found)


def _visit(chapter: Chapter, root: str, found: list[Chapter]) -> None:
    if len(found) >= _MOST_CHAPTERS:
        return
    found.append(chapter)
    path = chapter.opened.document.path
    files = (*chapter.above, os.path.realpath(path)) if path is not None else chapter.above
    for position, body in chapter.units():
        if not isinstance(body, ReferenceBody):
            continue
        reference = chapter.texts.shown(body.path)
        child = find_child(reference, chapter.opened.document, root, Family(files=files))
        if isinstance(child, str):
            continue
        given = Given(parent=inherit(chapter.values, chapter.secret))
        values, _ = gather_values(child.runbook, given)
        secret = chapter.secret | secret_names(child.runbook)
        _visit(
            Chapter(opened=child, values=values, secret=secret, at=f"{position}/", above=files), root, found
        )


def _units(book: Runbook) -> Iterator[tuple[str, Body | None]]:
    for step in book.steps:
        yield step.id, step.body
        for part in step.substeps:
            yield f"{step.id}.{part.id}", part.body
