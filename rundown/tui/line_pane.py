"""A pane of many lines: drawn a line at a time, so that a million cost no more than a screenful."""

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.cache import LRUCache
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from rundown.tui.folds import Folds
from rundown.tui.lines import Lines, matches

_KEPT = 512
_FOUND = Style(reverse=True)


class LinePane(ScrollView, can_focus=True):
    """Shows `Lines`. Follows what is added as long as its end is in sight."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("home,G", "scroll_home", "Top", show=False),
        Binding("end", "scroll_end", "End", show=False),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {"lines--quiet"}
    DEFAULT_CSS = """
    LinePane > .lines--quiet { color: $quiet; }
    LinePane { height: 1fr; overflow-x: auto; overflow-y: auto; padding: 0 1; scrollbar-size: 0 1; }
    LinePane.-wraps { overflow-x: hidden; scrollbar-gutter: stable; }
    """

    class Searched(Message):
        """What a search came to: the line (from 0), or None."""

        def __init__(self, words: str, line: int | None, count: int) -> None:
            super().__init__()
            self.words, self.line, self.count = words, line, count

    def __init__(self, lines: Lines | None = None, *, empty: str = "", id: str | None = None) -> None:
        super().__init__(id=id)
        self.lines = lines or Lines()
        self._empty = empty
        self._words = ""
        self._at: int | None = None
        self._seen = -1
        self._folds: Folds | None = None
        self._follows = True
        self._kept: LRUCache[tuple[int, str], Strip] = LRUCache(_KEPT)

    def show(self, lines: Lines, *, at_end: bool = True) -> None:
        """Shows other lines, from their end or their beginning."""
        if lines is self.lines:
            self.update()
            return
        self.lines, self._seen, self._at = lines, -1, None
        self._kept.clear()
        self._folds = Folds(lines, self._folds.width) if self._folds is not None else None
        self.update(follow=at_end)
        if not at_end:
            self.scroll_home(animate=False, immediate=True)

    def update(self, *, follow: bool | None = None) -> None:
        """Draws what was added since."""
        lines = self.lines
        if lines.version == self._seen:
            return
        if follow is not None:
            self._follows = follow
        follows = self._follows
        self._seen = lines.version
        if self._folds is not None:
            self.virtual_size = Size(0, self._folds.update())
        else:
            self.virtual_size = Size(lines.widest, lines.end - lines.first)
        if follows:
            self.scroll_end(animate=False, immediate=True, force=True, x_axis=False)
        self.refresh()

    @property
    def wraps(self) -> bool:
        """Whether a long line goes on in the next row; if not, it goes on beyond the edge."""
        return self._folds is not None

    def wrap(self, *, on: bool) -> None:
        """Wraps long lines, or no longer; what stood at the top stays there."""
        self.set_class(on, "-wraps")
        self._fold(self._width if on else 0)

    def on_resize(self) -> None:
        """Folds anew for another width; what follows the end goes on to follow it."""
        if self._folds is not None and self._folds.width != self._width:
            self._fold(self._width)
        elif self._follows:
            self.scroll_end(animate=False, immediate=True, force=True, x_axis=False)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Follows the end from when it is reached until it is left; a new size is neither."""
        super().watch_scroll_y(old_value, new_value)
        self._follows = self.is_vertical_scroll_end

    @property
    def _width(self) -> int:
        """The columns for text once the bar at the side is there."""
        return max(1, self.content_region.width - self.styles.scrollbar_size_vertical)

    def _fold(self, width: int) -> None:
        at_end, top = self._follows, self._line_at(self.scroll_offset.y)
        self._folds = Folds(self.lines, width) if width else None
        self._seen = -1
        self.update(follow=at_end)
        if not at_end and top is not None:
            self.scroll_to(x=0, y=self._row_of(top[0]), animate=False, immediate=True, force=True)

    def _line_at(self, row: int) -> tuple[int, int] | None:
        """The line in a row, and which row of the line that is."""
        if self._folds is not None:
            return self._folds.at(row)
        number = self.lines.first + row
        return (number, 0) if number < self.lines.end else None

    def _row_of(self, number: int) -> int:
        return self._folds.row_of(number) if self._folds is not None else number - self.lines.first

    def search(self, words: str, *, back: bool = False) -> None:
        """Goes to the next line that holds `words`; "" ends the search."""
        fresh = words != self._words
        self._words = words
        self._kept.clear()
        if not words:
            self._at = None
            self.refresh()
            return
        top = self._line_at(self.scroll_offset.y) or (self.lines.first, 0)
        start = top[0] if fresh or self._at is None else self._at + (-1 if back else 1)
        self._at = self.lines.find(words, start, back=back)
        if self._at is not None:
            self.scroll_to(y=self._row_of(self._at) - self.size.height // 2, animate=False, immediate=True)
        self.refresh()
        self.post_message(self.Searched(words, self._at, self.lines.count(words)))

    @property
    def words(self) -> str:
        """What is searched for, "" for nothing."""
        return self._words

    def render_line(self, y: int) -> Strip:
        """Draws one row of the pane."""
        width = self.scrollable_content_region.width
        base = self.rich_style
        if self.lines.end == self.lines.first:
            quiet = base + Style(color=self.get_component_rich_style("lines--quiet").color)
            return Strip([Segment(self._empty if y == 0 else "", quiet)]).crop_extend(0, width, base)
        place = self._line_at(self.scroll_offset.y + y)
        if place is None:
            return Strip.blank(width, base)
        number, part = place
        strip = self._strip(number, base)
        if number == self._at:
            strip = strip.apply_style(Style(bold=True))
        if self._folds is not None:
            first, after = self._folds.piece(strip.text, part)
            return strip.crop(first, after).crop_extend(0, width, base)
        start = self.scroll_offset.x
        if strip.cell_length <= start + width:
            return strip.crop_extend(start, start + width, base)
        cut = strip.crop_extend(start, start + width - 1, base)
        quiet = base + Style(color=self.get_component_rich_style("lines--quiet").color)
        return Strip([*cut, Segment("›", quiet)], width)

    def _strip(self, number: int, base: Style) -> Strip:
        line = self.lines.line(number)
        key = (number, line)
        kept = self._kept.get(key)
        if kept is None:
            text = Text.from_ansi(line, no_wrap=True, end="") if "\x1b" in line else Text(line, end="")
            for start, stop in matches(text.plain, self._words):
                text.stylize(_FOUND, start, stop)
            kept = self._kept[key] = Strip(text.render(self.app.console)).apply_style(base)
        return kept

    def notify_style_update(self) -> None:
        """Forgets what was drawn in other colours."""
        super().notify_style_update()
        self._kept.clear()
