"""Interpreters: code on the command line or on standard input makes a program opaque.

`awk` and `sed` are looked into as far as their harmless everyday use goes.
Source: the table of `rundown.shell.interpreters`; gawk(1), sed(1) (GNU extensions `e`, `w`, `W`, `r`, `R`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rundown.shell.finding import Found
from rundown.shell.interpreters import Interpreter, interpreters, unversioned
from rundown.shell.options import grammar, read_options
from rundown.shell.sed import dangerous_sed
from rundown.shell.tree import Word

if TYPE_CHECKING:
    from rundown.shell.walk import Walker

_AWK = grammar(
    "F:v:f:W:bcCd::D::e:E:gh:i:Il:L::nNo::Op::PrSstV",
    "field-separator= assign= file= characters-as-bytes traditional copyright "
    "dump-variables== debug== source= exec= gen-pot include= load= lint== bignum non-decimal-data use-lc-numeric pretty-print== "
    "optimize profile== posix re-interval no-optimize sandbox lint-old version help csv",
)
_AWKS = frozenset(["awk", "gawk", "mawk", "nawk", "original-awk"])
_SED = grammar(
    "nEre:f:i::l:suz",
    "quiet silent expression= file= in-place== line-length= posix regexp-extended separate sandbox unbuffered "
    "null-data debug follow-symlinks zero-terminated help version",
)
MAX_PROGRAM = 20_000
"""Characters of an awk program that are still looked at."""
_AWK_WRITES = frozenset(["d", "dump-variables", "o", "pretty-print", "p", "profile"])
_ON_THE_SPOT = re.compile(r"-|/dev/stdin|/dev/fd/[0-9]+|/proc/self/fd/[0-9]+")
_AWK_STARTS = re.compile(r"system|getline|@|close|(?<!\|)\|(?!\|)|printf?[^;}\n]*>")


def interpreted(walker: Walker, name: str, words: Sequence[Word]) -> Found | None:
    """Returns the kind and reason for an interpreter that runs code we do not read, None for anything else."""
    if name in _AWKS:
        return _awk(words)
    if name in ("sed", "gsed"):
        return _sed(words)
    row = interpreters().get(name) or interpreters().get(unversioned(name))
    return _table(row, name, words) if row is not None else None


def _table(row: Interpreter, name: str, words: Sequence[Word]) -> Found | None:
    if row.always:
        return "opaque", f"`{name}` {row.always}"
    line = read_options(words, row.grammar())
    ends = row.ends.split()
    for option in line.options:
        if option.name in row.code.split():
            return "opaque", f"`{name} {option.shown}` runs code from the command line"
        if option.name in ends or option.name in row.inert.split() or option.name in row.files.split():
            return None
    if line.uncertain is not None:
        if line.uncertain.value is None:
            return "opaque", f"`{name}` with options that are only known at run time"
        return _unknown_option(row, name, words)
    rest = words[line.first :]
    if not rest or rest[0].value == "-":
        return ("opaque", f"`{name}` runs code from standard input") if row.stdin else None
    return ("opaque", f"`{name}` runs code that is made on the spot") if made_on_the_spot(rest[0]) else None


def made_on_the_spot(file: Word) -> bool:
    """Whether a file of code is none that stands anywhere: standard input, a descriptor, `<(…)`."""
    return _ON_THE_SPOT.fullmatch(file.value or "") is not None or file.raw.startswith("<(")


def _of_scripts(name: str, files: Iterable[Word | None]) -> Found | None:
    made = any(file is not None and made_on_the_spot(file) for file in files)
    return ("opaque", f"`{name}` runs code that is made on the spot") if made else None


def _unknown_option(row: Interpreter, name: str, words: Sequence[Word]) -> Found | None:
    """An option that is not in the table: look for code options anywhere behind."""
    for word in words[1:]:
        text = word.value if word.value is not None else word.prefix
        option = text.lstrip("-").partition("=")[0]
        letters = set(text[1:]) if text.startswith("-") and not text.startswith("--") else set()
        if text.startswith("-") and (option in row.code.split() or letters & set(row.code.replace(" ", ""))):
            return "opaque", f"`{name} {text}` may run code from the command line"
    return None


def _awk(words: Sequence[Word]) -> Found | None:
    line = read_options(words, _AWK)
    given = {option.name for option in line.options}
    if line.uncertain is not None:
        return "opaque", "`awk` with options that are only known at run time"
    programs = [option.value for option in line.options if option.name in ("e", "source")]
    if given & {"l", "load", "i", "include", "D", "debug"}:
        return "escape", "`awk` loads a library"
    if given & _AWK_WRITES:
        return "escape", "`awk` writes its variables or its program into a file"
    if not programs and not given & {"f", "file", "E", "exec"}:
        programs = list(words[line.first : line.first + 1])
    for program in programs:
        if program is None or program.value is None:
            return "opaque", "its program is only known at run time"
        if "sandbox" in given:
            continue
        if len(program.value) > MAX_PROGRAM or _AWK_STARTS.search(_without_strings(program.value)):
            return "escape", "`awk` with `system`, `getline`, a pipe or a file that it writes"
    return _of_scripts(
        "awk", (item.value for item in line.options if item.name in ("f", "file", "E", "exec"))
    )


def _without_strings(text: str) -> str:
    return (
        re.sub(r'"(?:[^"\\\n]|\\.)*"', '""', text) if "system" not in text and "getline" not in text else text
    )


def _sed(words: Sequence[Word]) -> Found | None:
    scripts: list[Word] = []
    start = 1
    operands: list[Word] = []
    given: set[str] = set()
    files: list[Word | None] = []
    while start < len(words):
        line = read_options(words, _SED, start)
        given.update(option.name for option in line.options)
        files.extend(option.value for option in line.options if option.name in ("f", "file"))
        scripts.extend(
            option.value
            for option in line.options
            if option.name in ("e", "expression") and option.value is not None
        )
        if line.uncertain is not None:
            return "opaque", "`sed` with options that are only known at run time"
        operands.extend(words[line.first : line.first + 1])
        start = line.first + 1
    if not scripts and not given & {"f", "file"}:
        scripts = operands[:1]
    if "sandbox" in given:
        return None
    for script in scripts:
        if script.value is None:
            return "opaque", "its script is only known at run time"
        why = dangerous_sed(script.value)
        if why is not None:
            return "escape", why
    return _of_scripts("sed", files)
