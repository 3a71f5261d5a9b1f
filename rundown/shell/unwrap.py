"""Wrappers: what programs start that their own arguments name.

Uses the tables of `rundown.shell.wrappers`; `find`, `parallel`, `ld.so`, `git … run` and the shells have grammars of
their own. What a wrapper starts is literal or dynamic, never left out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rundown.shell import builtins
from rundown.shell.finding import Found, find, parallel
from rundown.shell.options import CommandLine, Option, grammar, joined, piece, read_options, unknown
from rundown.shell.shells import shell
from rundown.shell.tree import Word
from rundown.shell.variables import danger
from rundown.shell.wrappers import Subcommand, Wrapper, subcommands, wrappers

if TYPE_CHECKING:
    from rundown.shell.walk import Walker

_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_%.]*)=")
_LOADER = re.compile(r"ld(?:-linux.*|-musl.*|64)?\.so(?:\.[0-9]+)*|ld-[0-9.]+\.so")
_PYTHON = re.compile(r"(?:c?python|pypy|graalpy|cp|pp)?[-@0-9.<>=~!,*]*(?:t|dev|(?:a|b|rc)[0-9]+)?", re.ASCII)
"""A version of Python, as uv understands it; anything else names a program."""
_SPLITTABLE = re.compile(r"[^\\'\"$#]*")
_LOADER_OPTIONS = grammar(
    "",
    "list verify inhibit-cache library-path= glibc-hwcaps-prepend= inhibit-rpath= audit= preload= argv0= "
    "list-tunables list-diagnostics help version",
)
_SPECIAL = {"find": find, "gfind": find, "parallel": parallel}


def unwrapped(walker: Walker, name: str, words: Sequence[Word]) -> Found | None:
    """Notes what the words start in turn; returns the kind and reason for the program itself, None if it is no wrapper."""
    if name in builtins.SHELLS:
        return shell(walker, name, words)
    if name in _SPECIAL:
        return _SPECIAL[name](walker, words)
    if _LOADER.fullmatch(name):
        return _loader(walker, words)
    row = wrappers().get(name)
    if row is not None:
        line = read_options(words, row.grammar())
        where = walker.ledger.where
        if row.moves == "*" or any(option.name in row.moves.split() for option in line.options):
            walker.ledger.where = None
        found = _wrapper(walker, name, row, (words, line))
        walker.ledger.where = where
        return found
    rows = subcommands().get(name)
    return _subcommand(walker, name, rows, words) if rows is not None else None


def _wrapper(
    walker: Walker, name: str, row: Wrapper, given_line: tuple[Sequence[Word], CommandLine]
) -> Found | None:
    words, line = given_line
    note = f"started by {name}"
    where = f"{note} on another machine" if row.far else note
    given = _option_texts(walker, name, row, line)
    if name == "env":
        _split_string(walker, line, words)
    if line.uncertain is not None:
        walker.ledger.dynamic(words, f"what `{name}` starts is only known at run time")
        return "wrapper", ""
    if any(option.name in row.idle.split() for option in line.options):
        return None
    rest = list(words[line.first :])
    if row.assignments:
        rest = _without_assignments(walker, rest)
    if name in ("su", "runuser", "script", "flock", "sg"):
        return _shell_behind_operands(walker, name, row, rest, (given, line))
    if name == "watch" and any(option.name in ("x", "exec") for option in line.options):
        _started(walker, rest, note)
        return "wrapper", ""
    far, walker.ledger.far = walker.ledger.far, walker.ledger.far or row.far
    for before in row.before:
        inner = rest[before:]
        if any(word.splits for word in rest[:before]):
            walker.ledger.dynamic(words, f"what `{name}` starts is only known at run time")
        elif not inner or row.takes == "nothing":
            continue
        elif row.takes == "shell":
            _shell_text(walker, name, inner, where)
        else:
            _started(walker, _with_items(row, line, inner), where)
    walker.ledger.far = far
    if len(rest) <= min(row.before) and not given and row.takes != "nothing":
        return _alone(walker, name, row, words)
    return "wrapper", ""


def _alone(walker: Walker, name: str, row: Wrapper, words: Sequence[Word]) -> Found | None:
    if row.alone == "shell":
        return "opaque", f"`{name}` without a command starts a shell"
    if row.items:
        return "wrapper", ""
    return None


def _started(walker: Walker, words: Sequence[Word], note: str) -> None:
    if words:
        walker.program(words, note)


def _with_items(row: Wrapper, line: CommandLine, inner: Sequence[Word]) -> Sequence[Word]:
    """The command with what `xargs` adds to it: words behind it, or in the place of a mark."""
    if not row.items:
        return inner
    mark = next(
        (
            option.value.value if option.value else "{}"
            for option in line.options
            if option.name in ("I", "i", "replace")
        ),
        None,
    )
    if mark is None:
        return [*inner, unknown(inner[-1])]
    return [unknown(word) if word.value is None or (mark or "{}") in word.value else word for word in inner]


def _option_texts(walker: Walker, name: str, row: Wrapper, line: CommandLine) -> bool:
    """Goes through options whose argument is shell text or a program; returns whether there was text."""
    found = False
    for option in line.options:
        if option.name in row.text.split():
            found = True
            _text_word(walker, option.value or option.word, f"started by {name} {option.shown}")
        elif option.name in row.program.split() and option.value is not None:
            walker.program([option.value, unknown(option.value)], f"started by {name} {option.shown}")
    return found


def _text_word(walker: Walker, word: Word, note: str) -> None:
    if word.value is None:
        walker.ledger.dynamic([word], f"{note}: text that is only known at run time")
    else:
        walker.child(word.value, word, "sh", note)


def _shell_text(walker: Walker, name: str, words: Sequence[Word], note: str) -> None:
    values = [word.value for word in words]
    if any(value is None for value in values):
        walker.ledger.dynamic(words, f"{note}: text that is only known at run time")
        return
    walker.child(" ".join(value or "" for value in values), joined(words), "sh", note)


def _without_assignments(walker: Walker, words: list[Word]) -> list[Word]:
    while words:
        word = words[0]
        match = _ASSIGNMENT.match(word.prefix)
        if match is None or word.splits:
            return words
        why = danger(match.group(1), piece(word, (word.value or "")[match.end() :]))
        if why is not None:
            walker.ledger.sets(match.group(1), word, f"`{match.group(1)}` {why}")
        words = words[1:]
    return words


def _split_string(walker: Walker, line: CommandLine, words: Sequence[Word]) -> None:
    """`env -S TEXT`: words that env cuts by rules of its own. Source: env(1) "-S/--split-string usage"."""
    for option in line.options:
        if option.name not in ("S", "split-string"):
            continue
        value = option.value.value if option.value is not None else None
        if value is None or not _SPLITTABLE.fullmatch(value):
            walker.ledger.dynamic(words, "`env -S` starts something that is only known at run time")
            continue
        place = option.value or option.word
        inner = [piece(place, part) for part in value.split()]
        walker.program([words[0], *inner, *words[line.first :]], "started by env -S")


def _shell_behind_operands(
    walker: Walker, name: str, row: Wrapper, rest: list[Word], front: tuple[bool, CommandLine]
) -> Found | None:
    """`su USER -c TEXT`, `script FILE -c TEXT`, `flock FILE -c TEXT | COMMAND`, `runuser -u USER COMMAND`."""
    given, line = front
    options = {option.name for option in line.options}
    if name == "runuser" and options & {"u", "user"}:
        _started(walker, rest, "started by runuser")
        return "wrapper", ""
    rest = [word for word in rest if word.value != "-"]
    behind = [index for index, word in enumerate(rest) if word.value is None or word.value.startswith("-")]
    if behind and (name != "flock" or behind[0] == 1):
        again = read_options([rest[0], *rest[behind[0] :]], row.grammar())
        if again.uncertain is None and _option_texts(walker, name, row, again):
            return "wrapper", ""
        walker.ledger.dynamic(rest, f"what `{name}` starts is only known at run time")
        return "wrapper", ""
    if name == "sg" and len(rest) > 1:
        _shell_text(walker, name, rest[1:], "started by sg")
    elif name == "flock" and len(rest) > 1:
        _started(walker, rest[1:], "started by flock")
    elif name in ("su", "runuser") and len(rest) > 1:
        walker.ledger.dynamic(rest, f"what `{name}` starts is a file that is not looked into")
    elif not given and name != "flock":
        return "opaque", f"`{name}` without a command starts a shell"
    return "wrapper", ""


def _loader(walker: Walker, words: Sequence[Word]) -> Found:
    """`ld.so PROGRAM`. Source: ld.so(8)."""
    line = read_options(words, _LOADER_OPTIONS)
    if line.uncertain is not None:
        walker.ledger.dynamic(words, "what the loader starts is only known at run time")
    else:
        _started(walker, words[line.first :], "started by the program loader")
    return "wrapper", ""


def _subcommand(
    walker: Walker, name: str, rows: tuple[Subcommand, ...], words: Sequence[Word]
) -> Found | None:
    for row in sorted(rows, key=lambda row: -len(row.path.split())):
        start = _path_end(words, row.path.split())
        if start is not None:
            far, walker.ledger.far = walker.ledger.far, walker.ledger.far or row.far
            found = _subcommand_found(walker, name, row, words, start)
            walker.ledger.far = far
            return found
    return None


def _path_end(words: Sequence[Word], path: list[str]) -> int | None:
    """The index behind the subcommand's words, if only options (and their arguments) stand before them."""
    for start in range(1, min(len(words) - len(path) + 1, 8)):
        if [word.value for word in words[start : start + len(path)]] == path:
            return start + len(path)
        word, before = words[start], words[start - 1]
        if not word.prefix.startswith("-") and (start == 1 or not before.prefix.startswith("-")):
            return None
    return None


