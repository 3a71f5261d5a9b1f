"""Where a command runs: the directories that relative paths may be taken from, as far as the text tells.

`cd` with a literal directory is followed through lists, groups and subshells; whatever else may move makes the
directory unknown. Source: bash(1) `cd` (logical by default), dash(1); POSIX XCU `cd`.
"""

from __future__ import annotations

import posixpath
from collections.abc import Container, Sequence

from rundown.shell.tree import Command, Compound, Function, Item, Simple, Word

Where = tuple[str, ...] | None
"""Directories below or beside the step's own (""), the likeliest first; None: any. Empty: nothing gets there."""

STEP: Where = ("",)
MAX_CANDIDATES = 4

MOVERS = frozenset(["cd", "chdir", "pushd", "popd"])
MAY_MOVE = frozenset([*MOVERS, "eval", "source", ".", "builtin", "command", "trap", "enable", "alias"])
"""Builtins after which a shell may be elsewhere, at once or later; so may one whose name is not literal."""
_LEAVES = frozenset(["exit", "return"])


def union(first: Where, second: Where) -> Where:
    """Returns all directories of both, those of the first before; None if they are too many to tell."""
    if first is None or second is None:
        return None
    found = tuple(dict.fromkeys((*first, *second)))
    return found if len(found) <= MAX_CANDIDATES else None


def entered(where: Where, words: Sequence[Word]) -> Where:
    """Returns where `cd` leads if it succeeds. `words` begin with its name."""
    rest = list(words[1:])
    while rest and rest[0].value in ("-L", "-e", "-Le", "--"):
        rest.pop(0)
    if words[0].value not in ("cd", "chdir") or where is None or len(rest) != 1:
        return None
    target = rest[0].value
    if not target or target[0] in "-~+" or "\0" in target:
        return None
    return union((), tuple(posixpath.normpath(posixpath.join(place, target)) for place in where))


def leaves(command: Command, functions: Container[str] = ()) -> bool:
    """Whether what stands behind the command is not reached: `cd x || exit 1`. `functions`: names that are no
    builtins here."""
    if isinstance(command, Compound) and command.kind == "{":
        last = command.blocks[-1].script.items[-1:] if command.blocks else ()
        return bool(last) and not last[0].joint and not last[0].apart and leaves(last[0].command, functions)
    if not isinstance(command, Simple) or not command.words:
        return False
    name = command.words[0].value
    return name in _LEAVES and name not in functions


def may_move(command: Command, functions: Container[str] = ()) -> bool:
    """Whether the command, or anything in it, may change the directory of this shell. `functions`: names that
    may when they are called."""
    if isinstance(command, Function):
        return False
    if isinstance(command, Compound):
        blocks = command.blocks if command.kind not in ("(", "coproc") else ()
        return any(
            may_move(item.command, functions)
            for block in blocks
            for item in block.script.items
            if not item.apart
        )
    if not command.words:
        return False
    name = command.words[0].value
    return name is None or name in MAY_MOVE or name in functions


class Course:
    """One and-or list on its way: where the next command runs if all before it succeeded, and if not."""

    def __init__(self, where: Where) -> None:
        self._start: Where = where
        self._behind = False
        self.passed: Where = where
        self.failed: Where = where

    def before(self, item: Item) -> Where:
        """Returns where this command of the list runs."""
        return self.failed if item.joint == "||" else self.passed

    def after(self, item: Item, moved: Where, stays: Where, *, leaves: bool) -> None:
        """The command leads to `moved` if it succeeds, to `stays` if not; `leaves`: nothing is run after it."""
        self._behind = item.behind
        if item.joint == "&&":
            self.passed, self.failed = moved, union(self.failed, stays)
        elif item.joint == "||":
            self.passed = self.passed if leaves else union(self.passed, moved)
            self.failed = () if leaves else stays
        else:
            self.passed, self.failed = moved, stays

    def end(self) -> Where:
        """Returns where the command after the list runs."""
        return self._start if self._behind else union(self.passed, self.failed)
