"""What the keys of the run screen change about what is shown: panes, searches, where the eye is."""

from typing import TYPE_CHECKING, cast

from textual.events import Resize
from textual.widgets import Input, Static

from rundown.tui.help import HelpScreen
from rundown.tui.line_pane import LinePane
from rundown.tui.run_layout import (
    LEFT,
    LEFT_WIDE,
    NARROW_COLUMNS,
    OF_STEPS,
    PANES,
    TALL_ROWS,
    WIDE_COLUMNS,
    tab_words,
)
from rundown.tui.step_tree import StepTree

if TYPE_CHECKING:
    from rundown.tui.run_screen import RunScreen

_SEARCHED = {
    "step": "output",
    "output": "output",
    "permissions": "policy",
    "events": "events",
    "receipt": "receipt",
}


class RunLooking:
    """The part of `RunScreen` that is about looking."""

    @property
    def _me(self) -> "RunScreen":
        return cast("RunScreen", self)

    def action_pane(self, name: str) -> None:
        """Shows a pane and gives it the keys that move; the step's go to the tree, where steps are chosen."""
        self._show_pane(name)
        self._me.query_one("#tree" if name == "step" else f"#{_SEARCHED[name]}").focus()

    def _show_pane(self, name: str) -> None:
        """Shows a pane; where there is room the step and its output together."""
        me = self._me
        me.pane_name = name
        wide, of_steps = me.has_class("-wide"), name in OF_STEPS
        for pane in PANES:
            me.query_one(f"#{pane}").display = pane == name or (wide and of_steps and pane in OF_STEPS)
        me.query_one("#left").display = wide or of_steps
        me.query_one("#output-caption").display = wide and of_steps
        me.query_one("#tabs", Static).update(tab_words(name, me.size.width), layout=False)
        me.show_words()

    def on_resize(self, event: Resize) -> None:
        """Lays out for the new size."""
        self._me.set_class(event.size.width >= WIDE_COLUMNS, "-wide")
        self._me.set_class(event.size.width < NARROW_COLUMNS, "-narrow")
        self._me.set_class(event.size.height >= TALL_ROWS, "-tall")
        self._show_pane(self._me.pane_name)
        self._me.show_policy()
        self._me.conductor.resize(*self._size_of_output())

    def action_find(self) -> None:
        """Asks what to search for."""
        finder = self._me.query_one("#finder", Input)
        finder.value = ""
        finder.display = True
        finder.focus()

    def begin_search(self, words: str) -> None:
        """Searches the pane that is shown."""
        self._me.query_one("#finder").display = False
        pane = self.searched
        pane.focus()
        pane.search(words)
        self._me.refresh_all()

    def action_end_find(self) -> None:
        """Ends the search."""
        finder = self._me.query_one("#finder")
        if finder.display:
            finder.display = False
            self.searched.focus()
        self.searched.search("")
        self._me.refresh_all()

    def action_wrap(self) -> None:
        """Wraps the long lines of the pane that is shown, or no longer."""
        pane = self.searched
        pane.wrap(on=not pane.wraps)

    def action_next(self) -> None:
        """Goes to the next find."""
        self.searched.search(self.searched.words)

    def action_previous(self) -> None:
        """Goes to the find before."""
        self.searched.search(self.searched.words, back=True)

    @property
    def searched(self) -> LinePane:
        """The pane that is searched."""
        return self._me.query_one(f"#{_SEARCHED[self._me.pane_name]}", LinePane)

    def action_follow(self) -> None:
        """Goes where the run is."""
        me = self._me
        me.follows = True
        if me.progress.current is not None:
            me.query_one("#tree", StepTree).go(me.progress.current)
        output = me.query_one("#output", LinePane)
        output.scroll_end(animate=False, immediate=True, x_axis=False)
        me.refresh_all()

    def action_help(self) -> None:
        """Shows every key."""
        self._me.app.push_screen(HelpScreen())

    def action_back(self) -> None:
        """Leads back to the runbooks and runs."""
        self._me.dismiss(None)

    def _size_of_output(self) -> tuple[int, int]:
        """Returns rows and columns of the output pane."""
        me = self._me
        left = LEFT_WIDE if me.has_class("-wide") else 0 if me.has_class("-narrow") else LEFT
        width = max(20, me.size.width - left - 4)
        return max(5, me.size.height - 6), width

    @property
    def may_suspend(self) -> bool:
        """Whether a step may have the whole terminal: not in a browser, not in a test."""
        driver = self._me.app._driver
        return driver is not None and not driver.is_web and not driver.is_headless
