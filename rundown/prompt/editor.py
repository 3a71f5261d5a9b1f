"""Editors inside a prompt: a line for a pattern, a block for a command. Both post `EditDone`.

Text with hidden characters is not offered: what a person edits must be what they see.
"""

from typing import Any

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.events import Key
from textual.message import Message
from textual.widgets import Input, Static

from rundown.render.escape import visible

_LINE_HELP = "Enter: take it   Esc: back"
_TEXT_HELP = "Ctrl-S: run this instead (decided anew)   Esc: back"


class EditDone(Message):
    """What the person wrote; "" if they went back."""

    def __init__(self, editor: "LineEditor | TextEditor", text: str) -> None:
        super().__init__()
        self.editor = editor
        self.text = text


class _Editor(Vertical):
    DEFAULT_CSS = """
    _Editor { height: auto; width: 1fr; margin-top: 1; }
    _Editor Static { height: auto; width: 1fr; text-style: dim; }
    _Editor Input { width: 1fr; }
    _Editor TextArea { width: 1fr; height: auto; max-height: 12; min-height: 5; }
    """

    def on_key(self, event: Key) -> None:
        """Esc and Ctrl-C leave; all other keys are the text's."""
        if event.key in ("escape", "ctrl+c", "ctrl+d"):
            event.stop()
            event.prevent_default()
            self.post_message(EditDone(self, ""))  # type: ignore[arg-type]


class LineEditor(_Editor):
    """One line."""

    def __init__(self, text: str, what: str) -> None:
        super().__init__()
        self._text = text if visible(text) == text else ""
        self._what = what

    def compose(self) -> ComposeResult:
        """Shows the line and how to leave it."""
        yield Static(Content(self._what))
        yield Input(self._text, compact=True, select_on_focus=False)
        yield Static(Content(_LINE_HELP))

    def on_mount(self) -> None:
        """Takes the keys."""
        self.query_one(Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter takes it."""
        event.stop()
        self.post_message(EditDone(self, event.value))


class TextEditor(_Editor):
    """A block of lines."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text if visible(text, lines=True) == text else ""

    def compose(self) -> ComposeResult:
        """Shows the block and how to leave it."""
        from textual.widgets import TextArea

        yield Static(Content("the command to run instead, once"))
        yield TextArea(self._text.rstrip("\n"), soft_wrap=True, compact=True)
        yield Static(Content(_TEXT_HELP))

    def on_mount(self) -> None:
        """Takes the keys."""
        self._area().focus()

    def on_key(self, event: Key) -> None:
        """Ctrl-S takes it."""
        if event.key == "ctrl+s":
            event.stop()
            event.prevent_default()
            self.post_message(EditDone(self, self._area().text))
            return
        super().on_key(event)

    def _area(self) -> Any:
        return self.query_one("TextArea")
