"""Words, assignments, arrays and the bodies of here-documents.

Source: bash `read_token_word`: a word ends at a blank or one of `| & ; ( ) < >`; `<(` and `>(` go on with it.
"""

import re

from rundown.shell.expansions import Expansions
from rundown.shell.quoting import Builder
from rundown.shell.tree import Arithmetic, Assignment, Word

FAST = re.compile(r"[A-Za-z0-9_./:@%+,^=-][A-Za-z0-9_./:@%+,^=#!-]*+(?=[ \t\n;|&)]|\Z)")
_UNQUOTED = re.compile(r"[^ \t\n|&;()<>\\'\"$`]+")
_BODY_PLAIN = re.compile(r"[^\\$`]+")
_METACHARACTER = re.compile(r"[ \t\n|&;()<>]")
ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(\+?=|\[)")
_PLAIN_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(=)")


class Words(Expansions):
    """Reads words. `extglob`: parenthesised patterns may be switched on somewhere in this text."""

    extglob = False

    def word(self, *, pattern: bool = False) -> Word:
        """Reads the word that starts here. `pattern`: parentheses belong to it (right side in `[[ ]]`)."""
        self.count_word()
        start = self.position
        match = FAST.match(self.text, start, self.end)
        if match is not None:
            self.position = match.end()
            value = match.group()
            return Word(start=start, end=self.position, raw=value, value=value, prefix=value)
        builder = Builder()
        self.parts(builder, pattern=pattern)
        if self.position == start:
            self.fail("a word is missing")
        raw = self.text[start : self.position]
        if builder.joined:
            raw = raw.replace("\\\n", "")
        return builder.word(start, self.position, raw, braces=self.bash)

    def parts(self, builder: Builder, *, pattern: bool = False) -> None:
        """Reads the parts of a word up to its end."""
        while True:
            match = _UNQUOTED.match(self.text, self.position, self.end)
            if match is not None:
                builder.add(match.group(), quoted=False)
                self.position = match.end()
            char = self.peek()
            if char == "\\":
                self.escape(builder)
            elif char == "'":
                self.single(builder)
            elif char == '"':
                self.double(builder)
            elif char == "$":
                self.dollar(builder, quoted=False)
            elif char == "`":
                self.backquote(builder, quoted=False)
            elif char and char in "<>" and self.bash and self.peek(1) == "(":
                self.position += 2
                builder.expand(self.substitution(self.position - 2, process=True), splits=False)
            elif char == "(" and (pattern or self.opens_pattern(builder)):
                self.grouped_pattern(builder)
            elif char == "|" and pattern and self.peek(1) != "|":
                self.position += 1
                builder.add("|", quoted=False)
            else:
                return

    def opens_pattern(self, builder: Builder) -> bool:
        """Whether the parenthesis here opens an extended pattern."""
        return self.bash and self.extglob and bool(builder.plain) and builder.plain[-1][-1:] in tuple("?*+@!")

    def grouped_pattern(self, builder: Builder) -> None:
        """Reads `(…)` within a pattern; blanks and operators belong to it."""
        start = self.position
        self.descend(1)
        builder.expand(None, splits=True)
        self.position += 1
        while True:
            self.parts(builder, pattern=True)
            char = self.peek()
            if char == "":
                self.fail("a pattern's parenthesis is not closed", start)
            self.position += 1
            if char == ")":
                break
        self.ascend(1)

    def assignment(self) -> Assignment | None:
        """Reads the assignment that starts here; None (and nothing consumed) if none does."""
        start = self.position
        match = (ASSIGNMENT if self.bash else _PLAIN_ASSIGNMENT).match(self.text, start, self.end)
        if match is None:
            return None
        name = match.group(1)
        self.position = match.end()
        subscript: Arithmetic | None = None
        append = match.group(2) == "+="
        if match.group(2) == "[":
            self.position = match.end() - 1
            subscript = self.subscript()
            self.refuse_split_equals()
            if self.at("+="):
                append = True
            elif not self.at("="):
                if _METACHARACTER.search(self.text, start, self.position):
                    self.fail("a subscript with blanks that is no assignment", start)
                self.position = start
                return None
            self.position += 2 if append else 1
        return self.assigned(start, name, append, subscript)

    def refuse_split_equals(self) -> None:
        """Raises: UnreadableError if a line continuation may stand before the equals sign of an assignment."""
        if self.at("\\\n") or self.at("+\\\n"):
            self.fail("a line continuation stands within an assignment")

    def assigned(self, start: int, name: str, append: bool, subscript: Arithmetic | None) -> Assignment:
        """Reads what follows the equals sign."""
        if self.bash and self.at("("):
            elements = self.array()
            if not _METACHARACTER.match(self.text, self.position, self.end) and self.position < self.end:
                self.fail("text right behind an array")
            return Assignment(
                start=start,
                end=self.position,
                name=name,
                append=append,
                subscript=subscript,
                elements=elements,
            )
        begin = self.position
        builder = Builder()
        self.parts(builder)
        if self.at("("):
            self.fail("a parenthesis within an assignment")
        value = builder.word(begin, self.position, self.text[begin : self.position], braces=False)
        return Assignment(
            start=start, end=self.position, name=name, append=append, subscript=subscript, value=value
        )

    def array(self) -> tuple[Word | Assignment, ...]:
        """Reads `(…)` of an array assignment. An element with a subscript is an `Assignment` without a name."""
        start = self.position
        self.position += 1
        self.descend(1)
        elements: list[Word | Assignment] = []
        while True:
            self.skip_blanks()
            char = self.peek()
            if char == ")":
                break
            if char == "":
                self.fail("an array is not closed", start)
            if char == "\n":
                self.position += 1
            elif char == "#":
                self.skip_comment()
            else:
                elements.append(self.element())
        self.position += 1
        self.ascend(1)
        return tuple(elements)

    def element(self) -> Word | Assignment:
        """Reads one element of an array."""
        start = self.position
        if self.at("["):
            subscript = self.subscript()
            self.refuse_split_equals()
            if self.at("=") or self.at("+="):
                self.position += 1 if self.at("=") else 2
                return self.assigned(start, "", False, subscript)
            self.position = start
        return self.word()

    def body(self, text_end: int, *, expands: bool) -> Word:
        """Reads a here-document's body from here to `text_end`."""
        start = self.position
        builder = Builder()
        if not expands:
            builder.add(self.text[start:text_end], quoted=True)
            self.position = text_end
        else:
            outer, self.end = self.end, text_end
            was, self.in_body = self.in_body, True
            self.body_parts(builder)
            self.end, self.in_body = outer, was
        return builder.word(start, text_end, self.text[start:text_end])

    def body_parts(self, builder: Builder) -> None:
        """Reads text in which only expansions and the backslash are special."""
        while True:
            match = _BODY_PLAIN.match(self.text, self.position, self.end)
            if match is not None:
                builder.add(match.group(), quoted=True)
                self.position = match.end()
            char = self.peek()
            if char == "$":
                self.dollar(builder, quoted=True)
            elif char == "`":
                self.backquote(builder, quoted=True)
            elif char == "\\":
                self.escape_quoted(builder, "$`\\")
            else:
                return
