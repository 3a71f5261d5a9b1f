"""What starts with `$` or a backquote: parameters, substitutions, arithmetic.

Source: bash(1) EXPANSION, dash(1) "Word Expansions". Forms on which shells disagree are refused.
Longer than 350 lines because each kind of expansion may hold every other one.
"""

import re
from abc import abstractmethod

from rundown.shell.parameters import PARAMETER, Parameters
from rundown.shell.quoting import Builder
from rundown.shell.tree import Arithmetic, Parameter, Script, Substitution

_ARITHMETIC_PLAIN = re.compile(r"[^()\[\]{}\\'\"$`]+")
_UNESCAPE = re.compile(r"\\([$`\\\n])")
_UNESCAPE_QUOTED = re.compile(r'\\([$`\\"\n])')
_RISKY_FALLBACK = re.compile(r"[#\\]|<<|\bcase\b")


class Expansions(Parameters):
    """Reads expansions into a builder. `in_body`: the cursor is in a here-document's body."""

    in_body = False

    @abstractmethod
    def script(self) -> Script:
        """Reads commands up to the end, or to a word or sign that can only close something."""

    @abstractmethod
    def whole(self, text: str, origin: tuple[int, int]) -> Script:
        """Reads `text` as a script of its own whose place is `origin`."""

    def dollar(self, builder: Builder, *, quoted: bool) -> None:
        start = self.position
        self.count_word()
        char = self.peek(1)
        if char == "(":
            self.dollar_parenthesis(builder, quoted=quoted)
        elif char == "{":
            self.position += 2
            parameter = self.parameter(start, quoted=quoted)
            builder.expand(parameter, splits=not quoted or parameter.name == "@" or _is_list(parameter))
        elif char == "'" and not quoted and self.bash:
            self.ansi_c(builder)
        elif char == '"' and not quoted and self.bash:
            self.position += 1
            self.double(builder)
        elif char == "[" and self.bash:
            self.position += 2
            part = self.arithmetic("]", start)
            builder.expand(part, splits=not quoted)
        elif char == "\\" and self.peek(2) == "\n":
            self.fail("a line continuation stands within an expansion")
        else:
            match = PARAMETER.match(self.text, start + 1, self.end)
            if match is None:
                builder.add("$", quoted=False)
                self.position += 1
                return
            name = match.group()
            end = match.end() if name[0].isalpha() or name[0] == "_" else start + 2
            name = self.text[start + 1 : end]
            self.position = end
            self.refuse_split_name(name)
            builder.expand(Parameter(start=start, end=end, name=name), splits=not quoted or name == "@")

    def refuse_split_name(self, name: str) -> None:
        """Raises: UnreadableError if a line continuation cuts the name that was just read."""
        if self.at("\\\n") and (name[0].isalpha() or name[0] == "_"):
            after = self.peek(2)
            if after == "\\" or after == "_" or after.isalnum():
                self.fail("a line continuation stands within a name")

    def dollar_parenthesis(self, builder: Builder, *, quoted: bool) -> None:
        """Reads `$(…)` or `$((…))`; the cursor stands on the dollar sign."""
        start = self.position
        if self.text.startswith("(", start + 2, self.end):
            self.position = start + 3
            part = self.double_parenthesis(start)
            if part is not None:
                builder.expand(part, splits=not quoted)
                return
        elif self.text.startswith("\\\n", start + 2, self.end):
            self.fail("a line continuation stands within an expansion")
        self.position = start + 2
        builder.expand(self.substitution(start), splits=not quoted)
        if self.text.startswith("(", start + 2, self.end):
            self.refuse_risky_fallback(start)

    def substitution(self, start: int, *, process: bool = False) -> Substitution:
        """Reads the commands of a substitution that opened at `start`, and its closing parenthesis."""
        self.descend(4)
        self.budget.substitutions += 1
        script = self.script()
        self.budget.substitutions -= 1
        if not self.at(")"):
            self.fail("a substitution is not closed", start)
        self.position += 1
        self.ascend(4)
        return Substitution(start=start, end=self.position, script=script, process=process)

    def double_parenthesis(self, start: int) -> Arithmetic | None:
        """Reads up to `))`; None if the text is two opening parentheses and no arithmetic."""
        part = self.arithmetic(")", start)
        if not self.at(")"):
            return None
        self.position += 1
        return Arithmetic(start=start, end=self.position, bare=part.bare, inner=part.inner)

    def refuse_risky_fallback(self, start: int) -> None:
        """Raises: UnreadableError where shells could find another end than we for `((` that is no arithmetic."""
        if _RISKY_FALLBACK.search(self.text, start, self.position):
            self.fail("two opening parentheses that may or may not be arithmetic", start)

    def arithmetic(self, closer: str, start: int) -> Arithmetic:
        """Reads an expression and the bracket that closes it. Raises: UnreadableError."""
        self.descend(2)
        builder = Builder()
        depth: list[str] = []
        while True:
            match = _ARITHMETIC_PLAIN.match(self.text, self.position, self.end)
            if match is not None:
                builder.add(match.group(), quoted=False)
                self.position = match.end()
            char = self.peek()
            if char == closer and not depth:
                self.position += 1
                break
            if char == "":
                self.fail("an expression is not closed", start)
            self.arithmetic_part(builder, char, depth)
        self.ascend(2)
        return Arithmetic(
            start=start,
            end=self.position,
            bare="".join(builder.value),
            inner=tuple(builder.inner),
            subscript=closer == "]",
        )

    def arithmetic_part(self, builder: Builder, char: str, depth: list[str]) -> None:
        """Reads one part of an expression that is more than plain text."""
        if char == "$":
            self.dollar(builder, quoted=True)
        elif char == "`":
            self.backquote(builder, quoted=True)
        elif char == '"':
            self.double(builder)
        elif char == "\\" and self.peek(1) == "\n":
            self.position += 2
        elif char in "\\'":
            self.fail("a quote stands within an expression")
        else:
            if char in "([{":
                depth.append({"(": ")", "[": "]", "{": "}"}[char])
            elif char in ")]}" and (not depth or depth.pop() != char):
                self.fail("an expression's brackets do not match")
            builder.add(char, quoted=False)
            self.position += 1

    def backquote(self, builder: Builder, *, quoted: bool) -> None:
        self.count_word()
        start = self.position
        close = self.closing_backquote(start)
        inside = self.text[start + 1 : close]
        if self.in_body and '\\"' in inside:
            self.fail("an escaped quote within backquotes, which shells read in different ways", start)
        if self.in_body and "\\\n" in inside:
            self.fail("a line continuation within backquotes in a here-document", start)
        pattern = _UNESCAPE_QUOTED if quoted else _UNESCAPE
        self.descend(4)
        if "\\" in inside:
            script = self.whole(pattern.sub(_unescaped, inside), (start, close + 1))
        else:
            outer, self.end = self.end, close
            self.position = start + 1
            script = self.script()
            if self.position != close:
                self.fail("backquotes hold more than commands")
            self.end = outer
        self.ascend(4)
        self.position = close + 1
        builder.expand(Substitution(start=start, end=close + 1, script=script), splits=not quoted)

    def closing_backquote(self, start: int) -> int:
        """Returns where the backquote that opens at `start` is closed."""
        index = start + 1
        while index < self.end:
            char = self.text[index]
            if char == "`":
                return index
            index += 2 if char == "\\" else 1
        return self.fail("a backquote is not closed", start)


def _unescaped(match: re.Match[str]) -> str:
    """Within backquotes a line continuation goes first of all, even where single quotes would keep it."""
    return "" if match.group(1) == "\n" else match.group(1)


def _is_list(parameter: Parameter) -> bool:
    return parameter.operator == "names" or (
        parameter.subscript is not None and parameter.subscript.bare == "@"
    )
