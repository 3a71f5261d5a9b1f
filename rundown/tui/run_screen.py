"""The screen of one run: shows what the engine tells, and hands on what the person does."""

import gc
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Literal

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Key
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Input

from rundown.model.diagnostic import Diagnostic
from rundown.model.event import GrantGiven, GrantRevoked, LaunchRequested, StepStarted
from rundown.render.escape import visible
from rundown.render.event import render_event
from rundown.session.outlook import Outlook
from rundown.session.run import Ended as EndedRun
from rundown.tui import messages
from rundown.tui.clock import Clock
from rundown.tui.conductor import Conduct, Conductor, Errand
from rundown.tui.deeds import DEEDS
from rundown.tui.line_pane import LinePane
from rundown.tui.lines import Lines
from rundown.tui.progress import Progress
from rundown.tui.questions import screen_for
from rundown.tui.run_actions import RunActions
from rundown.tui.run_drawing import RunDrawing
from rundown.tui.run_layout import CSS, lay_out
from rundown.tui.step_tree import StepTree
from rundown.tui.words import Situation

_DRIVING = frozenset(deed.key for deed in DEEDS if "watched" not in deed.when)
_TICK_S = 0.5
_SAID = 8
"""Lines of a step that a question about its failure shows."""
_DRAW_S = 0.1
"""Between two looks at what a step prints: often enough to flow, and it leaves room for keys."""


