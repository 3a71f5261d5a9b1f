"""Which warnings a person must see before a run: those that say that the runbook does not do what it reads
like. Older forms and everything else are `rundown check`'s.
"""

from rundown.model.diagnostic import Diagnostic
from rundown.model.runbook import Runbook
from rundown.syntax.codes import Code
from rundown.syntax.flow import check_flow

_MISLEADING = (
    Code.SIDE_TWICE,
    Code.NOT_A_TRANSITION,
    Code.NOTHING_NUMBERED,
    Code.WRONG_TYPE,
    Code.NEVER_RUN,
)


def cautions(book: Runbook, warnings: tuple[Diagnostic, ...]) -> tuple[Diagnostic, ...]:
    """Returns what matters to a run of `book`, by line. `warnings` are the parser's."""
    found = list(warnings)
    check_flow(book, found)
    codes = {f"syntax/{code.kebab}" for code in _MISLEADING}
    return tuple(sorted((item for item in found if item.code in codes), key=_line))


def _line(item: Diagnostic) -> int:
    return item.span.line if item.span is not None else 0
