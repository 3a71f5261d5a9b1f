"""`${…}`: names, operators, operands and subscripts.

Source: bash(1) "Parameter Expansion", "Arrays"; dash(1) "Parameter Expansion". Forms on which shells disagree, and forms
that only later versions know (`${ command; }` of bash 5.3), are refused.
"""

import re
from abc import abstractmethod

from rundown.shell.quoting import Builder, Quoting
from rundown.shell.tree import Arithmetic, Inner, Parameter, Substitution

PARAMETER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9]+|[@*#?$!-]")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LENGTH = re.compile(r"#(?:[A-Za-z_][A-Za-z0-9_]*|[0-9]+|[@*#?$!-])(?=[}\[])")
_OPERATOR = re.compile(r":?[-=?+]|##?|%%?|//?|\^\^?|,,?|~~?|@[A-Za-z]|:")
_OPERAND_PLAIN = re.compile(r"[^}\\'\"$`<>]+")
_PLAIN_QUOTE = re.compile(r"""(['"])(?:[A-Za-z0-9_ ./:,=+%@^-]|\\\\[abefnrtv])*\1""")


class Parameters(Quoting):
    """Reads `${…}` and subscripts."""

    @abstractmethod
    def arithmetic(self, closer: str, start: int) -> Arithmetic:
        """Reads an expression and the bracket that closes it."""

    @abstractmethod
    def substitution(self, start: int, *, process: bool = False) -> Substitution:
        """Reads the commands of a substitution and its closing parenthesis."""

    def parameter(self, start: int, *, quoted: bool) -> Parameter:
        """Reads the rest of `${…}`; the cursor stands behind the brace."""
        indirect = length = False
        if _LENGTH.match(self.text, self.position, self.end):
            length = True
            self.position += 1
        elif self.bash and self.at("!") and (self.peek(1).isalnum() or self.peek(1) in tuple("_@*#?")):
            indirect = True
            self.position += 1
        match = PARAMETER.match(self.text, self.position, self.end)
        if match is None:
            self.fail("an expansion that this version does not know", start)
        name = match.group()
        self.position = match.end()
        subscript = None
        if self.bash and self.at("[") and _NAME.fullmatch(name):
            subscript = self.subscript()
        if self.at("}"):
            self.position += 1
            return Parameter(
                start=start,
                end=self.position,
                name=name,
                operator="length" if length else "",
                indirect=indirect and not _is_all(subscript),
                subscript=subscript,
                inner=subscript.inner if subscript is not None else (),
            )
        return self.operation(start, name, indirect, subscript, quoted)

    def operation(
        self, start: int, name: str, indirect: bool, subscript: Arithmetic | None, quoted: bool
    ) -> Parameter:
        """Reads operator and operand of `${name…}` and the closing brace."""
        if indirect and self.text.startswith(("@}", "*}"), self.position, self.end):
            self.position += 2
            return Parameter(start=start, end=self.position, name=name, operator="names")
        match = _OPERATOR.match(self.text, self.position, self.end)
        if match is None:
            self.fail("an expansion that this version does not know", start)
        operator = match.group()
        inner: list[Inner] = list(subscript.inner) if subscript is not None else []
        self.position = match.end()
        operand = self.position
        if operator == ":":
            inner.append(self.arithmetic("}", start))
        else:
            inner.extend(self.operand(start, quoted=quoted))
        return Parameter(
            start=start,
            end=self.position,
            name=name,
            operator=operator,
            indirect=indirect,
            subscript=subscript,
            operand=self.text[operand : self.position - 1],
            inner=tuple(inner),
        )

    def operand(self, start: int, *, quoted: bool) -> tuple[Inner, ...]:
        """Reads the operand of `${name…}` and the closing brace; returns what it expands."""
        self.descend(3)
        builder = Builder()
        while True:
            match = _OPERAND_PLAIN.match(self.text, self.position, self.end)
            if match is not None:
                self.position = match.end()
            char = self.peek()
            if char == "}":
                self.position += 1
                self.ascend(3)
                return tuple(builder.inner)
            if char == "":
                self.fail("an expansion is not closed", start)
            self.operand_part(builder, char, quoted=quoted)

    def operand_part(self, builder: Builder, char: str, *, quoted: bool) -> None:
        """Reads one part of an operand that is more than plain text."""
        if char == "$":
            self.refuse_fancy_quote()
            self.dollar(builder, quoted=quoted)
        elif char == "`":
            self.backquote(builder, quoted=quoted)
        elif char == "\\":
            self.position += 2
            if self.position > self.end:
                self.fail("a backslash ends the text")
        elif char in "<>":
            if self.bash and not quoted and self.peek(1) == "(":
                self.position += 2
                builder.expand(self.substitution(self.position - 2, process=True), splits=False)
            elif self.peek(1) == "\\" and self.peek(2) == "\n":
                self.fail("a line continuation stands within an operator")
            else:
                self.position += 1
        elif quoted:
            self.quote_in_quotes(builder, char)
        elif char == "'":
            self.single(builder)
        else:
            self.double(builder)

    def refuse_fancy_quote(self) -> None:
        """Raises: UnreadableError for `$'…'` in an operand, if it holds more than plain text.

        Seen in bash 5.2: within `"$(…)"` such quotes get lost when the substitution is printed and read again.
        """
        if self.peek(1) in ("'", '"') and not _PLAIN_QUOTE.match(self.text, self.position + 1, self.end):
            self.fail("a `$'…'` within an expansion")

    def quote_in_quotes(self, builder: Builder, char: str) -> None:
        """Reads a quote within `"${x…}"`, where shells disagree: only where all readings end at the same place."""
        start = self.position
        part = Builder()
        if char == '"':
            self.double(part)
        else:
            self.single(part)
        risky = "}'\\" if char == '"' else '}"$`\\'
        if any(sign in text for text in part.value for sign in risky):
            self.fail("quotes within a quoted expansion, which shells read in different ways", start)
        builder.inner.extend(part.inner)

    def subscript(self) -> Arithmetic:
        """Reads `[…]`; the cursor stands on the opening bracket."""
        start = self.position
        self.position += 1
        return self.subscript_text(start)

    def subscript_text(self, start: int) -> Arithmetic:
        """Reads up to the bracket that closes a subscript. Quotes are allowed: it may be a key."""
        self.descend(2)
        builder = Builder()
        depth = 0
        while True:
            char = self.peek()
            if char == "]" and depth == 0:
                break
            if char in ("", "\n"):
                self.fail("a subscript is not closed", start)
            if char == "'":
                self.single(builder)
            elif char == '"':
                self.double(builder)
            elif char == "\\":
                self.escape(builder)
            elif char == "$":
                self.dollar(builder, quoted=True)
            elif char == "`":
                self.backquote(builder, quoted=True)
            else:
                depth += (char == "[") - (char == "]")
                builder.add(char, quoted=False)
                self.position += 1
        self.position += 1
        self.ascend(1)
        return Arithmetic(
            start=start,
            end=self.position,
            bare="".join(builder.value),
            inner=tuple(builder.inner),
            subscript=True,
        )


def _is_all(subscript: Arithmetic | None) -> bool:
    return subscript is not None and subscript.bare in ("@", "*")
