"""YAML documents, read from parser events: nothing is ever constructed, nothing is ever expanded.

Anchors, aliases, merge keys and tags are refused, depth and size are bounded. Scalars follow the YAML 1.2
core schema (`no` and `on` are text). Source: YAML 1.2.2 §10.3.
"""

import re
from collections.abc import Iterator
from typing import Any

import yaml

from rundown.model.diagnostic import Diagnostic, Span
from rundown.policy.node import MAX_DEPTH, MAX_NODES, Node, RefusedError, Scalar, shown, sound_scalar

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"[-+]?[0-9]{1,15}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,3})?")
_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}

_ALIAS_FIX = "write it out; a pattern that begins with * or & goes into quotes"


def read_yaml(text: str, file: str, lines: list[str]) -> tuple[Node | None, tuple[Diagnostic, ...]]:
    """Returns the tree, or None and the keys that stand twice.

    Raises: RefusedError for whatever else is wrong.
    """
    return _YamlReader(text, file, lines).document()


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
            raise RefusedError("syntax", message, span) from error
        except yaml.YAMLError as error:
            message = f"not valid YAML: {' '.join(str(error).split())}"
            raise RefusedError("syntax", message, Span(file=self._file, line=1)) from error
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
            raise RefusedError("syntax", "more than one YAML document in the file", span, "keep one")
        return node

    def _node(self, event: Any, depth: int) -> Node:
        span = self._span(event.start_mark, event.end_mark)
        self._count += 1
        if depth > MAX_DEPTH or self._count > MAX_NODES:
            raise RefusedError("too-deep", "the document is nested too deeply or has too many entries", span)
        if isinstance(event, yaml.AliasEvent) or event.anchor:
            raise RefusedError("yaml-alias", "anchors and aliases are not allowed", span, _ALIAS_FIX)
        if event.tag is not None:
            raise RefusedError(
                "yaml-tag", f"the tag {shown(event.tag)} is not allowed", span, "remove the tag"
            )
        if isinstance(event, yaml.ScalarEvent):
            plain = event.implicit[0] and not event.style
            return Node(value=sound_scalar(_scalar(event.value) if plain else event.value, span), span=span)
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
                raise RefusedError("wrong-type", "a key must be text", key.span)
            name: str = event.value
            if name in found:
                message = f"the key `{shown(name)}` stands here twice (first in line {keys[name].line})"
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