class RunScreen(RunActions, RunDrawing, Screen[None]):
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

    class LetGo(Message):
        """The process that drove the run does so no more."""

        def __init__(self, run_id: str) -> None:
            super().__init__()
            self.run_id = run_id

    class Gone(Message):
        """The engine is gone; `problems`: why it never began."""

        def __init__(self, problems: tuple[Diagnostic, ...]) -> None:
            super().__init__()
            self.problems = problems

    def __init__(self, errand: Errand, clock: Clock, conduct: Conduct = Conductor) -> None:
        super().__init__()
        self.errand = errand
        self.clock = clock
        self.progress = Progress(errand.opened.runbook)
        self.conductor = conduct(errand, self.post_message)
        self.situation: Situation = "opening"
        self.outlook = Outlook()
        self.chosen: frozenset[str] = frozenset()
        self.run_id = errand.run_id
        self.run_path: Path | None = errand.run_path
        self.given = errand.manner.given
        self.held: messages.Held | None = None
        self.problem: Diagnostic | None = None
        self.todo = ""
        self.asks: list[messages.Ask[Any, Any]] = []
        self.aside: list[messages.Ask[Any, Any]] = []
        self._screens: dict[messages.Ask[Any, Any], Screen[Any]] = {}
        self.root = ""
        self.policy: tuple[str, ...] = ()
        self.pane_name = "step"
        self.follows = True
        self.went_ns = 0
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
        if (unit := self.progress.current or self.progress.failed) is not None:
            self.query_one("#tree", StepTree).go(unit)
        self.set_interval(_TICK_S, self.tick)
        self.refresh_all()
        self.conductor.begin(lends=self.may_suspend)

    def on_unmount(self) -> None:
        """Lets the engine go."""
        self.conductor.close()

    # What the engine tells

    def on_house_opened(self, message: messages.HouseOpened) -> None:
        """The policy is known."""
        # What was made up to now stays: to walk through all of it again and again, as the collector does
        # while a step prints much, would hold keys up for half a second.
        gc.freeze()
        self.root = message.root
        self.policy = tuple(visible(line) for line in message.policy)
        self.show_policy()
        over = self.progress.status in ("completed", "stopped")
        self.situation = "over" if over else "rest" if self.run_id else "ready"
        if self.run_id:
            self.run_worker(self.show_receipt(), exclusive=True)
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
        if self.errand.watched is not None:
            self.situation = "watched"
            self.policy = (f"{self.driver_words()} reads the policy; its decisions are among the events.",)
            self.show_policy()
        self.refresh_all()

    def on_event_shown(self, message: messages.EventShown) -> None:
        """An event is on record."""
        self.progress.read(message.deck, (message.event,))
        self._events.add((render_event(message.event),))
        self.query_one("#events", LinePane).update()
        body = message.event.body
        if isinstance(body, LaunchRequested):
            self.went_ns = self.clock() - message.age_ns
        if isinstance(body, StepStarted):
            self.went_ns, self.todo = 0, ""
            if self.follows and self.progress.current is not None:
                self.query_one("#tree", StepTree).go(self.progress.current)
        if isinstance(body, GrantGiven | GrantRevoked):
            self.look_again()
        self.refresh_all()

    def on_output_grew(self) -> None:
        """The step printed something: it is drawn in a moment, with whatever comes until then."""
        self.set_timer(_DRAW_S, self._draw_output)

    def _draw_output(self) -> None:
        self.conductor.shelf.grew = False
        self.show_output()

    def on_task_shown(self, message: messages.TaskShown) -> None:
        """What a person is to do now."""
        self.todo = message.task
        self.refresh_all()

    def on_asked(self, message: messages.Asked) -> None:
        """The engine waits for an answer."""
        self.asks.append(message.ask)
        message.ask.reply.add_done_callback(lambda _: self.app.call_later(self._settled, message.ask))
        self.app.bell()
        self.put(message.ask)

    def put(self, ask: messages.Ask[Any, Any]) -> None:
        """Puts a question to the person, from its beginning if it was put aside."""
        if ask in self.aside:
            self.aside.remove(ask)
        said = self.conductor.shelf.current.last(_SAID)
        screen = screen_for(ask.question, partial(self._put_aside, ask), task=self.todo, said=said)
        self._screens[ask] = screen
        self.app.push_screen(screen, ask.answer)
        self.refresh_all()

    def _put_aside(self, ask: messages.Ask[Any, Any]) -> None:
        del self._screens[ask]
        self.aside.append(ask)
        self.app.pop_screen()
        self.refresh_all()

    def _settled(self, ask: messages.Ask[Any, Any]) -> None:
        """It was answered, or nobody waits for the answer any more."""
        self.asks.remove(ask)
        if ask in self.aside:
            self.aside.remove(ask)
        screen = self._screens.pop(ask, None)
        if screen is not None and screen.is_current:
            screen.dismiss(None)
        self.refresh_all()

    def on_held(self, message: messages.Held) -> None:
        """The run waits before a unit."""
        self.held, self.situation = message, "held"
        self.refresh_all()

    def on_released(self) -> None:
        """The run goes on."""
        self.held, self.situation = None, "running"
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
            self.run_worker(self.show_receipt(), exclusive=True)
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

    def on_let_go(self) -> None:
        """No other process drives the run any more."""
        self.post_message(RunScreen.LetGo(self.run_id))

    def on_key(self, event: Key) -> None:
        """Says why a key that would drive the run does nothing."""
        if self.situation == "watched" and event.key in _DRIVING:
            self.notify(
                f"{self.driver_words()} drives this run: what it does is only shown here.", timeout=10
            )

    def on_closed(self, message: messages.Closed) -> None:
        """The engine is gone."""
        self.situation = "closed"
        self.problem = message.problems[0] if message.problems else self.problem
        self.post_message(RunScreen.Gone(message.problems))
        self.refresh_all()

    def on_step_tree_moved(self, message: StepTree.Moved) -> None:
        """Another unit is shown."""
        if message.by_hand:
            self.follows = message.unit is self.progress.current
        self.show_step()
        self.show_output()
        self.show_words()

    def on_line_pane_searched(self, message: LinePane.Searched) -> None:
        """Says what a search found."""
        if message.line is None:
            self.notify(f"No line holds “{visible(message.words)}”.", timeout=3, markup=False)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Searches for what was typed."""
        event.stop()
        self.begin_search(event.value)
