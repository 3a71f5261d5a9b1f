"""Adds one entry to `grants:` of a document's text, and changes nothing else: comments, order, spacing.

YAML by a line of text where the list is a block list or not there yet, else through ruamel's round trip;
JSON by value with its own indentation; TOML by a table at the end. The result is read again, and handed
back only if its value is the old one with the one entry more.
"""

import io
import json
import re
from collections.abc import Callable
from functools import partial
from typing import Any

from rundown.errors import InvalidInputError
from rundown.model.diagnostic import Diagnostic, Span
from rundown.policy.discover import section_keys, syntax_of
from rundown.policy.node import Node
from rundown.policy.source import read_node

NEW_DOCUMENT = """\
# What runbooks of this project may do. `rundown policy explain -- 'COMMAND'` says what it comes to.
version: 1
"""

Entry = dict[str, str]


def add_grant(content: bytes | None, name: str, entry: Entry) -> bytes:
    """Returns the document's bytes with `entry` as the last of its grants. `content` None: a new document.

    Raises: InvalidInputError if the document cannot be edited without touching the rest.
    """
    content = NEW_DOCUMENT.encode() if content is None else content
    before = _read(content, name)
    wanted = _with_entry(before, section_keys(name), entry)
    for attempt in _attempts(content, name, (before, entry)):
        fresh = attempt()
        node, _ = read_node(fresh, name, syntax_of(name, fresh))
        if node is not None and node.plain() == wanted:
            return fresh
    raise InvalidInputError(
        Diagnostic(
            code="policy/not-editable",
            message=f"{name} cannot be edited without touching the rest of it",
            span=Span(file=name, line=1),
            fix=f"add this under `grants:` yourself: {_flow(entry)}",
        )
    )


def _attempts(content: bytes, name: str, what: tuple[Node, Entry]) -> tuple[Callable[[], bytes], ...]:
    before, entry = what
    keys = section_keys(name)
    match syntax_of(name, content):
        case "yaml":
            line = partial(_add_yaml_line, content, before, entry)
            return line, partial(_add_yaml_value, content, entry)
        case "json":
            return (partial(_add_json, content, keys, entry),)
        case "toml":
            return (partial(_add_toml, content, keys, entry),)


def _with_entry(before: Node, keys: tuple[str, ...], entry: Entry) -> object:
    """The value that the document is to have afterwards."""
    value: Any = before.plain()
    section = value
    for key in keys:
        section = section[key]
    section["grants"] = [*(section.get("grants") or []), entry]
    return value


def _read(content: bytes, name: str) -> Node:
    node, problems = read_node(content, name, syntax_of(name, content))
    if node is None or not isinstance(node.value, dict):
        raise InvalidInputError(*problems)
    return node


def _add_yaml_line(content: bytes, before: Node, entry: Entry) -> bytes:
    lines = content.decode("utf-8").splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    grants = before.entries().get("grants")
    items = grants.items() if grants else ()
    if grants is None:
        lines += ["grants:\n", f"  - {_flow(entry)}\n"]
    elif items:
        last = max(_last_line(item) for item in items)
        dash = re.match(r" *(?=- )", items[-1].span.excerpt)
        lines.insert(last, f"{dash[0] if dash else ''}- {_flow(entry)}\n")
    return "".join(lines).encode()


def _last_line(node: Node) -> int:
    inner = (*node.items(), *node.entries().values())
    return max((node.span.line, *(_last_line(item) for item in inner)))


def _add_yaml_value(content: bytes, entry: Entry) -> bytes:
    # Slow to import, and needed for flow lists only.
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    yaml = YAML(typ="rt")
    yaml.preserve_quotes = True
    yaml.width = 10_000
    try:
        document = yaml.load(content.decode("utf-8"))
    except YAMLError:
        return b""
    grants = document.get("grants")
    if grants is None:
        document["grants"] = [entry]
    else:
        grants.append(entry)
    written = io.StringIO()
    yaml.dump(document, written)
    return written.getvalue().encode()


def _add_json(content: bytes, keys: tuple[str, ...], entry: Entry) -> bytes:
    text = content.decode("utf-8-sig")
    value = json.loads(text)
    section = value
    for key in keys:
        section = section[key]
    section["grants"] = [*(section.get("grants") or []), entry]
    found = re.search(r"^([ \t]+)\S", text, re.MULTILINE)
    return (json.dumps(value, indent=found[1] if found else 2, ensure_ascii=False) + "\n").encode()


def _add_toml(content: bytes, keys: tuple[str, ...], entry: Entry) -> bytes:
    table = ".".join((*keys, "grants"))
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in entry.items()]
    return content.rstrip(b"\n") + f"\n\n[[{table}]]\n".encode() + "\n".join(lines).encode() + b"\n"


def _flow(entry: Entry) -> str:
    return "{" + ", ".join(f"{key}: {_scalar(value)}" for key, value in entry.items()) + "}"


def _scalar(text: str) -> str:
    return text if re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", text) else json.dumps(text, ensure_ascii=False)
