"""Redirections, and here-documents, whose bodies stand behind the line that asks for them."""

import re

from rundown.shell.cursor import MAX_DOCUMENTS
from rundown.shell.tree import Arithmetic, Redirection, Word
from rundown.shell.words import Words

_BASH = re.compile(r"(\d+|(?=\{))?(<<<|<<-|<<|<>|<&(?!>)|<(?!\()|>>|>&|>\||>(?!\()|&>>|&>)")
_POSIX = re.compile(r"(\d)?(<<-|<<|<>|<&|<|>>|>&|>\||>)")
_VARIABLE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)(?=\}[<>]|\[)")
_CLOSES_AND_MORE = re.compile(r"[0-9]*-.")
_DELIMITER = re.compile(
    r"""(?:[^ \t\n|&;()<>\\'"$`]|\\[^\n]|'[^'\n]*'|"[^"\\$`\n]*")+(?=[ \t\n|&;()<>]|\Z)"""
)
_QUOTING = re.compile(r"""\\(.)|'([^']*)'|"([^"]*)\"""")
_EMPTY = Word(start=0, end=0, raw="", value="")


class Pending:
    """A here-document whose body is still to come."""

    __slots__ = ("delimiter", "expands", "redirection", "strip")

    def __init__(self, redirection: Redirection, delimiter: str, *, expands: bool, strip: bool) -> None:
        self.redirection = redirection
        self.delimiter = delimiter
        self.expands = expands
        self.strip = strip


class Redirections(Words):
    """Reads redirections; `pending` are the here-documents of the lines read so far."""

    pending: tuple[Pending, ...] = ()

    def redirection(self) -> Redirection | None:
        """Reads the redirection that starts here; None (and nothing consumed) if none does."""
        start = self.position
        variable, subscript = "", None
        if self.bash and self.at("{"):
            named = self.descriptor_variable()
            if named is None:
                return None
            variable, subscript = named
        match = (_BASH if self.bash else _POSIX).match(self.text, self.position, self.end)
        if match is None or (variable and match.group(1)):
            self.position = start
            return None
        operator = match.group(2)
        self.position = match.end()
        self.refuse_split_operator()
        self.skip_blanks()
        if operator in ("<<", "<<-"):
            return self.here_document(start, operator)
        target = self.word()
        if operator in (">&", "<&") and _CLOSES_AND_MORE.match(target.raw):
            # bash 5.2 prints what stands in `$(…)` and reads it again: `>& -a` becomes `>&-` and the command `a`
            self.fail("a descriptor's target that begins with a dash")
        return Redirection(
            start=start,
            end=self.position,
            operator=operator,
            target=target,
            descriptor=match.group(1) or "",
            variable=variable,
            subscript=subscript,
        )

    def descriptor_variable(self) -> tuple[str, Arithmetic | None] | None:
        """Reads `{NAME}` or `{NAME[…]}` right before a redirection; None (nothing consumed) if it is no such thing."""
        start = self.position
        match = _VARIABLE.match(self.text, start, self.end)
        if match is None:
            return None
        self.position = match.end()
        subscript = self.subscript() if self.at("[") else None
        if self.at("}") and self.peek(1) in ("<", ">"):
            self.position += 1
            return match.group(1), subscript
        self.position = start
        return None

    def refuse_split_operator(self) -> None:
        """Raises: UnreadableError if a line continuation may cut an operator in two."""
        if self.at("\\\n"):
            index = self.position
            while self.text.startswith("\\\n", index, self.end):
                index += 2
            if index < self.end and self.text[index] in "&|;<>()-":
                self.fail("a line continuation stands within an operator")

    def here_document(self, start: int, operator: str) -> Redirection:
        """Reads the delimiter and puts the document on the list."""
        match = _DELIMITER.match(self.text, self.position, self.end)
        if match is None:
            self.fail("a here-document's delimiter that is not plain")
        if len(self.pending) >= MAX_DOCUMENTS:
            self.fail(f"more than {MAX_DOCUMENTS} here-documents on one line")
        self.position = match.end()
        raw = match.group()
        delimiter = _QUOTING.sub(
            lambda part: next((text for text in part.groups() if text is not None), ""), raw
        )
        redirection = Redirection(start=start, end=self.position, operator=operator, target=_EMPTY)
        self.pending += (
            Pending(redirection, delimiter, expands=_QUOTING.search(raw) is None, strip=operator == "<<-"),
        )
        return redirection

    def newline(self) -> None:
        """Goes past a line feed, and past the bodies of the here-documents that the line asked for."""
        self.position += 1
        if self.pending:
            pending, self.pending = self.pending, ()
            for document in pending:
                self.document(document)

    def document(self, pending: Pending) -> None:
        """Reads one body and the line that ends it."""
        start = self.position
        line = start
        while line < self.end:
            stop, after = self.logical_line(line, joins=pending.expands)
            text = self.text[line:stop]
            joined = text.replace("\\\n", "") if pending.expands else text
            if pending.strip:
                joined = joined.lstrip("\t")
            if joined == pending.delimiter:
                if "\n" in text:
                    self.fail("a here-document's delimiter that is cut by a line continuation", line)
                pending.redirection.target = self.body(line, expands=pending.expands)
                self.position = after
                return
            if self.budget.substitutions and joined.startswith(pending.delimiter) and ")" in joined:
                # bash 5.2, `make_here_document`: within `$(…)` such a line ends the document too
                self.fail("a here-document that may end at a parenthesis", line)
            line = after
        self.fail("a here-document is not closed", pending.redirection.start)

    def logical_line(self, start: int, *, joins: bool) -> tuple[int, int]:
        """Returns where the line ends and where the next one starts. `joins`: a last backslash adds the next line."""
        search = start
        while True:
            stop = self.text.find("\n", search, self.end)
            if stop < 0:
                return self.end, self.end
            if not joins or not _ends_in_backslash(self.text, start, stop):
                return stop, stop + 1
            search = stop + 1


def _ends_in_backslash(text: str, start: int, stop: int) -> bool:
    count = 0
    while stop - count > start and text[stop - count - 1] == "\\":
        count += 1
    return count % 2 == 1
