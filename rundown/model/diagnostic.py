"""Where something stands in a person's file, and what is wrong with it.

Values only: the text a person reads is made in `rundown.render.diagnostic` and nowhere else.
"""

from typing import Literal

from msgspec import Struct


class Span(Struct, frozen=True, kw_only=True):
    """A place in a source file.

    `line` and `column` are 1-based; `column` and `length` count characters. `excerpt` is the
    whole source line without its line end, so that rendering needs no file; "" if unknown.
    `file` is the path as the person wrote it, "<stdin>", or "<command line>".
    """

    file: str
    line: int
    column: int = 1
    length: int = 0
    excerpt: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Diagnostic(Struct, frozen=True, kw_only=True):
    """One problem: a stable code `room/kebab-name`, what, where, why, and the mend.

    `message` is one line without a full stop. `why` and `fix` may be "" if there is nothing to add.
    """

    code: str
    message: str
    span: Span | None = None
    why: str = ""
    fix: str = ""
    severity: Literal["error", "warning"] = "error"
