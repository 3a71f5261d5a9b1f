"""`Menu`: what may be answered, a key and a sentence each; drawn in one column or two, as there is room.

Draws and remembers where the person stands; keys are the prompt's business, a click is told as `Picked`.
"""

from typing import Any

from msgspec import Struct
from textual.content import Content
from textual.events import Click
from textual.geometry import Size
from textual.message import Message
from textual.widget import Widget

_TWO_COLUMNS_FROM = 68
_GAP = 3
_WIDEST_COLUMN = 52


class Row(Struct, frozen=True, kw_only=True):
    """One answer. `text` is safe to show; `value` is whatever the prompt makes of it; `closed`: shown, and
    not to be had yet."""

    key: str
    text: str
    value: Any
    closed: bool = False


class Menu(Widget):
    """`rows` in reading order, the safe one first; `second`: the first row of the second column."""

    DEFAULT_CSS = """
    Menu { height: auto; width: 1fr; }
    """

    class Picked(Message):
        """A row was clicked."""

        def __init__(self, place: int) -> None:
            super().__init__()
            self.place = place

    def __init__(self, rows: tuple[Row, ...], *, second: int = 0, unicode: bool = True) -> None:
        super().__init__()
        self.rows = rows
        self._second = second
        self._pointer = "›" if unicode else ">"
        self._most: int | None = None
        self.place = 0

    def replace_rows(self, rows: tuple[Row, ...], *, second: int = 0) -> None:
        """Shows other rows; the person stands at the first again unless the number stayed the same."""
        if len(rows) != len(self.rows):
            self.place = 0
        self.rows, self._second = rows, second
        self.refresh(layout=True)

    def limit(self, lines: int) -> None:
        """Takes no more lines than these; the one where the person stands is always among them."""
        if lines != self._most:
            self._most = lines
            self.refresh(layout=True)

    @property
    def lines(self) -> int:
        """How many lines the rows take, if nothing limits them."""
        return self._lines(self.size.width)

    def step(self, by: int) -> None:
        """Moves up or down, around the ends."""
        self.place = (self.place + by) % len(self.rows)
        self.refresh()

    def leap(self) -> None:
        """Moves to the other column, if there are two."""
        split = self._split(self.size.width)
        if split == len(self.rows):
            return
        if self.place < split:
            self.place = min(self.place + split, len(self.rows) - 1)
        else:
            self.place = min(self.place - split, split - 1)
        self.refresh()

    def find(self, key: str) -> int | None:
        """Returns the place of the row with that key."""
        return next((place for place, row in enumerate(self.rows) if row.key == key), None)

    def on_click(self, event: Click) -> None:
        """Tells which row was clicked."""
        event.stop()
        for place, (column, line, width) in enumerate(self._spots(self.size.width)):
            if event.y + self._first == line and column <= event.x < column + width:
                self.post_message(self.Picked(place))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Returns how many lines the rows take."""
        return min(self._lines(width), self._most or self._lines(width))

    def render(self) -> Content:
        """Returns the rows, the one where the person stands marked."""
        lines: dict[int, list[tuple[int, int, int]]] = {}
        for place, (column, line, width) in enumerate(self._spots(self.size.width)):
            lines.setdefault(line, []).append((column, width, place))
        drawn = [
            Content("").join([self._draw(place, width) for _, width, place in spots])
            for _, spots in sorted(lines.items())
        ]
        first = self._first
        return Content("\n").join(drawn[first : first + self._shown])

    def _lines(self, width: int) -> int:
        return max(line for _, line, _ in self._spots(width)) + 1

    @property
    def _shown(self) -> int:
        return min(self.lines, self._most or self.lines)

    @property
    def _first(self) -> int:
        """The first line in sight."""
        here = self._spots(self.size.width)[self.place][1]
        return max(0, min(here - self._shown // 2, self.lines - self._shown))

    def _draw(self, place: int, width: int) -> Content:
        row = self.rows[place]
        here = place == self.place
        mark = self._pointer if here else " "
        room = max(1, width - 5)
        text = Content(row.text).truncate(room, ellipsis=True, pad=True)
        tone = "dim" if row.closed else ("bold" if here else "")
        key_tone = "dim" if row.closed else "bold $warning"
        return Content.assemble((f"{mark} ", "bold $warning"), (f"{row.key}  ", key_tone), (text.plain, tone))

    def _split(self, width: int) -> int:
        return self._second if self._second and width >= _TWO_COLUMNS_FROM else len(self.rows)

    def _spots(self, width: int) -> list[tuple[int, int, int]]:
        """Returns column, line and width of each row."""
        split = self._split(width)
        if split == len(self.rows):
            return [(0, line, width) for line in range(len(self.rows))]
        left = min((width - _GAP) // 2 + _GAP, _WIDEST_COLUMN)
        return [
            (0, place, left) if place < split else (left, place - split, width - left)
            for place in range(len(self.rows))
        ]
