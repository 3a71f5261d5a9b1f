"""Declared variables: `inputs` as names, described, or (older) with values; `vars`; `required`."""

import json
import re
from collections.abc import Iterator

from msgspec import UNSET, UnsetType

from rundown.model.diagnostic import Diagnostic, Span
from rundown.model.runbook import Input
from rundown.syntax.codes import RESERVED_VARIABLES, Code
from rundown.syntax.yaml_tree import Node

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_KEYS = frozenset(("description", "default", "options", "pattern", "secret"))


def check_variable(name: str, span: Span, report: list[Diagnostic]) -> bool:
    """Tells whether `name` can be a variable's; says why not in `report`."""
    if not _VARIABLE.fullmatch(name):
        report.append(
            Code.BAD_VARIABLE.at(
                span, f"`{name}` is no variable's name", fix="use letters, digits and `_`, and no digit first"
            )
        )
        return False
    if name.lower() in RESERVED_VARIABLES:
        report.append(
            Code.BAD_VARIABLE.at(
                span,
                f"`{name}` is reserved",
                why="rundown itself gives it a value",
                fix="name it differently",
            )
        )
        return False
    return True


def read_inputs(node: Node, report: list[Diagnostic]) -> tuple[Input, ...]:
    """Returns the inputs of a list of names or a map, in order."""
    if node.items is not None and all(item.text is not None for item in node.items):
        return tuple(_unique([(item, Input(name=item.text or "")) for item in node.items], report))
    if node.entries is None:
        if node.value is not None or node.items is not None:
            report.append(
                Code.WRONG_TYPE.at(
                    node.span,
                    "`inputs` is ignored: it is not a list of names",
                    fix="write `inputs: [Name, Other]`",
                )
            )
        return ()
    found: list[tuple[Node, Input]] = []
    older: Node | None = None
    for key, value in node.entries:
        name = key.text or ""
        if value.entries is not None and (
            not value.entries or any(part.text in _KEYS for part, _ in value.entries)
        ):
            found.append((key, _typed(name, value, report)))
        elif value.value is None and value.text is not None:
            found.append((key, Input(name=name)))
        else:
            older = older or key
            found.append((key, Input(name=name, default=_as_written(value))))
    if older is not None:
        _older(older, "inputs", report)
    return tuple(_unique(found, report))


def read_vars(node: Node, inputs: tuple[Input, ...], report: list[Diagnostic]) -> tuple[Input, ...]:
    """Returns `inputs` with the values of a `vars:` map as their defaults (an input's own default wins)."""
    if node.entries is None:
        if node.value is not None:
            report.append(
                Code.WRONG_TYPE.at(
                    node.span,
                    "`vars` is ignored: it is not a map",
                    fix="write `vars: {Name: value}`, or better `inputs`",
                )
            )
        return inputs
    _older(node, "vars", report)
    known = {item.name: item for item in inputs}
    found = [(key, Input(name=key.text or "", default=_as_written(value))) for key, value in node.entries]
    for item in _unique(found, report):
        before = known.get(item.name)
        if before is None or isinstance(before.default, UnsetType):
            known[item.name] = item
    return tuple(known.values())


def check_required(node: Node, inputs: tuple[Input, ...], report: list[Diagnostic]) -> tuple[str, ...]:
    """Returns the names of `required`; each must be an input."""
    if node.items is None or any(item.text is None for item in node.items):
        report.append(
            Code.WRONG_TYPE.at(
                node.span, "`required` is ignored: it is not a list of names", fix="write `required: [Name]`"
            )
        )
        return ()
    declared = {item.name for item in inputs}
    names: dict[str, None] = {}
    for item in node.items:
        name = item.text or ""
        if name in declared:
            names[name] = None
        else:
            report.append(
                Code.BAD_VARIABLE.at(
                    item.span,
                    f"`{name}` is required and not among `inputs`",
                    fix=f"add it: `inputs: [{name}]`",
                )
            )
    return tuple(names)


def _as_written(node: Node) -> object:
    """A number is one only if it is written as it would be shown: `1.10` is a text."""
    value = node.value
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return node.text if is_number and json.dumps(value) != node.text else value


def _older(node: Node, key: str, report: list[Diagnostic]) -> None:
    report.append(
        Code.FRONT_MATTER_VALUES.at(
            node.span,
            f"values in `{key}:`, the older form",
            why="they count as the weakest default",
            fix="write `inputs: {Name: {default: value}}`",
        )
    )


def _unique(found: list[tuple[Node, Input]], report: list[Diagnostic]) -> Iterator[Input]:
    seen: set[str] = set()
    for node, item in found:
        if not check_variable(item.name, node.span, report):
            continue
        if item.name in seen:
            report.append(
                Code.BAD_VARIABLE.at(node.span, f"`{item.name}` is declared twice", fix="remove one")
            )
            continue
        seen.add(item.name)
        yield item


def _typed(name: str, node: Node, report: list[Diagnostic]) -> Input:
    values: dict[str, object] = {}
    parts = {key.text or "": value for key, value in node.entries or ()}
    for key, value in parts.items():
        if key not in _KEYS:
            known = f"an input has {', '.join(sorted(_KEYS))}"
            report.append(
                Code.BAD_FRONT_MATTER.at(value.span, f"`{name}.{key}` means nothing here", fix=known)
            )
        elif (wanted := _read(key, value, values)) is not None:
            report.append(
                Code.BAD_FRONT_MATTER.at(value.span, f"`{name}.{key}` is not {wanted}", fix=f"write {wanted}")
            )
    item = Input(name=name, **values)  # type: ignore[arg-type]
    if item.secret and item.default is not UNSET:
        report.append(
            Code.BAD_FRONT_MATTER.at(
                parts["default"].span,
                f"`{name}` is secret and has its value in the file",
                fix="remove the default",
            )
        )
    elif item.options and item.default is not UNSET and str(item.default) not in item.options:
        report.append(
            Code.BAD_FRONT_MATTER.at(
                parts["default"].span,
                f"`{name}`: the default is none of the options",
                fix=f"choose from {', '.join(item.options)}",
            )
        )
    return item


def _read(key: str, value: Node, values: dict[str, object]) -> str | None:
    """Puts one key of a typed input into `values`; returns what it should be if it is not."""
    if key == "description" and value.text is not None:
        values[key] = value.text
    elif key == "default":
        values[key] = _as_written(value)
    elif key == "options" and value.items and all(item.text is not None for item in value.items):
        values[key] = tuple(item.text for item in value.items)
    elif key == "secret" and isinstance(value.value, bool):
        values[key] = value.value
    elif key == "pattern" and value.text is not None:
        try:
            re.compile(value.text)
        except (re.error, RecursionError, OverflowError):
            return "a regular expression"
        values[key] = value.text
    else:
        wanted = {
            "description": "a text",
            "options": "a list of texts",
            "secret": "true or false",
            "pattern": "a regular expression",
        }
        return wanted[key]
    return None
