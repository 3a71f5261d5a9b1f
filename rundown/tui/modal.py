"""`PromptScreen`: a prompt of `rundown.prompt` over everything else on the screen.

What is asked, how it is drawn and what counts as an answer is the prompt's; this takes it up and down.
"""

from typing import ClassVar, Generic, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.events import Resize
from textual.screen import ModalScreen

from rundown.prompt.base import Prompt
from rundown.prompt.choice import Asking, ChoicePrompt
from rundown.render.style import Style

_T = TypeVar("_T")
_AROUND = 4


class PromptScreen(ModalScreen[_T | None], Generic[_T]):
    """Dismisses with the answer; None, the refusal, on Escape."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "refuse", "no", priority=True)]
    DEFAULT_CSS = """
    PromptScreen {
        align: center middle; background: $background 60%;
        & > #asked {
            width: 100%; max-width: 108; height: auto; max-height: 100%;
            background: $panel; padding: 1 1 1 0;
        }
    }
    """

    def __init__(self, prompt: Prompt[_T]) -> None:
        super().__init__()
        self.prompt = prompt

    def compose(self) -> ComposeResult:
        """Lays the prompt out."""
        with Vertical(id="asked"):
            yield self.prompt

    def on_resize(self, event: Resize) -> None:
        """Keeps the answers in sight."""
        self.prompt.limit(max(8, event.size.height - _AROUND))

    def on_prompt_answered(self, event: Prompt.Answered) -> None:
        """Takes the answer."""
        event.stop()
        self.dismiss(event.answer)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """An editor inside the prompt has Escape for itself."""
        return action != "refuse" or self.focused is self.prompt

    def action_refuse(self) -> None:
        """Gives no answer."""
        self.dismiss(None)


def ask(asking: Asking[_T]) -> PromptScreen[_T]:
    """Returns the screen of a plain choice."""
    return PromptScreen(ChoicePrompt(asking, Style()))
