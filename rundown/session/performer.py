"""Performs each effect of the machine: yields the facts that answer it."""

from collections.abc import Iterator
from typing import assert_never

from rundown.engine.course import Course, Unit
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
    ProcessEnded,
    RunFinished,
    RunPaused,
    StepFinished,
    StepStarted,
)
from rundown.model.runbook import CommandBody, DisplayBody
from rundown.session.execution import Attempt, Tools, execute


class Performer:
    """One a run. `unjudged`: how a process ended whose result the log does not hold (after a kill)."""

    def __init__(self, course: Course, tools: Tools, unjudged: ProcessEnded | None = None) -> None:
        self._course = course
        self._tools = tools
        self._unjudged = unjudged

    def __call__(self, effect: Effect, state: State) -> Iterator[Body]:
        """Yields the facts that answer `effect`."""
        match effect:
            case Enter():
                yield StepStarted(
                    step=effect.step,
                    substep=effect.substep,
                    iteration=effect.iteration,
                    attempt=effect.attempt,
                    title=effect.title,
                )
            case Execute():
                unit = self._course.unit(effect.step, effect.substep)
                yield from execute(self._tools, unit, self._attempt(effect, state))
            case Wait():
                yield from self._wait(effect, state)
            case Finish():
                yield RunFinished(status=effect.status, message=effect.message)
            case LaunchChild() | OpenLoop() | DrawItem() | ResolveIndex():
                raise NotImplementedError
            case _:
                assert_never(effect)

    def _attempt(self, effect: Execute, state: State) -> Attempt:
        return Attempt(
            step=effect.step,
            substep=effect.substep,
            iteration=effect.iteration,
            number=effect.attempt,
            position=state.position,
        )

    def _wait(self, effect: Wait, state: State) -> Iterator[Body]:
        unit = self._course.unit(effect.step, effect.substep)
        self._tools.frontend.present(task_text(unit))
        if not self._tools.prompter.can_ask():
            yield RunPaused(reason="waiting", position=state.position, detail=effect.why)
            return
        report = self._tools.prompter.report(f"{state.position} {unit.title}".rstrip())
        if report.kind not in ("pass", "fail"):
            yield RunPaused(reason="waiting", position=state.position, detail=effect.why)
            return
        yield StepFinished(
            step=effect.step,
            substep=effect.substep,
            iteration=effect.iteration,
            result="pass" if report.kind == "pass" else "fail",
            reported_by="person",
            note=report.note,
        )


def task_text(unit: Unit) -> str:
    """Returns what a person is to do: the prompt, and the block that is shown."""
    parts = [unit.prompt] if unit.prompt else []
    if isinstance(unit.body, CommandBody | DisplayBody):
        parts.append("\n".join(f"    {line}" for line in unit.body.text.rstrip("\n").split("\n")))
    return "\n\n".join(parts)
