"""Builtins whose operands are names: what they set, and where a name is evaluated.

Source: bash(1) SHELL BUILTIN COMMANDS; a subscript in a name (`read 'a[$(program)]'`) is expanded and evaluated.
Longer than 350 lines: one function a builtin, and the table of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from rundown.shell.declarations import EVALUATED, declare
from rundown.shell.options import grammar, joined, read_options
from rundown.shell.scope import Scope
from rundown.shell.tree import Word
from rundown.shell.values import expression

if TYPE_CHECKING:
    from rundown.shell.process import Process
    from rundown.shell.walk import Walker

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PLAIN_ELEMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\[(?:[0-9]+|@|\*)\])?")
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
_PRINTF = grammar("v:")
_READ = grammar("a:d:ei:n:N:p:rst:u:E")


def names(walker: Walker, words: Sequence[Word], scope: Scope) -> None:
    """Notes what a builtin that cannot start programs by itself does to names."""
    rule = _RULES.get(words[0].value or "")
    if rule is not None:
        rule(walker, words, scope)


def name_operand(walker: Walker, word: Word, scope: Scope, note: str = EVALUATED) -> None:
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
            EVALUATED,
        )
    elif not _PLAIN_ELEMENT.fullmatch(word.value) and "[" in word.value:
        walker.ledger.unknown(word, word.raw, EVALUATED)


def read(walker: Walker, words: Sequence[Word], scope: Scope) -> None:
    """`read`: every operand is a name, so is the argument of `-a`."""
    line = read_options(words, _READ)
    for option in line.options:
        if option.name == "a" and option.value is not None:
            name_operand(walker, option.value, scope)
            walker.values.arrays.add(option.value.value or "")
    if line.uncertain is not None:
        walker.ledger.unknown(line.uncertain, line.uncertain.raw, EVALUATED)
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
    if first.prefix.startswith("-v") or words[0].value == "-v":
        walker.ledger.unknown(first, first.raw, EVALUATED)
        return
    if first.prefix and not first.prefix.startswith("-"):
        return
    note = f"may turn out to be `-v` and {EVALUATED}"
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
            walker.when(partial(_is_tame, walker, word), word, word.raw, EVALUATED)
        elif _NAME.fullmatch(word.value):
            walker.unset.add(word.value)
            walker.values.unset_arrays.add(word.value)
            walker.dangerous(word.value, None, word)
        elif "[" in word.value and not _PLAIN_ELEMENT.fullmatch(word.value):
            walker.ledger.unknown(word, word.raw, EVALUATED)
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
        walker.ledger.unknown(words[1], words[1].raw, EVALUATED)
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
            f"may turn out to be `-p` and {EVALUATED}",
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
