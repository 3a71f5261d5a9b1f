"""Compound commands and function definitions.

Source: bash(1) "Compound Commands", "Shell Function Definitions", "Coprocesses"; POSIX XCU 2.9.4.
"""

import re
from abc import abstractmethod
from typing import Literal, NamedTuple

from rundown.shell.redirections import Redirections
from rundown.shell.tree import (
    Arithmetic,
    Block,
    Command,
    Compound,
    Function,
    Item,
    Place,
    Redirection,
    Script,
    Word,
)

_END = r"(?=[ \t\n;|&()<>]|\Z)"
OPENING_BASH = re.compile(r"\(\(|\(|(?:\{|\[\[|if|while|until|for|case|select|coproc|function)" + _END)
OPENING_POSIX = re.compile(r"\(|(?:\{|if|while|until|for|case)" + _END)
CLOSING = re.compile(r"\)|;;|;&|(?:\}|then|elif|else|fi|do|done|esac)" + _END)
_COPROCESS_NAME = re.compile(
    r"([A-Za-z_][A-Za-z0-9_]*)[ \t]+(?=\(|(?:\{|\[\[|if|while|until|for|case|select)" + _END + ")"
)
_LOOP_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*" + _END)
_WORD_IN = re.compile(r"in" + _END)
_TEST_END = re.compile(r"\]\]" + _END)
_TEST_OPERATOR = re.compile(r"-(?:eq|ne|lt|le|gt|ge)$")
_PATTERN_OPERATORS = frozenset(["=", "==", "!=", "=~"])


class _Parts(NamedTuple):
    kind: Literal["{", "(", "if", "while", "for", "select", "case", "[[", "((", "coproc"]
    blocks: tuple[Block, ...] = ()
    words: tuple[Word, ...] = ()
    arithmetic: tuple[Arithmetic, ...] = ()
    tests: tuple[tuple[str, Word], ...] = ()
    variable: str = ""


