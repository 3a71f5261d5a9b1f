"""Builtins that can start something: what they start, found in their operands.

They are transparent: no program is started for `eval` itself, so what counts is what it runs. Source: bash(1) SHELL
BUILTIN COMMANDS, dash(1) "Builtins".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from rundown.model.request import Capability
from rundown.shell import arguments, builtins
from rundown.shell.options import grammar, joined, read_options, unknown
from rundown.shell.scope import Scope
from rundown.shell.tree import Word

if TYPE_CHECKING:
    from rundown.shell.walk import Walker

_EXEC = grammar("cla:")
_COMMAND = grammar("pvV")
_COMPLETE = grammar("abcdefgjksuvprDEIo:A:G:W:F:C:X:P:S:V:")
_MAPFILE = grammar("d:n:O:s:tu:C:c:")
_SIGNAL = re.compile(r"[0-9]+|(?:SIG)?[A-Z][A-Z0-9+-]*", re.IGNORECASE)


def evaluate(walker: Walker, words: Sequence[Word], scope: Scope) -> None:
    """`eval`: the operands, joined by blanks, are commands."""
    operands = [word for index, word in enumerate(words[1:]) if index > 0 or word.value != "--"]
    if walker.dialect == "sh" and len(operands) < len(words) - 1:
        walker.program(words[1:], "an `eval` that takes no options runs it")
    text = _joined(operands)
    if text is None:
        walker.ledger.dynamic(words, "`eval` runs text that is only known at run time")
    elif operands:
        walker.text(text, joined(words), scope, "in `eval`")


def execute(walker: Walker, words: Sequence[Word], scope: Scope) -> None:
    """`exec`: the program that takes the shell's place; without one only redirections."""
    if walker.dialect == "sh" and len(words) > 1 and words[1].prefix.startswith("-"):
        walker.program(words[1:], "an `exec` that takes no options runs it")
    line = read_options(words, _EXEC)
    if line.uncertain is not None:
        walker.ledger.dynamic(words, "`exec` starts something that is only known at run time")
    elif line.first < len(words):
        walker.program(words[line.first :], "started by exec")


def command(walker: Walker, words: Sequence[Word], scope: Scope) -> None:
    """`command`: a builtin or a program, never a function; with `-v` nothing."""
    if len(words) > 1 and words[1].value in ("-v", "-V"):
        return
    line = read_options(words, _COMMAND)
    if line.uncertain is not None:
        walker.ledger.dynamic(words, "`command` starts something that is only known at run time")
        return
    rest = words[line.first :]
    if not rest or any(option.name in "vV" for option in line.options):
        return
    if rest[0].value in builtins.EVERY:
        walker.builtin(rest, scope)
    else:
        walker.program(rest, "started by command")


def builtin(walker: Walker, words: Sequence[Word], scope: Scope) -> None:
    """`builtin NAME`: never a program by itself."""
    rest = words[2:] if len(words) > 1 and words[1].value == "--" else words[1:]
    if not rest:
        return
    if rest[0].value is None:
        walker.ledger.dynamic(words, "`builtin` runs something that is only known at run time")
    elif rest[0].value in builtins.BASH:
        walker.builtin(rest, scope)


def source(walker: Walker, words: Sequence[Word], scope: Scope) -> None:
    """`source FILE`: the commands of a file that is not looked into."""
    rest = words[2:] if len(words) > 1 and words[1].value == "--" else words[1:]
    if not rest or rest[0].value == "/dev/null":
        return
    if rest[0].value:
        walker.ledger.touch(Capability.READ, rest[0].value, rest[0], "operand of source")
    walker.ledger.dynamic(words, f"`{words[0].raw}` runs the commands of a file")


def trap(walker: Walker, words: Sequence[Word], scope: Scope) -> None:
    """`trap ACTION SIGNAL…`: the action is commands."""
    rest = list(words[1:])
    if rest and rest[0].value in ("-p", "-l", "-P"):
        return
    if rest and rest[0].value == "--":
        rest = rest[1:]
    if not rest or (len(rest) == 1 and rest[0].value is not None and _SIGNAL.fullmatch(rest[0].value)):
        return
    action = rest[0]
    if action.value is None:
        walker.ledger.dynamic(words, "`trap` runs text that is only known at run time")
    elif action.value not in ("", "-"):
        # It runs later, wherever the shell is then, and what it does counts from then on.
        where = walker.ledger.where
        begun = walker.ledger.where = None if walker.may_move(besides="trap") else where
        walker.text(action.value, action, scope, "in `trap`")
        walker.lost = walker.lost or walker.ledger.where != begun
        walker.ledger.where = where


def alias(walker: Walker, words: Sequence[Word], scope: Scope) -> None:
    """`alias NAME=TEXT`: the text stands for the name wherever that is a command, with arguments to come."""
    for word in words[1:]:
        if word.value is None:
            walker.ledger.unknown(word, word.raw, "`alias` defines text that is only known at run time")
            continue
        name, equals, text = word.value.partition("=")
        if not equals:
            continue
        walker.ledger.shadows[name] = None
        walker.values.redefined.add(name)
        if name in builtins.RESERVED:
            walker.ledger.unknown(word, word.raw, "an alias of a reserved word changes how the text is read")
        else:
            walker.alias_text(text, word, scope)


