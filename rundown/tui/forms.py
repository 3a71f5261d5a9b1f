"""Screens that take text: the inputs of a runbook, or the value of one."""

import re
from collections.abc import Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.reactive import reactive
from textual.screen import ModalScreen
from textual.widgets import Input as TextInput
from textual.widgets import Select, Static

from rundown.model.runbook import Input
from rundown.render.escape import visible
from rundown.tui.key_bar import KeyBar
from rundown.tui.modal import ASIDE_KEY, ASIDE_WORD, Aside

_BOX = """
    align: center middle; background: $background 60%;
    & > #form {
        width: 88%; max-width: 96; height: auto; max-height: 92%;
        background: $panel; border: round $primary; padding: 0 2;
        border-title-color: $primary; border-title-style: bold;
    }
    .label { height: auto; margin-top: 1; }
    .problem { height: auto; color: $error; display: none; }
    Line { border: none; height: 1; padding: 0 1; background: $background; margin-top: 0; }
    Line:focus { border: none; background: $cursor-row; }
    Select { height: auto; }
    Select > SelectCurrent { border: none; padding: 0 1; background: $background; }
    Select:focus > SelectCurrent { background: $cursor-row; }
    KeyBar { margin-top: 1; padding: 0; }
"""


class Line(TextInput):
    """A line to type in. Its cursor stands still: one that blinks is drawn for ever, over slow connections
    too."""

    cursor_blink = reactive(False, init=False)


class InputsScreen(ModalScreen[dict[str, str] | None]):
    """The inputs of a runbook, each with its description. Dismisses with what was changed, by name; None
    where the person does not want to go on."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "back", priority=True),
        Binding("ctrl+s,f10", "submit", "go on", priority=True),
    ]
    DEFAULT_CSS = (
        f"InputsScreen {{ {_BOX} #fields {{ height: auto; max-height: 1fr; scrollbar-size: 1 1; }} }}"
    )

    def __init__(
        self, inputs: tuple[Input, ...], values: Mapping[str, str], required: tuple[str, ...], *, title: str
    ) -> None:
        super().__init__()
        self._inputs, self._values, self._required = inputs, dict(values), required
        self._title = title

    def compose(self) -> ComposeResult:
        """Lays out a field for each input."""
        with Vertical(id="form") as box:
            box.border_title = Content(self._title)
            with VerticalScroll(id="fields", can_focus=False):
                for place, item in enumerate(self._inputs):
                    yield Static(_label(item, needed=item.name in self._required), classes="label")
                    yield _field(item, self._values.get(item.name, ""), place)
                    yield Static("", classes="problem", id=f"problem-{place}")
            yield KeyBar()

    def on_mount(self) -> None:
        """Puts the focus on the first field."""
        self.query_one("#field-0").focus()
        self.query_one(KeyBar).show(
            (
                ("Tab", "next field", "app.focus_next"),
                ("^s", "go on", "screen.submit"),
                ("Esc", "back", "screen.leave"),
            )
        )

    def on_input_submitted(self) -> None:
        """Enter goes to the next field, and on from the last one."""
        last = f"field-{len(self._inputs) - 1}"
        if self.focused is not None and self.focused.id == last:
            self.action_submit()
        else:
            self.focus_next()

    def action_leave(self) -> None:
        """Starts nothing."""
        self.dismiss(None)

    def action_submit(self) -> None:
        """Goes on, if every value fits."""
        given: dict[str, str] = {}
        fits = True
        for place, item in enumerate(self._inputs):
            text = self._text(place)
            problem = misfit_of(item, text, needed=item.name in self._required)
            told = self.query_one(f"#problem-{place}", Static)
            told.update(Content(problem))
            told.display = bool(problem)
            fits = fits and not problem
            if text != self._values.get(item.name, "") or (item.secret and text):
                given[item.name] = text
        if fits:
            self.dismiss(given)

    def _text(self, place: int) -> str:
        field = self.query_one(f"#field-{place}")
        if isinstance(field, Select):
            return "" if field.is_blank() else str(field.value)
        assert isinstance(field, Line)
        return field.value


class LineScreen(ModalScreen[str | None]):
    """One line of text, the value of an input; None without one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+c,ctrl+d", "leave", "back", priority=True),
        Binding(ASIDE_KEY, "aside", "look at the run first", priority=True),
    ]
    DEFAULT_CSS = f"LineScreen {{ {_BOX} }}"

    def __init__(self, wanted: Input, put_aside: Aside) -> None:
        super().__init__()
        self._wanted, self._put_aside = wanted, put_aside

    def compose(self) -> ComposeResult:
        """Lays out the line."""
        wanted = self._wanted
        about = [visible(wanted.description)] if wanted.description else []
        about += [f"one of: {visible(', '.join(wanted.options))}"] if wanted.options else []
        about += ["not shown, not recorded"] if wanted.secret else []
        with Vertical(id="form") as box:
            box.border_title = Content(visible(wanted.name))
            yield Static(Content("\n".join(about)), classes="label")
            yield Line(wanted.options[0] if wanted.options else "", password=wanted.secret, id="line")
            yield Static("", classes="problem", id="problem")
            yield KeyBar()

    def on_mount(self) -> None:
        """Puts the focus on the line."""
        self.query_one("#line").focus()
        keys = ("Enter", "take it", "screen.take"), ASIDE_WORD, ("Esc", "back", "screen.leave")
        self.query_one(KeyBar).show(keys)

    def on_input_submitted(self) -> None:
        """Takes the line."""
        self.action_take()

    def action_take(self) -> None:
        """Takes the line, if it fits."""
        text = self.query_one("#line", Line).value
        problem = misfit_of(self._wanted, text, needed=True)
        told = self.query_one("#problem", Static)
        told.update(Content(problem))
        told.display = bool(problem)
        if not problem:
            self.dismiss(text)

    def action_aside(self) -> None:
        """Takes nothing yet."""
        self._put_aside()

    def action_leave(self) -> None:
        """Takes nothing."""
        self.dismiss(None)


def misfit_of(item: Input, text: str, *, needed: bool) -> str:
    """Returns why a text is no value of an input, "" if it is one."""
    if not text:
        return "it needs a value" if needed else ""
    if item.options and text not in item.options:
        return "one of: " + visible(", ".join(item.options))
    if item.pattern is not None and re.fullmatch(item.pattern, text) is None:
        return f"a value that fits {visible(item.pattern)}"
    return ""


def _label(item: Input, *, needed: bool) -> Content:
    words = [visible(item.description)] if item.description else []
    words += ["required"] if needed else []
    words += ["not shown, not recorded"] if item.secret else []
    return Content.from_markup(
        "[bold]$name[/]  [$quiet]$words[/]", name=visible(item.name), words=" · ".join(words)
    )


def _field(item: Input, value: str, place: int) -> Line | Select[str]:
    if item.options:
        shown = value if value in item.options else item.options[0]
        return Select(
            [(visible(option), option) for option in item.options],
            value=shown,
            allow_blank=False,
            id=f"field-{place}",
        )
    return Line(value, password=item.secret, id=f"field-{place}")
