"""Finds the runbook that a unit refers to, and knows the family of runs it would join."""

import os
from pathlib import Path

from msgspec import Struct

from rundown.errors import InvalidInputError
from rundown.session.library import Document, Opened, parse_document, read_document


class Family(Struct, frozen=True, kw_only=True):
    """The runs above one: ids from the outermost to the parent, and their runbooks' real paths."""

    run_ids: tuple[str, ...] = ()
    files: tuple[str, ...] = ()

    @property
    def outermost(self) -> str | None:
        """The run that a person started; None if this is it."""
        return self.run_ids[0] if self.run_ids else None

    @property
    def parent(self) -> str | None:
        """The run right above."""
        return self.run_ids[-1] if self.run_ids else None

    def with_parent(self, run_id: str, file: Path | None) -> "Family":
        """Returns the family of a child of that run."""
        files = self.files if file is None else (*self.files, os.path.realpath(file))
        return Family(run_ids=(*self.run_ids, run_id), files=files)


def find_child(reference: str, referring: Document, root: str, family: Family) -> Opened | str:
    """Returns the runbook, or in words why it cannot be had: not found, not valid, outside, its own ancestor.

    Relative to the referring file first, then by name below the project's folders.
    """
    if reference == "-":
        return "`-` is standard input, not a runbook of the project"
    if "{{" in reference:
        return f"`{reference}` holds a name without a value"
    if os.path.isabs(reference):
        return f"`{reference}` is an absolute path; a reference stays inside the project"
    beside = referring.path.resolve().parent if referring.path is not None else Path(root)
    try:
        try:
            document = read_document(reference, beside)
        except InvalidInputError:
            document = read_document(reference, Path(root))
        real = os.path.realpath(document.path) if document.path is not None else ""
        if not real.startswith(root.rstrip("/") + "/"):
            return f"`{reference}` leads out of the project"
        if real in family.files:
            return f"`{reference}` would run inside itself"
        shown = os.path.relpath(real, root)
        return parse_document(Document(file=shown, path=Path(real), content=document.content))
    except InvalidInputError as problem:
        first = problem.diagnostics[0]
        return f"`{reference}`: {first.message}" + (f" ({first.span})" if first.span is not None else "")
