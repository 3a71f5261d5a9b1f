"""What the keys of the run screen do: each hands an order to the engine, or changes what is shown."""

import asyncio
import json

from msgspec.structs import replace
from textual.widgets import OptionList

from rundown.engine.course import Course, chart
from rundown.errors import RundownError
from rundown.model.runbook import Substep
from rundown.prompt.choice import Asking
from rundown.render.escape import visible
from rundown.session.library import open_runbook
from rundown.session.orders import end, give, jump, report, skip
from rundown.session.steering import Facts, Order
from rundown.session.values import Given, gather_values, secret_names
from rundown.tui.deeds import DEEDS, bare
from rundown.tui.forms import InputsScreen
from rundown.tui.modal import ask
from rundown.tui.pick import PickScreen
from rundown.tui.progress import Progress, Unit
from rundown.tui.questions import yes_or_no
from rundown.tui.run_looking import RunLooking
from rundown.tui.step_tree import StepTree


class RunActions(RunLooking):
    """The actions of `RunScreen`, which alone has this class."""

    # What may be done now

    def can(self, action: str) -> bool:
        """Whether an action does something now."""
        me = self._me
        deed = next((deed for deed in DEEDS if bare(deed.action) == action), None)
        if deed is None:
            return True
        if me.situation not in deed.when:
            return False
        match action:
            case "revoke":
                return me.pane_name == "permissions" and bool(me.conductor.grants())
            case "next" | "previous":
                return bool(self.searched.words)
            case "find" | "wrap":
                return me.pane_name != "step" or me.has_class("-wide")
            case "ahead":
                return bool(me.chosen)
            case "inputs":
                return bool(me.errand.opened.runbook.front.inputs) and (
                    me.situation == "held" or not me.run_id
                )
            case "again":
                return self._last() is not None
            case "choose":
                return bool(me.query_one("#left").display)
            case "answer":
                return bool(me.aside)
            case "follow":
                return not me.follows
            case "back":
                return len(me.app.screen_stack) > 2 and me.situation not in ("running", "held", "opening")
            case _:
                return True

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that do nothing now are none."""
        return self.can(action)

    # Steering

    def action_answer(self) -> None:
        """Shows the question again that was put aside."""
        self._me.put(self._me.aside[0])

    def action_run(self) -> None:
        """Starts, goes on, or lets the held step run."""
        me = self._me
        self.action_follow()
        match me.situation:
            case "held":
                me.conductor.helm.order(None)
            case "rest" if me.run_id:
                me.conductor.resume(me.run_id)
                self._going()
            case "over":
                if self._read_again():
                    self._begin()
            case _:
                self._begin()

    def _begin(self) -> None:
        me = self._me
        if me.errand.opened.runbook.front.inputs:
            self._ask_inputs(start=True)
        else:
            self._start()

    def _read_again(self) -> bool:
        """Takes the runbook as it is now; whether it can be run."""
        me = self._me
        old = me.errand.opened
        try:
            path = old.document.path
            opened = open_runbook(str(path), me.errand.manner.around.cwd) if path is not None else old
        except RundownError as problem:
            me.notify(visible(problem.diagnostics[0].message), severity="error", timeout=10, markup=False)
            return False
        opened = replace(opened, document=replace(opened.document, file=old.document.file))
        me.errand = replace(me.errand, opened=opened)
        me.progress = Progress(opened.runbook)
        me.run_id, me.run_path = "", None
        return True

    def _start(self) -> None:
        me = self._me
        me.conductor.start(me.errand.opened, me.given)
        self._going()

    def _going(self) -> None:
        me = self._me
        me.situation, me.problem = "running", None
        me.refresh_all()

    def action_run_on(self) -> None:
        """Lets this step and all that follow run."""
        me = self._me
        self.action_follow()
        me.conductor.helm.stepping = False
        me.conductor.helm.order(None)

    def action_stepping(self) -> None:
        """Stops before each step from here on, or no longer."""
        me = self._me
        me.conductor.helm.stepping = not me.conductor.helm.stepping
        me.refresh_all()

    def action_kill(self) -> None:
        """Stops the step that runs."""
        if not self._me.conductor.interrupt():
            self._me.conductor.helm.pause()

    def action_passed(self) -> None:
        """Counts the step as passed."""
        self._order(report(passed=True))

    def action_failed(self) -> None:
        """Counts the step as failed."""
        self._order(report(passed=False))

    def action_skip(self) -> None:
        """Leaves the step without a result."""
        self._order(skip(self._course()))

    def action_again(self) -> None:
        """Does the step that ended last once more."""
        unit = self._last()
        if unit is not None:
            self._order(self._to(unit))

    def action_goto(self) -> None:
        """Moves the run to a step that is picked."""
        me = self._me
        units = [unit for unit in me.progress.units if "/" not in unit.key and not unit.is_group]
        at = me.query_one("#tree", StepTree).unit
        lines = [f"{unit.key:<8} {unit.shown_title}" for unit in units]

        def picked(place: int | None) -> None:
            if place is not None:
                self._order(self._to(units[place]))

        me.app.push_screen(PickScreen("Go to", lines, units.index(at) if at in units else 0), picked)

    def action_end(self) -> None:
        """Ends the run."""
        asking = Asking(
            title="End the run?",
            sentence="no further step runs, and it cannot go on afterwards",
            choices=(
                ("n", "no, leave it as it is", ""),
                ("s", "end it as stopped (failed)", "stopped"),
                ("c", "end it as complete", "completed"),
            ),
        )

        def chosen(how: str | None) -> None:
            if how:
                self._order(end(completed=how == "completed", message="ended by a person"), ends=True)

        self._me.app.push_screen(ask(asking), chosen)

    def _order(self, facts: Facts, *, ends: bool = False) -> None:
        me = self._me
        self.action_follow()
        if me.situation == "held":
            me.conductor.helm.order(facts)
        elif me.run_id:
            me.conductor.resume(me.run_id, Order(facts=facts, ends=ends))
            self._going()

    def _course(self) -> Course:
        me = self._me
        return me.held.course if me.held is not None else chart(me.errand.opened.runbook)

    def _last(self) -> Unit | None:
        ended = [
            unit for unit in self._me.progress.units if unit.state in ("pass", "fail") and not unit.is_group
        ]
        return max(ended, key=lambda unit: unit.started_at, default=None)

    def _to(self, unit: Unit) -> Facts:
        name = unit.key.rpartition("/")[2]
        if isinstance(unit.part, Substep):
            step = name.removesuffix(f".{unit.part.id}")
            rest = unit.position.split(".")
            iteration = int(rest[-2]) if len(rest) == 3 and rest[-2].isdigit() else None
            return jump(step, unit.part.id, iteration)
        return jump(name)

    # Inputs

    def action_inputs(self) -> None:
        """Shows the inputs; before the start all of them, while held those that are no secret."""
        self._ask_inputs(start=False)

    def _ask_inputs(self, *, start: bool) -> None:
        me = self._me
        runbook = me.errand.opened.runbook
        hidden = secret_names(runbook)
        held = me.held
        inputs = tuple(item for item in runbook.front.inputs if held is None or item.name not in hidden)
        values, _ = gather_values(runbook, me.given)
        if held is not None:
            values |= {name: json.loads(text) for name, text in held.state.variables.items()}
        texts = {
            item.name: _text(values[item.name])
            for item in inputs
            if item.name in values and item.name not in hidden
        }

        def given(found: dict[str, str] | None) -> None:
            if found is None:
                return
            if held is not None:
                for name, text in found.items():
                    me.conductor.helm.order(give(name, text))
            me.given = _with(me.given, found)
            if start:
                self._start()
            else:
                self.look_again()

        title = "Inputs of the run" if start else "Inputs"
        me.app.push_screen(InputsScreen(inputs, texts, runbook.front.required, title=title), given)

    # Permissions

    def action_choose(self) -> None:
        """Marks the step under the cursor."""
        me = self._me
        unit = me.query_one("#tree", StepTree).unit
        if unit is not None:
            keys = {unit.key}
            if unit.is_group:
                keys |= {other.key for other in me.progress.units if other.key.startswith(f"{unit.key}.")}
            me.chosen = me.chosen - keys if unit.key in me.chosen else me.chosen | keys
            me.refresh_all()

    def action_ahead(self) -> None:
        """Allows what the marked steps would ask for, once the person has seen it."""
        me = self._me
        asks = tuple(item for item in me.outlook.questions if item.grants and set(item.positions) & me.chosen)
        if not asks:
            me.notify("The marked steps ask for nothing that can be foreseen.", timeout=4)
            return
        asking = yes_or_no(
            "Allow ahead",
            "for this session, for every step",
            yes="allow this for the session",
            no="no, ask me at each step",
            text="\n".join(item.text for item in asks),
        )

        def answered(yes: bool | None) -> None:
            if yes:
                me.conductor.allow_ahead(asks)
                me.chosen = frozenset()
                me.look_again()

        me.app.push_screen(ask(asking), answered)

    def action_revoke(self) -> None:
        """Takes the grant under the cursor back."""
        me = self._me
        grants = me.conductor.grants()
        at = me.query_one("#grants", OptionList).highlighted
        if at is not None and at < len(grants):
            me.conductor.revoke(grants[at])
            me.look_again()

    def look_again(self) -> None:
        """Looks ahead anew, with the grants in force."""
        self._me.run_worker(self._look(), group="look", exclusive=True)

    async def _look(self) -> None:
        self._me.outlook = await asyncio.to_thread(self._me.conductor.look, self._me.given)
        self._me.refresh_all()


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _with(given: Given, found: dict[str, str]) -> Given:
    """What the person typed wins over what the invocation gave."""
    kept = tuple(word for word in given.json_texts if word.partition("=")[0] not in found)
    return replace(
        given, json_texts=kept, texts=(*given.texts, *(f"{name}={text}" for name, text in found.items()))
    )
