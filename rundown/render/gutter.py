"""`Gutter`: puts a mark before every line that a step prints, however it breaks its lines.

Nothing that a step prints can begin at the left edge of the terminal; what rundown itself says does, and so
the two cannot be taken for each other. Takes what `OutputFilter` lets through: text, line ends, tabs, colours
and erasing to the end of the line. Lines too long are broken here, each part with the mark.
Source: ECMA-48 (SGR, EL); xterm's control sequences (DECAWM).
"""

import re

from rundown.render.cells import count_cells, split_cells

_PIECES = re.compile(r"\x1b\[[0-9;:]*[A-Za-z]|[\n\r\t]|[^\x1b\n\r\t]+")
_MOST_COLOURS = 32
_TAB = 8
_JOINER = "\u200d"
"""Dropped: a terminal may join what follows to the character before, even the mark of the next line (tmux
3.3a does)."""
NO_WRAP = "\x1b[?7l"
WRAP = "\x1b[?7h"
"""A character that the terminal takes for wider than we do overwrites the last column, and is not moved to
the left edge of the next line."""


def hang(text: str, columns: int) -> str:
    """Returns text of rundown's own, lines that are too long broken, their rest set in by two."""
    return "\n".join(_hang_line(line, columns) for line in text.split("\n"))


def _hang_line(line: str, columns: int) -> str:
    if len(line) <= columns and line.isascii():
        return line
    shown, used = [], 0
    for piece in _PIECES.findall(line.replace(_JOINER, "")):
        if piece[0] == "\x1b":
            shown.append(piece)
            continue
        while piece:
            part, piece = split_cells(piece, max(1, columns - used))
            shown.append(part)
            used += count_cells(part)
            if piece:
                shown.append("\n  ")
                used = 2
    return "".join(shown)


class Gutter:
    """Feed text as it comes. `mark` is put before each line; `columns` is the terminal's width."""

    def __init__(self, mark: str, columns: int, *, painted: str = "") -> None:
        self._bare = mark
        self._mark = painted or mark
        self._start = count_cells(mark)
        self._active: list[str] = []
        self._begin = ""
        self._column = 0
        self.set_columns(columns)

    def set_columns(self, columns: int) -> None:
        """Breaks lines at another width from here on."""
        self._room = max(self._start + 2, columns)

    @property
    def is_open(self) -> bool:
        """Whether the last line has no end yet."""
        return self._column > 0

    def feed(self, text: str) -> str:
        """Returns the text to write, marks and breaks put in."""
        return "".join(self._take(piece) for piece in _PIECES.findall(text.replace(_JOINER, "")))

    def end(self) -> str:
        """Returns what ends the output: colours off, the last line finished."""
        rest = "\x1b[0m" if self._active else ""
        rest += "\n" if self._column else ""
        self._active, self._begin, self._column = [], "", 0
        return rest

    def _take(self, piece: str) -> str:
        match piece[0]:
            case "\n":
                return self._end_line()
            case "\r":
                return self._return()
            case "\t":
                gap = _TAB - (max(self._column, self._start) - self._start) % _TAB
                return self._write(" " * min(gap, max(1, self._room - max(self._column, self._start))))
            case "\x1b":
                return self._obey(piece)
            case _:
                return self._write(piece)

    def _obey(self, sequence: str) -> str:
        if sequence.endswith("m"):
            self._active = [] if sequence in ("\x1b[m", "\x1b[0m") else [*self._active, sequence]
            del self._active[:-_MOST_COLOURS]
            return sequence if self._column else ""
        if sequence.endswith("G"):
            return self._return()
        if sequence == "\x1b[2K":
            self._return()
        if self._begin:
            self._begin = "\r\x1b[0m\x1b[K"
            return ""
        return sequence if self._column else ""

    def _return(self) -> str:
        if self._column:
            self._begin = "\r"
        return ""

    def _end_line(self) -> str:
        begun = self._column > 0
        self._begin, self._column = "", 0
        if begun:
            return ("\x1b[0m" if self._active else "") + "\n"
        return self._mark.rstrip() + "\n"

    def _write(self, text: str) -> str:
        written = []
        while text:
            if not self._column or self._begin:
                written.append(self._open_line())
            part, text = split_cells(text, self._room - self._column)
            written.append(part)
            self._column += count_cells(part)
            if text:
                written.append(("\x1b[0m" if self._active else "") + "\n")
                self._column = 0
        return "".join(written)

    def _open_line(self) -> str:
        begin, self._begin, self._column = self._begin, "", self._start
        colours = "".join(self._active)
        return f"{begin}\x1b[0m{self._mark}{colours}" if colours else f"{begin}{self._mark}"
