"""The first screen without a file: the project's runbooks, and the runs that were."""

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from rundown.errors import RundownError
from rundown.render.escape import visible
from rundown.tui.conductor import Errand
from rundown.tui.help import HelpScreen
from rundown.tui.key_bar import KeyBar
from rundown.tui.opening import Shelf, Shelves

_SIGNS = {
    "completed": ("✓", "$success"),
    "stopped": ("✗", "$error"),
    "damaged": ("✗", "$error"),
    "paused": ("‖", "$warning"),
    "interrupted": ("‖", "$warning"),
    "active": ("▶", "$primary"),
    "empty": ("·", "$quiet"),
}


class ChooserScreen(Screen[None]):
    """Opens what is chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("u", "reread", "Read again"),
        Binding("question_mark", "help", "Help"),
        Binding("q", "app.leave", "Quit"),
    ]
    DEFAULT_CSS = """
    ChooserScreen {
        layout: vertical;
        #head { height: 1; background: $panel; padding: 0 1; }
        .caption { height: 1; color: $quiet; padding: 0 1; text-style: bold; margin-top: 1; }
        OptionList { border: none; padding: 0 1; background: $background; height: 1fr; scrollbar-size: 1 1; }
        OptionList > .option-list--option-highlighted { background: $background; color: $foreground; }
        OptionList:focus { border: none; background-tint: transparent; }
        OptionList:focus > .option-list--option-highlighted {
            background: $cursor-row; color: $foreground; text-style: none;
        }
    }
    """

    def __init__(self, shelves: Shelves, choose: Callable[[Errand], None]) -> None:
        super().__init__()
        self._shelves = shelves
        self._choose = choose
        self._runbooks: tuple[Shelf, ...] = ()
        self._runs: tuple[Shelf, ...] = ()

    def compose(self) -> ComposeResult:
        """Lays the two lists out."""
        yield Static(Content.from_markup("[bold]rundown[/]  [$quiet]what shall run?[/]"), id="head")
        with Vertical():
            yield Static("Runbooks", classes="caption", id="runbooks-caption")
            yield OptionList(id="runbooks", markup=False)
        with Vertical():
            yield Static("Recent runs", classes="caption", id="runs-caption")
            yield OptionList(id="runs", markup=False)
        yield KeyBar()

    def on_mount(self) -> None:
        """Fills the lists."""
        self.query_one(KeyBar).show(
            (
                ("Enter", "open", "screen.open"),
                ("Tab", "other list", "app.focus_next"),
                ("u", "read again", "screen.reread"),
                ("T", "theme", "app.toggle_theme"),
                ("^p", "palette", "app.command_palette"),
                ("?", "help", "screen.help"),
                ("q", "quit", "app.leave"),
            )
        )
        self.read()
        self.query_one("#runbooks" if self._runbooks else "#runs").focus()

    def read(self) -> None:
        """Reads both lists anew."""
        self._runbooks, self._runs = self._shelves.runbooks(), self._shelves.runs()
        width = max((len(item.name) for item in self._runbooks), default=0)
        self._fill("#runbooks", self._runbooks, width)
        self._fill("#runs", self._runs, max((len(item.name) for item in self._runs), default=0))
        none = "Runbooks: none below runbooks/ or .rundown/runbooks/ here"
        self.query_one("#runbooks-caption", Static).update("Runbooks" if self._runbooks else none)
        self.query_one("#runs-caption", Static).update(
            "Recent runs" if self._runs else "Recent runs: none yet"
        )

    def _fill(self, name: str, items: tuple[Shelf, ...], width: int) -> None:
        found = self.query_one(name, OptionList)
        at = found.highlighted
        found.clear_options()
        found.add_options(Option(_line(item, min(width, 48))) for item in items)
        if items:
            found.highlighted = min(at or 0, len(items) - 1)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Opens it."""
        items = self._runbooks if event.option_list.id == "runbooks" else self._runs
        self._open(items[event.option_index])

    def action_open(self) -> None:
        """Opens what is under the cursor."""
        if isinstance(self.focused, OptionList):
            self.focused.action_select()

    def _open(self, item: Shelf) -> None:
        try:
            self._choose(self._shelves.open(item.argument))
        except RundownError as problem:
            first = problem.diagnostics[0]
            where = f"{first.span}: " if first.span is not None else ""
            self.notify(visible(f"{where}{first.message}"), severity="error", timeout=10, markup=False)

    def action_reread(self) -> None:
        """Reads the lists anew."""
        self.read()

    def action_help(self) -> None:
        """Shows every key."""
        self.app.push_screen(HelpScreen())


def _line(item: Shelf, width: int) -> Content:
    sign, tone = _SIGNS.get(item.state, (" ", "$quiet"))
    name, told = visible(item.name), visible(item.told)
    return Content.from_markup(
        f"[{tone}]$sign[/] $name  [$quiet]$told[/]", sign=sign, name=f"{name:<{width}}", told=told
    )
