"""The chosen step: its words as Markdown, its command as it will run, where it leads, what it needs."""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Markdown, Static

from rundown.model.runbook import (
    AgentBody,
    Break,
    CommandBody,
    Complete,
    Continue,
    Defer,
    DisplayBody,
    Goto,
    Handler,
    Next,
    ReferenceBody,
    Step,
    Stop,
)
from rundown.render.escape import visible
from rundown.session.ports import Foreseen
from rundown.tui.progress import Unit, loop_words


class StepPane(VerticalScroll, can_focus=True):
    """Shows one unit. `show` is cheap where nothing changed."""

    DEFAULT_CSS = """
    StepPane {
        padding: 0 1; scrollbar-size: 1 1;
        #step-title { text-style: bold; height: auto; }
        #step-words { padding: 0; margin: 1 0 0 0; height: auto; background: transparent; }
        #step-kind { color: $quiet; height: auto; margin-top: 1; }
        #step-command { border-left: outer $rule; padding-left: 1; height: auto; }
        #step-facts { height: auto; margin-top: 1; }
        MarkdownParagraph { margin: 0 0 1 0; }
        MarkdownBlock:last-child { margin-bottom: 0; }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._shown: object = None
        self._words = ""

    def compose(self) -> ComposeResult:
        """Lays out title, words, command, facts."""
        yield Static(id="step-title", markup=False)
        yield Markdown(id="step-words", open_links=False)
        yield Static(id="step-kind", markup=False)
        yield Static(id="step-command", markup=False)
        yield Static(id="step-facts", markup=False)

    def show(
        self, unit: Unit, asks: Sequence[Foreseen] = (), denials: Sequence[Foreseen] = (), task: str = ""
    ) -> None:
        """Draws a unit. `task`: what a person is to do, its values filled in."""
        what = (unit.key, unit.shown_title, unit.note, unit.state, tuple(asks), tuple(denials), task)
        if what == self._shown:
            return
        moved = not isinstance(self._shown, tuple) or self._shown[0] != unit.key
        self._shown = what
        name = unit.key.rpartition("/")[2]
        self._set("#step-title", Content(f"{name}  {visible(unit.shown_title)}".rstrip()))
        words = visible(unit.part.prompt, lines=True)
        if words != self._words:
            self._words = words
            self.query_one("#step-words", Markdown).update(words)
        self.query_one("#step-words").display = bool(words)
        kind, command = describe_body(unit)
        self._set("#step-kind", Content(kind))
        self._set("#step-command", Content(task or command))
        self._set("#step-facts", _facts(unit, asks, denials))
        if moved:
            self.scroll_home(animate=False, immediate=True)

    def _set(self, name: str, content: Content) -> None:
        widget = self.query_one(name, Static)
        widget.update(content)
        widget.display = bool(content)


def describe_body(unit: Unit) -> tuple[str, str]:
    """Returns what a unit does in a word or two, and the text that it does it with, safe to show."""
    body = unit.body
    match body:
        case CommandBody():
            words: list[str] = [body.language]
            words += ["interactive"] if body.options.interactive else []
            words += [f"in {body.options.cwd}"] if body.options.cwd else []
            words += [f"host: {' '.join(body.options.host)}"] if body.options.host else []
            return visible(" · ".join(words)), visible(body.text.rstrip("\n"), lines=True)
        case AgentBody():
            return f"task for {visible(body.kind or 'an agent')}", visible(body.text.rstrip("\n"), lines=True)
        case DisplayBody():
            return f"for you ({visible(body.language)})", visible(body.text.rstrip("\n"), lines=True)
        case ReferenceBody():
            return "runs another runbook", visible(body.path)
        case None:
            if unit.is_group:
                assert isinstance(unit.part, Step)
                count = len(unit.part.substeps)
                loop = loop_words(unit.part)
                return f"{count} substeps" + (f", {visible(loop)}" if loop else ""), ""
            return "a person does this and says how it went", ""


def _facts(unit: Unit, asks: Sequence[Foreseen], denials: Sequence[Foreseen]) -> Content:
    lines = []
    if asks:
        lines.append(_line("$warning", "asks for", "; ".join(visible(item.text) for item in asks)))
    if denials:
        lines.append(_line("$error", "refused", "; ".join(visible(item.text) for item in denials)))
        lines += [_line("$quiet", name, text) for item in denials for name, text in _mends(item)]
    if unit.note and not unit.note.startswith("round "):
        lines.append(_line("$quiet", "said", visible(unit.note)))
    moves = unit.part.transitions
    lines.append(_line("$quiet", "on pass", _handler(moves.on_pass)))
    lines.append(_line("$quiet", "on fail", _handler(moves.on_fail)))
    return Content("\n").join(lines)


def _mends(item: Foreseen) -> list[tuple[str, str]]:
    """What would change a refusal: the reason, the flag, the line of policy."""
    ruling = item.ruling
    if ruling is None:
        return []
    fix = ruling.fix
    told = [("why", ruling.why)]
    told += [("allow by", fix.flag), ("or", fix.yaml)] if fix is not None else []
    return [(name, visible(text)) for name, text in told if text]


def _line(tone: str, name: str, text: str) -> Content:
    return Content.from_markup(f"[{tone}]$name[/] $text", name=f"{name:<8}", text=text)


def _handler(handler: Handler) -> str:
    again = f"try again up to {handler.retry}×, then " if handler.retry else ""
    action = handler.action
    match action:
        case Continue():
            word = "go on"
        case Defer():
            word = "go on; counts for the step"
        case Next():
            word = "next round"
        case Break():
            word = "leave the loop"
        case Stop(message=message):
            word = "stop" + (f": {visible(message)}" if message else "")
        case Complete(message=message):
            word = "complete" + (f": {visible(message)}" if message else "")
        case Goto(target=target):
            word = f"go to {visible(str(target))}"
    return again + word
