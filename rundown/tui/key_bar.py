"""The rows at the bottom: every key that does something now, with its word, to be clicked as well."""

from collections.abc import Iterable

from rich.cells import cell_len
from textual.content import Content
from textual.events import Resize
from textual.widgets import Static

KeyWord = tuple[str, str, str]
"""A key as shown, its word, the action."""


class KeyBar(Static):
    """As many rows as the keys need."""

    DEFAULT_CSS = """
    KeyBar {
        height: auto; max-height: 4; background: $panel; color: $quiet; padding: 0 1;
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
        room = max(20, self.size.width - 2)
        rows: list[list[KeyWord]] = [[]]
        used = 0
        for word in self._words:
            need = cell_len(word[0]) + 1 + cell_len(word[1])
            if rows[-1] and used + 3 + need > room:
                rows.append([])
                used = 0
            used += need + (3 if rows[-1] else 0)
            rows[-1].append(word)
        self.update(Content("\n").join(_row(row) for row in rows))


def _row(words: Iterable[KeyWord]) -> Content:
    return Content("   ").join(
        Content.from_markup(f"[@click={action}][bold $foreground]$key[/] $word[/]", key=key, word=word)
        for key, word, action in words
    )
