"""`redact_body`: a body as it may be stored: secrets out, and every text such that JSON can hold it."""

import functools
from collections.abc import Callable
from typing import Literal, TypeVar, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct

from rundown.model.event import UnknownBody

_S = TypeVar("_S", bound=Struct)
Redact = Callable[[str], str]

# What the fold, the chain and resume go by. It comes from the runbook's own text or from rundown itself; were
# a secret equal to a step's id, replacing it here would break the run and hide nothing.
_STRUCTURAL = frozenset(
    {"run_id", "parent_run", "root", "runbook_file", "rundown_version", "at", "expires_at"}
    | {"step", "substep", "position", "name", "output", "file", "diff", "code"}
    | {"reference", "SourceMark.path", "RunPaused.reason"}
    | {"request", "plan", "digest", "runbook_digest", "policy_digest", "output_digest"}
)


def redact_body(body: _S, redact: Redact | None) -> _S:
    """Returns `body` with every text in it redacted but ids, digests, and words from fixed lists.

    Bytes of file names that are not UTF-8 (lone surrogates in Python) become `\\xNN`: RFC 8785 has no way
    to write them. A body that holds a value and was changed is marked `lost`.
    """
    stored = _struct(body, redact)
    if stored is not body and "lost" in body.__struct_fields__:
        return msgspec.structs.replace(stored, lost=True)
    return stored


def _struct(value: _S, redact: Redact | None) -> _S:
    changes: dict[str, object] = {}
    for name in value.__struct_fields__:
        old = getattr(value, name)
        new = _walk(old, None if name in _kept_fields(type(value)) else redact)
        if new is not old:
            changes[name] = new
    return msgspec.structs.replace(value, **changes) if changes else value


@functools.cache
def _kept_fields(kind: type[Struct]) -> frozenset[str]:
    if kind is UnknownBody:
        return frozenset({"type"})
    hints = get_type_hints(kind)
    fixed = {
        name for name, hint in hints.items() if any(get_origin(part) is Literal for part in _parts(hint))
    }
    return frozenset(
        name
        for name in kind.__struct_fields__
        if name in fixed or name in _STRUCTURAL or f"{kind.__name__}.{name}" in _STRUCTURAL
    )


def _parts(hint: object) -> tuple[object, ...]:
    return (hint,) if get_origin(hint) is Literal else (hint, *get_args(hint))


def _walk(value: object, redact: Redact | None) -> object:
    if isinstance(value, str):
        text = storable(value)
        text = redact(text) if redact else text
        return value if text == value else text
    if isinstance(value, Struct):
        return _struct(value, redact)
    if isinstance(value, dict):
        mapping = {_walk(key, redact): _walk(item, redact) for key, item in value.items()}
        return value if mapping == value else mapping
    if isinstance(value, list | tuple):
        items = [_walk(item, redact) for item in value]
        return value if all(new is old for new, old in zip(items, value, strict=True)) else type(value)(items)
    return value


def storable(text: str) -> str:
    """Returns `text` with what UTF-8 cannot hold written out: `\\xNN` for an odd byte of a file name."""
    try:
        text.encode()
    except UnicodeEncodeError:
        pass
    else:
        return text
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode()
