"""`declare typeset local readonly export`: attributes and values that operands give to names.

Source: bash(1) `declare`, `export`, `readonly`; what is said of lists was seen in bash 5.2.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rundown.shell.options import piece
from rundown.shell.scope import Scope
from rundown.shell.tree import Word

if TYPE_CHECKING:
    from rundown.shell.walk import Walker

EVALUATED = "a name that is not plain: its subscript is evaluated"
_DECLARED = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(\+?=)?")
_DECLARED_ELEMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\[([^\]]*)\]\+?=")
_ASSOCIATIVE = re.compile(r"(?:-[aAgiIlrtux]+)+")
_SIMPLE_KEY = re.compile(r"[0-9]+")


def declare(walker: Walker, words: Sequence[Word], scope: Scope) -> None:
    """`declare typeset local readonly export`: attributes and values."""
    name = words[0].value or ""
    exports = name in ("export", "readonly")
    flags = ""
    start = 1
    while start < len(words) and words[start].prefix[:1] in ("-", "+") and words[start].prefix != "-":
        if words[start].value is None:
            walker.ledger.unknown(words[start], words[start].raw, "options that are not literal")
            return
        flags += words[start].prefix
        start += 1
    if "f" in flags or "F" in flags:
        if "x" in flags or name == "export":
            walker.exported.update(word.value or "" for word in words[start:])
        return
    for word in words[start:]:
        _declared(walker, word, flags, scope, exports=exports)


def _declared(walker: Walker, word: Word, flags: str, scope: Scope, *, exports: bool) -> None:
    element = _DECLARED_ELEMENT.match(word.prefix)
    match = _DECLARED.match(word.prefix)
    text = word.value if word.value is not None else word.prefix
    if element is not None and (word.value is None or _SIMPLE_KEY.fullmatch(element.group(2))):
        _declared_element(walker, word, element.group(1), element.group(2), scope)
        return
    complete = match is not None and (match.group(2) is not None or match.end() == len(text))
    if match is None or not complete or (match.group(2) is None and word.value is None):
        walker.ledger.unknown(word, word.raw, "a name that is not plain: it may be any variable")
        return
    name = match.group(1)
    if word.splits and walker.dialect == "sh" and word.value is None:
        walker.when(
            lambda: walker.values.tame_word(word, " \t\n"),
            word,
            word.raw,
            "an unquoted value may set other variables",
        )
    _attributes(walker, name, flags, scope)
    if match.group(2) is None:
        walker.dangerous(name, None, word) if exports or "x" in flags else None
        return
    value = _value_part(word, match.end())
    if word.raw[match.end() : match.end() + 1] != "(" or word.value is not None:
        _compound_value(walker, word, name, value, flags, exports=exports)
    if value is not None:
        walker.gives(name, value, scope)
    else:
        walker.values.others.add(name)
    walker.dangerous(name, value, word)
    scope.assign(name)


def _declared_element(walker: Walker, word: Word, name: str, key: str, scope: Scope) -> None:
    walker.values.others.add(name)
    if not _SIMPLE_KEY.fullmatch(key):
        walker.ledger.unknown(word, word.raw, EVALUATED)
    scope.assign(name)


def _attributes(walker: Walker, name: str, flags: str, scope: Scope) -> None:
    if "A" in flags and _ASSOCIATIVE.fullmatch(flags):
        walker.values.arrays.add(name)
        scope.assign(f"{name}[]")
    else:
        walker.values.unset_arrays.add(name)
    if "a" in flags:
        walker.values.arrays.add(name)
    if "i" in flags:
        walker.values.evaluated.add(name)
    if "n" in flags:
        walker.values.references.add(name)


def _compound_value(
    walker: Walker, word: Word, name: str, value: Word | None, flags: str, *, exports: bool
) -> None:
    """`declare "a=(…)"`: for an array the text is read again as a list. Seen in bash 5.2 for declare and local only."""
    if exports or (value is not None and value.prefix[:1] not in ("", "(")):
        return
    if value is not None and value.value is not None and not value.value.startswith("("):
        return
    walker.when(
        lambda: name not in walker.values.arrays or (value is not None and walker.values.integer_word(value)),
        word,
        word.raw,
        "the value of an array is read as a list, and expanded",
    )


def _value_part(word: Word, cut: int) -> Word | None:
    """The word behind `NAME=`, None if quotes or expansions reach into the name."""
    if word.raw[:cut] != word.prefix[:cut] or len(word.raw) != word.end - word.start:
        return None if word.value is None else piece(word, word.value[cut:])
    return Word(
        start=word.start + cut,
        end=word.end,
        raw=word.raw[cut:],
        value=None if word.value is None else word.value[cut:],
        prefix=word.prefix[cut:],
        splits=word.splits,
        quoted=word.quoted,
        inner=word.inner,
    )
