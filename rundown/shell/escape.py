"""Argument escapes: what an option makes an otherwise harmless program do.

Uses the table of `rundown.shell.escapes`; `git` has a grammar of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rundown.model.request import Capability
from rundown.shell.escapes import Escape, escapes
from rundown.shell.finding import Found
from rundown.shell.git import git
from rundown.shell.interpreters import unversioned
from rundown.shell.options import piece, unknown
from rundown.shell.tree import Word

if TYPE_CHECKING:
    from rundown.shell.walk import Walker

_SAID = {
    "shell": "starts a program",
    "program": "starts a program",
    "starts": "starts a program",
    "write": "writes a file",
    "read": "reads a file of settings",
    "code": "runs code or commands",
    "changes": "changes or removes files",
}


def escaped(walker: Walker, name: str, words: Sequence[Word]) -> Found | None:
    """Returns the kind and reason for a program whose options make it more than its name says, None for others."""
    if name == "git":
        return git(walker, words)
    rows = escapes().get(name) or escapes().get(unversioned(name))
    if rows is None:
        return None
    notes: list[str] = []
    for row in rows:
        for index in range(1, len(words)):
            if words[index].value == "--" and not row.words:
                break
            found = _matches(row, words, index)
            if found is not None:
                notes.append(f"`{name} {found[0]}` {_SAID[row.effect]}")
                _effect(walker, row, found[1], f"started by {name} {found[0]}")
    return ("escape", "; ".join(dict.fromkeys(notes))) if notes else None


def _matches(row: Escape, words: Sequence[Word], index: int) -> tuple[str, Word | None] | None:
    """The option as it is known, and its argument, if the word there is one of the row."""
    word = words[index]
    text = word.value if word.value is not None else word.prefix
    after = words[index + 1] if index + 1 < len(words) else None
    for start in row.words.split():
        if text.startswith(start):
            return start, _rest(word, len(start)) if start.endswith("=") else None
    if text.startswith("--") or (row.single and text.startswith("-")):
        name, equals, _ = text.lstrip("-").partition("=")
        for option in row.long.split():
            if name == option or (len(name) > 2 and option.startswith(name) and not row.single):
                return f"--{option}", _rest(word, text.index("=") + 1) if equals else after
        return None
    if not text.startswith("-") or row.single:
        return None
    for place, letter in enumerate(text[1:], 2):
        if letter in row.letters:
            attached = len(text) > place or word.value is None
            return f"-{letter}", (
                _rest(word, place) if attached else after
            ) if letter in row.arguments else None
        if letter in row.arguments:
            return None
    return None


def _rest(word: Word, cut: int) -> Word:
    if word.value is None:
        return unknown(word)
    return piece(word, word.value[cut:])


def _effect(walker: Walker, row: Escape, value: Word | None, note: str) -> None:
    if value is None:
        return
    if row.effect == "write" and value.value and value.value != "-":
        walker.ledger.touch(Capability.WRITE, value.value, value, note.replace("started", "written"))
    elif row.effect == "read" and value.value:
        walker.ledger.touch(Capability.READ, value.value, value, note.replace("started", "read"))
    elif row.effect == "shell":
        if value.value is None:
            walker.ledger.dynamic([value], f"{note}: text that is only known at run time")
        else:
            walker.child(value.value, value, "sh", note)
    elif row.effect == "program":
        walker.program([value, unknown(value)], note)
