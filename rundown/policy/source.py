"""A document's bytes become a tree of nodes, each knowing where it stands. Total: nothing is raised.

YAML has its own reader; JSON goes through the standard library and takes its positions from the YAML
reader, TOML from its lines.
"""

import json
from typing import Literal

from msgspec.structs import replace

from rundown.model.diagnostic import Diagnostic, Span
from rundown.policy.node import Node, RefusedError, line_of, placed, refuse_many, shown
from rundown.policy.toml_source import read_toml
from rundown.policy.yaml_source import read_yaml

Syntax = Literal["yaml", "json", "toml"]

MAX_BYTES = 1 << 20
_DIGITS = 20


def read_node(content: bytes, file: str, syntax: Syntax) -> tuple[Node | None, tuple[Diagnostic, ...]]:
    """Returns the document's tree, or None and why it cannot be read. Never raises."""
    try:
        text = _decode(content, file)
        lines = text.splitlines()
        match syntax:
            case "yaml":
                return read_yaml(text, file, lines)
            case "json":
                return _read_json(text, file, lines), ()
            case "toml":
                return read_toml(text, file, lines), ()
    except RefusedError as refused:
        return None, (refused.diagnostic,)
    except RecursionError:
        deep = RefusedError("too-deep", "the document is nested too deeply", Span(file=file, line=1))
        return None, (deep.diagnostic,)


def _decode(content: bytes, file: str) -> str:
    if len(content) > MAX_BYTES:
        raise RefusedError(
            "too-large", f"the document is larger than {MAX_BYTES} bytes", Span(file=file, line=1), "split it"
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise RefusedError("encoding", "the document is not UTF-8", Span(file=file, line=line)) from error


def _read_json(text: str, file: str, lines: list[str]) -> Node:
    try:
        value = json.loads(text, object_pairs_hook=_distinct, parse_int=_bounded)
    except json.JSONDecodeError as error:
        span = Span(file=file, line=error.lineno, column=error.colno, excerpt=line_of(lines, error.lineno))
        raise RefusedError("syntax", f"not valid JSON: {error.msg}", span) from error
    except ValueError as error:
        raise RefusedError("duplicate-key", str(error), Span(file=file, line=1), "join the two") from error
    refuse_many(value, Span(file=file, line=1, excerpt=line_of(lines, 1)))
    # Tabs are blanks in JSON and errors in YAML; a valid JSON string holds none.
    places, refusals = read_node(text.replace("\t", " ").encode(), file, "yaml")
    try:
        return placed(value, places, Span(file=file, line=1, excerpt=line_of(lines, 1)))
    except RefusedError as refused:
        # What JSON may hold and no policy can, YAML refused already, and knows where.
        known = (item.span for item in refusals if item.span is not None)
        refused.diagnostic = replace(refused.diagnostic, span=next(known, refused.diagnostic.span))
        raise


def _bounded(digits: str) -> int | float:
    """A number that no document can hold is refused where it stands, not where it is read."""
    return int(digits) if len(digits) <= _DIGITS else float("inf")


def _distinct(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise ValueError(f"the key `{shown(twice)}` stands twice in one object")
    return found
