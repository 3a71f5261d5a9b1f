"""What tree-sitter-bash sees in a text: its commands, or that it cannot read it.

A witness, not a judge: it says which words stand in command position, nothing about what they mean.
"""

from collections.abc import Iterator
from functools import cache

import tree_sitter_bash
from msgspec import Struct
from tree_sitter import Language, Node, Parser

_NOT_WORDS = frozenset(
    [
        "variable_assignment",
        "file_redirect",
        "heredoc_redirect",
        "herestring_redirect",
        "variable_assignments",
    ]
)
_ACTIVE = frozenset("\\*?[{~$`\"'")


class Seen(Struct, frozen=True, kw_only=True):
    """The name of one command: `value` if it is plain text, None if not; `text` as written; its span in bytes."""

    value: str | None
    text: str
    span: tuple[int, int]


class Sight(Struct, frozen=True, kw_only=True):
    """All commands in the order of the text; `error` says where it could not be read, or None."""

    commands: tuple[Seen, ...]
    error: str | None = None


@cache
def _parser() -> Parser:
    return Parser(Language(tree_sitter_bash.language()))


def look(source: bytes) -> Sight:
    """Returns every command of the text, nested ones included."""
    root = _parser().parse(source).root_node
    error = None
    if root.has_error:
        bad = next((node for node in _nodes(root) if node.is_error or node.is_missing), root)
        error = f"not readable for tree-sitter at byte {bad.start_byte}"
    return Sight(commands=tuple(_commands(root)), error=error)


def _commands(root: Node) -> Iterator[Seen]:
    for node in _nodes(root):
        if node.type == "command":
            name = next((child for child in node.children if child.type not in _NOT_WORDS), None)
            if name is not None:
                text = (name.text or b"").decode("utf-8", "replace")
                yield Seen(value=_value(text), text=text, span=(name.start_byte, name.end_byte))


def _nodes(root: Node) -> Iterator[Node]:
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(node.children))


def _value(text: str) -> str | None:
    if text[:1] == text[-1:] and text[:1] in ("'", '"') and len(text) > 1:
        text = text[1:-1]
    return None if set(text) & _ACTIVE else text
