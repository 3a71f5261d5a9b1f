"""The rows at the bottom: every key that does something now, with its word, to be clicked as well."""

from collections.abc import Iterable

from rich.cells import cell_len
from textual.content import Content
from textual.events import Resize
from textual.widgets import Static

KeyWord = tuple[str, str, str]
"""A key as shown, its word, the action."""


_HELP = "screen.help"
_ROWS = ((22, 4), (16, 2), (0, 1))
"""From how many rows of the screen on how many are for keys."""


class KeyBar(Static):
    """As many rows as the keys need."""

    DEFAULT_CSS = """
    KeyBar {
        height: auto; background: $panel; color: $quiet; padding: 0 1;
        link-style: none; link-color: $quiet; link-background: $panel;
        link-style-hover: none; link-color-hover: $foreground; link-background-hover: $boost;
    }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, markup=False)
        self._words: tuple[KeyWord, ...] = ()

    def show(self, words: Iterable[KeyWord]) -> None:
        """Draws these keys."""
        shown = tuple(words)
        if shown != self._words:
            self._words = shown
            self._draw()

    def on_resize(self, event: Resize) -> None:
        """Breaks the rows anew."""
        self._draw()

    def _draw(self) -> None:
        room = max(20, self.size.width)
        rows: list[list[KeyWord]] = [[]]
        used = 0
        for word in self._words:
            need = cell_len(word[0]) + 1 + cell_len(word[1])
            if rows[-1] and used + 3 + need > room:
                rows.append([])
                used = 0
            used += need + (3 if rows[-1] else 0)
            rows[-1].append(word)
        self.update(Content("\n").join(_row(row) for row in self._cut(rows, room)))

    def _cut(self, rows: list[list[KeyWord]], room: int) -> list[list[KeyWord]]:
        """As many rows as a small screen has left; help, which tells of the rest, ends the last one."""
        height = self.app.size.height
        most = next(count for least, count in _ROWS if height >= least)
        if len(rows) <= most:
            return rows
        kept = rows[:most]
        last = [word for row in rows for word in row if word[2] == _HELP and row not in kept]
        while last and kept[-1] and _width(kept[-1]) + 3 + _width(last) > room:
            kept[-1] = kept[-1][:-1]
        kept[-1] = [*kept[-1], *last]
        return kept


def _width(words: list[KeyWord]) -> int:
    return sum(cell_len(key) + 1 + cell_len(word) for key, word, _ in words) + 3 * (len(words) - 1)


def _row(words: Iterable[KeyWord]) -> Content:
    return Content("   ").join(
        Content.from_markup(f"[@click={action}][bold $foreground]$key[/] $word[/]", key=key, word=word)
        for key, word, action in words
    )