class Compounds(Redirections):
    """Reads compound commands. `origin`: the place of a text that was not read in place."""

    origin: Place | None = None

    @abstractmethod
    def command(self) -> Command:
        """Reads one command of any kind."""

    @abstractmethod
    def simple(self) -> Command:
        """Reads a simple command."""

    @abstractmethod
    def linebreak(self) -> bool:
        """Goes past blanks, comments and line feeds."""

    def compound(self, opening: str) -> Command:
        """Reads the compound command that starts with `opening`, and its redirections."""
        start = self.position
        self.descend(2)
        self.position += len(opening)
        if opening == "function":
            definition = self.function_keyword(start)
            self.ascend(2)
            return definition
        parts = self.compound_parts(opening, start)
        redirections = self.trailing_redirections()
        self.ascend(2)
        return Compound(
            start=start,
            end=self.position,
            kind=parts.kind,
            blocks=parts.blocks,
            words=parts.words,
            arithmetic=parts.arithmetic,
            tests=parts.tests,
            variable=parts.variable,
            redirections=redirections,
        )

    def compound_parts(self, opening: str, start: int) -> _Parts:
        """Reads what stands between `opening` and its end."""
        match opening:
            case "(":
                self.refuse_split_operator()
                return _Parts("(", (Block(script=self.closed_script(")")),))
            case "((":
                return self.double_parenthesis_command(start)
            case "{":
                return _Parts("{", (Block(script=self.closed_script("}"), certain=True),))
            case "if":
                return self.branches()
            case "while" | "until":
                condition = Block(script=self.closed_script("do"), certain=True)
                return _Parts("while", (condition, Block(script=self.closed_script("done"))))
            case "for" | "select":
                return self.loop(opening)
            case "case":
                return self.choices()
            case "[[":
                return self.test(start)
            case _:
                return self.coprocess()

    def closed_script(self, closer: str) -> Script:
        """Reads commands and the word or sign that closes them. Raises: UnreadableError if it is another one."""
        script = self.script()
        self.expect(closer)
        return script

    def expect(self, word: str) -> None:
        """Goes past a reserved word or sign. Raises: UnreadableError if it is not here."""
        match = CLOSING.match(self.text, self.position, self.end)
        if match is None or match.group() != word:
            self.fail(f"`{word}` is missing")
        self.position = match.end()

    def trailing_redirections(self) -> tuple[Redirection, ...]:
        """Reads the redirections behind a compound command."""
        found: list[Redirection] = []
        while True:
            self.skip_blanks()
            char = self.peek()
            redirection = self.redirection() if char and char in "<>&{0123456789" else None
            if redirection is None:
                return tuple(found)
            found.append(redirection)

    def double_parenthesis_command(self, start: int) -> _Parts:
        """Reads `((…))`, or two nested subshells."""
        part = self.double_parenthesis(start)
        if part is not None:
            return _Parts("((", arithmetic=(part,))
        self.position = start + 1
        parts = _Parts("(", (Block(script=self.closed_script(")")),))
        self.refuse_risky_fallback(start)
        return parts

    def branches(self) -> _Parts:
        """Reads what follows `if`."""
        blocks = [Block(script=self.closed_script("then"), certain=True)]
        while True:
            blocks.append(Block(script=self.script()))
            match = CLOSING.match(self.text, self.position, self.end)
            word = match.group() if match is not None else ""
            self.expect(word if word in ("elif", "else") else "fi")
            if word == "elif":
                blocks.append(Block(script=self.closed_script("then")))
            elif word == "else":
                blocks.append(Block(script=self.closed_script("fi")))
                return _Parts("if", tuple(blocks))
            else:
                return _Parts("if", tuple(blocks))

    def loop(self, opening: str) -> _Parts:
        """Reads what follows `for` or `select`."""
        kind: Literal["for", "select"] = "for" if opening == "for" else "select"
        self.skip_blanks()
        if self.bash and opening == "for" and self.at("(("):
            self.position += 2
            part = self.double_parenthesis(self.position)
            if part is None:
                self.fail("a `for ((` that is not closed")
            self.linebreak_or_semicolon()
            return _Parts("for", (Block(script=self.loop_body()),), arithmetic=(part,))
        match = _LOOP_NAME.match(self.text, self.position, self.end)
        if match is None:
            self.fail("a loop's variable is no plain name")
        self.position = match.end()
        self.linebreak()
        words: list[Word] = []
        found = _WORD_IN.match(self.text, self.position, self.end)
        if found is not None:
            self.position = found.end()
            self.loop_words(words)
        self.linebreak_or_semicolon()
        return _Parts(kind, (Block(script=self.loop_body()),), tuple(words), variable=match.group())

    def loop_words(self, words: list[Word]) -> None:
        """Reads the list of a loop up to the end of its line or a semicolon."""
        while True:
            self.skip_blanks()
            if self.peek() in ("", "\n", ";", "#"):
                return
            words.append(self.word())

    def linebreak_or_semicolon(self) -> None:
        """Goes past what may stand before `do`."""
        self.skip_blanks()
        if self.at(";"):
            self.position += 1
        self.linebreak()

    def loop_body(self) -> Script:
        """Reads `do … done` or `{ … }`."""
        if self.bash and self.at("{") and self.peek(1) in tuple(" \t\n"):
            self.position += 1
            return self.closed_script("}")
        self.expect("do")
        return self.closed_script("done")

    def choices(self) -> _Parts:
        """Reads what follows `case`."""
        self.skip_blanks()
        words = [self.word()]
        blocks: list[Block] = []
        self.linebreak()
        found = _WORD_IN.match(self.text, self.position, self.end)
        if found is None:
            self.fail("`in` is missing")
        self.position = found.end()
        while True:
            self.linebreak()
            closing = CLOSING.match(self.text, self.position, self.end)
            if closing is not None and closing.group() == "esac":
                self.position = closing.end()
                return _Parts("case", tuple(blocks), tuple(words))
            self.patterns(words)
            blocks.append(Block(script=self.script()))
            if self.at(";"):
                self.position += 3 if self.at(";;&") else 2

    def patterns(self, words: list[Word]) -> None:
        """Reads the patterns of one branch and the parenthesis behind them."""
        if self.at("("):
            self.position += 1
            self.skip_blanks()
        while True:
            words.append(self.word())
            self.skip_blanks()
            if self.at(")"):
                self.position += 1
                return
            if not self.at("|"):
                self.fail("a pattern's end is missing")
            self.position += 1
            self.skip_blanks()

    def test(self, start: int) -> _Parts:
        """Reads what follows `[[`."""
        words: list[Word] = []
        tests: list[tuple[str, Word]] = []
        operator = ""
        while True:
            self.linebreak()
            match = _TEST_END.match(self.text, self.position, self.end)
            if match is not None:
                self.position = match.end()
                return _Parts("[[", words=tuple(words), tests=tuple(tests))
            pattern = operator in _PATTERN_OPERATORS
            if self.at("&&") or self.at("||"):
                self.position += 2
                operator = ""
            elif (
                not pattern
                and self.peek() in tuple("()<>")
                and not (self.peek() in "<>" and self.peek(1) == "(")
            ):
                self.position += 1
                operator = ""
            elif self.peek() in ("", ";", "&", "|"):
                self.fail("`]]` is missing", start)
            else:
                word = self.word(pattern=pattern)
                words.append(word)
                if operator:
                    tests.append((operator, word))
                operator = ""
                if _TEST_OPERATOR.match(word.raw) and len(words) > 1:
                    tests.append((word.raw, words[-2]))
                    operator = word.raw
                elif word.raw in _PATTERN_OPERATORS or word.raw in ("-v", "-R"):
                    operator = word.raw

    def coprocess(self) -> _Parts:
        """Reads what follows `coproc`."""
        self.skip_blanks()
        match = _COPROCESS_NAME.match(self.text, self.position, self.end)
        if match is not None:
            self.position = match.end()
        start = self.position
        item = Item(command=self.command(), piped=True)
        if match is None and isinstance(item.command, Function):
            self.fail("a function's definition as a coprocess", start)
        if self.budget.substitutions and not isinstance(item.command, Compound):
            # bash 5.2 prints what stands in `$(…)` and reads it again: `coproc a` becomes `coproc COPROC a`
            self.fail("a coprocess within a substitution, which bash starts under another name", start)
        variable = match.group(1) if match is not None else "COPROC"
        return _Parts("coproc", (Block(script=Script(items=(item,), origin=self.origin)),), variable=variable)

    def function_keyword(self, start: int) -> Function:
        """Reads what follows `function`."""
        self.skip_blanks()
        name = self.word()
        self.skip_blanks()
        if self.at("("):
            mark = self.position
            self.position += 1
            self.skip_blanks()
            if self.at(")"):
                self.position += 1
            else:
                self.position = mark
        return self.function(start, name)

    def function(self, start: int, name: Word) -> Function:
        """Reads a function's body; the cursor stands behind its name."""
        self.linebreak()
        self.descend(2)
        body = Script(items=(Item(command=self.command()),), origin=self.origin)
        self.ascend(2)
        return Function(
            start=start,
            end=self.position,
            name=name.value or name.raw,
            plain=name.value == name.raw,
            body=body,
        )
