"""A document's bytes become a tree of nodes, each knowing where it stands.

YAML is read from parser events, so that nothing is ever constructed: anchors, aliases, merge keys and
tags are refused, depth and size are bounded. JSON and TOML go through the standard library; positions
are found beside it. Scalars follow the YAML 1.2 core schema (`no` and `on` are text).
"""

import json
import re
import tomllib
from collections.abc import Iterator
from typing import Any, Literal

import msgspec
import yaml
from msgspec import Struct

from rundown.model.diagnostic import Diagnostic, Span

Syntax = Literal["yaml", "json", "toml"]
Scalar = str | int | float | bool | None

MAX_BYTES = 1 << 20
MAX_DEPTH = 24
MAX_NODES = 50_000

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"[-+]?[0-9]{1,15}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,3})?")
_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}

_MEND = "look for a bracket, quote or indent that is not closed, here or just above"


_ALIAS_FIX = "write it out; a pattern that begins with * or & goes into quotes"
_FIXES = {
    "syntax": "mend it there; in YAML, a pattern that begins with * or { goes into quotes",
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


class _RefusedError(Exception):
    def __init__(self, code: str, message: str, span: Span | None, fix: str = "") -> None:
        super().__init__(message)
        self.diagnostic = Diagnostic(
            code=f"policy/{code}", message=message, span=span, fix=fix or _FIXES.get(code, "")
        )


def read_node(content: bytes, file: str, syntax: Syntax) -> tuple[Node | None, tuple[Diagnostic, ...]]:
    """Returns the document's tree, or None and why it cannot be read. Never raises."""
    try:
        text = _decode(content, file)
        lines = text.splitlines()
        match syntax:
            case "yaml":
                return _YamlReader(text, file, lines).document()
            case "json":
                return _read_json(text, file, lines), ()
            case "toml":
                return _read_toml(text, file, lines), ()
    except _RefusedError as refused:
        return None, (refused.diagnostic,)
    except RecursionError:
        return None, (_too_deep(file),)


def _decode(content: bytes, file: str) -> str:
    if len(content) > MAX_BYTES:
        raise _RefusedError("too-large", f"the document is larger than {MAX_BYTES} bytes", None, "split it")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _RefusedError("encoding", "the document is not UTF-8", Span(file=file, line=line)) from error


def _too_deep(file: str) -> Diagnostic:
    return Diagnostic(
        code="policy/too-deep",
        message="the document is nested too deeply",
        span=Span(file=file, line=1),
        fix=_FIXES["too-deep"],
    )


class _YamlReader:
    def __init__(self, text: str, file: str, lines: list[str]) -> None:
        self._events: Iterator[Any] = yaml.parse(text, Loader=_LOADER)
        self._file = file
        self._lines = lines
        self._count = 0
        self._problems: list[Diagnostic] = []

    def document(self) -> tuple[Node | None, tuple[Diagnostic, ...]]:
        try:
            node = self._whole()
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            span = self._span(mark, mark) if mark else None
            message = f"not valid YAML: {error.problem or error.context}"
            raise _RefusedError("syntax", message, span, _MEND) from error
        except yaml.YAMLError as error:
            message = f"not valid YAML: {' '.join(str(error).split())}"
            raise _RefusedError("syntax", message, Span(file=self._file, line=1), _MEND) from error
        return (None if self._problems else node), tuple(self._problems)

    def _whole(self) -> Node:
        event = next(self._events)
        while isinstance(event, yaml.StreamStartEvent | yaml.DocumentStartEvent):
            event = next(self._events)
        if isinstance(event, yaml.StreamEndEvent):
            return Node(value={}, span=Span(file=self._file, line=1))
        node = self._node(event, 0)
        next(self._events)
        after = next(self._events)
        if not isinstance(after, yaml.StreamEndEvent):
            span = self._span(after.start_mark, after.start_mark)
            raise _RefusedError("syntax", "more than one YAML document in the file", span, "keep one")
        return node

    def _node(self, event: Any, depth: int) -> Node:
        span = self._span(event.start_mark, event.end_mark)
        self._count += 1
        if depth > MAX_DEPTH or self._count > MAX_NODES:
            raise _RefusedError("too-deep", "the document is nested too deeply or has too many entries", span)
        if isinstance(event, yaml.AliasEvent) or event.anchor:
            raise _RefusedError("yaml-alias", "anchors and aliases are not allowed", span, _ALIAS_FIX)
        if event.tag is not None:
            raise _RefusedError("yaml-tag", f"the tag {event.tag} is not allowed", span, "remove the tag")
        if isinstance(event, yaml.ScalarEvent):
            plain = event.implicit[0] and not event.style
            return Node(value=_sound(_scalar(event.value) if plain else event.value, span), span=span)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._list(span, depth)
        return self._map(span, depth)

    def _list(self, span: Span, depth: int) -> Node:
        found: list[Node] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            found.append(self._node(event, depth + 1))
        return Node(value=tuple(found), span=span)

    def _map(self, span: Span, depth: int) -> Node:
        found: dict[str, Node] = {}
        keys: dict[str, Span] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._node(event, depth + 1)
            value = self._node(next(self._events), depth + 1)
            if not isinstance(event, yaml.ScalarEvent):
                raise _RefusedError("wrong-type", "a key must be text", key.span)
            name: str = event.value
            if name in found:
                message = f"the key `{name}` stands here twice (first in line {keys[name].line})"
                self._problems.append(
                    Diagnostic(
                        code="policy/duplicate-key", message=message, span=key.span, fix="join the two"
                    )
                )
            found[name], keys[name] = value, key.span
        return Node(value=found, span=span, keys=keys)

    def _span(self, start: Any, end: Any) -> Span:
        length = end.column - start.column if end.line == start.line else 0
        excerpt = self._lines[start.line] if start.line < len(self._lines) else ""
        return Span(
            file=self._file,
            line=start.line + 1,
            column=start.column + 1,
            length=max(length, 0),
            excerpt=excerpt,
        )


def _scalar(text: str) -> Scalar:
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def _sound(value: Any, span: Span) -> Scalar:
    """Returns the scalar if every canonical form of it exists (finite, exact, valid Unicode)."""
    if not isinstance(value, str | int | float | bool | None):
        raise _RefusedError(
            "wrong-type", f"a {type(value).__name__} has no place in a policy", span, "quote it"
        )
    if isinstance(value, str) and any("\ud800" <= char <= "\udfff" for char in value):
        raise _RefusedError("encoding", "half of a surrogate pair is no text", span)
    if isinstance(value, int | float) and not abs(value) < 1 << 53:
        raise _RefusedError("wrong-value", f"the number {value} is too large", span)
    return value


def _read_json(text: str, file: str, lines: list[str]) -> Node:
    try:
        value = json.loads(text, object_pairs_hook=_distinct)
    except json.JSONDecodeError as error:
        span = Span(file=file, line=error.lineno, column=error.colno, excerpt=_line(lines, error.lineno))
        raise _RefusedError("syntax", f"not valid JSON: {error.msg}", span, _MEND) from error
    except ValueError as error:
        raise _RefusedError("duplicate-key", str(error), Span(file=file, line=1), "join the two") from error
    # Tabs are blanks in JSON and errors in YAML; a valid JSON string holds none.
    places, _ = read_node(text.replace("\t", " ").encode(), file, "yaml")
    return _placed(value, places, Span(file=file, line=1, excerpt=_line(lines, 1)))


def _distinct(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = next(key for key, _ in pairs if [name for name, _ in pairs].count(key) > 1)
        raise ValueError(f"the key `{twice}` stands twice in one object")
    return found


def _placed(value: Any, place: Node | None, above: Span, depth: int = 0) -> Node:
    """Returns `value` with the positions of `place` wherever the two have the same shape."""
    if depth > MAX_DEPTH:
        raise _RefusedError("too-deep", "the document is nested too deeply", above)
    span = place.span if place else above
    if isinstance(value, dict):
        nodes = place.entries() if place else {}
        known = place.keys if place else {}
        keys = {key: known.get(key, span) for key in value}
        found = {key: _placed(item, nodes.get(key), keys[key], depth + 1) for key, item in value.items()}
        return Node(value=found, span=span, keys=keys)
    if isinstance(value, list):
        items = place.items() if place else ()
        return Node(
            value=tuple(
                _placed(item, items[at] if at < len(items) else None, span, depth + 1)
                for at, item in enumerate(value)
            ),
            span=span,
        )
    return Node(value=_sound(value, span), span=span)


def _read_toml(text: str, file: str, lines: list[str]) -> Node:
    try:
        value = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
        line, column = (int(at[1]), int(at[2])) if at else (max(len(lines), 1), 1)
        span = Span(file=file, line=line, column=column, excerpt=_line(lines, line))
        message = re.sub(r" \(at .*\)$", "", str(error))
        raise _RefusedError("syntax", f"not valid TOML: {message}", span, _MEND) from error
    top = Span(file=file, line=1, excerpt=_line(lines, 1))
    return _toml_node(value, (), _toml_lines(lines), (file, lines, top))


_TOML_HEADER = re.compile(r"\s*\[\[?\s*([^\[\]]+?)\s*\]\]?\s*(#.*)?$")
_TOML_KEY = re.compile(r"""\s*([\w.\-"' ]+?)\s*=""")


def _toml_lines(lines: list[str]) -> dict[tuple[str, ...], tuple[int, int]]:
    """Line and column of each key path that stands at the start of a line (tomllib gives none)."""
    found: dict[tuple[str, ...], tuple[int, int]] = {}
    table: tuple[str, ...] = ()
    for number, line in enumerate(lines, 1):
        if header := _TOML_HEADER.match(line):
            table = _toml_path(header[1])
            found.setdefault(table, (number, line.index("[") + 1))
        elif key := _TOML_KEY.match(line):
            found.setdefault((*table, *_toml_path(key[1])), (number, key.start(1) + 1))
    return found


def _toml_path(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))


def _toml_node(
    value: Any,
    path: tuple[str, ...],
    places: dict[tuple[str, ...], tuple[int, int]],
    source: tuple[str, list[str], Span],
) -> Node:
    file, lines, above = source
    line, column = places.get(path, (above.line, above.column))
    span = msgspec.structs.replace(above, line=line, column=column, excerpt=_line(lines, line))
    if isinstance(value, dict):
        inner = {
            key: _toml_node(item, (*path, key), places, (file, lines, span)) for key, item in value.items()
        }
        keys = {key: node.span for key, node in inner.items()}
        return Node(value=inner, span=span, keys=keys)
    if isinstance(value, list):
        return Node(
            value=tuple(
                _toml_node(item, (*path, "[]"), places, (file, lines, _toml_item(item, span, lines)))
                for item in value
            ),
            span=span,
        )
    return _placed(value, None, span)


def _toml_item(item: object, span: Span, lines: list[str]) -> Span:
    if isinstance(item, str):
        for number in range(span.line, len(lines) + 1):
            for quoted in (json.dumps(item, ensure_ascii=False), f"'{item}'"):
                if (at := lines[number - 1].find(quoted)) >= 0:
                    return msgspec.structs.replace(
                        span, line=number, column=at + 1, length=len(quoted), excerpt=lines[number - 1]
                    )
    return span


def _line(lines: list[str], number: int) -> str:
    return lines[number - 1] if 0 < number <= len(lines) else ""
