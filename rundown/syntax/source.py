"""`Source`: a document as lines, and the spans that point into it. Refuses what is not text.

Line ends become one line feed (CRLF and CR as CommonMark reads them) and a byte order mark is dropped,
so that a script written on another system is the same script.
"""

import codecs
import re

from msgspec import Struct
from msgspec.structs import replace

from rundown.model.diagnostic import Diagnostic, Span
from rundown.syntax.codes import Code

MAX_BYTES = 4 * 1024 * 1024
MAX_EXCERPT = 1000


class Source(Struct, frozen=True, kw_only=True):
    """The lines of a file, without line ends. All line parameters here are 0-based, spans 1-based."""

    file: str
    lines: tuple[str, ...]

    def span(self, line: int, column: int = 1, length: int = 0) -> Span:
        """Returns the span of `length` characters at `line` (0-based) and `column` (1-based)."""
        excerpt = self.lines[line][:MAX_EXCERPT] if line < len(self.lines) else ""
        return Span(file=self.file, line=line + 1, column=column, length=length, excerpt=excerpt)

    def locate(self, line: int, text: str) -> Span:
        """Returns the span of `text` in `line`; of the line's first visible character if it is not there."""
        whole = self.lines[line] if line < len(self.lines) else ""
        found = whole.find(text) if text else -1
        if found < 0:
            found = len(whole) - len(whole.lstrip())
        return self.span(line, found + 1, len(text))

    def text(self, start: int, end: int) -> str:
        """Returns the lines from `start` up to before `end`, joined."""
        return "\n".join(self.lines[start:end])


def part(span: Span, offset: int, length: int) -> Span:
    """Returns the place `offset` characters into `span`, on the same line."""
    return replace(span, column=span.column + offset, length=length)


def read_source(content: bytes, file: str) -> Source | Diagnostic:
    """Returns the lines of `content`, or why it is no text."""
    top = Span(file=file, line=1)
    if len(content) > MAX_BYTES:
        return Code.NOT_TEXT.at(
            top,
            f"the file has {len(content)} bytes; a runbook has at most {MAX_BYTES}",
            fix="split it into several runbooks",
        )
    body = content.removeprefix(codecs.BOM_UTF8)
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as problem:
        line = body.count(b"\n", 0, problem.start) + 1
        return Code.NOT_TEXT.at(
            Span(file=file, line=line),
            f"byte 0x{body[problem.start]:02x} is not UTF-8",
            why="a runbook is a Markdown file in UTF-8",
            fix="save the file as UTF-8, or name the Markdown file that you meant",
        )
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        return Code.NOT_TEXT.at(
            Span(file=file, line=line),
            "the file holds a NUL byte",
            fix="name a text file, or remove the byte",
        )
    return Source(file=file, lines=tuple(re.split(r"\r\n?|\n", text) if "\r" in text else text.split("\n")))
