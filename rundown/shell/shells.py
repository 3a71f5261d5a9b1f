"""Shells as programs: `sh -c TEXT`, `sh FILE`, and commands from standard input.

Source: bash(1) OPTIONS, dash(1) OPTIONS. Only what bash and dash read is read; other shells are opaque.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rundown.shell.code import made_on_the_spot
from rundown.shell.cursor import Dialect
from rundown.shell.finding import Found
from rundown.shell.options import grammar, read_options
from rundown.shell.tree import Word

if TYPE_CHECKING:
    from rundown.shell.walk import Walker

_SHELL_SHORT = "abefhiklmnprstuvxBCDEHITPVqcO:o:"
_SHELL_LONG = "norc noprofile posix login restricted verbose noediting debugger dump-strings help version rcfile= init-file="
_SHELL = grammar(_SHELL_SHORT, _SHELL_LONG)
_READ_ALIKE = {
    "bash": "bash",
    "rbash": "bash",
    "sh": "sh",
    "dash": "sh",
    "ash": "sh",
    "ksh": "bash",
    "mksh": "bash",
    "ksh93": "bash",
    "zsh": "bash",
}
_EXACT = frozenset(["bash", "rbash", "sh", "dash", "ash"])


def shell(walker: Walker, name: str, words: Sequence[Word]) -> Found | None:
    """`sh -c TEXT`, `sh FILE`, or commands from standard input."""
    words = [word for index, word in enumerate(words) if index == 0 or not _is_plus_option(words, index)]
    line = read_options(words, _SHELL)
    given = {option.name for option in line.options}
    if line.uncertain is not None:
        walker.ledger.dynamic(words, f"what `{name}` runs is only known at run time")
        return "wrapper", ""
    if given & {"version", "help"}:
        return None
    for option in line.options:
        if option.name in ("rcfile", "init-file") and "i" in given:
            return "opaque", f"`{name}` runs the commands of a file when it starts"
    rest = words[line.first :]
    if "c" in given:
        if not rest:
            return "literal", ""
        if name not in _EXACT:
            return _other_shell(walker, name, rest[0])
        _command_text(walker, name, rest[0])
        return "wrapper", ""
    if not rest or "s" in given or made_on_the_spot(rest[0]):
        _input_text(walker, name)
        return "opaque", f"`{name}` runs commands from standard input"
    if rest[0].splits:
        walker.ledger.dynamic(words, f"what `{name}` runs is only known at run time")
    return None


def _input_text(walker: Walker, name: str) -> None:
    """Goes through what a here-document or here-string gives to a shell. It stays opaque: what it starts may read
    a part of that text itself."""
    text = walker.input
    if name in _READ_ALIKE and text is not None and text.value is not None:
        dialect: Dialect = "bash" if _READ_ALIKE[name] == "bash" else "sh"
        walker.child(text.value, text, dialect, f"read by {name} from standard input")


def _command_text(walker: Walker, name: str, word: Word) -> None:
    note = f"started by {name} -c"
    if word.value is None:
        walker.ledger.dynamic([word], f"{note}: text that is only known at run time")
    else:
        walker.child(word.value, word, "bash" if _READ_ALIKE[name] == "bash" else "sh", note)


def _other_shell(walker: Walker, name: str, word: Word) -> Found:
    note = f"`{name}` reads its text by rules of its own"
    if name in _READ_ALIKE and word.value is not None:
        walker.child(word.value, word, "bash", f"started by {name} -c")
    walker.ledger.dynamic([word], note)
    return "opaque", note


def _is_plus_option(words: Sequence[Word], index: int) -> bool:
    value = words[index].value or ""
    before = words[index - 1].value or ""
    return (
        value.startswith("+") and len(value) > 1 and all(w.prefix[:1] in "-+" for w in words[1:index])
    ) or before in ("+O", "+o")