def _names_program(row: Subcommand, option: Option) -> bool:
    if option.value is None:
        return False
    if option.name in row.python.split():
        return _PYTHON.fullmatch(option.value.value or option.value.raw) is None
    return option.name == "entrypoint"


def _subcommand_found(walker: Walker, name: str, row: Subcommand, words: Sequence[Word], start: int) -> Found:
    note = f"started by {name} {row.path}" + (" in a container or on another machine" if row.far else "")
    rules = grammar(row.short, row.long)
    operands = 0
    while True:
        line = read_options(words, rules, start)
        for option in line.options:
            if option.name in row.text.split():
                _text_word(walker, option.value or option.word, note)
                return "wrapper", ""
            if _names_program(row, option):
                walker.program([option.value or option.word, unknown(option.word)], note)
        if line.uncertain is not None:
            walker.ledger.dynamic(words, f"what `{name} {row.path}` starts is only known at run time")
            return "wrapper", ""
        ended = line.first > start and words[line.first - 1].value == "--"
        if operands == row.before or (ended and operands >= row.before):
            break
        if line.first >= len(words):
            return "wrapper", ""
        operands += 1
        start = line.first + 1
    rest = words[line.first :]
    if row.takes == "shell" and rest:
        _shell_text(walker, name, rest, note)
    else:
        _started(walker, rest, note)
    return "wrapper", ""
