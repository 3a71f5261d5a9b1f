"""Argument escapes: what an option makes an otherwise harmless program do.

Uses the table of `rundown.shell.escapes`; `git` has a grammar of its own.
"""

from __future__ import annotations

import re
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

_TARS = frozenset(["tar", "gtar", "bsdtar"])
_NPM_SETTINGS = frozenset(
    [
        "script-shell",
        "node-options",
        "onload-script",
        "init-module",
        "shell",
        "editor",
        "viewer",
        "git",
        "browser",
    ]
)
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
    if name in _TARS:
        words = _with_dashes(words, rows[0].arguments)
    notes = _npm_settings(name, words)
    for row in rows:
        for index in range(1, len(words)):
            if words[index].value == "--" and not (row.words or row.pattern):
                break
            found = _matches(row, words, index)
            if found is not None and _counts(row, found[1]):
                notes.append(f"`{name} {found[0]}` {_SAID[row.effect]}")
                _effect(walker, row, found[1], f"started by {name} {found[0]}")
    return ("escape", "; ".join(dict.fromkeys(notes))) if notes else None


def _npm_settings(name: str, words: Sequence[Word]) -> list[str]:
    """What `npm config set` sets, if that names programs. Source: npm-config(7)."""
    if name not in ("npm", "pnpm", "yarn") or not {word.value for word in words[1:3]} & {
        "config",
        "c",
        "set",
    }:
        return []
    names = (word.prefix.partition("=")[0] for word in words[2:])
    return [f"`{name} config set {item}` names a program" for item in names if item in _NPM_SETTINGS]


def _with_dashes(words: Sequence[Word], valued: str) -> list[Word]:
    """The words with `tar`'s traditional first one (`xIf PROGRAM FILE`) written as options. Source: tar(1)."""
    bundle = words[1].value if len(words) > 1 else None
    if bundle is None or not bundle.isalpha():
        return list(words)
    rest = list(words[2:])
    found = [words[0]]
    for letter in bundle:
        found.append(piece(words[1], f"-{letter}"))
        if letter in valued and rest:
            found.append(rest.pop(0))
    return [*found, *rest]


def _counts(row: Escape, value: Word | None) -> bool:
    """Whether the option is given the kind of argument that the row is about."""
    if not row.when:
        return True
    return (
        value is not None
        and re.match(row.when, value.raw if value.value is None else value.value) is not None
    )


def _matches(row: Escape, words: Sequence[Word], index: int) -> tuple[str, Word | None] | None:
    """The option as it is known, and its argument, if the word there is one of the row."""
    word = words[index]
    text = word.value if word.value is not None else word.prefix
    after = words[index + 1] if index + 1 < len(words) else None
    for start in row.words.split():
        if text.startswith(start):
            return start, _rest(word, len(start)) if start.endswith("=") else None
    if row.pattern and (match := re.match(row.pattern, text)):
        return match.group(), None
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