def hash_(walker: Walker, words: Sequence[Word], scope: Scope) -> None:
    """`hash -p PATH NAME`: the name now starts that file."""
    line = read_options(words, grammar("rp:dtl"))
    for option in line.options:
        if option.name == "p" and option.value is not None:
            if option.value.value:
                walker.program(
                    [option.value, unknown(option.value)], "put in the place of other names by hash"
                )
            walker.ledger.dynamic(words, "`hash -p` puts a file in the place of a name")
    if line.uncertain is not None:
        walker.ledger.dynamic(words, "`hash -p` puts a file in the place of a name")


def enable(walker: Walker, words: Sequence[Word], scope: Scope) -> None:
    """`enable -f FILE` loads code; `enable -n NAME` makes a builtin's name a program's."""
    line = read_options(words, grammar("adnpsf:"))
    given = {option.name for option in line.options}
    if "f" in given or line.uncertain is not None:
        walker.ledger.dynamic(words, "`enable -f` loads code into the shell")
    if "n" in given:
        walker.disabled.update(word.value or "*" for word in words[line.first :])


def bind(walker: Walker, words: Sequence[Word], scope: Scope) -> None:
    """`bind -x KEYS:COMMAND`, and macros, which type commands."""
    if len(words) > 1 and not all(
        word.value in ("-l", "-p", "-P", "-s", "-S", "-v", "-V", "-X") for word in words[1:]
    ):
        walker.ledger.dynamic(words, "`bind` ties commands to keys")


def complete(walker: Walker, words: Sequence[Word], scope: Scope) -> None:
    """`complete compgen compopt`: `-C` commands, `-F` a function, `-W` words that are expanded."""
    line = read_options(words, _COMPLETE)
    name = words[0].raw
    if line.uncertain is not None:
        walker.ledger.dynamic(words, f"`{name}` with options that are only known at run time")
        return
    for option in line.options:
        value = option.value
        if value is None or option.name not in ("C", "F", "W"):
            continue
        if value.value is None:
            note = f"`{name} -{option.name}` runs or expands text that is only known at run time"
            walker.ledger.unknown(value, value.raw, note)
        elif option.name == "C":
            walker.text(value.value, value, scope, f"in `{name} -C`")
        elif option.name == "F":
            walker.called_by_name(value, scope)
        elif set(value.value) & set("<>'\"\\"):
            walker.ledger.unknown(value, value.raw, f"`{name} -W` expands its words")
        else:
            walker.expanded(value.value, value, scope, f"in `{name} -W`")


def mapfile(walker: Walker, words: Sequence[Word], scope: Scope) -> None:
    """`mapfile -C CALLBACK NAME`."""
    line = read_options(words, _MAPFILE)
    if line.uncertain is not None:
        walker.ledger.dynamic(words, "`mapfile` with options that are only known at run time")
        return
    for option in line.options:
        if option.name != "C" or option.value is None:
            continue
        if option.value.value is None:
            walker.ledger.dynamic(words, "`mapfile -C` runs text that is only known at run time")
        else:
            walker.alias_text(option.value.value, option.value, scope)
    for word in words[line.first :]:
        arguments.name_operand(walker, word, scope)
        walker.values.arrays.add(word.value or "")


def jobs(walker: Walker, words: Sequence[Word], scope: Scope) -> None:
    """`jobs -x COMMAND`."""
    if len(words) > 1 and words[1].value is None:
        walker.ledger.dynamic(words, "may turn out to be `jobs -x`")
    elif len(words) > 2 and (words[1].value or "").startswith("-") and "x" in (words[1].value or ""):
        walker.program(words[2:], "started by jobs -x")


def history(walker: Walker, words: Sequence[Word], scope: Scope) -> None:
    """`fc`: runs commands of the past, or an editor on them; `fc -l` only shows them."""
    if not (len(words) > 1 and (words[1].value or "").startswith("-l")):
        walker.ledger.dynamic(words, "`fc` runs commands of the past")


def settings(walker: Walker, words: Sequence[Word], scope: Scope) -> None:
    """`set -H`, `set -o histexpand`: later lines are rewritten before they are read."""
    skip = False
    for index, word in enumerate(words[1:], 1):
        value = word.value or ""
        if skip:
            skip = False
            continue
        if value in ("-", "--") or value[:1] not in ("-", "+"):
            return
        skip = "o" in value
        after = words[index + 1].value if index + 1 < len(words) else ""
        if value[0] == "-" and ("H" in value or (skip and after in (None, "histexpand"))):
            walker.ledger.dynamic(words, "history expansion rewrites later lines")
            return


def _joined(words: Sequence[Word]) -> str | None:
    values = [word.value for word in words]
    return (
        None
        if any(value is None for value in values)
        else " ".join(value for value in values if value is not None)
    )


_Starter = Callable[["Walker", Sequence[Word], Scope], None]
STARTERS: dict[str, _Starter] = {
    "eval": evaluate,
    "exec": execute,
    "command": command,
    "builtin": builtin,
    "source": source,
    ".": source,
    "trap": trap,
    "alias": alias,
    "hash": hash_,
    "enable": enable,
    "bind": bind,
    "complete": complete,
    "compgen": complete,
    "compopt": complete,
    "mapfile": mapfile,
    "readarray": mapfile,
    "jobs": jobs,
    "fc": history,
    "set": settings,
}
