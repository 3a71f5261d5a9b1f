"""Which words of a command are code, or decide what is code, rather than data: scripts of a nested `-c`,
programs started by wrappers, names that builtins evaluate.

A value may stand anywhere else as one datum; here it must be plain (a word without any syntax). The tables
hold what a shell block commonly starts; an unknown program's words are data to the shell, and what that
program does with them is its own business.

Source: bash(1) SHELL BUILTIN COMMANDS and ARITHMETIC EVALUATION, dash(1), ssh(1), env(1), sudo(8), xargs(1),
find(1), timeout(1).
"""

import re
from collections.abc import Sequence

from rundown.syntax.interpreters import INTERPRETERS, SHELLS, Code, Word, read_interpreter, read_shell

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
_WRAPPERS: dict[str, tuple[str, ...]] = {
    "sudo": ("-u", "-g", "-p", "-C", "-h", "-r", "-t", "-T", "-U", "-D", "-R", "--user", "--group"),
    "doas": ("-u", "-C"),
    "env": ("-u", "-C", "--unset", "--chdir"),
    "nice": ("-n",),
    "ionice": ("-c", "-n", "-p"),
    "timeout": ("-s", "-k", "--signal", "--kill-after"),
    "stdbuf": ("-i", "-o", "-e"),
    "xargs": ("-I", "-n", "-P", "-L", "-d", "-a", "-E", "-s"),
    "chroot": (),
    "flock": ("-w", "-E", "--timeout"),
    "taskset": (),
    "strace": ("-e", "-o", "-p", "-s"),
    "exec": ("-a",),
    "time": ("-f", "-o"),
    "command": (),
    "builtin": (),
    "nohup": (),
    "setsid": (),
    "coproc": (),
    "busybox": (),
    "unshare": (),
}
_OPERANDS_FIRST = {"timeout": 1, "chroot": 1, "flock": 1, "taskset": 1}
_SSH_VALUED = frozenset(f"-{letter}" for letter in "bcDEeFIiJLlmOopQRSWw")
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
    if name in _WRAPPERS:
        return _wrapper(name, words)
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
    return None


def _name(word: Word) -> str | None:
    if word.text is None:
        return None
    base = word.text.rpartition("/")[2]
    versioned = _VERSIONED.fullmatch(base)
    return versioned[1] if versioned else base


def _shift(code: Code, by: int) -> Code:
    return Code(words=frozenset(index + by for index in code.words), stdin=code.stdin)


def _wrapper(name: str, words: Sequence[Word]) -> Code:
    """Options, assignments and leading operands, then a command of its own."""
    valued, operands = _WRAPPERS[name], _OPERANDS_FIRST.get(name, 0)
    unknown: set[int] = set()
    index = 1
    while index < len(words):
        word = words[index]
        text = word.text if word.text is not None else word.prefix
        if name == "env" and text in ("-S", "--split-string"):
            unknown.add(index + 1)
            index += 2
        elif text in valued and word.text is not None:
            index += 2
        elif text.startswith("-") and text != "-" and name != "builtin":
            if word.text is None:
                unknown.add(index)
            index += 1
        elif assigned := _ASSIGNMENT.match(text):
            if assigned[1] in EVALUATED_VARIABLES:
                unknown.add(index)
            index += 1
        elif operands:
            operands -= 1
            index += 1
        else:
            break
    rest = _shift(code_in(words[index:]), index)
    started = {index} if index < len(words) and words[index].text is None else set()
    stdin = rest.stdin or (name == "xargs" and _starts_shell(words[index:]))
    return Code(
        words=frozenset(item for item in (*unknown, *started, *rest.words) if item < len(words)), stdin=stdin
    )


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
    index = 1
    while index < len(words):
        text = words[index].text
        if text in _SSH_VALUED:
            index += 2
        elif text is not None and text.startswith("-"):
            index += 1
        else:
            break
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
