"""What tree-sitter-bash sees in a text: its commands, or that it cannot read it.

A witness, not a judge: it says which words stand in command position, nothing about what they mean.
"""

from collections.abc import Iterator
from functools import cache

import tree_sitter_bash
from msgspec import Struct
from tree_sitter import Language, Node, Parser


class Seen(Struct, frozen=True, kw_only=True):
    """One command. `words` are literal values, None where a word is not literal; `text` is the name as written."""

    text: str
    words: tuple[str | None, ...]
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
        error = f"not readable as shell text at byte {bad.start_byte}"
    return Sight(
        commands=tuple(
            _seen(node)
            for node in _nodes(root)
            if node.type in ("command", "declaration_command", "unset_command")
        ),
        error=error,
    )


def _nodes(root: Node) -> Iterator[Node]:
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(node.children))


def _seen(node: Node) -> Seen:
    words = [
        child
        for child in node.children
        if child.type
        not in ("variable_assignment", "file_redirect", "heredoc_redirect", "herestring_redirect", ";")
    ]
    text = _text(words[0]) if words else ""
    return Seen(
        text=text, words=tuple(_literal(word) for word in words), span=(node.start_byte, node.end_byte)
    )


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "surrogateescape")


def _literal(node: Node) -> str | None:
    if node.type == "command_name":
        return _literal(node.children[0]) if node.child_count == 1 else None
    if node.type in ("word", "number"):
        text = _text(node)
        return None if set(text) & set("\\*?[{~$`") else text
    if node.type == "raw_string":
        return _text(node)[1:-1]
    if node.type == "string":
        inner = node.children[1:-1]
        if any(child.type != "string_content" for child in inner):
            return None
        text = _text(node)[1:-1]
        return None if "\\" in text else text
    if node.type == "concatenation":
        parts = [_literal(child) for child in node.children]
        return None if None in parts else "".join(part for part in parts if part is not None)
    if not node.is_named:
        return _text(node)
    return None
