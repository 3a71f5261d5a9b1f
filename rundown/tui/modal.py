"""`PromptScreen`: a prompt of `rundown.prompt` over everything else on the screen.

What is asked, how it is drawn and what counts as an answer is the prompt's; this takes it up and down.
"""

from collections.abc import Callable
from typing import ClassVar, Generic, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.events import Resize
from textual.screen import ModalScreen

from rundown.prompt.base import Prompt
from rundown.prompt.choice import Asking, ChoicePrompt
from rundown.render.style import Style
from rundown.tui.key_bar import KeyBar

_T = TypeVar("_T")
_SHORT_ROWS = 22
_LEAST_ROWS = 8
ASIDE_KEY = "ctrl+o"
ASIDE_WORD = ("^o", "look at the run first", "screen.aside")


Aside = Callable[[], object]
"""Takes a question down without an answer: the person wants to look at what lies behind it."""


class PromptScreen(ModalScreen[_T | None], Generic[_T]):
    """Dismisses with the answer; None, the refusal, on Escape."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "refuse", "no", priority=True),
        Binding(ASIDE_KEY, "aside", "look at the run first", priority=True),
    ]
    DEFAULT_CSS = """
    PromptScreen {
        align: center middle; background: $background 60%;
        & > #asked {
            width: 100%; max-width: 108; height: auto; max-height: 100%;
            background: $panel; padding: 1 1 1 0;
        }
        KeyBar { margin-left: 1; }
        &.-short #asked { padding: 0 1 0 0; }
    }
    """

    def __init__(self, prompt: Prompt[_T], put_aside: Aside | None = None) -> None:
        super().__init__()
        self.prompt = prompt
        self._put_aside = put_aside

    def compose(self) -> ComposeResult:
        """Lays the prompt out."""
        with Vertical(id="asked"):
            yield self.prompt
            if self._put_aside is not None:
                yield KeyBar()

    def on_mount(self) -> None:
        """Says how to look behind it."""
        if self._put_aside is not None:
            self.query_one(KeyBar).show((ASIDE_WORD,))

    def on_resize(self, event: Resize) -> None:
        """Keeps the answers in sight."""
        short = event.size.height < _SHORT_ROWS
        self.set_class(short, "-short")
        around = (0 if short else 2) + (0 if self._put_aside is None else 1)
        self.prompt.limit(max(_LEAST_ROWS, event.size.height - around))

    def on_prompt_answered(self, event: Prompt.Answered) -> None:
        """Takes the answer."""
        event.stop()
        self.dismiss(event.answer)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """An editor inside the prompt has Escape for itself."""
        if action == "aside":
            return self._put_aside is not None and self.focused is self.prompt
        return action != "refuse" or self.focused is self.prompt

    def action_refuse(self) -> None:
        """Gives no answer."""
        self.dismiss(None)

    def action_aside(self) -> None:
        """Gives no answer yet."""
        if self._put_aside is not None:
            self._put_aside()


def ask(asking: Asking[_T]) -> PromptScreen[_T]:
    """Returns the screen of a plain choice."""
    return PromptScreen(ChoicePrompt(asking, Style()))
