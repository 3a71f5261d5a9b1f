"""`PermissionPrompt`: one permission question with all its choices; answers with one `Answer` an ask.

Refuses to take a yes while the command and the asks were not shown to their end.
"""

from enum import Enum

from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from rundown.model.policy import Ruling
from rundown.prompt.base import Prompt
from rundown.prompt.editor import LineEditor, TextEditor
from rundown.prompt.menu import Row
from rundown.prompt.text import ask_line, diff_text, head_line, origin_lines
from rundown.render.escape import visible
from rundown.render.question import render_text
from rundown.render.style import Style
from rundown.session.ports import EDITS_BELOW, Answer, Choice, Question

_ALLOWING = frozenset(
    {
        Choice.ONCE,
        Choice.SESSION,
        Choice.TYPE_SESSION,
        Choice.ALWAYS_ME,
        Choice.ALWAYS_PROJECT,
        Choice.TOOL,
    }
)
Answers = tuple[Answer, ...]


def _allows(value: object) -> bool:
    return value == EDITS_BELOW or (isinstance(value, Choice) and value in _ALLOWING)


class Detour(Enum):
    """A choice that leads back to the question."""

    VIEW = "view"
    WHY = "why"
    PATTERN = "pattern"
    COMMAND = "command"
    EDIT = "edit"
    SINGLY = "singly"
    GRANTS = "grants"
    BACK = "back"


