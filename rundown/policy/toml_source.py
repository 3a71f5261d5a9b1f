"""TOML documents: values from the standard library, which has no positions; those are found in the lines.

Source: TOML 1.0 (tables, keys).
"""

import json
import re
import tomllib
from typing import Any

from msgspec.structs import replace

from rundown.model.diagnostic import Span
from rundown.policy.node import Node, RefusedError, line_of, placed


def read_toml(text: str, file: str, lines: list[str]) -> Node:
    """Returns the tree.

    Raises: RefusedError for what is not valid TOML, or no policy.
    """
    try:
        value = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
        line, column = (int(at[1]), int(at[2])) if at else (max(len(lines), 1), 1)
        span = Span(file=file, line=line, column=column, excerpt=line_of(lines, line))
        message = re.sub(r" \(at .*\)$", "", str(error))
        raise RefusedError("syntax", f"not valid TOML: {message}", span) from error
    top = Span(file=file, line=1, excerpt=line_of(lines, 1))
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
    span = replace(above, line=line, column=column, excerpt=line_of(lines, line))
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
    return placed(value, None, span)


def _toml_item(item: object, span: Span, lines: list[str]) -> Span:
    if isinstance(item, str):
        for number in range(span.line, len(lines) + 1):
            for quoted in (json.dumps(item, ensure_ascii=False), f"'{item}'"):
                if (at := lines[number - 1].find(quoted)) >= 0:
                    return replace(
                        span, line=number, column=at + 1, length=len(quoted), excerpt=lines[number - 1]
                    )
    return span
