"""YAML text as a tree of values that know where they stand. Refuses what a front matter never needs:
depth over 50, more than 20,000 nodes (aliases counted each time), keys written twice.
"""

from typing import Protocol

import yaml
from msgspec import Struct

from rundown.model.diagnostic import Diagnostic, Span
from rundown.syntax.codes import Code
from rundown.syntax.source import Source

MAX_DEPTH = 50
MAX_NODES = 20_000
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_FIX = "front matter is YAML between two lines of `---`; quote values that hold `: `, `#`, `{` or `[`"


class Node(Struct, frozen=True, kw_only=True):
    """A value. `value` is it as plain data, `text` a scalar as written (so that `1.10` stays `1.10`)."""

    value: object
    span: Span
    text: str | None = None
    items: tuple["Node", ...] | None = None
    entries: tuple[tuple["Node", "Node"], ...] | None = None


class _Mark(Protocol):
    """What both YAML parsers say of a place, 0-based."""

    line: int
    column: int


class _Refused(Exception):  # noqa: N818 - it never leaves this module
    def __init__(self, message: str, mark: _Mark | None) -> None:
        super().__init__(message)
        self.message = message
        self.mark = mark


def read_tree(source: Source, start: int, end: int) -> Node | Diagnostic | None:
    """Returns the tree of the lines from `start` up to before `end` (0-based), None if they are empty."""
    text = source.text(start, end)
    try:
        _check_depth(text)
        root = yaml.compose(text, Loader=_Loader)
        return None if root is None else _Reader(source, start).node(root, 0)
    except _Refused as problem:
        return _diagnostic(source, start, problem.message, problem.mark)
    except yaml.MarkedYAMLError as problem:
        return _diagnostic(source, start, problem.problem or "not YAML", problem.problem_mark)
    except (yaml.YAMLError, ValueError) as problem:
        return _diagnostic(source, start, str(problem).splitlines()[0], None)


def _diagnostic(source: Source, start: int, message: str, mark: _Mark | None) -> Diagnostic:
    line, column = (mark.line, mark.column + 1) if mark is not None else (-1, 1)
    last = max(len(source.lines) - 1, 0)
    span = source.span(min(start + line, last), column)
    return Code.BAD_FRONT_MATTER.at(span, f"the front matter cannot be read: {message}", fix=_FIX)


def _check_depth(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise _Refused(f"nested deeper than {MAX_DEPTH}", event.start_mark)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


class _Reader:
    def __init__(self, source: Source, offset: int) -> None:
        self._source = source
        self._offset = offset
        self._count = 0
        self._scalars = yaml.SafeLoader("")

    def node(self, node: yaml.Node, depth: int) -> Node:
        self._count += 1
        if self._count > MAX_NODES or depth > MAX_DEPTH:
            raise _Refused("too large, or nested too deeply", node.start_mark)
        mark = node.start_mark
        span = self._source.span(mark.line + self._offset, mark.column + 1)
        if isinstance(node, yaml.ScalarNode):
            return Node(value=self._scalar(node), span=span, text=node.value)
        if isinstance(node, yaml.SequenceNode):
            items = tuple(self.node(item, depth + 1) for item in node.value)
            return Node(value=[item.value for item in items], span=span, items=items)
        return self._map(node, span, depth)

    def _map(self, node: yaml.Node, span: Span, depth: int) -> Node:
        entries = tuple((self.node(key, depth + 1), self.node(value, depth + 1)) for key, value in node.value)
        plain: dict[str, object] = {}
        for (key, value), (raw, _) in zip(entries, node.value, strict=True):
            if key.text is None:
                raise _Refused("a key that is no text", raw.start_mark)
            if key.text in plain:
                raise _Refused(f"the key `{key.text}` is written twice", raw.start_mark)
            plain[key.text] = value.value
        return Node(value=plain, span=span, entries=entries)

    def _scalar(self, node: yaml.ScalarNode) -> object:
        kind = node.tag.rpartition(":")[2]
        try:
            if kind == "null":
                return None
            if kind == "bool":
                return bool(self._scalars.construct_yaml_bool(node))
            if kind == "int":
                return int(self._scalars.construct_yaml_int(node))
            if kind == "float":
                return float(self._scalars.construct_yaml_float(node))
        except (ValueError, KeyError, IndexError, OverflowError):
            pass
        return str(node.value)
