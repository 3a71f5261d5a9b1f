"""The screen of one run: shows what the engine tells, and hands on what the person does."""

from concurrent.futures import Future
from pathlib import Path
from typing import Any, ClassVar, Literal

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import Resize
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from rundown.model.diagnostic import Diagnostic
from rundown.model.event import GrantGiven, GrantRevoked, StepStarted
from rundown.model.policy import Grant, Outcome
from rundown.render.escape import visible
from rundown.render.event import render_event
from rundown.session.outlook import Outlook
from rundown.session.ports import Foreseen
from rundown.session.run import Ended as EndedRun
from rundown.tui import messages
from rundown.tui.clock import Clock
from rundown.tui.conductor import Conductor, Errand
from rundown.tui.deeds import DEEDS, bare
from rundown.tui.key_bar import KeyBar
from rundown.tui.line_pane import LinePane
from rundown.tui.lines import Lines
from rundown.tui.past import read_output, receipt_lines
from rundown.tui.progress import Progress, Unit
from rundown.tui.questions import screen_for
from rundown.tui.run_actions import RunActions
from rundown.tui.run_layout import CSS, PANES, WIDE_COLUMNS, lay_out, tab_words
from rundown.tui.step_pane import StepPane
from rundown.tui.step_tree import StepTree
from rundown.tui.words import Situation, tell

_TICK_S = 0.5


