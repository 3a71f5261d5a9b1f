"""Plays a runbook at the machine: a script of results goes in, what happened comes out as lines.

A line is a transition (`1.2 fail STOP* 1.2`: reported at, result, action, position afterwards; `*` if
a step's or a loop's handler chose it), or the end (`completed`, `stopped: message`, `stopped [code]`), or
what the run waits for when the script is used up (`runs 2`, `waits at 2 (prose)`, `paused (denied)`).
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from rundown.engine.course import Course
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
from rundown.engine.machine import apply, initial, next_effect
from rundown.engine.state import State
from rundown.engine.transition import TransitionTaken
from rundown.model.event import (
    Body,
    EffectFailed,
    EndForced,
    IndexResolved,
    ItemDrawn,
    Jumped,
    LoopOpened,
    OutputCaptured,
    RunFinished,
    RunPaused,
    RunResumed,
    RunStarted,
    SourceEnded,
    StepFinished,
    StepStarted,
)

STARTED = RunStarted(
    run_id="r", runbook_file="test.runbook.md", runbook_digest="sha256:0", root="/p", rundown_version="0"
)
PROMPTED = RunStarted(
    run_id="r",
    runbook_file="test.runbook.md",
    runbook_digest="sha256:0",
    root="/p",
    rundown_version="0",
    prompted=True,
)


@dataclass
class Play:
    """A run under way. `variables` answer bounds, sources and AT; `files` are sources drawn item by item.

    Words of a script: `pass`, `fail`, `Name=JSON` (an output of the result that follows), `deny`,
    `resume`, `goto:2.1`, `goto:2@3`, `complete`, `stop`, `lost-child` (the reference has no runbook).
    """

    course: Course
    variables: Mapping[str, object] = field(default_factory=dict)
    files: Mapping[str, list[object]] = field(default_factory=dict)
    started: RunStarted = STARTED
    bodies: list[Body] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    entered: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.state = initial(self.course)
        self.take(self.started)

    def take(self, body: Body) -> None:
        """Applies a fact and keeps it."""
        self.state = apply(self.course, self.state, body)
        self.bodies.append(body)
        self.lines += [told(move) for move in self.state.taken]

    def run(self, script: Iterable[str]) -> list[str]:
        """Plays the script, then on to the next report, pause or end; returns the lines."""
        self._settle()
        for word in script:
            self._say(word)
            self._settle()
        self.lines.append(self._rest())
        return self.lines

    def _settle(self) -> None:
        while (effect := next_effect(self.course, self.state)) is not None:
            answer = self._answer(effect)
            if answer is None:
                return
            self.take(answer)

    def _answer(self, effect: Effect) -> Body | None:
        match effect:
            case Enter():
                self.entered.append(
                    self.state.position + (f" ({effect.attempt})" if effect.attempt > 1 else "")
                )
                return StepStarted(
                    step=effect.step,
                    substep=effect.substep,
                    iteration=effect.iteration,
                    attempt=effect.attempt,
                    title=effect.title,
                )
            case OpenLoop():
                return self._open(effect)
            case DrawItem():
                items = self.files[effect.source]
                if effect.iteration > len(items):
                    return SourceEnded(step=effect.step, length=len(items))
                value = json.dumps(items[effect.iteration - 1])
                return ItemDrawn(step=effect.step, iteration=effect.iteration, value=value)
            case ResolveIndex():
                found = self.state.iteration if effect.name == "Index" else self._values().get(effect.name)
                if not isinstance(found, int):
                    return EffectFailed(
                        position=self.state.position, code="undefined-variable", message=effect.name
                    )
                return IndexResolved(name=effect.name, iteration=found)
            case Finish():
                return RunFinished(status=effect.status, message=effect.message, code=effect.code)
            case Execute() | Wait() | LaunchChild():
                return None

    def _open(self, effect: OpenLoop) -> Body:
        values = self._values()
        ends: list[object] = [1, 10_000]
        if effect.bounds is not None:
            ends = [
                values.get(bound) if isinstance(bound, str) else bound
                for bound in (effect.bounds.start, effect.bounds.stop)
            ]
        if None in ends:
            return LoopOpened(step=effect.step)
        first, last = ends
        if effect.source in values and isinstance(values[effect.source], list):
            items = tuple(json.dumps(item) for item in values[effect.source])
            return LoopOpened(step=effect.step, first=first, last=last, items=items)
        if effect.source is not None and effect.source not in self.files:
            return EffectFailed(
                position=self.state.position, code="undefined-variable", message=effect.source
            )
        return LoopOpened(step=effect.step, first=first, last=last)

    def _values(self) -> dict[str, object]:
        captured = {name: json.loads(text) for name, text in self.state.variables.items()}
        return {**self.variables, **captured}

    def _say(self, word: str) -> None:
        state = self.state
        if word in ("pass", "fail"):
            effect = next_effect(self.course, state)
            by = {Execute: "process", LaunchChild: "child"}.get(type(effect), "person")
            self.take(
                StepFinished(
                    step=state.step,
                    substep=state.substep,
                    iteration=state.iteration,
                    result=word,
                    reported_by=by,
                )
            )
        elif word.startswith("goto:"):
            target, _, at = word.removeprefix("goto:").partition("@")
            step_id, _, substep = target.partition(".")
            self.take(Jumped(step=step_id, substep=substep or None, iteration=int(at) if at else None))
        elif "=" in word:
            name, _, text = word.partition("=")
            self.take(OutputCaptured(position=state.position, name=name, value=text))
        else:
            self.take(_WORDS[word](state))

    def _rest(self) -> str:
        state = self.state
        effect = next_effect(self.course, state)
        match effect:
            case Wait():
                return f"waits at {state.position} ({effect.why})"
            case Execute():
                return f"runs {state.position}"
            case LaunchChild():
                return f"launches {effect.reference} at {state.position}"
        if state.ending is None:
            return f"paused ({state.pause})"
        ending = state.ending
        code = f" [{ending.code}]" if ending.code else ""
        message = f": {ending.message}" if ending.message and not ending.code else ""
        return f"{ending.status}{code}{message}"


_WORDS = {
    "deny": lambda state: RunPaused(reason="denied", position=state.position),
    "resume": lambda state: RunResumed(),
    "complete": lambda state: EndForced(status="completed"),
    "stop": lambda state: EndForced(status="stopped"),
    "lost-child": lambda state: EffectFailed(
        position=state.position, code="inline_launch_failed", message="no such runbook"
    ),
}


def told(move: TransitionTaken) -> str:
    """Returns a transition as a line."""
    result = move.result.value if move.result else "-"
    return f"{move.from_} {result} {move.action}{'*' if move.aggregated else ''} {move.at}"


def play(course: Course, script: str = "", **variables: object) -> list[str]:
    """Returns the lines of a run whose units report as the script says, in order."""
    return Play(course, variables).run(script.split())


def replay(course: Course, bodies: Iterable[Body]) -> State:
    """Returns the state after these facts."""
    state = initial(course)
    for body in bodies:
        state = apply(course, state, body)
    return state
