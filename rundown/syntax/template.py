"""Templates: `{{ name.field.0 }}`, filled in once. No expressions; what is not a plain path stays as written
(`{{ .Names }}` of other tools, `${{ … }}` of CI files with functions).

Text only. Blocks that run are bound in `rundown.syntax.binding`, where a value stays data.
"""

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping

from msgspec import Struct

PLACEHOLDER = re.compile(r"\{\{[ \t]*([A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_-]+)*)[ \t]*\}\}")


class Undefined:
    """The value of a name that has none; not `None`, which is a value."""


UNDEFINED = Undefined()


class Placeholder(Struct, frozen=True, kw_only=True):
    """A placeholder and its place, in characters of the text; `end` is exclusive."""

    path: str
    start: int
    end: int

    @property
    def name(self) -> str:
        return self.path.partition(".")[0]


def placeholders(text: str) -> Iterator[Placeholder]:
    """Yields the placeholders of `text` from left to right."""
    if "{{" not in text:
        return
    for match in PLACEHOLDER.finditer(text):
        yield Placeholder(path=match[1], start=match.start(), end=match.end())


def look_up(path: str, variables: Mapping[str, object]) -> object:
    """Returns the value at `path`, `UNDEFINED` if any part of it is missing."""
    value: object = variables
    for part in path.split("."):
        if isinstance(value, Mapping) and part in value:
            value = value[part]
        elif isinstance(value, list | tuple) and part.isascii() and part.isdigit() and len(part) < 9:
            if int(part) >= len(value):
                return UNDEFINED
            value = value[int(part)]
        else:
            return UNDEFINED
    return value


def render_value(value: object) -> str:
    """Returns text as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def expand_text(
    text: str, variables: Mapping[str, object], *, escape: bool = False
) -> tuple[str, tuple[str, ...]]:
    """Returns `text` with every placeholder filled in, and the undefined paths in order, each once.

    An undefined placeholder stays as written. Values are not expanded again. `escape`: control, bidi and
    zero-width characters in values are made visible (prompts, display blocks, tasks of agents).
    """
    parts: list[str] = []
    undefined: dict[str, None] = {}
    at = 0
    for found in placeholders(text):
        value = look_up(found.path, variables)
        parts.append(text[at : found.start])
        at = found.end
        if value is UNDEFINED:
            undefined[found.path] = None
            parts.append(text[found.start : found.end])
        else:
            rendered = render_value(value)
            parts.append(escape_controls(rendered) if escape else rendered)
    parts.append(text[at:])
    return "".join(parts), tuple(undefined)


def escape_controls(text: str) -> str:
    r"""Returns `text` with control and format characters as `\x1b` or `\u202e`; line feeds and tabs stay."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(char if char in "\n\t" else _visible(char) for char in text)


def _visible(char: str) -> str:
    if unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Zl", "Zp"):
        return char
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
