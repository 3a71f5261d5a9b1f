"""Lists, pipelines and simple commands; and the reader of whole texts.

Source: the grammar of bash(1) (SHELL GRAMMAR) and POSIX XCU 2.10. What this reads may be a little more than a shell
accepts, never less exact: text that a shell refuses starts nothing.
"""

import re

from msgspec.structs import replace

from rundown.shell.builtins import RESERVED
from rundown.shell.compounds import CLOSING, OPENING_BASH, OPENING_POSIX, Compounds
from rundown.shell.cursor import MAX_ARGUMENTS, Budget, Dialect
from rundown.shell.tree import (
    Assignment,
    Command,
    Function,
    Item,
    Place,
    Redirection,
    Script,
    Simple,
    Word,
)
from rundown.shell.words import ASSIGNMENT

_PREFIX_BASH = re.compile(r"(?:!|time)(?=[ \t\n;|&()<>]|\Z)")
_PREFIX_POSIX = re.compile(r"!(?=[ \t\n;|&()<>]|\Z)")
_TIME_OPTION = re.compile(r"[ \t]+(?:-p|--)(?=[ \t\n;|&()<>]|\Z)")
_ARRAY_ARGUMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\[[^\]\n]{0,200}\])?\+?=\(")
_TAKES_ARRAYS = frozenset(["declare", "typeset", "local", "export", "readonly", "eval", "let"])
_ENDS_COMMAND = frozenset(["", "\n", ";", "|", ")", "#"])


def read(text: str, dialect: Dialect, budget: Budget | None = None, origin: Place | None = None) -> Script:
    """Returns the whole text as commands. Raises: UnreadableError."""
    reader = Reader(text, dialect, budget or Budget())
    reader.origin = origin
    script = reader.script()
    if reader.position < reader.end:
        reader.fail("a word or sign that closes nothing")
    return script


class Reader(Compounds):
    """Reads commands."""

    def __init__(self, text: str, dialect: Dialect, budget: Budget) -> None:
        super().__init__(text, dialect, budget)
        self.extglob = "extglob" in text
        self.opening = OPENING_BASH if self.bash else OPENING_POSIX
        self.prefix = _PREFIX_BASH if self.bash else _PREFIX_POSIX

    def whole(self, text: str, origin: Place) -> Script:
        return read(text, self.dialect, self.budget, self.origin or origin)

    def script(self) -> Script:
        outer, self.pending = self.pending, ()
        items: list[Item] = []
        opens_line = True
        while True:
            opens_line = self.linebreak() or opens_line
            if self.position >= self.end or CLOSING.match(self.text, self.position, self.end):
                break
            first = len(items)
            self.and_or(items, opens_line)
            opens_line = False
            self.skip_blanks()
            if self.at(";") and self.peek(1) not in (";", "&"):
                self.position += 1
                self.refuse_split_operator()
            elif self.at("&"):
                self.position += 1
                self.refuse_split_operator()
                items[first:] = [replace(item, behind=True) for item in items[first:]]
            elif self.peek() not in _ENDS_COMMAND:
                self.fail("a word or sign that cannot stand here")
        if self.pending:
            self.fail("a here-document's body is missing")
        self.pending = outer
        return Script(items=tuple(items), origin=self.origin)

    def linebreak(self) -> bool:
        """Goes past blanks, comments and line feeds; returns whether there was a line feed."""
        passed = False
        while True:
            self.skip_blanks()
            char = self.peek()
            if char == "\n":
                passed = True
                self.newline()
            elif char == "#":
                self.skip_comment()
            else:
                return passed

    def and_or(self, items: list[Item], opens_line: bool) -> None:
        """Reads pipelines up to the end of their and-or list."""
        joint = ""
        while True:
            commands = self.pipeline()
            piped = len(commands) > 1
            for command in commands:
                items.append(Item(command=command, joint=joint, piped=piped, opens_line=opens_line))  # type: ignore[arg-type]
                opens_line = False
            self.skip_blanks()
            if not (self.at("&&") or self.at("||")):
                return
            joint = self.text[self.position : self.position + 2]
            self.position += 2
            self.linebreak()

    def pipeline(self) -> list[Command]:
        """Reads commands joined by `|`. `time` counts as reserved only before the first, as in bash."""
        commands: list[Command] = []
        while (match := self.prefix.match(self.text, self.position, self.end)) is not None:
            if match.group() == "!" and self.extglob and self.text.startswith("(", match.end(), self.end):
                self.fail("a negated subshell or a pattern, depending on `extglob`")
            self.position = match.end()
            option = (
                _TIME_OPTION.match(self.text, self.position, self.end) if match.group() == "time" else None
            )
            if option is not None:
                self.position = option.end()
            self.skip_blanks()
            if self.peek() in _ENDS_COMMAND or self.at("&"):
                return commands
        while True:
            commands.append(self.command())
            self.skip_blanks()
            if not self.at("|") or self.at("||"):
                return commands
            self.position += 2 if self.bash and self.at("|&") else 1
            self.refuse_split_operator()
            self.linebreak()

    def command(self) -> Command:
        """Reads one command of any kind."""
        self.count_command()
        match = self.opening.match(self.text, self.position, self.end)
        if match is not None:
            return self.compound(match.group())
        return self.simple()

    def simple(self) -> Simple | Function:
        """Reads a simple command, or a function's definition that starts with its name."""
        start = self.position
        assignments: list[Assignment] = []
        words: list[Word] = []
        arrays: list[Assignment] = []
        redirections: list[Redirection] = []
        while True:
            self.skip_blanks()
            char = self.peek()
            if char in _ENDS_COMMAND or (char == "&" and not (self.bash and self.peek(1) == ">")):
                break
            if char == "(":
                return self.defined(start, words, bool(assignments or redirections))
            redirection = self.redirection() if char in "<>&{0123456789" else None
            if redirection is not None:
                redirections.append(redirection)
                continue
            assignment = self.assignment() if not words else self.array_argument(words[0])
            if assignment is None:
                words.append(self.word())
                if len(words) > MAX_ARGUMENTS:
                    self.fail(f"more than {MAX_ARGUMENTS} words in one command")
            elif words:
                arrays.append(assignment)
                raw = self.text[assignment.start : assignment.end]
                words.append(
                    Word(start=assignment.start, end=assignment.end, raw=raw, value=None, prefix=raw)
                )
            else:
                assignments.append(assignment)
        if not (assignments or words or redirections):
            self.fail("a command is missing")
        if words:
            self.refuse_joined(words[0])
            self.budget.names.update((words[0].raw, words[0].value or ""))
            if self.origin is None:
                self.budget.starts.add(words[0].start)
        return Simple(
            start=start,
            end=max(part[-1].end for part in (assignments, words, redirections) if part),
            assignments=tuple(assignments),
            words=tuple(words),
            arrays=tuple(arrays),
            redirections=tuple(redirections),
        )

    def array_argument(self, name: Word) -> Assignment | None:
        """Reads `a=(…)` as an argument of a builtin that takes it."""
        if (
            self.bash
            and name.value in _TAKES_ARRAYS
            and _ARRAY_ARGUMENT.match(self.text, self.position, self.end)
        ):
            return self.assignment()
        return None

    def refuse_joined(self, name: Word) -> None:
        """Raises: UnreadableError if a line continuation hides that the command's name is none."""
        if name.end - name.start != len(name.raw) and (name.raw in RESERVED or ASSIGNMENT.match(name.raw)):
            self.fail("a line continuation stands within a reserved word or an assignment", name.start)

    def defined(self, start: int, words: list[Word], more: bool) -> Function:
        """Reads `(` `)` and the body behind a function's name."""
        if more or len(words) != 1:
            self.fail("a parenthesis that cannot stand here")
        self.position += 1
        self.skip_blanks()
        if not self.at(")"):
            self.fail("a parenthesis that cannot stand here")
        self.position += 1
        return self.function(start, words[0])
