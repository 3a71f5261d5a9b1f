"""Every way in which a document's tree differs from its type, at once, each with its place and mend.

Generic: knows msgspec's types and nothing of policies. Building the value is left to msgspec.
"""

import difflib
import re
from typing import Any, TypeVar

import msgspec
from msgspec import Struct, inspect

from rundown.model.diagnostic import Diagnostic
from rundown.policy.node import Node, problem, shown

T = TypeVar("T", bound=Struct)

MAX_PROBLEMS = 200
"""Unknown keys beyond this many are not told one by one."""
_NAMES: dict[type, str] = {
    inspect.StrType: "text",
    inspect.IntType: "a whole number",
    inspect.FloatType: "a number",
    inspect.BoolType: "true or false",
    inspect.VarTupleType: "a list",
    inspect.StructType: "a map",
    inspect.DictType: "a map",
}


def check(node: Node, kind: type[Struct], path: str = "") -> tuple[Diagnostic, ...]:
    """Returns all the problems of `node` as a `kind`; if there are none, `convert` succeeds.

    `path` is the key path of the node itself, for messages.
    """
    found: list[Diagnostic] = []
    _check(node, inspect.type_info(kind), path, found)
    return tuple(found)


def convert(node: Node, kind: type[T]) -> T:
    """Returns the tree as a `kind`. Call it only after `check` found nothing."""
    return msgspec.convert(node.plain(), kind)


def suggest(word: str, known: tuple[str, ...]) -> str:
    """Returns the mend for an unknown word: the nearest known one, else all of them."""
    near = difflib.get_close_matches(word.lower(), known, n=1)
    listed = ", ".join(known)
    return f"did you mean `{near[0]}`? (known here: {listed})" if near else f"known here: {listed}"


def _check(node: Node, kind: Any, path: str, found: list[Diagnostic]) -> None:
    if isinstance(kind, inspect.Metadata):
        kind = kind.type
    if isinstance(kind, inspect.UnionType):
        fitting = [item for item in _members(kind) if _fits(node, item)]
        if not fitting:
            found.append(_wrong_type(node, kind, path))
            return
        kind = fitting[0]
    if not _fits(node, kind):
        found.append(_wrong_type(node, kind, path))
    elif isinstance(kind, inspect.StructType):
        _check_struct(node, kind, path, found)
    elif isinstance(kind, inspect.DictType):
        for key, item in node.entries().items():
            _check(item, kind.value_type, _join(path, key), found)
    elif isinstance(kind, inspect.VarTupleType):
        for at, item in enumerate(node.items()):
            _check(item, kind.item_type, f"{path}[{at}]", found)
    elif isinstance(kind, inspect.LiteralType):
        _check_literal(node, kind, path, found)
    else:
        _check_scalar(node, kind, path, found)


def _check_struct(node: Node, kind: Any, path: str, found: list[Diagnostic]) -> None:
    fields = {item.encode_name: item for item in kind.fields}
    for key, item in node.entries().items():
        if len(found) >= MAX_PROBLEMS:
            return
        if key in fields:
            _check(item, fields[key].type, _join(path, key), found)
            continue
        found.append(
            problem(
                "unknown-key",
                f"unknown key `{shown(key)}` in {path or 'the document'}",
                node.keys[key],
                suggest(shown(key), tuple(fields)),
            )
        )
    for name, item in fields.items():
        if item.required and name not in node.entries():
            found.append(problem("missing-key", f"{path} has no `{name}`", node.span, f"add `{name}:`"))


def _check_literal(node: Node, kind: Any, path: str, found: list[Diagnostic]) -> None:
    if node.value in kind.values and not isinstance(node.value, bool):
        return
    known = tuple(str(item) for item in kind.values)
    message = f"{path} cannot be `{shown(node.value)}`"
    found.append(problem("wrong-value", message, node.span, suggest(shown(node.value), known)))


def _check_scalar(node: Node, kind: Any, path: str, found: list[Diagnostic]) -> None:
    value = node.value
    if isinstance(kind, inspect.StrType) and isinstance(value, str):
        if kind.min_length and not value:
            found.append(problem("empty-pattern", f"{path} is empty", node.span, "remove it or fill it in"))
        elif kind.max_length and len(value) > kind.max_length:
            message = f"{path} is longer than {kind.max_length} characters"
            found.append(problem("wrong-value", message, node.span, "write it shorter"))
        elif kind.pattern and not re.search(kind.pattern, value):
            message = f"{path} cannot be `{shown(value)}`"
            found.append(problem("wrong-value", message, node.span, f"it must match {kind.pattern}"))
    if isinstance(kind, inspect.IntType | inspect.FloatType) and isinstance(value, int | float):
        low = kind.ge if kind.ge is not None else kind.gt
        too_low = (kind.ge is not None and value < kind.ge) or (kind.gt is not None and value <= kind.gt)
        if too_low or (kind.le is not None and value > kind.le):
            limits = f"at least {low}" if kind.ge is not None else f"more than {low}"
            limits += f" and at most {kind.le}" if kind.le is not None else ""
            found.append(problem("wrong-value", f"{path} is {value}", node.span, f"it must be {limits}"))


def _members(kind: Any) -> list[Any]:
    return [item.type if isinstance(item, inspect.Metadata) else item for item in kind.types]


def _fits(node: Node, kind: Any) -> bool:
    value = node.value
    if isinstance(kind, inspect.LiteralType):
        return isinstance(value, str | int) and not isinstance(value, bool)
    if isinstance(kind, inspect.StructType | inspect.DictType):
        return isinstance(value, dict)
    if isinstance(kind, inspect.VarTupleType):
        return isinstance(value, tuple)
    if isinstance(kind, inspect.BoolType):
        return isinstance(value, bool)
    if isinstance(value, bool):
        return False
    if isinstance(kind, inspect.FloatType):
        return isinstance(value, int | float)
    if isinstance(kind, inspect.IntType):
        return isinstance(value, int)
    return isinstance(kind, inspect.StrType) and isinstance(value, str)


def _wrong_type(node: Node, kind: Any, path: str) -> Diagnostic:
    wanted = " or ".join(dict.fromkeys(_describe(item) for item in _alternatives(kind)))
    hint = f"write {wanted} here"
    if isinstance(node.value, str | int | float | bool) and "a list" in wanted:
        hint = f"write [{shown(node.value)}]"
    elif isinstance(node.value, int | float | bool) and "text" in wanted:
        hint = f'write "{shown(node.value)}"'
    elif node.value is None:
        hint = "remove the key or give it a value"
    message = f"{path or 'the document'} must be {wanted}, not {_actual(node)}"
    return problem("wrong-type", message, node.span, hint)


def _alternatives(kind: Any) -> list[Any]:
    return _members(kind) if isinstance(kind, inspect.UnionType) else [kind]


def _describe(kind: Any) -> str:
    if isinstance(kind, inspect.LiteralType):
        return " or ".join(f"`{item}`" for item in kind.values)
    return _NAMES.get(type(kind), "something else")


def _actual(node: Node) -> str:
    if isinstance(node.value, dict):
        return "a map"
    if isinstance(node.value, tuple):
        return "a list"
    if node.value is None:
        return "nothing"
    return f"`{str(node.value).lower() if isinstance(node.value, bool) else shown(node.value)}`"


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
