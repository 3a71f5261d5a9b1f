"""Which words of a command are code, or decide what is code, rather than data: scripts of a nested `-c`,
programs started by wrappers, names that builtins evaluate.

A value may stand anywhere else as one datum; here it must be plain (a word without any syntax). Wrappers and
their options are those of `rundown.shell.wrappers`; an unknown program's words are data to the shell, and
what that program does with them is its own business.

Source: bash(1) SHELL BUILTIN COMMANDS and ARITHMETIC EVALUATION, dash(1), ssh(1), find(1).
"""

import re
from collections.abc import Sequence

from rundown.shell.builtins import SHELLS
from rundown.shell.options import read_options
from rundown.shell.tree import Word as Argument
from rundown.shell.wrappers import Wrapper, wrappers
from rundown.syntax.interpreters import INTERPRETERS, Code, Word, read_interpreter, read_shell

_ALL_CODE = frozenset(
    (
        "eval",
        "alias",
        "watch",
        "parallel",
        "bind",
        "complete",
        "compgen",
        "enable",
        "hash",
        "fc",
        "sqlite3",
        "tmux",
        "screen",
    )
)
_CONTAINERS = ("docker", "podman", "nerdctl", "kubectl", "oc", "lxc", "incus", "vagrant", "machinectl")
_LAUNCHERS = frozenset(
    (*_CONTAINERS, "nsenter", "ip", "systemd-run", "gosu", "su-exec", "firejail", "bwrap", "script")
)
EVALUATED_VARIABLES = frozenset(("PS4", "BASH_ENV", "ENV", "PROMPT_COMMAND", "SHELLOPTS", "BASHOPTS", "IFS"))
"""Variables whose value a shell expands, runs, or splits its text by."""
_NAMES = frozenset(("unset", "read", "mapfile", "readarray", "getopts", "wait"))
_DECLARES = frozenset(("export", "declare", "typeset", "local", "readonly"))
_BEFORE_COMMANDS = {
    "exec": Wrapper(names="exec", short="cla:", source="bash(1)"),
    "command": Wrapper(names="command", short="pvV", source="bash(1)"),
    "builtin": Wrapper(names="builtin", source="bash(1)"),
    "coproc": Wrapper(names="coproc", source="bash(1)"),
}
"""What stands before a command as a wrapper does, and is the shell's own."""
_VERSIONED = re.compile(r"(python|lua|perl|ruby|php)[0-9.]*")
_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\+?=")
_CODE_OPTION = re.compile(r"-[A-Za-z]*[ceE]")


def code_in(words: Sequence[Word]) -> Code:
    """Returns which of `words` (the first is the command) are code, or decide what is."""
    if not words:
        return Code()
    name = _name(words[0])
    if name is None:
        return _from_option(words)
    code = _by_name(name, words)
    return code if code is not None else _embedded(words)


def _by_name(name: str, words: Sequence[Word]) -> Code | None:
    everything = frozenset(range(1, len(words)))
    if name in SHELLS:
        return read_shell(words)
    if name in INTERPRETERS:
        return read_interpreter(INTERPRETERS[name], words)
    if name in _ALL_CODE:
        return Code(words=everything)
    if name in _NAMES:
        return Code(words=frozenset(index for index in everything if words[index].text is None))
    if name in _DECLARES:
        return Code(
            words=frozenset(index for index in everything if not _ASSIGNMENT.match(words[index].prefix))
        )
    special = {
        "trap": _trap,
        "ssh": _ssh,
        "su": _su,
        "runuser": _su,
        "find": _find,
        "test": _test,
        "printf": _printf,
    }
    if name in special:
        return special[name](words)
    if name in ("source", "."):
        file = {1} if len(words) > 1 and words[1].text is None and words[1].prefix[:1] in ("", "-") else set()
        return Code(words=frozenset(file), stdin=any(word.text in ("/dev/stdin", "-") for word in words[1:]))
    if name in ("at", "batch", "crontab"):
        return Code(stdin=True)
    row = _BEFORE_COMMANDS.get(name) or wrappers().get(name)
    return _wrapper(row, words) if row is not None else None


def _name(word: Word) -> str | None:
    if word.text is None:
        return None
    base = word.text.rpartition("/")[2]
    versioned = _VERSIONED.fullmatch(base)
    return versioned[1] if versioned else base


def _shift(code: Code, by: int) -> Code:
    return Code(words=frozenset(index + by for index in code.words), stdin=code.stdin)


def _wrapper(row: Wrapper, words: Sequence[Word]) -> Code:
    """Options, assignments and leading operands, then a command of its own, or shell text."""
    code, index = _options(row, words)
    stdin = index >= len(words) and row.alone == "shell" and not code
    for before in row.before:
        code_here, stdin_here = _command_behind(row, words, index, before)
        code, stdin = code | code_here, stdin or stdin_here
    return Code(words=frozenset(item for item in code if item < len(words)), stdin=stdin)


