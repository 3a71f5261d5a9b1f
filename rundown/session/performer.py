"""Performs each effect of the machine: yields the facts that answer it."""

from collections.abc import Callable, Generator, Iterator
from typing import assert_never

from msgspec.structs import replace

from rundown.engine.course import Unit
from rundown.engine.effects import (
    DrawItem,
    Effect,
    Enter,
    Execute,
    Finish,
    LaunchChild,
    OpenLoop,
    ResolveIndex,
    Wait,
)
from rundown.engine.state import State
from rundown.model.event import (
    Body,
    ChangesUnseen,
    EffectFailed,
    IndexResolved,
    OutputCaptured,
    ProcessEnded,
    RunFinished,
    RunPaused,
    StepFinished,
    StepStarted,
)
from rundown.model.policy import Allowed
from rundown.model.request import Capability, Operation
from rundown.model.runbook import AgentBody
from rundown.session.execution import execute
from rundown.session.judging import judge
from rundown.session.mending import MendCase, Mending
from rundown.session.ports import Subject
from rundown.session.request import Place, freeze_nothing
from rundown.session.run import Run
from rundown.session.sources import SourceFile, Sources
from rundown.session.tasks import task_text
from rundown.session.texts import Texts
from rundown.session.tools import Attempt, Tools
from rundown.session.values import Values, scope

Child = Callable[[LaunchChild, State, Values], Iterator[Body]]
_UNSEEN = "rundown ended with the step's process, and may not have looked at all that it changed"
_WAITS = {
    "prose": "a person does this",
    "display": "a person does this",
    "prompted": "the command is shown, not run",
    "undefined-bound": "the loop's bound has no value: a person does this",
}


