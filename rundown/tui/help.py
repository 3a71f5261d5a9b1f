"""The help screen: every key of the table, what the signs mean, and the sentence that matters at night."""

from collections.abc import Iterable
from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from rundown.tui.deeds import DEEDS

_SIGNS = (
    ("·", "has not run"),
    ("▷", "is held, or about to run"),
    ("▶", "is running"),
    ("✓", "passed"),
    ("✗", "failed"),
    ("⊘", "was refused by policy; ⊘2: two things will be"),
    ("‖", "paused here"),
    ("→", "was skipped"),
    ("◆2", "will ask for two things"),
    ("+", "marked"),
)
_PROMISE = (
    "No answer means no: Escape, Ctrl-C, a closed terminal, a lost connection. "
    "Whatever happens, what was done is on record, and the run can go on from there."
)


class HelpScreen(ModalScreen[None]):
    """Any of its keys leads back."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,enter,ctrl+c", "leave", "back", priority=True)
    ]
    DEFAULT_CSS = """
    HelpScreen {
        align: center middle; background: $background 60%;
        & > #help {
            width: 90%; max-width: 84; height: auto; max-height: 94%;
            background: $panel; border: round $primary; padding: 0 2;
            border-title-color: $primary; border-title-style: bold;
            border-subtitle-color: $quiet;
        }
        VerticalScroll { height: auto; max-height: 1fr; margin: 1 0; scrollbar-size: 1 1; }
        Static { height: auto; margin-bottom: 1; }
    }
    """

    def compose(self) -> ComposeResult:
        """Lays the text out."""
        with Vertical(id="help") as box:
            box.border_title = "Keys"
            box.border_subtitle = "Up and Down scroll · Esc: back"
            with VerticalScroll():
                yield Static(Content(_PROMISE))
                yield Static(_table((deed.shown, deed.told) for deed in DEEDS))
                yield Static(Content.styled("Signs", "bold"))
                yield Static(_table(_SIGNS))

    def on_mount(self) -> None:
        """Scrolls by the arrows."""
        self.query_one(VerticalScroll).focus()

    def action_leave(self) -> None:
        """Leads back."""
        self.dismiss(None)


def _table(rows: Iterable[tuple[str, str]]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(justify="right", style="bold", no_wrap=True, min_width=5)
    table.add_column()
    for row in rows:
        table.add_row(*(Text(text) for text in row))
    return table
