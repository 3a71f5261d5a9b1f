"""Files of values: JSON, or YAML read as the plain data that JSON knows: `2026-01-31`, `on` and `1.10` stay
the texts that they are. Refuses keys that are no text, and more than a million values (aliases unfold).
"""

import json
import re
from pathlib import Path
from typing import Any, NoReturn

import yaml

from rundown.errors import InvalidInputError
from rundown.model.diagnostic import Diagnostic
from rundown.session.values import Values

_MOST_VALUES = 1_000_000
_DEEPEST = 100
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?\Z")
_LONGEST_NUMBER = 20
_WORDS = {"": None, "~": None, "null": None, "true": True, "false": False}
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_values(path: Path) -> Values:
    """Returns the values of a file, by name.

    Raises:
        InvalidInputError: it cannot be read, or is no map of names to values.
    """
    try:
        content = path.read_bytes()
        found = _json(content) if path.suffix == ".json" else _yaml(content)
    except OSError as error:
        raise _problem(path, error.strerror or str(error)) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise _problem(path, str(error).replace("\n", " ")) from error
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise _problem(path, "it is no map of names to values")
    return found


def _json(content: bytes) -> object:
    def refuse(word: str) -> NoReturn:
        raise ValueError(f"{word} is no JSON")

    found: object = json.loads(content, parse_constant=refuse)
    return found


def _yaml(content: bytes) -> object:
    _require_shallow(content)
    root = yaml.compose(content, Loader=_Loader)
    return None if root is None else _Reader().value(root)


def _require_shallow(content: bytes) -> None:
    """Composing is recursive in C, which ends the process where Python would raise."""
    depth = 0
    for event in yaml.parse(content, Loader=_Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise ValueError(f"it is nested deeper than {_DEEPEST}")


class _Reader:
    def __init__(self) -> None:
        self._count = 0

    def value(self, node: yaml.Node) -> object:
        self._count += 1
        if self._count > _MOST_VALUES:
            raise ValueError(f"it holds more than {_MOST_VALUES} values")
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item) for item in node.value]
        if isinstance(node, yaml.MappingNode):
            return self._map(node)
        return _scalar(node)

    def _map(self, node: yaml.MappingNode) -> dict[str, object]:
        found: dict[str, object] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise ValueError(f"line {line}: a key that is no text")
            if key.value in found:
                raise ValueError(f"line {line}: `{key.value}` is written twice")
            found[key.value] = self.value(value)
        return found


def _scalar(node: yaml.Node) -> object:
    """A number is one only if it is written as it would be shown."""
    text, kind = str(node.value), node.tag.rpartition(":")[2]
    if kind in ("null", "bool"):
        return _WORDS.get(text, text)
    is_number = kind in ("int", "float") and _NUMBER.match(text) and len(text) < _LONGEST_NUMBER
    return json.loads(text) if is_number and json.dumps(json.loads(text)) == text else text


def _problem(path: Path, why: str) -> InvalidInputError:
    return InvalidInputError(
        Diagnostic(
            code="cli/bad-input-file",
            message=f"cannot take values from {path}",
            why=why,
            fix="write one `name: value` a line",
        )
    )
