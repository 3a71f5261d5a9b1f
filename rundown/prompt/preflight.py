"""`PreflightPrompt`: what all steps would ask for, before the first; answers which are allowed now."""

from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from rundown.prompt.base import Prompt
from rundown.prompt.menu import Row
from rundown.render.escape import visible
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

    def head(self) -> Content:
        """Says what this is."""
        title = f"{self.style.sign('shield')} Before it starts"
        rest = "   what the steps of this run will ask for"
        if self._given is not None:
            rest = f"   ask {len(self._given) + 1} of {len(self._questions)}"
        return Content.assemble((title, "bold $warning"), (rest, ""))

    def parts(self) -> list[Widget]:
        """One line for each question, and what is refused anyway."""
        lines = [self._line(place, item) for place, item in enumerate(self._questions)]
        parts: list[Widget] = [
            Static(Content("\n").join(lines), classes="part" if self._denials else "part -last")
        ]
        if self._denials:
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
            self._redraw()
        elif self._given is not None:
            self._given.append(row.value == _YES)
            if len(self._given) == len(self._questions):
                self.answer(tuple(self._given))
            else:
                self._redraw()

    def _line(self, place: int, item: Foreseen) -> Content:
        given = self._given
        if given is None:
            return Content(f"{self.style.sign('dot')} {describe(item)}")
        if place < len(given):
            sign = self.style.sign("pass") if given[place] else " "
            return Content.styled(f"{sign:<2}{describe(item)}", "dim")
        here = place == len(given)
        return Content.styled(
            f"{self.style.sign('start' if here else 'dot'):<2}{describe(item)}", "bold" if here else ""
        )

    def _redraw(self) -> None:
        assert self._given is not None
        self.query_one(".head", Static).update(self.head())
        self.menu.place = 0
        self.body.remove_children()
        self.body.mount(*self.parts())
        self.body.scroll_to(y=max(0, len(self._given) - 1), animate=False)
        self.refresh_menu()


def describe(item: Foreseen) -> str:
    """Returns `run jq (steps 2, 4)`, made visible."""
    if not item.positions:
        return visible(item.text)
    noun = "step" if len(item.positions) == 1 else "steps"
    return f"{visible(item.text)} ({noun} {visible(', '.join(item.positions))})"
