"""What a shell text is made of, as far as it matters for what can start: scripts, commands, words.

Values only. All positions are character offsets, end exclusive. A script that was not read in place (the inside
of backquotes with escapes, an operand of `eval`) carries its `origin`: the span that stands for everything in it.
"""

from __future__ import annotations

from typing import Literal, Protocol

from msgspec import Struct

Place = tuple[int, int]


class Placed(Protocol):
    """Anything that stands somewhere in the text."""

    @property
    def start(self) -> int: ...

    @property
    def end(self) -> int: ...


class Word(Struct, frozen=True, kw_only=True):
    """One word. `raw` is as written; `value` its text after quote removal, None if that is not a plain literal.

    `prefix`: the literal text before the first part that is not (the whole value of a literal).
    `splits`: it may become none or several words. `globs`: only patterns or braces keep it from being a literal.
    `inner`: everything in it that is expanded.
    """

    start: int
    end: int
    raw: str
    value: str | None
    prefix: str = ""
    splits: bool = False
    quoted: bool = False
    inner: tuple[Inner, ...] = ()


class Substitution(Struct, frozen=True, kw_only=True):
    """A command or process substitution. `script` runs in a shell of its own."""

    start: int
    end: int
    script: Script
    process: bool = False


class Arithmetic(Struct, frozen=True, kw_only=True):
    """Text that the shell evaluates as an expression. In `bare` each expansion is a NUL."""

    start: int
    end: int
    bare: str
    inner: tuple[Inner, ...] = ()
    subscript: bool = False


class Parameter(Struct, frozen=True, kw_only=True):
    """`$name` or `${…}`. `operator` is what follows the name ("" for none, ":" for an offset, "#" before: "length").

    `indirect`: `${!name}`, the value is a name in its turn. `inner`: what subscript and operand expand.
    """

    start: int
    end: int
    name: str
    operator: str = ""
    indirect: bool = False
    subscript: Arithmetic | None = None
    operand: str = ""
    inner: tuple[Inner, ...] = ()


Inner = Substitution | Arithmetic | Parameter


class Assignment(Struct, frozen=True, kw_only=True):
    """`name=value`, `name+=value`, `name[sub]=value`, `name=(…)`; exactly one of `value` and `elements`."""

    start: int
    end: int
    name: str
    append: bool = False
    subscript: Arithmetic | None = None
    value: Word | None = None
    elements: tuple[Word | Assignment, ...] | None = None


class Redirection(Struct, kw_only=True):
    """`descriptor` is the number before `operator`, "" if there is none. `target` is the word after it; a here-document's is its body, which the
    reader puts there when it comes to it (the only change that anything here ever sees).

    `variable`: NAME of `{NAME}>file`, `subscript` that of `{NAME[…]}>file`.
    """

    start: int
    end: int
    operator: str
    target: Word
    descriptor: str = ""
    variable: str = ""
    subscript: Arithmetic | None = None


class Simple(Struct, frozen=True, kw_only=True):
    """A simple command. Arguments of the shape of array assignments (`declare a=(…)`) are in `arrays`, and in
    `words` as their raw text without a value."""

    start: int
    end: int
    assignments: tuple[Assignment, ...] = ()
    words: tuple[Word, ...] = ()
    arrays: tuple[Assignment, ...] = ()
    redirections: tuple[Redirection, ...] = ()


class Block(Struct, frozen=True, kw_only=True):
    """A script within a compound command. `certain`: it runs whenever the compound does, in this very shell."""

    script: Script
    certain: bool = False


class Compound(Struct, frozen=True, kw_only=True):
    """Any compound command. `words` are expanded (list of a `for`, subject and patterns of a `case`, operands of
    `[[ ]]`), `arithmetic` is evaluated, `variable` is set (`for`, `select`, `coproc`)."""

    start: int
    end: int
    kind: Literal["{", "(", "if", "while", "for", "select", "case", "[[", "((", "coproc"]
    blocks: tuple[Block, ...] = ()
    words: tuple[Word, ...] = ()
    arithmetic: tuple[Arithmetic, ...] = ()
    tests: tuple[tuple[str, Word], ...] = ()
    variable: str = ""
    redirections: tuple[Redirection, ...] = ()


class Function(Struct, frozen=True, kw_only=True):
    """A definition. The body runs when it is called. `plain`: the name is written without quotes and expansions,
    so that every shell takes the definition."""

    start: int
    end: int
    name: str
    plain: bool
    body: Script


Command = Simple | Compound | Function


class Item(Struct, frozen=True, kw_only=True):
    """One command of a list. `joint`: what stands before it within its and-or list ("" for the first).

    `apart`: it runs in a shell of its own: `piped`, as a part of a pipeline, or `behind`, its whole list in the
    background. `opens_line`: it is the first of its line.
    """

    command: Command
    joint: Literal["", "&&", "||"] = ""
    piped: bool = False
    behind: bool = False
    opens_line: bool = False

    @property
    def apart(self) -> bool:
        return self.piped or self.behind


class Script(Struct, frozen=True, kw_only=True):
    """A list of commands. `origin`: see the module."""

    items: tuple[Item, ...]
    origin: Place | None = None