def _options(row: Wrapper, words: Sequence[Word]) -> tuple[frozenset[int], int]:
    """What of the options is code, and where they end. One that the row does not know counts as a flag."""
    read = [
        Argument(start=index, end=index, raw="", value=word.text, prefix=word.prefix)
        for index, word in enumerate(words)
    ]
    texts = {
        *row.text.split(),
        *row.program.split(),
        *(("S", "split-string") if "env" in row.names.split() else ()),
    }
    code: set[int] = set()
    index = 1
    while True:
        line = read_options(read, row.grammar(), index)
        code |= {(option.value or option.word).start for option in line.options if option.name in texts}
        strange = line.uncertain
        if strange is None or not strange.prefix.startswith("-"):
            return frozenset(code), line.first
        if strange.value is None:
            code.add(strange.start)
        index = strange.start + 1


def _command_behind(
    row: Wrapper, words: Sequence[Word], index: int, operands: int
) -> tuple[frozenset[int], bool]:
    """What of the words behind the options is code, if the command stands behind so many operands; and
    whether standard input is."""
    code: set[int] = set()
    while index < len(words):
        text = words[index].text
        if assigned := _ASSIGNMENT.match(text if text is not None else words[index].prefix):
            code.update((index,) if assigned[1] in EVALUATED_VARIABLES else ())
        elif operands:
            operands -= 1
        else:
            break
        index += 1
    rest = words[index:]
    if row.takes == "shell":
        return frozenset((*code, *range(index, len(words)))), False
    found = _shift(code_in(rest), index)
    code.update((index,) if rest and rest[0].text is None else ())
    return frozenset((*code, *found.words)), found.stdin or (row.items and _starts_shell(rest))


def _starts_shell(words: Sequence[Word]) -> bool:
    names = {_name(word) for word in words}
    return bool(names & (SHELLS | {"eval", "ssh", "su"}))


def _trap(words: Sequence[Word]) -> Code:
    return Code(words=frozenset((1,)) if len(words) > 1 else frozenset())


def _test(words: Sequence[Word]) -> Code:
    """`test -v NAME` evaluates subscripts of NAME; a value may itself be `-v`."""
    after = {index for index in range(2, len(words)) if words[index - 1].text in ("-v", "-R")}
    if len(words) == 3 and words[1].text is None:
        after |= {1, 2}
    return Code(words=frozenset(after))


def _printf(words: Sequence[Word]) -> Code:
    """`printf -v NAME`; a format that begins with a value may itself be an option."""
    code = {index for index in range(2, len(words)) if words[index - 1].text == "-v"}
    if len(words) > 1 and words[1].text is None and words[1].prefix in ("", "-", "-v"):
        code.add(1)
    return Code(words=frozenset(code))


def _ssh(words: Sequence[Word]) -> Code:
    """`ssh [options] DESTINATION [COMMAND…]`: the words of COMMAND are joined to a remote script."""
    _, index = _options(wrappers()["ssh"], words)
    unknown = {
        item
        for item in range(1, min(index, len(words)))
        if words[item].text is None and words[item - 1].text == "-o"
    }
    if index < len(words) and words[index].text is None and not words[index].prefix:
        unknown.add(index)
    return Code(words=frozenset((*unknown, *range(index + 1, len(words)))), stdin=index + 1 >= len(words))


def _su(words: Sequence[Word]) -> Code:
    after = {index for index in range(2, len(words)) if words[index - 1].text in ("-c", "--command")}
    return Code(words=frozenset(after), stdin=not after)


def _find(words: Sequence[Word]) -> Code:
    code: set[int] = set()
    index = 1
    while index < len(words):
        if words[index].text in ("-exec", "-execdir", "-ok", "-okdir"):
            end = next((i for i in range(index, len(words)) if words[i].text in (";", "+")), len(words))
            inner = words[index + 1 : end]
            code |= {item + index + 1 for item in code_in(inner).words}
            if inner and inner[0].text is None:
                code.add(index + 1)
            index = end
        index += 1
    return Code(words=frozenset(code))


def _embedded(words: Sequence[Word]) -> Code:
    """A shell or interpreter with code among the words of another program (`docker exec web sh -c …`)."""
    for index, word in enumerate(words[1:], start=1):
        name = _name(word)
        if name in SHELLS or name in INTERPRETERS:
            rest = words[index:]
            if any(item.text is not None and _CODE_OPTION.fullmatch(item.text) for item in rest[1:]):
                return _shift(code_in(rest), index)
            return Code(stdin=_name(words[0]) in _LAUNCHERS and code_in(rest).stdin)
    return Code()


def _from_option(words: Sequence[Word]) -> Code:
    """The command itself is not known: whatever follows an option for code is taken for code."""
    for index, word in enumerate(words[1:], start=1):
        if word.text is not None and _CODE_OPTION.fullmatch(word.text):
            return Code(words=frozenset(range(index + 1, len(words))), stdin=True)
    return Code(stdin=len(words) == 1)