class Performer:
    """One a run. `unjudged`: how a process ended whose result is not in the log, because rundown was killed
    between the two."""

    def __init__(self, run: Run, tools: Tools, child: Child, unjudged: ProcessEnded | None = None) -> None:
        self._course = run.course
        self._tools = tools
        self._start = {
            **run.start.values,
            "RunId": run.directory.run_id,
            "RunbookRef": run.opened.document.file,
            "ContextId": run.context_id,
        }
        self._secret = run.start.secret
        self._child = child
        self._unjudged = unjudged
        self._delegates = run.start.agent is not None and not run.start.prompted
        self._sources = Sources(tools.root)
        units = (
            (step.id, part)
            for step in run.course.runbook.steps
            for part in (tuple(sub.id for sub in step.substeps) or (None,))
        )
        self._places = {unit: place for place, unit in enumerate(units, 1)}

    def __call__(self, effect: Effect, state: State) -> Iterator[Body]:
        """Yields the facts that answer `effect`."""
        values = scope(self._course, state, self._start, self._secret)
        match effect:
            case Enter():
                yield self._enter(effect, values)
            case Execute():
                yield from self._execute(effect, state, values)
            case Wait():
                yield from self._wait(effect, state, values)
            case LaunchChild():
                yield from self._child(effect, state, values)
            case OpenLoop():
                yield from self._open_loop(effect, state, values)
            case DrawItem():
                yield from self._draw(effect, state)
            case ResolveIndex():
                yield self._index(effect, state, values)
            case Finish():
                yield from self._finish(effect, values)
            case _:
                assert_never(effect)

    def _texts(self, values: Values) -> Texts:
        return Texts(values, self._secret)

    def _enter(self, effect: Enter, values: Values) -> Body:
        return StepStarted(
            step=effect.step,
            substep=effect.substep,
            iteration=effect.iteration,
            attempt=effect.attempt,
            title=self._texts(values).shown(effect.title),
        )

    def _execute(self, effect: Execute | Wait, state: State, values: Values) -> Iterator[Body]:
        unit = self._course.unit(effect.step, effect.substep)
        if isinstance(effect, Wait):
            unit = _as_task(unit)
        elif isinstance(unit.body, AgentBody) and (unit.body.kind or self._tools.shop.agent) is None:
            yield from self._wait_by_hand(effect, state, values, "nobody says which agent does this")
            return
        attempt = Attempt(
            unit=unit,
            step=effect.step,
            substep=effect.substep,
            iteration=effect.iteration,
            number=effect.attempt,
            position=state.position,
            progress=f"{self._places[effect.step, effect.substep]}/{len(self._places)}",
        )
        ended, self._unjudged = self._unjudged, None
        if ended is not None and ended.position == state.position:
            yield ChangesUnseen(position=state.position, path="", why=_UNSEEN)
            facts = judge(self._tools, attempt, ended.result, self._tools.read_output(ended.output))
        else:
            ended, facts = None, execute(self._tools, attempt, self._texts(values))
        case = MendCase(course=self._course, state=state, attempt=attempt, ended=ended)
        yield from Mending(self._tools, case, self._texts(values)).watch(facts)

    def _wait(self, effect: Wait, state: State, values: Values) -> Iterator[Body]:
        """A person does it, or the agent that was named for steps that are prose only."""
        if effect.why == "prose" and self._delegates:
            yield from self._execute(effect, state, values)
        else:
            yield from self._wait_by_hand(effect, state, values, _WAITS[effect.why])

    def _wait_by_hand(self, effect: Wait | Execute, state: State, values: Values, why: str) -> Iterator[Body]:
        unit = self._course.unit(effect.step, effect.substep)
        texts = self._texts(values)
        self._tools.frontend.present(task_text(self._course, effect, texts))
        report = self._tools.prompter.report(f"{state.position} {texts.shown(unit.title)}".rstrip())
        if report.kind not in ("pass", "fail"):
            yield RunPaused(reason="waiting", position=state.position, detail=why)
            return
        yield StepFinished(
            step=effect.step,
            substep=effect.substep,
            iteration=effect.iteration,
            result="pass" if report.kind == "pass" else "fail",
            reported_by="person",
            note=report.note,
        )

    def _open_loop(self, effect: OpenLoop, state: State, values: Values) -> Iterator[Body]:
        if effect.source in self._secret:
            message = f"`{effect.source}` is a secret input: its items would go on record"
            yield EffectFailed(position=state.position, code="policy-violation", message=message)
            return
        source = self._sources.file_of(effect, values)
        refused = None if source is None else (yield from self._refuse(source, effect.step, state))
        yield refused or self._sources.open(effect, values, state.position)

    def _draw(self, effect: DrawItem, state: State) -> Iterator[Body]:
        mark = state.frame.mark if state.frame is not None else None
        refused = None
        if mark is not None and not self._sources.is_open(mark.path):
            source = self._sources.file_at(mark.path)
            refused = yield from self._refuse(source, effect.step, state)
        yield refused or self._sources.draw(effect, mark, state.position)

    def _refuse(
        self, source: SourceFile, step: str, state: State
    ) -> Generator[Body, None, EffectFailed | None]:
        """Asks policy whether rundown may read a file in the runbook's name; gives None if it may."""
        wanted = Operation(
            capability=Capability.READ, resource=source.path, resolved=source.real, note="the loop's source"
        )
        place = Place(run_id=self._tools.run_id, position=state.position, attempt=1, cwd=self._tools.root)
        subject = Subject(title=f"step {step} reads a file")
        decision = yield from self._tools.permissions.settle(freeze_nothing(place, wanted), subject)
        if isinstance(decision, Allowed):
            return None
        message = f"{source.path} may not be read"
        return EffectFailed(position=state.position, code="policy-violation", message=message)

    def _index(self, effect: ResolveIndex, state: State, values: Values) -> Body:
        value = values.get(effect.name)
        text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
        if text.isascii() and text.isdigit():
            return IndexResolved(name=effect.name, iteration=int(text))
        return EffectFailed(
            position=state.position,
            code="undefined-variable" if value is None else "type-mismatch",
            message=f"`AT {{{{{effect.name}}}}}` needs a whole number",
        )

    def _finish(self, effect: Finish, values: Values) -> Iterator[Body]:
        texts = self._texts(values)
        for entry in self._course.runbook.front.outputs:
            name, value = texts.output(entry)
            if value is not None:
                yield OutputCaptured(position="", name=name, value=value)
        yield RunFinished(status=effect.status, message=texts.shown(effect.message), code=effect.code)


def _as_task(unit: Unit) -> Unit:
    """A unit that is prose only, as a task for the agent that was named for such."""
    part = unit.substep or unit.step
    text = "\n\n".join(item for item in (part.title, part.prompt) if item)
    body = AgentBody(kind=None, text=text, span=part.span)
    if unit.substep is not None:
        return replace(unit, substep=replace(unit.substep, body=body))
    return replace(unit, step=replace(unit.step, body=body))
