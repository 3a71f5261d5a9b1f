"""From a step's text, or an argv, to everything that it can start.

Pure: nothing is looked up, nothing is run. What cannot be read is never left out; it becomes a dynamic
or an unparseable executable.
"""

from typing import Literal

from rundown.model.request import Capability, Operation
from rundown.shell.extraction import UNPARSEABLE, Extraction
from rundown.shell.witness_tree import look

Dialect = Literal["bash", "sh"]


def extract(text: str, dialect: Dialect) -> Extraction:
    """Returns what `text` can start when the shell `dialect` runs it."""
    sight = look(text.encode("utf-8", "surrogateescape"))
    if sight.error is not None:
        operation = Operation(
            capability=Capability.RUN, resource=UNPARSEABLE, kind="unparseable", note=sight.error,
            span=(0, len(text.encode("utf-8", "surrogateescape"))),
        )
        return Extraction(operations=(operation,), unparseable=sight.error)
    operations = []
    for seen in sight.commands:
        name = seen.words[0] if seen.words else None
        operations.append(
            Operation(
                capability=Capability.RUN,
                resource=name or seen.text,
                kind="dynamic" if name is None else "literal",
                argv=seen.words,
                span=seen.span,
            )
        )
    return Extraction(operations=tuple(operations))


def extract_argv(argv: tuple[str, ...]) -> Extraction:
    """Returns what executing `argv` itself, without a shell, can start."""
    if not argv:
        return Extraction()
    return Extraction(operations=(Operation(capability=Capability.RUN, resource=argv[0], argv=argv),))
