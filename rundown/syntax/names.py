"""Names in templates that nobody declares: they would be undefined when the run comes to them."""

from msgspec import Struct

from rundown.model.diagnostic import Diagnostic, Span
from rundown.model.runbook import Input, ReferenceBody, Runbook, Step
from rundown.syntax.codes import Code
from rundown.syntax.source import Source
from rundown.syntax.template import placeholders

PLAIN_BUILT_INS = frozenset(
    ("Date", "Year", "Month", "Day", "RunId", "ContextId", "Step", "step", "Index", "index")
)
BUILT_INS = PLAIN_BUILT_INS | {"DateTime", "Branch", "WorkPath", "RunbookRef", "context"}
_IN_LOOPS = frozenset(("Index", "index"))


class Declared(Struct, frozen=True, kw_only=True):
    """What a document declares. `open`: a child runbook may hand up names that are not known here."""

    inputs: dict[str, Input]
    outputs: frozenset[str]
    open: bool

    def knows(self, name: str, step: Step) -> bool:
        """Tells whether `name` can have a value in `step`."""
        loop = step.loop
        if name in _IN_LOOPS or (loop is not None and name == loop.variable):
            return loop is not None
        return self.open or name in self.inputs or name in self.outputs or name in BUILT_INS


def declared(book: Runbook) -> Declared:
    """Returns what `book` declares."""
    outputs: set[str] = set()
    references = False
    for step in book.steps:
        outputs.update(step.outputs)
        for substep in step.substeps:
            outputs.update(substep.outputs)
            references = references or isinstance(substep.body, ReferenceBody)
    return Declared(
        inputs={item.name: item for item in book.front.inputs}, outputs=frozenset(outputs), open=references
    )


def check_names(book: Runbook, source: Source, report: list[Diagnostic]) -> None:
    """Reports each undeclared name once, at its first place."""
    known = declared(book)
    found: dict[str, tuple[Span, int]] = {}
    for number, step in enumerate(book.steps):
        last = book.steps[number + 1].span.line - 1 if number + 1 < len(book.steps) else len(source.lines)
        for line in range(step.span.line - 1, last):
            text = source.lines[line]
            for item in placeholders(text):
                foreign = text[item.start - 1 : item.start] == "$"
                if foreign or known.knows(item.name, step):
                    continue
                span, count = found.get(
                    item.name, (source.span(line, item.start + 1, item.end - item.start), 0)
                )
                found[item.name] = (span, count + 1)
    for name, (span, count) in found.items():
        report.append(_undeclared(name, span, count))


def _undeclared(name: str, span: Span, count: int) -> Diagnostic:
    again = f" (in {count} places)" if count > 1 else ""
    if name in _IN_LOOPS:
        return Code.UNDECLARED_NAME.at(
            span,
            f"`{name}` has a value inside a FOR only{again}",
            fix="put a FOR on this step, or leave it out",
        )
    return Code.UNDECLARED_NAME.at(
        span,
        f"nobody declares `{name}`{again}",
        why="it is no input, no OUTPUTS of a step, no loop variable here and nothing built in",
        fix=f"declare it in the front matter: `inputs: [{name}]`",
    )