class RunScreen(RunActions, Screen[None]):
    """One errand from its opening to its end."""

    DEFAULT_CSS = CSS
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(deed.key, deed.action, deed.told, show=False) for deed in DEEDS),
        Binding("ctrl+c", "kill", "stop step", show=False, priority=True),
        Binding("escape", "end_find", "end the search", show=False),
    ]

    class Ended(Message):
        """A run came to rest."""

        def __init__(self, ended: EndedRun, root: str) -> None:
            super().__init__()
            self.ended, self.root = ended, root

    class Gone(Message):
        """The engine is gone; `problems`: why it never began."""

        def __init__(self, problems: tuple[Diagnostic, ...]) -> None:
            super().__init__()
            self.problems = problems

    def __init__(self, errand: Errand, clock: Clock) -> None:
        super().__init__()
        self.errand = errand
        self.clock = clock
        self.progress = Progress(errand.opened.runbook)
        self.conductor = Conductor(errand, self, self.post_message)
        self.situation: Situation = "opening"
        self.outlook = Outlook()
        self.chosen: frozenset[str] = frozenset()
        self.run_id = errand.run_id
        self.run_path: Path | None = errand.run_path
        self.given = errand.manner.given
        self.held: messages.Held | None = None
        self.problem: Diagnostic | None = None
        self.todo = ""
        self.root = ""
        self.pane_name = "step"
        self.follows = True
        self._went_ns = 0
        self._events = Lines()
        self._before_rest: Situation = "ready"

    def compose(self) -> ComposeResult:
        """Lays the screen out."""
        yield from lay_out()

    def on_mount(self) -> None:
        """Shows what is on record, and opens the house."""
        self.progress.read(0, self.errand.earlier)
        self._events.add(render_event(event) for event in self.errand.earlier)
        self.query_one("#events", LinePane).show(self._events)
        self.query_one("#tree").focus()
        self.action_pane("step")
        if self.progress.current is not None:
            self.query_one("#tree", StepTree).go(self.progress.current)
        self.set_interval(_TICK_S, self._tick)
        self.refresh_all()
        self.conductor.begin()

    def on_unmount(self) -> None:
        """Lets the engine go."""
        self.conductor.close()

    # What the engine tells

    def on_house_opened(self, message: messages.HouseOpened) -> None:
        """The policy is known."""
        self.root = message.root
        lines = Lines()
        lines.add(visible(line) for line in message.policy)
        self.query_one("#policy", LinePane).show(lines, at_end=False)
        over = self.progress.status in ("completed", "stopped")
        self.situation = "over" if over else "rest" if self.run_id else "ready"
        if self.run_id:
            self.run_worker(self._show_receipt(), exclusive=True)
        self.refresh_all()

    def on_looked(self, message: messages.Looked) -> None:
        """What the steps would ask for is known."""
        self.outlook = message.outlook
        self.refresh_all()

    def on_run_opened(self, message: messages.RunOpened) -> None:
        """A run is driven from here on."""
        self.progress.open_run(message.deck, message.runbook, is_child=message.is_child)
        if message.is_child:
            self.progress.read(message.deck, message.earlier)
        self.situation, self.problem = "running", None
        self.refresh_all()

    def on_event_shown(self, message: messages.EventShown) -> None:
        """An event is on record."""
        self.progress.read(message.deck, (message.event,))
        self._events.add((render_event(message.event),))
        self.query_one("#events", LinePane).update()
        body = message.event.body
        if isinstance(body, StepStarted):
            self._went_ns, self.todo = self.clock(), ""
            if self.follows and self.progress.current is not None:
                self.query_one("#tree", StepTree).go(self.progress.current)
        if isinstance(body, GrantGiven | GrantRevoked):
            self.look_again()
        self.refresh_all()

    def on_output_grew(self) -> None:
        """The step printed something."""
        self.conductor.shelf.grew = False
        self._show_output()

    def on_task_shown(self, message: messages.TaskShown) -> None:
        """What a person is to do now."""
        self.todo = message.task
        self.refresh_all()

    def on_asked(self, message: messages.Asked) -> None:
        """The engine waits for an answer."""
        ask = message.ask
        screen = screen_for(ask.question, self.todo)

        def given_up(reply: Future[Any]) -> None:
            if reply.cancelled():
                self.app.call_later(_dismiss, screen)

        ask.reply.add_done_callback(given_up)
        self.app.bell()
        self.app.push_screen(screen, ask.answer)

    def on_held(self, message: messages.Held) -> None:
        """The run waits before a unit."""
        self.held, self.situation = message, "held"
        self.refresh_all()

    def on_released(self) -> None:
        """The run goes on."""
        self.held, self.situation = None, "running"
        self._went_ns = self.clock()
        self.refresh_all()

    def on_remarked(self, message: messages.Remarked) -> None:
        """Something a person should know."""
        item = message.item
        severity: Literal["warning", "error"] = "error" if item.severity == "error" else "warning"
        text = visible(item.message) + (f"\nfix: {visible(item.fix)}" if item.fix else "")
        self.notify(text, severity=severity, timeout=10, markup=False)

    def on_terminal_wanted(self, message: messages.TerminalWanted) -> None:
        """An interactive step has the terminal until it ends."""
        with self.app.suspend():
            message.taken.set_result(True)
            message.given_back.result()
        self.refresh_all()

    def on_came_to_rest(self, message: messages.CameToRest) -> None:
        """The engine does nothing now."""
        self.held = None
        ended = message.ended
        if ended is not None:
            self.run_id, self.run_path = ended.run_id, ended.path
            self.situation = "rest" if ended.pause is not None else "over"
            self.post_message(RunScreen.Ended(ended, self.root))
            self.run_worker(self._show_receipt(), exclusive=True)
        elif message.problems:
            self.problem = message.problems[0]
            for item in message.problems:
                self.on_remarked(messages.Remarked(item))
            self.situation = "rest" if self.progress.status == "paused" else "ready"
            self.situation = "over" if self.progress.status in ("completed", "stopped") else self.situation
        else:
            self.situation = "ready"
        self.look_again()
        self.refresh_all()

    def on_closed(self, message: messages.Closed) -> None:
        """The engine is gone."""
        self.situation = "closed"
        self.problem = message.problems[0] if message.problems else self.problem
        self.post_message(RunScreen.Gone(message.problems))
        self.refresh_all()

    # What is drawn

    def refresh_all(self) -> None:
        """Draws what may have changed."""
        if not self.is_mounted:
            return
        tree = self.query_one("#tree", StepTree)
        tree.asks, tree.denials = _count(self.outlook.asks), _count(self.outlook.denials)
        tree.chosen = self.chosen
        tree.show(self.progress.units, running_ns=self._running_ns())
        self._show_words()
        self._show_step()
        self._show_output()
        self._show_grants()

    def _running_ns(self) -> int:
        return self.clock() - self._went_ns if self.situation == "running" and self._went_ns else 0

    def _tick(self) -> None:
        if self.situation == "running":
            self.query_one("#tree", StepTree).show(self.progress.units, running_ns=self._running_ns())
            self._show_words()

    def _show_words(self) -> None:
        runbook = self.errand.opened.runbook
        done, total = self.progress.done
        head = Content.from_markup(
            "[bold]$name[/]  [$quiet]$title[/]",
            name=visible(runbook.front.name),
            title=visible(runbook.title),
        )
        right = [f"{done}/{total}"]
        if self.conductor.helm.stepping:
            right.insert(0, "step by step")
        tail = "  ".join(right)
        room = max(0, self.size.width - 2 - len(tail) - 2)
        line = head.truncate(room, ellipsis=True).pad_right(max(0, room - min(head.cell_length, room)))
        self.query_one("#head", Static).update(line + Content(f"  {tail}"))
        status = self.query_one("#status", Static)
        stepping = self.conductor.helm.stepping
        told = tell(self.situation, self.progress, running_ns=self._running_ns(), stepping=stepping)
        if self.problem is not None and self.situation in ("closed", "ready", "over"):
            told = visible(self.problem.message)
        status.update(Content(told))
        for tone in ("now", "ask", "good", "bad"):
            status.set_class(tone == self._tone(), f"-{tone}")
        deeds = [deed for deed in DEEDS if self.can(bare(deed.action)) and not deed.action.startswith("pane")]
        self.query_one(KeyBar).show(
            (deed.shown, deed.word, deed.action if "." in deed.action else f"screen.{deed.action}")
            for deed in deeds
        )

    def _tone(self) -> str:
        if self.problem is not None or (self.situation == "over" and self.progress.status == "stopped"):
            return "bad"
        tones = {"held": "ask", "rest": "ask", "running": "now", "over": "good"}
        return tones.get(self.situation, "")

    def _show_step(self) -> None:
        unit = self.query_one("#tree", StepTree).unit
        if unit is not None:
            asks, denials = of_unit(self.outlook.asks, unit), of_unit(self.outlook.denials, unit)
            todo = self.todo if unit is self.progress.current else ""
            self.run_worker(
                self.query_one(StepPane).show(unit, asks, denials, todo), group="step", exclusive=True
            )

    def _show_output(self) -> None:
        unit = self.query_one("#tree", StepTree).unit
        if unit is not None:
            self.query_one("#output", LinePane).show(self._lines_of(unit))

    def _lines_of(self, unit: Unit) -> Lines:
        shelf = self.conductor.shelf
        kept = shelf.find(unit.deck, unit.position)
        if kept is None and unit.output and self.run_path is not None and "/" not in unit.key:
            kept = read_output(self.run_path, unit.output)
            shelf.keep(unit.deck, unit.position, kept)
        return kept if kept is not None else Lines()

    def _show_grants(self) -> None:
        grants = self.query_one("#grants", OptionList)
        told = [_told(grant) for grant in self.conductor.grants()]
        if [str(option.prompt) for option in grants.options] != [str(line) for line in told]:
            at = grants.highlighted
            grants.clear_options()
            grants.add_options(Option(line) for line in told)
            grants.highlighted = min(at or 0, len(told) - 1) if told else None
        caption = "Grants of this session" if told else "Grants of this session: none yet"
        self.query_one("#grants-caption", Static).update(caption)

    async def _show_receipt(self) -> None:
        path = self.run_path
        if path is not None:
            lines = await receipt_lines(path)
            self.query_one("#receipt", LinePane).show(lines, at_end=False)

    def action_pane(self, name: str) -> None:
        """Shows a pane; where there is room the step and its output together."""
        self.pane_name = name
        both = self.has_class("-wide") and name in ("step", "output")
        for pane in PANES:
            self.query_one(f"#{pane}").display = pane == name or (both and pane in ("step", "output"))
        self.query_one("#output-caption").display = both
        self.query_one("#tabs", Static).update(tab_words(name))
        self._show_words()

    def on_resize(self, event: Resize) -> None:
        """Lays out for the new size."""
        self.set_class(event.size.width >= WIDE_COLUMNS, "-wide")
        self.action_pane(self.pane_name)
        self._show_words()
        self.conductor.resize(*self.size_of_output())

    def on_step_tree_moved(self, message: StepTree.Moved) -> None:
        """Another unit is shown."""
        if message.by_hand:
            self.follows = message.unit is self.progress.current
        self._show_step()
        self._show_output()
        self._show_words()

    def on_line_pane_searched(self, message: LinePane.Searched) -> None:
        """Says what a search found."""
        if message.line is None:
            self.notify(f"No line holds “{visible(message.words)}”.", timeout=3, markup=False)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Searches for what was typed."""
        event.stop()
        self.begin_search(event.value)


def _count(items: tuple[Foreseen, ...]) -> dict[str, int]:
    found: dict[str, int] = {}
    for item in items:
        for position in item.positions:
            found[position] = found.get(position, 0) + 1
    return found


def of_unit(items: tuple[Foreseen, ...], unit: Unit) -> tuple[Foreseen, ...]:
    """Returns those of `items` that are about a unit."""
    return tuple(item for item in items if unit.key in item.positions)


def _told(grant: Grant) -> Content:
    what = "every one that nothing denies" if grant.everything else visible(grant.pattern)
    verdict = "deny " if grant.verdict is Outcome.DENY else ""
    scope = {"session": "this session", "personal": "always, for me", "permanent": "always, for the project"}
    return Content(f"{verdict}{grant.capability.value:<5} {what}  ({scope[grant.scope]})")


def _dismiss(screen: Screen[object]) -> None:
    if screen.is_current:
        screen.dismiss(None)
