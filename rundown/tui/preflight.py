"""What all steps would ask for, before the first one runs: allow all, some, or nothing yet."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import SelectionList, Static
from textual.widgets.selection_list import Selection

from rundown.render.escape import visible
from rundown.session.ports import Foreseen
from rundown.tui.choice import ARMED_AFTER_S
from rundown.tui.key_bar import KeyBar
from rundown.tui.prompter import Preflight


class PreflightScreen(ModalScreen[tuple[bool, ...] | None]):
    """Dismisses with a yes or no for each question, in order. Nothing is ticked at first."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+c,ctrl+d,n", "refuse", "nothing now: ask me at each step", priority=True),
        Binding("a", "everything", "allow all of it for this run"),
        Binding("y", "ticked", "allow what is ticked"),
    ]
    DEFAULT_CSS = """
    PreflightScreen {
        align: center middle; background: $background 60%;
        & > #question {
            width: 88%; max-width: 110; height: auto; max-height: 92%;
            background: $panel; border: round $warning; padding: 0 2;
            border-title-color: $warning; border-title-style: bold;
        }
        #lead { margin: 1 0; color: $quiet; height: auto; }
        #items {
            height: auto; max-height: 1fr; border: none; padding: 0; background: $panel; scrollbar-size: 1 1;
        }
        #denied { height: auto; max-height: 8; margin-top: 1; scrollbar-size: 1 1; }
        #denied Static { height: auto; color: $error; }
        KeyBar { margin-top: 1; padding: 0; }
    }
    """

    def __init__(self, asked: Preflight) -> None:
        super().__init__()
        self._asked = asked
        self.is_armed = False

    def compose(self) -> ComposeResult:
        """Lays out what is asked for and what is refused anyway."""
        with Vertical(id="question") as box:
            box.border_title = Content("Before it starts")
            yield Static("The steps of this run will ask for the following. Space ticks a line.", id="lead")
            yield SelectionList[int](
                *(Selection(Content(told(item)), place) for place, item in enumerate(self._asked.questions)),
                id="items",
            )
            if self._asked.denials:
                with VerticalScroll(id="denied", can_focus=False):
                    lines = "\n".join(f"⊘ {told(item)}" for item in self._asked.denials)
                    yield Static(Content(f"and will be refused\n{lines}"))
            yield KeyBar()

    def on_mount(self) -> None:
        """Puts the focus on the list."""
        self.query_one("#items").focus()
        self.query_one(KeyBar).show(
            (
                ("n", "nothing now: ask me at each step", "screen.refuse"),
                ("a", "allow all of it for this run", "screen.everything"),
                ("y", "allow what is ticked", "screen.ticked"),
            )
        )
        self.set_timer(float(getattr(self.app, "arming_seconds", ARMED_AFTER_S)), self._arm)

    def _arm(self) -> None:
        self.is_armed = True

    def action_refuse(self) -> None:
        """Allows nothing beforehand."""
        self.dismiss(None)

    def action_everything(self) -> None:
        """Allows all of it."""
        if self.is_armed:
            self.dismiss(tuple(True for _ in self._asked.questions))

    def action_ticked(self) -> None:
        """Allows what is ticked."""
        if self.is_armed:
            ticked = set(self.query_one("#items", SelectionList).selected)
            self.dismiss(tuple(place in ticked for place in range(len(self._asked.questions))))


def told(item: Foreseen) -> str:
    """Returns `run jq (steps 2, 4)`."""
    if not item.positions:
        return visible(item.text)
    noun = "step" if len(item.positions) == 1 else "steps"
    return f"{visible(item.text)} ({noun} {', '.join(item.positions)})"
