"""What bashlex sees in a text: its commands, or nothing if it cannot read it, which is often.

A witness, not a judge. It is asked only about short texts, for it takes about ten microseconds a character, and never
about `${` without its brace, from which bashlex 0.18 does not come back.
"""

import re
from collections.abc import Iterator
from typing import Any

import bashlex
import bashlex.ast

from rundown.shell.witness_tree import Seen

MAX_CHARACTERS = 2048
_ACTIVE = frozenset("*?[{~$`")
_OPEN_BRACE = re.compile(r"\$\{(?![^\s\\'\"`${}]*\})")
"""`bashlex.subst._paramexpand` looks for the brace with `str.find` within the word, takes -1 for a place, and starts again."""


def look(text: str) -> tuple[Seen, ...]:
    """Returns every command that bashlex finds, spans in characters; none if it cannot read the text."""
    if len(text) > MAX_CHARACTERS or _OPEN_BRACE.search(text):
        return ()
    try:
        return tuple(_commands(bashlex.parse(text)))
    except Exception:
        # bashlex 0.18 answers text it does not know with NotImplementedError, ParsingError, AssertionError,
        # TypeError, IndexError, RecursionError: all of them mean that it has nothing to say
        return ()


def _commands(roots: list[Any]) -> Iterator[Seen]:
    stack = list(reversed(roots))
    while stack:
        node = stack.pop()
        if node.kind == "command":
            word = next((part for part in node.parts if part.kind == "word"), None)
            if word is not None:
                plain = not word.parts and not set(word.word) & _ACTIVE
                yield Seen(value=word.word if plain else None, text=word.word, span=word.pos)
        for name in ("parts", "list", "command", "output", "input"):
            below = getattr(node, name, None)
            if isinstance(below, list):
                stack.extend(below)
            elif isinstance(below, bashlex.ast.node):
                stack.append(below)
