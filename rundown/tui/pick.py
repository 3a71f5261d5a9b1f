"""A list over the screen, of which one line is picked."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from rundown.render.escape import visible
from rundown.tui.key_bar import KeyBar


class PickScreen(ModalScreen[int | None]):
    """Dismisses with the place of the picked line, None for none."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,ctrl+c,q", "leave", "back", priority=True)]
    DEFAULT_CSS = """
    PickScreen {
        align: center middle; background: $background 60%;
        & > #pick {
            width: 80%; max-width: 90; height: auto; max-height: 90%;
            background: $panel; border: round $primary; padding: 0 2;
            border-title-color: $primary; border-title-style: bold;
        }
        OptionList {
            height: auto; max-height: 1fr; border: none; padding: 0; margin-top: 1; background: $panel;
            scrollbar-size: 1 1;
            &:focus { border: none; background-tint: transparent; }
            & > .option-list--option-highlighted, &:focus > .option-list--option-highlighted {
                background: $cursor-row; color: $foreground; text-style: bold;
            }
        }
        KeyBar { margin-top: 1; padding: 0; }
    }
    """

    def __init__(self, title: str, lines: Sequence[str], at: int = 0) -> None:
        super().__init__()
        self._title, self._lines, self._at = title, tuple(lines), at

    def compose(self) -> ComposeResult:
        """Lays the list out."""
        with Vertical(id="pick") as box:
            box.border_title = Content(self._title)
            yield OptionList(*(Option(Content(visible(line))) for line in self._lines), markup=False)
            yield KeyBar()

    def on_mount(self) -> None:
        """Puts the cursor on the line that is meant."""
        found = self.query_one(OptionList)
        found.highlighted = self._at
        found.focus()
        self.query_one(KeyBar).show((("Enter", "take it", "screen.take"), ("Esc", "back", "screen.leave")))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Picks the line."""
        self.dismiss(event.option_index)

    def action_take(self) -> None:
        """Picks the line under the cursor."""
        self.dismiss(self.query_one(OptionList).highlighted)

    def action_leave(self) -> None:
        """Picks nothing."""
        self.dismiss(None)
