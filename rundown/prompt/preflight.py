"""`PreflightPrompt`: what all steps would ask for, before the first; answers which are allowed now."""

from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from rundown.prompt.base import Prompt
from rundown.prompt.menu import Row
from rundown.render.escape import visible
from rundown.render.positions import describe_positions
from rundown.render.style import Style
from rundown.session.ports import Foreseen

Allowed = tuple[bool, ...]
_ALL, _SINGLY, _NEITHER, _YES, _NO = "all", "singly", "neither", "yes", "no"


class PreflightPrompt(Prompt[Allowed]):
    """Answers with one flag for each question, in order; what is not allowed is asked at its step."""

    def __init__(self, questions: tuple[Foreseen, ...], denials: tuple[Foreseen, ...], style: Style) -> None:
        super().__init__(style, tuple(False for _ in questions))
        self._questions = questions
        self._denials = denials
        self._given: list[bool] | None = None
        self._lines: tuple[Static, ...] = ()

    def head(self) -> Content:
        """Says what this is."""
        title = f"{self.style.sign('shield')} Before it starts"
        rest = "   what the steps of this run will ask for"
        if self._given is not None:
            rest = f"   ask {len(self._given) + 1} of {len(self._questions)}"
        return Content.assemble((title, "bold $warning"), (rest, ""))

    def parts(self) -> list[Widget]:
        """One line for each question, and what is refused anyway."""
        self._lines = tuple(Static(self._line(place)) for place in range(len(self._questions)))
        parts: list[Widget] = [*self._lines]
        if self._denials:
            self._lines[-1].add_class("part")
            refused = [Content(f"{self.style.sign('fail')} {describe(item)}") for item in self._denials]
            told = [Content.styled("policy refuses, whatever is answered here", "dim"), *refused]
            parts.append(Static(Content("\n").join(told), classes="part -last"))
        return parts

    def rows(self) -> tuple[tuple[Row, ...], int]:
        """For all together, or for the one in question."""
        if self._given is not None:
            return (
                Row(key="n", text="ask me at the step", value=_NO),
                Row(key="y", text="allow for this run", value=_YES),
            ), 0
        return (
            Row(key="n", text="nothing now: ask me at each step", value=_NEITHER),
            Row(key="a", text="allow these for this run", value=_ALL),
            Row(key="r", text="review one by one", value=_SINGLY),
        ), 0

    def choose(self, row: Row) -> None:
        """Answers all, or the next one."""
        if row.value == _ALL:
            self.answer(tuple(True for _ in self._questions))
        elif row.value == _NEITHER:
            self.refuse()
        elif row.value == _SINGLY:
            self._given = []
            self._turn_to(*range(len(self._questions)))
        elif self._given is not None:
            self._given.append(row.value == _YES)
            done = len(self._given)
            if done == len(self._questions):
                self.answer(tuple(self._given))
            else:
                self._turn_to(done - 1, done)

    def on_resize(self) -> None:
        """Keeps what is asked in sight as well."""
        super().on_resize()
        self.call_after_refresh(self._reveal)

    def _line(self, place: int) -> Content:
        given, item = self._given, self._questions[place]
        if given is None:
            return Content(f"{self.style.sign('dot')} {describe(item)}")
        if place < len(given):
            sign = self.style.sign("pass") if given[place] else " "
            return Content.styled(f"{sign:<2}{describe(item)}", "dim")
        here = place == len(given)
        return Content.styled(
            f"{self.style.sign('start' if here else 'dot'):<2}{describe(item)}", "bold" if here else ""
        )

    def _turn_to(self, *places: int) -> None:
        """Draws what has changed, and brings what is asked now into sight."""
        self.query_one(".head", Static).update(self.head())
        for place in places:
            self._lines[place].update(self._line(place))
        self.menu.place = 0
        self.refresh_menu()
        self.call_after_refresh(self._reveal)

    def _reveal(self) -> None:
        if self._given is not None and self._stands:
            self.body.scroll_to_widget(self._lines[len(self._given)], animate=False)


def describe(item: Foreseen) -> str:
    """Returns `run jq (steps 2, 4)`, made visible."""
    if not item.positions:
        return visible(item.text)
    return f"{visible(item.text)} ({describe_positions(item.positions)})"
