"""The tree that documents are read into: every value knows its place, whatever syntax it came in."""

from typing import Any

from msgspec import Struct

from rundown.model.diagnostic import Diagnostic, Span

Scalar = str | int | float | bool | None

MAX_DEPTH = 24
MAX_SHOWN = 80
MAX_NODES = 50_000
"""Entries of a document, whatever its syntax; a policy has hundreds, the project file of one thousands."""

_FIXES = {
    "syntax": "look for a bracket, quote or indent that is not closed, here or just above; "
    "in YAML, a pattern that begins with * or { goes into quotes",
    "encoding": "save the document as UTF-8",
    "too-deep": "write it plainer: no policy needs more than a few levels",
    "wrong-type": "write it as text, in quotes",
    "wrong-value": "write a smaller number",
}


class Node(Struct, frozen=True, kw_only=True):
    """A scalar, a list or a map of a document. `keys` are the places of a map's keys."""

    value: "Scalar | tuple[Node, ...] | dict[str, Node]"
    span: Span
    keys: dict[str, Span] = {}

    def plain(self) -> object:
        """Returns the value without positions: str, int, float, bool, None, list, dict."""
        if isinstance(self.value, tuple):
            return [item.plain() for item in self.value]
        if isinstance(self.value, dict):
            return {key: item.plain() for key, item in self.value.items()}
        return self.value

    def entries(self) -> dict[str, "Node"]:
        """Returns the map's nodes by key; empty if this is no map."""
        return self.value if isinstance(self.value, dict) else {}

    def items(self) -> tuple["Node", ...]:
        """Returns the list's nodes; empty if this is no list."""
        return self.value if isinstance(self.value, tuple) else ()


class RefusedError(Exception):
    """A document cannot be read on from here. Caught where reading began, never seen outside."""

    def __init__(self, code: str, message: str, span: Span | None, fix: str = "") -> None:
        super().__init__(message)
        self.diagnostic = Diagnostic(
            code=f"policy/{code}", message=message, span=span, fix=fix or _FIXES.get(code, "")
        )


def sound_scalar(value: Any, span: Span) -> Scalar:
    """Returns the scalar if every canonical form of it exists (finite, exact, valid Unicode)."""
    if not isinstance(value, str | int | float | bool | None):
        raise RefusedError(
            "wrong-type", f"a {type(value).__name__} has no place in a policy", span, "quote it"
        )
    if isinstance(value, str) and any("\ud800" <= char <= "\udfff" for char in value):
        raise RefusedError("encoding", "half of a surrogate pair is no text", span)
    if isinstance(value, int | float) and not abs(value) < 1 << 53:
        # Not shown: turning a very long integer into text is an error of its own.
        raise RefusedError("wrong-value", "a number that is too large to be exact", span)
    return value


def count_nodes(value: Any) -> int:
    """Returns how many nodes a value will become, stopping soon after `MAX_NODES`."""
    waiting, count = [value], 0
    while waiting and count <= MAX_NODES:
        item = waiting.pop()
        count += 1
        if isinstance(item, dict | list):
            waiting.extend(item.values() if isinstance(item, dict) else item)
    return count


def refuse_many(value: Any, span: Span) -> None:
    """Raises: RefusedError for a value with more than `MAX_NODES` entries."""
    if count_nodes(value) > MAX_NODES:
        raise RefusedError("too-deep", f"the document has more than {MAX_NODES} entries", span)


def placed(value: Any, place: Node | None, above: Span, depth: int = 0) -> Node:
    """Returns `value` with the positions of `place` wherever the two have the same shape.

    `above` is the place of whatever has none. Raises: RefusedError for what no policy can hold.
    """
    if depth > MAX_DEPTH:
        raise RefusedError("too-deep", "the document is nested too deeply", above)
    span = place.span if place else above
    if isinstance(value, dict):
        nodes = place.entries() if place else {}
        known = place.keys if place else {}
        keys = {key: known.get(key, span) for key in value}
        found = {key: placed(item, nodes.get(key), keys[key], depth + 1) for key, item in value.items()}
        return Node(value=found, span=span, keys=keys)
    if isinstance(value, list):
        items = place.items() if place else ()
        return Node(
            value=tuple(
                placed(item, items[at] if at < len(items) else None, span, depth + 1)
                for at, item in enumerate(value)
            ),
            span=span,
        )
    return Node(value=sound_scalar(value, span), span=span)


def line_of(lines: list[str], number: int) -> str:
    """Returns the line of that 1-based number, "" if there is none."""
    return lines[number - 1] if 0 < number <= len(lines) else ""


def shown(value: object) -> str:
    """Returns what a document holds for a message: not more than fits into a line."""
    text = str(value)
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"


def problem(code: str, message: str, span: Span, fix: str = "") -> Diagnostic:
    """Returns an error of this room; `code` without the room."""
    return Diagnostic(code=f"policy/{code}", message=message, span=span, fix=fix)
