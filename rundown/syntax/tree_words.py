"""Readings of a tree-sitter tree of shell text: commands, their words, here-documents."""

import re

from tree_sitter import Node

from rundown.syntax.interpreters import Word

_NO_WORDS = ("variable_assignment", "file_redirect", "herestring_redirect", "heredoc_redirect", "comment")


def ancestor(node: Node, kind: str) -> Node | None:
    """Returns `node` or the nearest node around it that is of `kind`."""
    found: Node | None = node
    while found is not None and found.type != kind:
        found = found.parent
    return found


def has_array(assignment: Node) -> bool:
    """Tells whether an assignment's value is written as an array."""
    return any(child.type == "array" for child in assignment.named_children)


def end_word(node: Node) -> str:
    """Returns the end word of the here-document that `node` is in, as written behind `<<`."""
    redirect = ancestor(node, "heredoc_redirect")
    starts = [child for child in redirect.children if child.type == "heredoc_start"] if redirect else []
    return text_of(starts[0]).decode("utf-8", "replace") if starts else "''"


def commands_in(node: Node) -> list[Node]:
    """Returns every simple command in `node`, at any depth."""
    found, pending = [], [node]
    while pending:
        item = pending.pop()
        if item.type == "command":
            found.append(item)
        pending.extend(item.named_children)
    return found


def words_of(command: Node) -> tuple[list[Word], list[Node]]:
    """Returns the words of a command, its name first, and the node of each."""
    words, nodes = [], []
    for child in command.named_children:
        if child.type in _NO_WORDS:
            continue
        node = child.named_children[0] if child.type == "command_name" and child.named_children else child
        words.append(_word(node))
        nodes.append(child)
    return words, nodes


def _word(node: Node) -> Word:
    text, whole = _literal(node)
    return Word(text=text if whole else None, prefix=text)


def _literal(node: Node) -> tuple[str, bool]:
    """Returns the literal text that a word begins with, and whether that is all of it."""
    raw = text_of(node).decode("utf-8", "replace")
    if node.type in ("word", "number", "test_operator", "variable_name"):
        return re.sub(r"\\(.)", r"\1", raw), True
    if node.type == "raw_string":
        return raw[1:-1], True
    if node.type == "string":
        return _pieces([child for child in node.children if child.type != '"'])
    if node.type == "string_content":
        return re.sub(r"\\([$`\"\\])", r"\1", raw), True
    if node.type == "concatenation":
        return _pieces(node.children)
    return "", False


def _pieces(nodes: list[Node]) -> tuple[str, bool]:
    text = ""
    for node in nodes:
        part, whole = _literal(node)
        text += part
        if not whole:
            return text, False
    return text, True


def text_of(node: Node) -> bytes:
    """Returns the bytes that a node covers."""
    return node.text or b""