class PermissionPrompt(Prompt[Answers]):
    """Answers with one `Answer` for each of `question.asks`, in order."""

    def __init__(self, question: Question, style: Style) -> None:
        super().__init__(style, tuple(Answer(choice=Choice.DENY) for _ in question.asks))
        self._question = question
        self._asks = question.asks
        self._text = render_text(question.request, question.subject.shown)
        self._singly: list[Answer] | None = None
        self._pattern: str | None = None
        self._was_read = False
        self._detour: Detour | None = None

    def head(self) -> Content:
        """Says that this is a question about a permission, and of which step."""
        subject = self._question.subject
        progress = subject.progress
        if self._singly is not None:
            progress = f"{progress}   ask {len(self._singly) + 1} of {len(self._asks)}".strip()
        return head_line(
            self.style, "Permission needed", self._question.request.position, subject.title, progress
        )

    def parts(self) -> list[Widget]:
        """The agent's words, the command or the edit, the asks, what the sandbox permits."""
        question = self._question
        parts: list[Widget] = []
        if question.claim:
            said = visible(question.claim, lines=True)
            parts.append(Static(Content.styled("The agent says of it", "dim")))
            parts.append(Static(Content.styled(said, "italic"), classes="command"))
        if question.diff:
            parts.append(Static(Content.styled("It wants to make this change", "dim")))
            parts.append(Static(diff_text(question.diff), classes="command"))
        if self._text:
            parts.append(Static(Content(self._text), classes="command"))
        asks = self._current()
        words = "it asks to" if self._singly is None else "it asks, among other things, to"
        lines = list(dict.fromkeys(ask_line(ask, self.style) for ask in asks))
        asked = Content("\n").join([Content.styled(words, "dim"), *lines])
        parts.append(Static(asked, classes="asks part" if question.sees else "asks part -last"))
        if question.sees:
            sees = [Content(f"  {visible(line)}") for line in question.sees]
            told = Content("\n").join([Content.styled("inside the sandbox it", "dim"), *sees])
            parts.append(Static(told, classes="part -last"))
        return parts

    def rows(self) -> tuple[tuple[Row, ...], int]:
        """The choices of the question, or of the detour the person is on."""
        match self._detour:
            case None:
                return self._choices()
            case Detour.EDIT:
                rows = [Row(key="b", text="back to the question", value=Detour.BACK)]
                if len(self._current()) == 1:
                    rows.append(Row(key="p", text="the pattern to remember", value=Detour.PATTERN))
                rows.append(Row(key="c", text="the command: run another one once", value=Detour.COMMAND))
                return tuple(rows), 0
            case Detour.GRANTS:
                return self._grants(), 0
            case _:
                return (Row(key="b", text="back to the question", value=Detour.BACK),), 0

    def choose(self, row: Row) -> None:
        """Answers, or shows more."""
        match row.value:
            case Choice() as choice:
                self._give(Answer(choice=choice, pattern=self._pattern))
            case Answer() as answer:
                self._give(answer)
            case Detour.BACK:
                self._leave()
            case Detour.EDIT if self._question.editable:
                self._detour = Detour.EDIT
                self.refresh_menu()
            case Detour.EDIT | Detour.PATTERN:
                self._edit(LineEditor(self._offered_pattern(), "the pattern to remember"))
            case Detour.COMMAND:
                self._edit(TextEditor(self._question.request.text))
            case Detour.SINGLY:
                self._singly = []
                self._redraw()
            case Detour.GRANTS:
                self._detour = Detour.GRANTS
                told = (
                    "granted or denied in this session; a key takes it back, and the question is asked anew"
                )
                self._show([Static(Content.styled(told, "dim"), classes="part -last")])
            case tuple() as grants:
                self.answer(tuple(Answer(choice=Choice.DENY, forget=grants) for _ in self._asks))
            case Detour.WHY | Detour.VIEW as detour:
                self._detour = detour
                self._show(self._why() if detour is Detour.WHY else self._everything())
            case _:
                self.refuse()

    def look(self) -> None:
        """Opens what may be allowed once the command and the asks were in sight to their end."""
        if self._detour is None and not self._was_read:
            self._was_read = self._is_end_in_sight()

    def edited(self, editor: LineEditor | TextEditor, text: str) -> None:
        """Takes the pattern; a new command is an answer by itself."""
        if isinstance(editor, TextEditor):
            if text.strip() and text.strip() != self._question.request.text.strip():
                self.answer(tuple(Answer(choice=Choice.EDIT, text=text) for _ in self._asks))
                return
        elif text.strip():
            self._pattern = text.strip()
        self._leave()

    def _give(self, answer: Answer) -> None:
        if self._singly is None:
            self.answer(tuple(answer for _ in self._asks))
            return
        self._singly.append(answer)
        self._pattern = None
        if len(self._singly) == len(self._asks):
            self.answer(tuple(self._singly))
        else:
            self._redraw()

    def _choices(self) -> tuple[tuple[Row, ...], int]:
        asks = self._current()
        kinds = {ask.operation.capability.value for ask in asks}
        kind = f"every {kinds.pop()}" if len(kinds) == 1 else "all of these kinds"
        offered = f": {visible(self._pattern)}" if self._pattern else ""
        profile = self._question.profile
        first: list[tuple[str, str, object]] = [
            ("n", "deny", Choice.DENY),
            ("y", "allow once", Choice.ONCE),
            ("s", f"allow for this session{offered}", Choice.SESSION),
            ("a", f"allow {kind} for this session", Choice.TYPE_SESSION),
            ("p", f"always allow here, for me{offered}", Choice.ALWAYS_ME),
            ("P", f"always allow for the project{offered}", Choice.ALWAYS_PROJECT),
        ]
        if self._question.diff:
            first.append(("w", "allow edits below {repo} for this session", EDITS_BELOW))
        second: list[tuple[str, str, object]] = [("d", f"deny {kind} from now on", Choice.DENY_TYPE)]
        if profile is not None and self._singly is None:
            warning = " (root on this host)" if profile.is_root else ""
            first.append(("t", f"allow {visible(profile.name)} for this session{warning}", Choice.TOOL))
        if self._question.editable and self._singly is None:
            what = "edit the pattern or the command" if len(asks) == 1 else "edit the command"
            second.append(("e", what, Detour.EDIT if len(asks) == 1 else Detour.COMMAND))
        elif len(asks) == 1:
            second.append(("e", "edit the pattern to remember", Detour.PATTERN))
        if len(asks) > 1:
            second.append(("r", f"review the {len(asks)} asks one by one", Detour.SINGLY))
        if self._question.remembered and self._singly is None:
            second.append(("g", f"session grants ({len(self._question.remembered)})", Detour.GRANTS))
        second += [("v", "view everything", Detour.VIEW), ("?", "why is this asked", Detour.WHY)]
        rows = tuple(
            Row(key=key, text=text, value=value, closed=_allows(value) and not self._was_read)
            for key, text, value in (*first, *second)
        )
        return rows, len(first)

    def _grants(self) -> tuple[Row, ...]:
        grants = self._question.remembered
        rows = [Row(key="b", text="back to the question", value=Detour.BACK)]
        for place, grant in enumerate(grants[-9:], 1):
            what = "all" if grant.everything else visible(grant.pattern)
            text = f"{grant.verdict.value} {grant.capability.value} {what}"
            rows.append(Row(key=str(place), text=text, value=(grant,)))
        rows.append(Row(key="A", text=f"all {len(grants)} of them", value=grants))
        return tuple(rows)

    def _current(self) -> tuple[Ruling, ...]:
        return self._asks if self._singly is None else (self._asks[len(self._singly)],)

    def _offered_pattern(self) -> str:
        item = self._current()[0].operation
        if self._pattern is not None:
            return self._pattern
        words = [word for word in item.argv if word is not None]
        return " ".join(words) if item.kind == "escape" and len(words) == len(item.argv) else item.resource

    def _edit(self, editor: LineEditor | TextEditor) -> None:
        self._detour = Detour.EDIT
        self.edit(editor)

    def _leave(self) -> None:
        self._detour = None
        self._redraw()

    def _redraw(self) -> None:
        self.query_one(".head", Static).update(self.head())
        self._show(self.parts())

    def _show(self, parts: list[Widget]) -> None:
        body = self.body
        body.remove_children()
        body.mount(*parts)
        body.scroll_home(animate=False)
        self.refresh_menu()

    def _why(self) -> list[Widget]:
        parts: list[Widget] = []
        for ask in self._current():
            lines = [ask_line(ask, self.style), *(Content(f"  {line}") for line in origin_lines(ask))]
            parts.append(Static(Content("\n").join(lines), classes="part"))
        if self._question.profile is not None:
            profile = self._question.profile
            told = [f"{visible(profile.name)} would allow", *(f"  {visible(line)}" for line in profile.tells)]
            parts.append(Static(Content("\n".join(told)), classes="part"))
        return parts

    def _everything(self) -> list[Widget]:
        request = self._question.request
        shell = " ".join(request.argv[:-1]) if request.text else ""
        lines = [
            f"directory  {visible(request.cwd)}",
            f"runs by    {visible(shell) or 'itself'}",
            f"variables  {visible(', '.join(request.env_names)) or 'none beyond the usual'}",
            f"request    {request.digest}",
        ]
        rulings = [
            f"{ruling.outcome.value:<6} {visible(str(ruling.operation))}" for ruling in self._question.rulings
        ]
        facts = Static(
            Content("\n".join([*lines, "", "everything it is known to do", *rulings])), classes="part"
        )
        return [*self.parts(), facts]

    def _is_end_in_sight(self) -> bool:
        asks = self.body.query(".asks")
        if not asks or not self.body.size.height:
            return False
        bottom = asks.last().virtual_region.bottom
        is_on_screen = self.body.region.bottom <= self.app.size.height
        return is_on_screen and bottom <= round(self.body.scroll_offset.y) + self.body.size.height
