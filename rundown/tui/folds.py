"""`Folds`: where lines that are too long go on in the next row. Knows no widget."""

from bisect import bisect_right

from rich.cells import cell_len, chop_cells

from rundown.tui.lines import Lines, plain


class Folds:
    """The rows that `lines` take at a width. What was counted once is not counted again."""

    def __init__(self, lines: Lines, width: int) -> None:
        self._lines = lines
        self.width = max(1, width)
        self._first = lines.first
        self._ends: list[int] = []
        """The row after the last one of each line, counted from the line `_first`; the open ones stand at the
        end and are counted anew."""
        self._counted = 0

    def update(self) -> int:
        """Counts what was added since; returns how many rows there are."""
        first, added = self._lines.since(self._first + self._counted)
        del self._ends[self._counted :]
        at = self._ends[-1] if self._ends else 0
        start = self._first + self._counted
        if first > start:
            self._first, self._counted, self._ends, at = first, 0, [], 0
        for line in added:
            at += self._height(line)
            self._ends.append(at)
        self._counted = len(self._ends)
        for number in range(self._first + self._counted, self._lines.end):
            at += self._height(self._lines.line(number))
            self._ends.append(at)
        return at - self._gone

    def at(self, row: int) -> tuple[int, int] | None:
        """Returns the line that stands in a row, and which of its rows that is; None below the end."""
        place = bisect_right(self._ends, row + self._gone)
        if place >= len(self._ends):
            return None
        above = self._ends[place - 1] if place else 0
        return self._first + place, row + self._gone - above

    def row_of(self, number: int) -> int:
        """Returns the first row of a line, the nearest one for a line that is not there."""
        place = min(max(number, self._lines.first) - self._first, len(self._ends))
        return (self._ends[place - 1] if place > 0 else 0) - self._gone

    def piece(self, line: str, part: int) -> tuple[int, int]:
        """Returns between which cells of a line its row `part` lies."""
        if line.isascii():
            return part * self.width, (part + 1) * self.width
        sizes = [cell_len(text) for text in chop_cells(line, self.width)]
        return sum(sizes[:part]), sum(sizes[: part + 1])

    def _height(self, line: str) -> int:
        text = plain(line)
        if text.isascii():
            return max(1, -(-len(text) // self.width))
        return max(1, len(chop_cells(text, self.width)))

    @property
    def _gone(self) -> int:
        """The rows of lines that were dropped since."""
        place = self._lines.first - self._first
        return self._ends[min(place, len(self._ends)) - 1] if place > 0 and self._ends else 0
