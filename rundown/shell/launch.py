"""From the words of a simple command to what they start: function, builtin or program.

Source: bash(1) COMMAND EXECUTION: functions first, then builtins, then the PATH; a name with a slash is a file.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rundown.model.request import OperationKind
from rundown.shell import arguments, builtins, starters
from rundown.shell.code import interpreted
from rundown.shell.escape import escaped
from rundown.shell.files import operands
from rundown.shell.hidden import hidden
from rundown.shell.hosts import reached
from rundown.shell.scope import Scope
from rundown.shell.tree import Word
from rundown.shell.unwrap import unwrapped

if TYPE_CHECKING:
    from rundown.shell.walk import Walker

MAX_WRAPPERS = 20
"""How many wrappers may stand around each other before what they start is dynamic."""
_STRENGTH: tuple[OperationKind, ...] = ("literal", "wrapper", "opaque", "escape")


def start(walker: Walker, words: Sequence[Word], scope: Scope) -> None:
    """Notes what the shell itself starts when it runs these words."""
    name = words[0].value
    if name and name in walker.bodies:
        walker.call(name, scope)
    if name and "/" not in name and scope.has_function(name):
        walker.ran_function(tuple(words))
        return
    if name is not None and name in builtins.EVERY:
        builtin(walker, words, scope)
        return
    note = "also a function, but not surely defined by then" if name in walker.bodies else ""
    program(walker, words, note)


def builtin(walker: Walker, words: Sequence[Word], scope: Scope) -> None:
    """Notes what a builtin starts. Where only some shells have it, it may also be a program."""
    name = words[0].value or ""
    own = builtins.BASH if walker.dialect == "bash" else builtins.DASH
    if name not in own:
        program(walker, words, "not a builtin of every sh" if walker.dialect == "sh" else "")
        if walker.dialect == "bash":
            return
    else:
        walker.ran_builtin(tuple(words))
    starter = starters.STARTERS.get(name)
    if starter is not None:
        starter(walker, words, scope)
    else:
        arguments.names(walker, words, scope)


def program(walker: Walker, words: Sequence[Word], note: str = "") -> None:
    """Notes that a program is started, and everything that its arguments start in turn."""
    word = words[0]
    if not word.value:
        walker.ledger.run(words, note=note)
        return
    if walker.wrapped >= MAX_WRAPPERS:
        walker.ledger.dynamic(words, f"more than {MAX_WRAPPERS} programs that start each other")
        return
    walker.wrapped += 1
    rank = walker.ledger.reserve()
    name = word.value.rpartition("/")[2]
    kind: OperationKind = "literal"
    notes = [note] if note else []
    for look in (unwrapped, interpreted, escaped):
        found = look(walker, name, words)
        if found is not None:
            kind = max(kind, found[0], key=_STRENGTH.index)
            if found[1]:
                notes.append(found[1])
    walker.ledger.run(words, kind, "; ".join(dict.fromkeys(notes)), rank)
    hidden(walker, name, words)
    operands(walker.ledger, name, words)
    reached(walker.ledger, name, words)
    walker.wrapped -= 1
