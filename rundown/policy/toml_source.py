"""TOML documents: values from the standard library, which has no positions; those are found in the lines.

Source: TOML 1.0 (tables, keys).
"""

import json
import re
import tomllib
from typing import Any

from msgspec.structs import replace

from rundown.model.diagnostic import Span
from rundown.policy.node import MAX_DEPTH, Node, RefusedError, line_of, placed, refuse_many


def read_toml(text: str, file: str, lines: list[str]) -> Node:
    """Returns the tree.

    Raises: RefusedError for what is not valid TOML, or no policy.
    """
    top = Span(file=file, line=1, excerpt=line_of(lines, 1))
    for number, text_line in enumerate(lines, 1):
        if _LONG_KEY.match(text_line) or _LONG_NUMBER.search(text_line):
            span = replace(top, line=number, excerpt=text_line[:_SHOWN])
            raise RefusedError("too-deep", "a key or a number that is far too long", span)
    try:
        value = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
        line, column = (int(at[1]), int(at[2])) if at else (max(len(lines), 1), 1)
        span = Span(file=file, line=line, column=column, excerpt=line_of(lines, line))
        message = re.sub(r" \(at .*\)$", "", str(error))
        raise RefusedError("syntax", f"not valid TOML: {message}", span) from error
    refuse_many(value, top)
    return _toml_node(value, (), _toml_lines(lines), (file, lines, top))


_TOML_HEADER = re.compile(r"\s*\[\[?\s*([^\[\]]+?)\s*\]\]?\s*(#.*)?$")
_LONG_KEY = re.compile(r"""\s*\[{0,2}(?:[\w\-"' ]{1,200}\.){100}""")
_LONG_NUMBER = re.compile(r"=\s*[-+]?(?:0[xob])?[0-9A-Fa-f_]{1000}")
_SHOWN = 200
_AHEAD = 200
"""Lines after the last item in which the next one of a list is looked for."""
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
    if len(path) > MAX_DEPTH:
        raise RefusedError("too-deep", "the document is nested too deeply", above)
    line, column = places.get(path, (above.line, above.column))
    span = replace(above, line=line, column=column, excerpt=line_of(lines, line))
    if isinstance(value, dict):
        inner = {
            key: _toml_node(item, (*path, key), places, (file, lines, span)) for key, item in value.items()
        }
        keys = {key: node.span for key, node in inner.items()}
        return Node(value=inner, span=span, keys=keys)
    if isinstance(value, list):
        items = []
        at = span
        for item in value:
            at = _toml_item(item, at, lines)
            items.append(_toml_node(item, (*path, "[]"), places, (file, lines, at)))
        return Node(value=tuple(items), span=span)
    return placed(value, None, span)


def _toml_item(item: object, span: Span, lines: list[str]) -> Span:
    """The place of a list's next item, `span` being that of the one before it or of the list."""
    if isinstance(item, str):
        after = span.column - 1 + span.length
        for number in range(span.line, min(len(lines), span.line + _AHEAD) + 1):
            start = after if number == span.line else 0
            for quoted in (json.dumps(item, ensure_ascii=False), f"'{item}'"):
                if (at := lines[number - 1].find(quoted, start)) >= 0:
                    return replace(
                        span, line=number, column=at + 1, length=len(quoted), excerpt=lines[number - 1]
                    )
    return span
