"""`ChoiceScreen`: one question over everything else, its answers by key, by arrow or by mouse.

What is no answer (Escape, a screen that goes) dismisses with None, which the asker takes for its refusal. A
key that was on its way when the question came is no answer either: answers that allow something count only
after a moment, and where there is much to read, after its end was seen.
"""

from collections.abc import Sequence
from typing import ClassVar, Generic, TypeVar

from msgspec import Struct
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.events import Key
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

_T = TypeVar("_T")
ARMED_AFTER_S = 0.3


class Choice(Struct, frozen=True):
    """An answer: its key, its words, what it means. `allows`: not to be given by accident."""

    key: str
    words: str
    value: object
    allows: bool = False


class Block(Struct, frozen=True):
    """A part of what is to be read. `kind`: text, quiet, command, list."""

    text: str
    kind: str = "text"


class ChoiceScreen(ModalScreen[_T | None], Generic[_T]):
    """The first choice has the focus: put the refusal there."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+c,ctrl+d", "refuse", "No", priority=True),
        Binding("pageup", "read(-1)", "Read up"),
        Binding("pagedown", "read(1)", "Read on"),
    ]
    DEFAULT_CSS = """
    ChoiceScreen {
        align: center middle;
        background: $background 60%;
        & > #question {
            width: 88%; max-width: 110; height: auto; max-height: 92%;
            background: $panel; border: round $warning; padding: 0 2;
            border-title-color: $warning; border-title-style: bold;
            border-subtitle-color: $quiet;
        }
        #reading { height: auto; max-height: 1fr; margin: 1 0; scrollbar-size: 1 1; }
        .block { height: auto; margin-bottom: 1; }
        .block:last-child { margin-bottom: 0; }
        .quiet { color: $quiet; }
        .command { border-left: outer $rule; padding-left: 1; }
        #answers {
            height: auto; max-height: 12; border: none; padding: 0; background: $panel; scrollbar-size: 1 1;
            & > .option-list--option { padding: 0; }
            & > .option-list--option-highlighted {
                background: $cursor-row; color: $foreground; text-style: bold;
            }
        }
        #wait { height: auto; color: $quiet; display: none; }
    }
    """

    def __init__(
        self, title: str, blocks: Sequence[Block], choices: Sequence[Choice], *, must_read: bool = False
    ) -> None:
        super().__init__()
        self._title, self._blocks, self._choices = title, tuple(blocks), tuple(choices)
        self._must_read = must_read
        self.is_armed = not any(choice.allows for choice in choices)

    def compose(self) -> ComposeResult:
        """Lays out what is to be read above the answers."""
        with Vertical(id="question") as box:
            box.border_title = Content(self._title)
            box.border_subtitle = Content("key, or arrows and Enter · Esc: no")
            with VerticalScroll(id="reading", can_focus=False):
                for block in self._blocks:
                    yield Static(Content(block.text), classes=f"block {block.kind}")
            yield Static("Read on to its end (Page Down) to allow it.", id="wait")
            yield OptionList(
                *(Option(_words(choice)) for choice in self._choices), id="answers", markup=False
            )

    def on_mount(self) -> None:
        """Puts the focus on the refusal."""
        answers = self.query_one("#answers", OptionList)
        answers.highlighted = 0
        answers.focus()
        if not self.is_armed:
            self.set_timer(self.arming_seconds, self._arm)
        self.query_one("#wait").display = self._must_read

    @property
    def arming_seconds(self) -> float:
        """How long an answer that allows something is not taken."""
        return float(getattr(self.app, "arming_seconds", ARMED_AFTER_S))

    def _arm(self) -> None:
        self.is_armed = True

    @property
    def has_read(self) -> bool:
        """Whether the end of what is to be read was seen."""
        reading = self.query_one("#reading", VerticalScroll)
        if self._must_read and reading.is_vertical_scroll_end:
            self._must_read = False
            self.query_one("#wait").display = False
        return not self._must_read

    def on_key(self, event: Key) -> None:
        """Takes the key of an answer."""
        for choice in self._choices:
            if event.character == choice.key:
                event.stop()
                self._choose(choice)
                return

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Takes the answer under the cursor."""
        event.stop()
        self._choose(self._choices[event.option_index])

    def action_refuse(self) -> None:
        """Gives no answer."""
        self.dismiss(None)

    def action_read(self, pages: int) -> None:
        """Scrolls what is to be read."""
        reading = self.query_one("#reading", VerticalScroll)
        reading.scroll_relative(y=pages * max(1, reading.size.height - 1), animate=False, immediate=True)
        self.call_after_refresh(lambda: self.has_read)

    def _choose(self, choice: Choice) -> None:
        if choice.allows and not (self.is_armed and self.has_read):
            return
        self.choose(choice.value)

    def choose(self, value: object) -> None:
        """Answers; a screen with detours takes them from here."""
        self.dismiss(value)  # type: ignore[arg-type]


def _words(choice: Choice) -> Content:
    return Content.from_markup("[bold]$key[/]  $words", key=f"{choice.key:>2}", words=choice.words)
