"""`RundownApp`: screens, themes, palette, and the way out. Whatever happens, the terminal is given back."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Iterable
from typing import ClassVar

from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen

from rundown.errors import RundownError
from rundown.model.diagnostic import Diagnostic
from rundown.render.escape import visible
from rundown.session.run import Ended
from rundown.tui.chooser import ChooserScreen
from rundown.tui.clock import Clock, real_clock
from rundown.tui.conductor import Conduct, Conductor, Errand
from rundown.tui.deeds import DEEDS, bare
from rundown.tui.driver import choose_driver
from rundown.tui.modal import ask
from rundown.tui.opening import Shelves
from rundown.tui.questions import yes_or_no
from rundown.tui.run_screen import RunScreen
from rundown.tui.themes import DARK, LIGHT, themes
from rundown.tui.watcher import Watcher

_PATIENCE_S = 12.0


class RundownApp(App[None]):
    """Shows one errand, or what there is to choose from. `ended` and `problems` tell afterwards what came of
    it."""

    TITLE = "rundown"
    ENABLE_COMMAND_PALETTE = True
    CSS = """
    CommandPalette > Vertical { width: 88%; max-width: 96; &:dark { background: $panel; } }
    CommandPalette SearchIcon { display: none; }
    CommandPalette #--input { background: $panel; border: hkey $primary; }
    CommandPalette CommandInput, CommandPalette CommandInput:focus { background: $panel; }
    CommandPalette CommandList { background: $panel; border-bottom: hkey $primary; }
    CommandPalette CommandList > .option-list--option-highlighted { background: $primary 25%; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q", "leave", "quit", show=False, priority=True),
        Binding("T", "toggle_theme", "light or dark", show=False),
    ]

    def __init__(
        self,
        errand: Errand | None,
        shelves: Shelves,
        *,
        clock: Clock = real_clock,
        light: bool = False,
        conduct: Conduct = Conductor,
    ) -> None:
        super().__init__(driver_class=choose_driver())
        self._conduct = conduct
        for theme in themes():
            self.register_theme(theme)
        self.theme = LIGHT if light else DARK
        self._errand = errand
        self._shelves = shelves
        self._clock = clock
        self._leaving = False
        self._conductors: list[Conductor] = []
        self.ended: Ended | None = None
        self.problems: tuple[Diagnostic, ...] = ()
        self.root = ""

    def on_mount(self) -> None:
        """Opens the first screen."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            loop.add_signal_handler(number, self.leave)
        if self._errand is None:
            self.push_screen(ChooserScreen(self._shelves, self.open_errand))
        else:
            self.open_errand(self._errand)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Returns the colours of our own for themes that have none."""
        return themes()[0].variables

    def open_errand(self, errand: Errand) -> None:
        """Opens the screen of a run."""
        screen = RunScreen(errand, self._clock, self._conduct if errand.watched is None else Watcher)
        self._conductors.append(screen.conductor)
        self.push_screen(screen, lambda _: self._choose_again())

    def _choose_again(self) -> None:
        screen = self.screen
        if isinstance(screen, ChooserScreen):
            screen.read()

    def action_toggle_theme(self) -> None:
        """Changes between light and dark."""
        self.theme = DARK if self.theme == LIGHT else LIGHT

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Yields an entry for everything that a key does now."""
        for deed in DEEDS:
            if isinstance(screen, RunScreen) and screen.can(bare(deed.action)) and deed.key != "ctrl+p":
                name = f"{deed.word.capitalize()}  ({deed.shown})"
                yield SystemCommand(name, deed.told, self._doing(deed.action))
        if not isinstance(screen, RunScreen):
            yield SystemCommand("Theme  (T)", "Light or dark", self.action_toggle_theme)
            yield SystemCommand("Quit  (q)", "Leave rundown", self.action_leave)

    def _doing(self, action: str) -> Callable[[], Awaitable[None]]:
        async def do() -> None:
            await self.run_action(action, default_namespace=self.screen)

        return do

    def action_leave(self) -> None:
        """Leaves, once a run under way is at rest."""
        screen = next((item for item in self.screen_stack if isinstance(item, RunScreen)), None)
        if screen is None or screen.situation not in ("running", "held"):
            self.leave()
            return
        asking = yes_or_no(
            "Leave while it runs?",
            "the step is stopped; `rundown resume` goes on from there",
            yes="stop it and leave",
            no="stay",
        )
        self.push_screen(ask(asking), lambda yes: self.leave() if yes else None)

    def leave(self) -> None:
        """Lets the run come to rest and ends the program."""
        self._leaving = True
        screen = next((item for item in self.screen_stack if isinstance(item, RunScreen)), None)
        if screen is None or screen.situation == "closed":
            self.exit()
            return
        screen.conductor.close()
        self.set_timer(_PATIENCE_S, self.exit)

    def _fatal_error(self) -> None:
        """Ends without a traceback on the screen, which would show values; the command line tells of it."""
        self._close_messages_no_wait()

    @property
    def crash(self) -> Exception | None:
        """What ended the program, if it was a defect."""
        return self._exception

    def let_go(self) -> Ended | None:
        """Waits until every run is at rest, when the screen is gone; returns how the last one came to it."""
        for conductor in self._conductors:
            conductor.close()
        for conductor in self._conductors:
            conductor.join(_PATIENCE_S)
            self.problems = conductor.defects or self.problems
        return next((item.ended for item in reversed(self._conductors) if item.ended is not None), self.ended)

    def on_run_screen_ended(self, message: RunScreen.Ended) -> None:
        """Remembers how a run ended, for the exit code."""
        self.ended, self.problems, self.root = message.ended, (), message.root

    def on_run_screen_let_go(self, message: RunScreen.LetGo) -> None:
        """The run that was watched can be gone on with here: its screen is opened anew, with all of it on
        record."""
        if self._leaving:
            return
        while not isinstance(self.screen, RunScreen):
            self.pop_screen()
        try:
            errand = self._shelves.open(message.run_id)
        except RundownError as problem:
            told = problem.diagnostics[0].message
            self.notify(visible(told), severity="error", timeout=10, markup=False)
            return
        self.screen.dismiss(None)
        self.call_later(self.open_errand, errand)

    def on_run_screen_gone(self, message: RunScreen.Gone) -> None:
        """The engine of the run screen is gone."""
        self.problems = message.problems or self.problems
        if self._leaving:
            self.exit()
