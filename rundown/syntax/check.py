"""What a valid runbook may still get wrong: names, ways through it, and shell blocks. Warnings, and E36.

Parsing alone says nothing of this, so that a run starts fast; `rundown check` says all of it.
"""

from collections.abc import Iterator

from rundown.model.diagnostic import Diagnostic
from rundown.model.runbook import Body, CommandBody, Runbook
from rundown.syntax.flow import check_flow
from rundown.syntax.names import check_names
from rundown.syntax.parse import Parsed, parse_runbook, tidy
from rundown.syntax.source import read_source


def check_source(source: bytes, file: str) -> Parsed:
    """Returns what `parse_runbook` says and, if that is valid, what `check_runbook` says."""
    parsed = parse_runbook(source, file)
    if parsed.runbook is None:
        return parsed
    more = check_runbook(parsed.runbook, source)
    failed = any(item.severity == "error" for item in more)
    runbook = None if failed else parsed.runbook
    return Parsed(runbook=runbook, diagnostics=tidy([*parsed.diagnostics, *more], file))


def check_runbook(book: Runbook, source: bytes) -> tuple[Diagnostic, ...]:
    """Returns every further problem of `book`, by line. `source` is what it was parsed from."""
    read = read_source(source, book.file)
    if isinstance(read, Diagnostic):
        return (read,)
    report: list[Diagnostic] = []
    check_flow(book, report)
    check_names(book, read, report)
    if any(isinstance(body, CommandBody) for body in _bodies(book)):
        from rundown.syntax.block_notes import check_blocks  # loads the shell's readers

        check_blocks(book, read, report)
    return tidy(report, book.file)


def _bodies(book: Runbook) -> Iterator[Body | None]:
    for step in book.steps:
        yield step.body
        yield from (substep.body for substep in step.substeps)
