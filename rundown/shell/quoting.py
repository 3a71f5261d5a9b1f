"""Quotes: single, double, `$'…'` and the backslash; and the builder that a word grows in.

Source: bash(1) QUOTING; dash(1) "Quoting". `$'…'` is never decoded: it counts as not literal.
"""

import re
from abc import ABC, abstractmethod

from rundown.shell.cursor import Cursor
from rundown.shell.tree import Inner, Word

_DOUBLE_PLAIN = re.compile(r'[^"\\$`]+')
_ANSI_C = re.compile(r"(?:[^'\\]|\\.)*", re.DOTALL)
_WILD = re.compile(r"[*?]|[+@!]\(")
_ACTIVE = re.compile(r"[*?\[{~\0]")
_HIDDEN = "\0"


class Builder:
    """A word while it is read. `plain` holds unquoted text, a NUL for everything else; `value` all literal text,
    a NUL for each expansion."""

    __slots__ = ("inner", "joined", "literal", "plain", "prefix", "quoted", "splits", "value")

    def __init__(self) -> None:
        self.value: list[str] = []
        self.plain: list[str] = []
        self.inner: list[Inner] = []
        self.literal = True
        self.splits = False
        self.quoted = False
        self.joined = False
        self.prefix: str | None = None

    def add(self, text: str, quoted: bool) -> None:
        """Adds literal text."""
        self.value.append(text)
        self.plain.append(_HIDDEN if quoted else text)
        if quoted:
            self.quoted = True

    def expand(self, part: Inner | None, *, splits: bool) -> None:
        """Adds a part whose value is not known; `splits`: it is not quoted."""
        if self.prefix is None:
            self.prefix = "".join(self.value)
        self.literal = False
        self.splits = self.splits or splits
        self.plain.append(_HIDDEN)
        self.value.append(_HIDDEN)
        if part is not None:
            self.inner.append(part)

    def word(self, start: int, end: int, raw: str, *, braces: bool = True) -> Word:
        """Returns the finished word. `braces`: this shell expands them."""
        plain = "".join(self.plain)
        prefix = "".join(self.value) if self.prefix is None else self.prefix
        if _WILD.search(plain) or _is_bracket(plain) or (braces and _is_brace(plain)):
            self.literal, self.splits = False, True
            prefix = "" if self.quoted else _ACTIVE.split(plain, maxsplit=1)[0]
        elif plain.startswith("~"):
            self.literal, prefix = False, ""
        return Word(
            start=start,
            end=end,
            raw=raw,
            value="".join(self.value) if self.literal else None,
            prefix=prefix,
            splits=self.splits,
            quoted=self.quoted,
            inner=tuple(self.inner),
        )


def _is_bracket(plain: str) -> bool:
    start = plain.find("[")
    return start >= 0 and plain.rfind("]") > start


def _is_brace(plain: str) -> bool:
    start, end = plain.find("{"), plain.rfind("}")
    return start >= 0 and ("," in plain[start:end] or ".." in plain[start:end])


class Quoting(Cursor, ABC):
    """Reads quoted parts of a word into a builder."""

    @abstractmethod
    def dollar(self, builder: Builder, *, quoted: bool) -> None:
        """Reads what starts with the `$` here."""

    @abstractmethod
    def backquote(self, builder: Builder, *, quoted: bool) -> None:
        """Reads the command substitution that starts with the backquote here."""

    def single(self, builder: Builder) -> None:
        """Reads `'…'`."""
        close = self.text.find("'", self.position + 1, self.end)
        if close < 0:
            self.fail("a single quote is not closed")
        builder.add(self.text[self.position + 1 : close], quoted=True)
        self.position = close + 1

    def ansi_c(self, builder: Builder) -> None:
        """Reads `$'…'`; the cursor stands on the dollar sign."""
        match = _ANSI_C.match(self.text, self.position + 2, self.end)
        assert match is not None
        if match.end() >= self.end:
            self.fail("a single quote is not closed")
        builder.expand(None, splits=False)
        builder.quoted = True
        self.position = match.end() + 1

    def double(self, builder: Builder) -> None:
        """Reads `"…"`."""
        start = self.position
        self.position += 1
        builder.add("", quoted=True)
        while True:
            match = _DOUBLE_PLAIN.match(self.text, self.position, self.end)
            if match is not None:
                builder.add(match.group(), quoted=True)
                self.position = match.end()
            char = self.peek()
            if char == '"':
                self.position += 1
                return
            if char == "$":
                self.dollar(builder, quoted=True)
            elif char == "`":
                self.backquote(builder, quoted=True)
            elif char == "\\":
                self.escape_quoted(builder, '$`"\\')
            else:
                self.fail("a double quote is not closed", start)

    def escape_quoted(self, builder: Builder, special: str) -> None:
        """Reads a backslash where only the characters of `special` and the line feed can be escaped."""
        char = self.peek(1)
        if char == "\n":
            builder.joined = True
        elif char and char in special:
            builder.add(char, quoted=True)
        else:
            builder.add("\\" + char, quoted=True)
        self.position += 2

    def escape(self, builder: Builder) -> None:
        """Reads a backslash outside quotes."""
        char = self.peek(1)
        if char == "":
            self.fail("a backslash ends the text")
        if char == "\n":
            builder.joined = True
        else:
            builder.add(char, quoted=True)
        self.position += 2
