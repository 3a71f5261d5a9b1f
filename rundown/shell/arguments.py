"""Builtins whose operands are names: what they set, and where a name is evaluated.

Source: bash(1) SHELL BUILTIN COMMANDS; a subscript in a name (`read 'a[$(program)]'`) is expanded and evaluated.
Longer than 350 lines: one function a builtin, and the table of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from rundown.shell.options import grammar, joined, piece, read_options
from rundown.shell.scope import Scope
from rundown.shell.tree import Word
from rundown.shell.values import expression

if TYPE_CHECKING:
    from rundown.shell.process import Process
    from rundown.shell.walk import Walker

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PLAIN_ELEMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\[(?:[0-9]+|@|\*)\])?")
_DECLARED = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(\+?=)?")
_DECLARED_ELEMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\[([^\]]*)\]\+?=")
_ASSOCIATIVE = re.compile(r"(?:-[aAgiIlrtux]+)+")
_SIMPLE_KEY = re.compile(r"[0-9]+")
_BINARY = frozenset(
    [
        "=",
        "==",
        "!=",
        "<",
        ">",
        "-eq",
        "-ne",
        "-lt",
        "-le",
        "-gt",
        "-ge",
        "-nt",
        "-ot",
        "-ef",
        "-a",
        "-o",
        ")",
    ]
)
_UNARY = frozenset(f"-{letter}" for letter in "abcdefghknoprstuvwxzGLNORS")
_EVALUATED = "a name that is not plain: its subscript is evaluated"
_DECLARE = grammar("aAfFgiIlnprtux")
_EXPORT = grammar("fnp")
_PRINTF = grammar("v:")
_READ = grammar("a:d:ei:n:N:p:rst:u:E")


def names(walker: Walker, words: Sequence[Word], scope: Scope) -> None:
    """Notes what a builtin that cannot start programs by itself does to names."""
    rule = _RULES.get(words[0].value or "")
    if rule is not None:
        rule(walker, words, scope)


def name_operand(walker: Walker, word: Word, scope: Scope, note: str = _EVALUATED) -> None:
    """Notes a variable that a builtin sets to something unknown."""
    value = word.value
    if value is None or not _PLAIN_ELEMENT.fullmatch(value):
        walker.ledger.unknown(word, word.raw, note)
        return
    name = value.partition("[")[0]
    walker.values.others.add(name)
    walker.dangerous(name, None, word)
    scope.assign(name)


def tested_name(walker: Process, word: Word) -> None:
    """Notes the operand of `-v`."""
    if word.value is None:
        walker.when(
            lambda: not word.splits and walker.values.tame_word(word),
            word,
            word.raw,
            _EVALUATED,
        )
    elif not _PLAIN_ELEMENT.fullmatch(word.value) and "[" in word.value:
        walker.ledger.unknown(word, word.raw, _EVALUATED)


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
            lambda: walker.values.tame_word(word),
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
        walker.ledger.unknown(word, word.raw, _EVALUATED)
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


def read(walker: Walker, words: Sequence[Word], scope: Scope) -> None:
    """`read`: every operand is a name, so is the argument of `-a`."""
    line = read_options(words, _READ)
    for option in line.options:
        if option.name == "a" and option.value is not None:
            name_operand(walker, option.value, scope)
            walker.values.arrays.add(option.value.value or "")
    if line.uncertain is not None:
        walker.ledger.unknown(line.uncertain, line.uncertain.raw, _EVALUATED)
        return
    for word in words[line.first :]:
        name_operand(walker, word, scope)
    walker.values.others.add("REPLY")


def printf(walker: Walker, words: Sequence[Word], scope: Scope) -> None:
    """`printf -v NAME`; a format that is not literal may turn out to be `-v`."""
    if len(words) < 2:
        return
    line = read_options(words, _PRINTF)
    for option in line.options:
        if option.value is not None:
            name_operand(walker, option.value, scope)
    if line.uncertain is None:
        return
    words = words[words.index(line.uncertain) - 1 :]
    first = line.uncertain
    if first.prefix and not first.prefix.startswith("-"):
        return
    if first.prefix.startswith("-v") or words[0].value == "-v":
        walker.ledger.unknown(first, first.raw, _EVALUATED)
        return
    note = f"may turn out to be `-v` and {_EVALUATED}"
    if first.splits or len(words) > 2:
        walker.when(
            lambda: walker.values.tame_word(first) or walker.values.optionless(first),
            first,
            first.raw,
            note,
        )
    if len(words) > 3 and words[2].value is None:
        name = words[2]
        walker.when(
            lambda: walker.values.tame_word(name) or walker.values.optionless(first),
            joined((first, name)),
            first.raw,
            note,
        )


def _is_tame(walker: Walker, word: Word) -> bool:
    return not word.splits and walker.values.tame_word(word)


def unset(walker: Walker, words: Sequence[Word], scope: Scope) -> None:
    """`unset`: names of variables and functions."""
    for word in words[1:]:
        if word.value is None:
            walker.unset.add("*")
            walker.when(partial(_is_tame, walker, word), word, word.raw, _EVALUATED)
        elif _NAME.fullmatch(word.value):
            walker.unset.add(word.value)
            walker.values.unset_arrays.add(word.value)
            walker.dangerous(word.value, None, word)
        elif "[" in word.value and not _PLAIN_ELEMENT.fullmatch(word.value):
            walker.ledger.unknown(word, word.raw, _EVALUATED)
        elif not word.value.startswith("-"):
            walker.unset.add(word.value)


def let(walker: Walker, words: Sequence[Word], scope: Scope) -> None:
    """`let`: every operand is an expression."""
    for word in words[1:]:
        walker.arithmetic(expression(word), scope, walk=False)


def getopts(walker: Walker, words: Sequence[Word], scope: Scope) -> None:
    """`getopts OPTSTRING NAME`."""
    if len(words) > 2:
        name_operand(walker, words[2], scope)
    elif any(word.splits for word in words[1:]):
        walker.ledger.unknown(words[1], words[1].raw, _EVALUATED)
    walker.values.others.add("OPTARG")


def wait(walker: Walker, words: Sequence[Word], scope: Scope) -> None:
    """`wait -p NAME`."""
    line = read_options(words, grammar("fnp:"))
    for option in line.options:
        if option.name == "p" and option.value is not None:
            name_operand(walker, option.value, scope)
    if line.uncertain is not None:
        word = line.uncertain
        walker.when(
            lambda: walker.values.tame_word(word),
            word,
            word.raw,
            f"may turn out to be `-p` and {_EVALUATED}",
        )


def test(walker: Walker, words: Sequence[Word], scope: Scope) -> None:
    """`test` and `[`: `-v NAME`, also if only expansion makes it that. Source: bash 5.2, `test.c`."""
    for index, word in enumerate(words[1:], 1):
        after = words[index + 1] if index + 1 < len(words) else None
        before = words[index - 1].value
        if word.value == "-v" and after is not None and before not in _BINARY - {"-a", "-o"}:
            tested_name(walker, after)
        elif word.value is None:
            _may_be_test_option(walker, word, before, after)


def _may_be_test_option(walker: Walker, word: Word, before: str | None, after: Word | None) -> None:
    """An operand of `test` that is not literal: it may turn out to be `-v`, or `-v` and a name."""
    note = "may turn out to be `-v NAME`, and a name's subscript is evaluated"
    if word.splits:
        walker.when(lambda: walker.values.tame_word(word), word, word.raw, f"unquoted: {note}")
    joins = before in ("-a", "-o", ")")
    if after is None or (not joins and not word.splits and (before in _UNARY or before in _BINARY)):
        return
    if after.value is None or "[" in after.value:
        walker.when(
            lambda: walker.values.optionless(word) or walker.values.tame_word(after),
            joined((word, after)),
            word.raw,
            note,
        )


_Rule = Callable[["Walker", Sequence[Word], Scope], None]
_RULES: dict[str, _Rule] = {
    "declare": declare,
    "typeset": declare,
    "local": declare,
    "readonly": declare,
    "export": declare,
    "read": read,
    "printf": printf,
    "unset": unset,
    "let": let,
    "getopts": getopts,
    "wait": wait,
    "test": test,
    "[": test,
}
