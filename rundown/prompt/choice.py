"""`ChoicePrompt`: a sentence, perhaps a text to read, and a few answers; yields the value of one."""

from collections.abc import Sequence
from typing import Generic, TypeVar

from msgspec import Struct
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from rundown.prompt.base import Prompt
from rundown.prompt.menu import Row
from rundown.render.escape import visible
from rundown.render.style import Style

T = TypeVar("T")


class Asking(Struct, Generic[T], frozen=True, kw_only=True):
    """`choices` are key, text and value; the first is what no answer means. `text`: to be read before,
    shown as a command; `notes`: lines below it."""

    title: str
    sentence: str
    choices: Sequence[tuple[str, str, T]]
    text: str = ""
    notes: tuple[str, ...] = ()


class ChoicePrompt(Prompt[T]):
    """Answers with the value of a choice."""

    def __init__(self, asking: Asking[T], style: Style) -> None:
        super().__init__(style, asking.choices[0][2])
        self._asking = asking

    def head(self) -> Content:
        """The title and the sentence."""
        title = f"{self.style.sign('shield')} {visible(self._asking.title)}"
        return Content.assemble((title, "bold $warning"), (f"   {visible(self._asking.sentence)}", ""))

    def parts(self) -> list[Widget]:
        """The text, if there is one, and the notes."""
        asking = self._asking
        parts: list[Widget] = []
        if asking.text:
            shown = visible(asking.text.rstrip("\n"), lines=True)
            parts.append(Static(Content(shown), classes="command"))
        if asking.notes:
            notes = Content("\n").join([Content(visible(note)) for note in asking.notes])
            parts.append(Static(notes, classes="part -last"))
        return parts

    def rows(self) -> tuple[tuple[Row, ...], int]:
        """The choices."""
        return tuple(
            Row(key=key, text=visible(text), value=value) for key, text, value in self._asking.choices
        ), 0
