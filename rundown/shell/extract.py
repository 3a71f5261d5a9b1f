"""From a step's text, or an argv, to everything that it can start.

Pure: nothing is looked up, nothing is run. Three readers look at the text. The exact one knows the grammar of the shell
and refuses what it does not know; tree-sitter-bash and bashlex are witnesses, and what either of them sees as a command
is in the set too. What cannot be read is never left out; it becomes a dynamic or an unparseable executable.
"""

from rundown.model.request import Capability, Operation
from rundown.shell.commands import read
from rundown.shell.cursor import Budget, Dialect, UnreadableError
from rundown.shell.dialects import readings
from rundown.shell.extraction import UNPARSEABLE, Extraction
from rundown.shell.ledger import Ledger
from rundown.shell.tree import Word
from rundown.shell.walk import Walker
from rundown.shell.witnesses import hear

MAX_BYTES = 1024 * 1024


def extract(text: str, dialect: Dialect, undashed: frozenset[str] = frozenset()) -> Extraction:
    """Returns what `text` can start when the shell `dialect` runs it. `undashed`: variables that it will find in
    its environment and whose values begin with no dash, so that none is an option."""
    if len(text) > MAX_BYTES:
        return _unparseable(f"longer than {MAX_BYTES} bytes", len(text))
    try:
        size = len(text.encode("utf-8"))
    except UnicodeEncodeError:
        return _unparseable("not valid Unicode", 0)
    if size > MAX_BYTES:
        return _unparseable(f"longer than {MAX_BYTES} bytes", size)
    if "\0" in text:
        return _unparseable("holds a NUL, which no shell reads", size)
    ledger = Ledger(text, undashed)
    error: str | None = None
    for reading in readings(text, dialect):
        budget = Budget()
        try:
            script = read(text, reading, budget)
            Walker(ledger, budget, reading).whole(script)
        except UnreadableError as refusal:
            return _unparseable(refusal.reason, size)
        except RecursionError:
            return _unparseable("nested too deeply", size)
        error = error or hear(text, script, ledger, budget)
    return _extraction(ledger, error)


def extract_argv(argv: tuple[str, ...]) -> Extraction:
    """Returns what executing `argv` itself, without a shell, can start. All spans are (0, 0)."""
    if not argv:
        return Extraction()
    ledger = Ledger("")
    ledger.origin = (0, 0)
    words = [Word(start=0, end=0, raw=word, value=word, prefix=word) for word in argv]
    Walker(ledger, Budget(), "bash").program(words, "")
    return _extraction(ledger)


def _extraction(ledger: Ledger, unparseable: str | None = None) -> Extraction:
    return Extraction(
        operations=ledger.operations(),
        variables=tuple(sorted(ledger.uses)),
        unparseable=unparseable,
        shadows=tuple(sorted(ledger.shadows)),
    )


def _unparseable(reason: str, size: int) -> Extraction:
    operation = Operation(
        capability=Capability.RUN, resource=UNPARSEABLE, kind="unparseable", note=reason, span=(0, size)
    )
    return Extraction(operations=(operation,), unparseable=reason)
