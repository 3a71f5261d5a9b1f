"""`Prompt`: one question to a person, drawn in a screen or inline, that yields one typed answer.

Everything that is no clear yes is `refusal`: Enter on the first row, Ctrl-C, Ctrl-D, a closed terminal, a
time-out. Pasted text is no answer, and for a moment after it is drawn a question takes none but a refusal, so
that nobody answers with a key meant for something else. What is shown was made visible first.
"""

from typing import Any, Generic, TypeVar

from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.events import Key, Paste
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from rundown.prompt.editor import EditDone, LineEditor, TextEditor
from rundown.prompt.menu import Menu, Row
from rundown.render.style import Style

T = TypeVar("T")
_ARMED_AFTER_S = 0.2
_LEAST_BODY = 3
_LEAST_MENU = 2
_SHORT_HINT = "Enter alone: {}"
_HINT = "a key, or arrows and Enter; Enter alone: {}"


class Prompt(Vertical, Generic[T], can_focus=True):
    """A head, a body that can be scrolled, a menu and a hint. Subclasses say what is in them.

    Posts one `Answered`; whoever shows it takes it down then. `room`: the lines it may take, None: as many as
    its screen has.
    """

    DEFAULT_CSS = """
    Prompt { height: auto; width: 1fr; padding: 0 1; border-left: outer $warning; }
    Prompt.-ascii { border-left: ascii $warning; }
    Prompt > .head { height: auto; width: 1fr; margin-bottom: 1; }
    Prompt > .body { height: auto; width: 1fr; scrollbar-size-vertical: 1; }
    Prompt > Menu { margin-top: 1; }
    Prompt > .hint { height: auto; width: 1fr; text-style: dim; }
    Prompt Static { width: 1fr; height: auto; }
    Prompt .command { border-left: solid $secondary; padding: 0 1; margin: 0 1 1 1; }
    Prompt.-ascii .command { border-left: ascii $secondary; }
    Prompt .command.-last { margin-bottom: 0; }
    Prompt .part { margin-bottom: 1; }
    Prompt .part.-last { margin-bottom: 0; }
    """

    class Answered(Message):
        """The person's answer, of the type that the prompt promises."""

        def __init__(self, prompt: "Prompt[Any]", answer: Any) -> None:
            super().__init__()
            self.prompt = prompt
            self.answer = answer

    def __init__(self, style: Style, refusal: T) -> None:
        super().__init__()
        self.style = style
        self.refusal = refusal
        self.is_armed = False
        self._is_disarmed = False
        self._is_over = False
        self._room: int | None = None
        self.set_class(not style.unicode, "-ascii")

    def head(self) -> Content:
        """Returns the first line or two."""
        raise NotImplementedError

    def parts(self) -> list[Widget]:
        """Returns what is to be read before answering."""
        return []

    def rows(self) -> tuple[tuple[Row, ...], int]:
        """Returns the answers, the refusal first, and where the second column begins (0: one column)."""
        raise NotImplementedError

    def choose(self, row: Row) -> None:
        """Does what a row says: `answer`, or a way to see more."""
        self.answer(row.value)

    def compose(self) -> ComposeResult:
        """Makes the four parts."""
        rows, second = self.rows()
        yield Static(self.head(), classes="head")
        with VerticalScroll(classes="body", can_focus=False):
            yield from self.parts()
        yield Menu(rows, second=second, unicode=self.style.unicode)
        yield Static("", classes="hint")

    def on_mount(self) -> None:
        """Takes the keys, and answers from a moment later."""
        self.focus()
        self.set_timer(_ARMED_AFTER_S, self._arm_in_time)

    def edit(self, editor: LineEditor | TextEditor) -> None:
        """Gives an editor the keys, in the menu's place."""
        self.menu.display = False
        self.mount(editor, before=self.hint)
        self.hint.update("")

    def edited(self, editor: LineEditor | TextEditor, text: str) -> None:
        """Called with what a person wrote, "" if they went back."""

    def on_edit_done(self, event: EditDone) -> None:
        """Takes the keys back."""
        event.stop()
        event.editor.remove()
        self.menu.display = True
        self.focus()
        self.edited(event.editor, event.text)

    def arm(self) -> None:
        """Takes answers from now on."""
        self.is_armed, self._is_disarmed = True, False
        self.refresh_menu()

    def disarm(self) -> None:
        """Takes no answer but a refusal until it is armed."""
        self.is_armed, self._is_disarmed = False, True

    def _arm_in_time(self) -> None:
        if not self._is_disarmed:
            self.arm()

    def answer(self, answer: T) -> None:
        """Gives the one answer; a second one changes nothing."""
        if not self._is_over:
            self._is_over = True
            self.post_message(self.Answered(self, answer))

    def refuse(self) -> None:
        """Answers with no."""
        self.answer(self.refusal)

    def limit(self, lines: int) -> None:
        """Takes no more lines than these; the body is scrolled then."""
        self._room = lines
        self._fit()

    def on_resize(self) -> None:
        """Keeps the menu in sight."""
        self._fit()

    def look(self) -> None:
        """Called whenever the layout has settled: what is in sight now was shown."""

    def refresh_menu(self) -> None:
        """Shows the rows and the hint as they are now."""
        if not self._stands:
            return
        self._draw_menu()
        self.call_after_refresh(self._fit)

    def _draw_menu(self) -> None:
        rows, second = self.rows()
        self.menu.replace_rows(rows, second=second)
        self.hint.update(self.hint_text() if self.is_armed and self.menu.display else "")

    def hint_text(self) -> Content:
        """Returns the line under the menu."""
        below = self._lines_below()
        more = f"{below} more {'line' if below == 1 else 'lines'}: Space, PgDn" if below else ""
        safe = self.menu.rows[0].text
        texts = [(more + "   " if more else "") + hint.format(safe) for hint in (_HINT, _SHORT_HINT)]
        return Content(next((text for text in texts if len(text) <= self.size.width), more or texts[-1]))

    @property
    def menu(self) -> Menu:
        """The answers."""
        return self.query_one(Menu)

    @property
    def hint(self) -> Static:
        """The line under the answers."""
        return self.query_one(".hint", Static)

    @property
    def body(self) -> VerticalScroll:
        """What is to be read."""
        return self.query_one(".body", VerticalScroll)

    def on_menu_picked(self, event: Menu.Picked) -> None:
        """A click is a key."""
        event.stop()
        self.take(event.place)

    def on_paste(self, event: Paste) -> None:
        """What is pasted answers nothing."""
        event.stop()

    def on_key(self, event: Key) -> None:
        """Moves, scrolls or answers. What an editor inside has not used is none of these."""
        if not self.has_focus:
            return
        event.stop()
        event.prevent_default()
        menu, body = self.menu, self.body
        match event.key:
            case "ctrl+c" | "ctrl+d":
                self.refuse()
            case "up" | "shift+tab":
                menu.step(-1)
            case "down" | "tab":
                menu.step(1)
            case "left" | "right":
                menu.leap()
            case "enter":
                self.take(menu.place)
            case "space" | "pagedown":
                body.scroll_page_down(animate=False)
            case "pageup":
                body.scroll_page_up(animate=False)
            case "home":
                body.scroll_home(animate=False)
            case "end":
                body.scroll_end(animate=False)
            case _:
                place = menu.find(event.character) if event.character else None
                if place is not None:
                    self.take(place)
                return
        self.call_after_refresh(self.refresh_menu)

    def take(self, place: int) -> None:
        """Takes a row, if it may be taken now."""
        row = self.menu.rows[place]
        if row.closed:
            self.hint.update(Content.styled("read to the end first: Space or PgDn", "bold $warning"))
        elif self.is_armed or place == 0:
            self.choose(row)

    def _lines_below(self) -> int:
        body = self.body
        return max(0, body.virtual_size.height - body.size.height - round(body.scroll_offset.y))

    @property
    def _stands(self) -> bool:
        """Whether it is still drawn: what was to be done after a refresh may come after it was taken down."""
        return self.is_mounted and self.is_attached and bool(self.query(Menu))

    def _fit(self) -> None:
        if not self._stands:
            return
        room = self.app.size.height - 1 if self._room is None else self._room
        head = self.query_one(".head", Static)
        left = room - head.outer_size.height - self.hint.outer_size.height - 2
        self.menu.limit(max(_LEAST_MENU, left - _LEAST_BODY))
        self.body.styles.max_height = max(_LEAST_BODY, left - self.menu.lines)
        self.call_after_refresh(self._settle)

    def _settle(self) -> None:
        if self._stands:
            self.look()
            self._draw_menu()
