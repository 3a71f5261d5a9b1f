"""How the run screen draws what it knows: tree, words, step, output, grants, receipt."""

import re
from typing import TYPE_CHECKING, cast

from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from rundown.model.policy import Grant, Outcome
from rundown.render.escape import visible
from rundown.session.ports import Foreseen
from rundown.tui.deeds import DEEDS, bare
from rundown.tui.key_bar import KeyBar
from rundown.tui.line_pane import LinePane
from rundown.tui.lines import Lines
from rundown.tui.past import read_output, receipt_lines
from rundown.tui.progress import Unit
from rundown.tui.step_pane import StepPane
from rundown.tui.step_tree import StepTree
from rundown.tui.words import tell

if TYPE_CHECKING:
    from rundown.tui.run_screen import RunScreen


_MOST_SENTENCE_ROWS = 3
_GAPS = re.compile(r"(?<=\S) {3,}")


class RunDrawing:
    """The part of `RunScreen` that draws."""

    @property
    def _it(self) -> "RunScreen":
        return cast("RunScreen", self)

    def refresh_all(self) -> None:
        """Draws what may have changed."""
        if not self._it.is_mounted:
            return
        tree = self._it.query_one("#tree", StepTree)
        tree.asks, tree.denials = _count(self._it.outlook.asks), _count(self._it.outlook.denials)
        tree.chosen = self._it.chosen
        tree.show(self._it.progress.units, running_ns=self._running_ns())
        self.show_words()
        self.show_step()
        self.show_output()
        self.show_grants()

    def _running_ns(self) -> int:
        goes = self._it.situation in ("running", "watched") and self._it.went_ns
        return self._it.clock() - self._it.went_ns if goes else 0

    def tick(self) -> None:
        """Shows how long the step has run by now."""
        if self._it.situation in ("running", "watched"):
            self._it.query_one("#tree", StepTree).show(self._it.progress.units, running_ns=self._running_ns())
            self.show_words()

    def show_words(self) -> None:
        """Shows the line at the top, the sentence, and the keys that do something now."""
        it = self._it
        self._write("#head", self._head())
        self._say(Content(self._sentence()))
        tone = self._tone()
        for name in ("now", "ask", "good", "bad"):
            it.query_one("#status").set_class(tone == name, f"-{name}")
        shown = (deed for deed in DEEDS if not deed.action.startswith("pane"))
        it.query_one(KeyBar).show(
            (deed.shown, deed.word, deed.action if "." in deed.action else f"screen.{deed.action}")
            for deed in shown
            if it.can(bare(deed.action))
        )

    def _say(self, sentence: Content) -> None:
        """Draws the sentence in as many rows as it takes: its end says what to do."""
        status = self._it.query_one("#status", Static)
        room = max(1, self._it.size.width - 2)
        rows = min(_MOST_SENTENCE_ROWS, len(sentence.wrap(room)))
        if status.styles.height is None or status.styles.height.value != rows:
            status.styles.height = rows
        self._write("#status", sentence)

    def _write(self, name: str, content: Content) -> None:
        """Draws a row whose height is fixed, if it says something else now."""
        row = self._it.query_one(name, Static)
        if not (isinstance(row.content, Content) and row.content.is_same(content)):
            row.update(content, layout=False)

    def _head(self) -> Content:
        it = self._it
        runbook = it.errand.opened.runbook
        done, total = it.progress.done
        tail = "step by step  " if it.conductor.helm.stepping else ""
        tail += f"{done}/{total}"
        name, title = visible(runbook.front.name), visible(runbook.title)
        head = Content.from_markup("[bold]$name[/]  [$quiet]$title[/]", name=name, title=title)
        room = max(0, it.size.width - 4 - len(tail))
        line = head.truncate(room, ellipsis=True)
        return line.pad_right(max(0, room - line.cell_length)) + Content(f"  {tail}")

    def _sentence(self) -> str:
        it = self._it
        if it.asks:
            tail = "Enter answers it." if it.aside else "nothing goes on until it is answered."
            return f"A question is open: {tail}"
        if it.problem is not None and it.situation in ("closed", "ready", "over"):
            return visible(it.problem.message)
        stepping = it.conductor.helm.stepping
        return tell(
            it.situation,
            it.progress,
            running_ns=self._running_ns(),
            stepping=stepping,
            driver=self.driver_words(),
        )

    def driver_words(self) -> str:
        """Returns who drives a run that is watched."""
        watched = self._it.errand.watched
        return f"process {watched.pid}" if watched is not None and watched.pid else "another process"

    def _tone(self) -> str:
        if self._it.asks:
            return "ask"
        if self._it.problem is not None or (
            self._it.situation == "over" and self._it.progress.status == "stopped"
        ):
            return "bad"
        tones = {"held": "ask", "rest": "ask", "running": "now", "watched": "now", "over": "good"}
        return tones.get(self._it.situation, "")

    def show_step(self) -> None:
        unit = self._it.query_one("#tree", StepTree).unit
        if unit is not None:
            asks, denials = of_unit(self._it.outlook.asks, unit), of_unit(self._it.outlook.denials, unit)
            todo = self._it.todo if unit is self._it.progress.current else ""
            self._it.query_one(StepPane).show(unit, asks, denials, todo)

    def show_output(self) -> None:
        unit = self._it.query_one("#tree", StepTree).unit
        if unit is not None:
            self._it.query_one("#output", LinePane).show(self._lines_of(unit))

    def _lines_of(self, unit: Unit) -> Lines:
        shelf = self._it.conductor.shelf
        kept = shelf.find(unit.deck, unit.position)
        if kept is None and unit.output and self._it.run_path is not None and "/" not in unit.key:
            kept = read_output(self._it.run_path, unit.output)
            shelf.keep(unit.deck, unit.position, kept)
        return kept if kept is not None else Lines()

    def show_grants(self) -> None:
        grants = self._it.query_one("#grants", OptionList)
        told = [_told(grant) for grant in self._it.conductor.grants()]
        if [str(option.prompt) for option in grants.options] != [str(line) for line in told]:
            at = grants.highlighted
            grants.clear_options()
            grants.add_options(Option(line) for line in told)
            grants.highlighted = min(at or 0, len(told) - 1) if told else None
        caption = "Grants of this session" if told else "Grants of this session: none yet"
        self._it.query_one("#grants-caption", Static).update(caption)

    def show_policy(self) -> None:
        """Shows the policy; on a narrow screen its columns stand closer, so that the origins are in sight."""
        wide = not self._it.has_class("-narrow")
        lines = Lines()
        lines.add(line if wide else _GAPS.sub("  ", line) for line in self._it.policy)
        self._it.query_one("#policy", LinePane).show(lines, at_end=False)

    async def show_receipt(self) -> None:
        path = self._it.run_path
        if path is not None:
            lines = await receipt_lines(path)
            self._it.query_one("#receipt", LinePane).show(lines, at_end=False)


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
