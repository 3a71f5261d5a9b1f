"""The steps of a run as a tree: sign, number, title, what it would ask for, how long it took."""

from collections.abc import Mapping
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from rundown.render.duration import render_duration
from rundown.render.escape import visible
from rundown.tui.progress import Unit, UnitState

SIGNS: Mapping[UnitState, str] = {
    "new": "·",
    "ready": "▷",
    "running": "▶",
    "pass": "✓",
    "fail": "✗",
    "denied": "⊘",
    "paused": "‖",
    "skipped": "→",
}
_TONES: Mapping[UnitState, str] = {
    "new": "quiet",
    "ready": "now",
    "running": "now",
    "pass": "good",
    "fail": "bad",
    "denied": "ask",
    "paused": "ask",
    "skipped": "quiet",
}
_WORDS: Mapping[UnitState, str] = {
    "pass": "quiet",
    "skipped": "quiet",
    "running": "now",
    "ready": "now",
    "fail": "bad",
    "denied": "ask",
    "paused": "ask",
}
_MARK = 3


class StepTree(ScrollView, can_focus=True):
    """Rows of units. `asks` and `denials`: by key, how many things a unit would ask for, or be refused;
    `chosen`: keys that are marked."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *(f"tree--{tone}" for tone in ("plain", "quiet", "now", "good", "bad", "ask", "cursor", "chosen"))
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "Up", show=False),
        Binding("down", "move(1)", "Down", show=False),
        Binding("pageup", "move(-10)", "Page up", show=False),
        Binding("pagedown", "move(10)", "Page down", show=False),
        Binding("home", "move(-100000)", "First", show=False),
        Binding("end", "move(100000)", "Last", show=False),
    ]
    DEFAULT_CSS = """
    StepTree {
        overflow-x: hidden; overflow-y: auto; scrollbar-size: 1 1;
        & > .tree--quiet { color: $quiet; }
        & > .tree--now { color: $primary; text-style: bold; }
        & > .tree--good { color: $success; }
        & > .tree--bad { color: $error; text-style: bold; }
        & > .tree--ask { color: $warning; }
        & > .tree--plain { color: $foreground; }
        & > .tree--chosen { color: $warning; text-style: bold; }
        & > .tree--cursor { background: $cursor-row; }
        &:focus > .tree--cursor { background: $cursor-row; text-style: bold; }
    }
    """

    class Moved(Message):
        """Another unit is under the cursor; `by_hand` if the person moved it there."""

        def __init__(self, unit: Unit, *, by_hand: bool) -> None:
            super().__init__()
            self.unit, self.by_hand = unit, by_hand

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._units: list[Unit] = []
        self._cursor = 0
        self._running_ns = 0
        self._digits = 1
        self.asks: Mapping[str, int] = {}
        self.denials: Mapping[str, int] = {}
        self.chosen: frozenset[str] = frozenset()

    @property
    def unit(self) -> Unit | None:
        """The unit under the cursor."""
        return self._units[self._cursor] if self._units else None

    def show(self, units: list[Unit], *, running_ns: int = 0) -> None:
        """Draws these units; `running_ns` is how long the one under way has run by now."""
        before = self.unit
        self._units, self._running_ns = units, running_ns
        if before is not None and before not in units[self._cursor : self._cursor + 1]:
            keys = [unit.key for unit in units]
            self._cursor = keys.index(before.key) if before.key in keys else 0
        self._digits = max((len(unit.key) for unit in units if unit.key.isdigit()), default=1)
        size = Size(0, len(units))
        self.refresh(layout=size != self.virtual_size)
        self.virtual_size = size

    def go(self, unit: Unit) -> None:
        """Puts the cursor on a unit."""
        if unit in self._units:
            self._put(self._units.index(unit), by_hand=False)

    def action_move(self, rows: int) -> None:
        """Moves the cursor."""
        if self._units:
            self._put(min(max(self._cursor + rows, 0), len(self._units) - 1), by_hand=True)

    def on_click(self, event: events.Click) -> None:
        """Puts the cursor where the mouse is."""
        row = event.y + self.scroll_offset.y
        if 0 <= row < len(self._units):
            self._put(row, by_hand=True)

    def _put(self, row: int, *, by_hand: bool) -> None:
        self._cursor = row
        self.scroll_to_region(Region(0, row, 1, 1), animate=False, immediate=True)
        self.refresh()
        self.post_message(self.Moved(self._units[row], by_hand=by_hand))

    def render_line(self, y: int) -> Strip:
        """Draws one row."""
        row = y + self.scroll_offset.y
        width = self.scrollable_content_region.width
        base = self.rich_style
        if row >= len(self._units):
            return Strip.blank(width, base)
        if row == self._cursor:
            cursor = self.get_component_rich_style("tree--cursor")
            base += Style(bgcolor=cursor.bgcolor, bold=cursor.bold)
        return Strip(self._segments(self._units[row], width, base))

    def _segments(self, unit: Unit, width: int, base: Style) -> list[Segment]:
        tone = base + self._tone(_TONES[unit.state])
        lead = base + self._tone("chosen") if unit.key in self.chosen else base
        time = self._time(unit)
        mark, mark_tone = self._mark(unit)
        name = unit.key.rpartition("/")[2]
        name = "  " * unit.depth + (f"{name:>{self._digits}}" if name.isdigit() else name)
        behind = (_MARK + 1 if mark else 0) + (cell_len(time) + 1 if time else 0)
        room = max(0, width - 6 - cell_len(name) - behind)
        title = visible(unit.shown_title)
        if unit.note.startswith("round "):
            title = f"{title} ({unit.note})"
        if cell_len(title) > room:
            title = set_cell_size(title, max(0, room - 1)).rstrip() + "…"
        text_style = base + self._tone(_WORDS.get(unit.state, "plain"))
        if unit.is_group:
            text_style += Style(bold=True)
        segments = [
            Segment("+" if unit.key in self.chosen else " ", lead),
            Segment(f"{SIGNS[unit.state]} ", tone),
            Segment(f" {name} ", text_style),
            Segment(set_cell_size(title, room), text_style),
        ]
        if mark:
            segments.append(Segment(f" {mark:>{_MARK}}", base + self._tone(mark_tone)))
        if time:
            segments.append(Segment(f" {time}", base + self._tone("quiet")))
        segments.append(Segment(" ", base))
        return segments

    def _mark(self, unit: Unit) -> tuple[str, str]:
        if unit.state not in ("new", "ready", "denied", "paused"):
            return "", ""
        if denied := self.denials.get(unit.key):
            return f"⊘{denied}", "bad"
        if asks := self.asks.get(unit.key):
            return f"◆{asks}", "ask"
        return "", ""

    def _time(self, unit: Unit) -> str:
        if unit.state == "running" and self._running_ns:
            return render_duration(self._running_ns)
        return render_duration(unit.duration_ns) if unit.duration_ns and not unit.is_group else ""

    def _tone(self, name: str) -> Style:
        style = self.get_component_rich_style(f"tree--{name}", partial=True)
        return Style(color=style.color, bold=style.bold)
