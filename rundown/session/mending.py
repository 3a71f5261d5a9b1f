"""What a person does about a step that failed where the run would only stop: again, edited, a shell, a pass.

Knows no rule of the language: whether the run would stop is the machine's to say. Whatever is run is decided,
confined and recorded like any step; what a shell does is no result of the step.
"""

from collections.abc import Generator, Iterator

from msgspec import Struct
from msgspec.structs import replace

from rundown.engine.course import Course, Unit
from rundown.engine.machine import apply
from rundown.engine.state import State
from rundown.model.event import SHELL_MARK, Body, ProcessEnded, QuestionAsked, RunPaused, StepFinished
from rundown.model.runbook import CommandBody
from rundown.render.terminal import describe_ending
from rundown.session.execution import execute
from rundown.session.orders import skip
from rundown.session.ports import Failure, Mend, Subject
from rundown.session.texts import Texts
from rundown.session.tools import Attempt, Tools

_SHELLS = {"bash": "exec bash --norc -i", "sh": "exec sh -i"}


class MendCase(Struct, frozen=True, kw_only=True):
    """Where a unit is executed. `ended`: how its process ended, if that is on record already."""

    course: Course
    state: State
    attempt: Attempt
    ended: ProcessEnded | None = None


class Mending:
    """One execution of one unit, with a person at hand."""

    def __init__(self, tools: Tools, case: MendCase, texts: Texts) -> None:
        self._tools = tools
        self._course = case.course
        self._state = case.state
        self._attempt = case.attempt
        self._texts = texts
        self._ended = case.ended

    def watch(self, facts: Iterator[Body]) -> Iterator[Body]:
        """Yields the facts of an execution; instead of a failure that only stops the run, what a person made
        of it."""
        while True:
            failed = None
            for body in facts:
                if isinstance(body, ProcessEnded):
                    self._ended = body
                if isinstance(body, StepFinished) and self._is_for_a_person(body):
                    failed = body
                    break
                yield body
            if failed is None:
                return
            mend = yield from self._ask(failed)
            if mend.kind not in ("again", "edit"):
                yield from self._settle(mend, failed)
                return
            facts = execute(self._tools, self._attempt_at(mend), self._texts)

    def _is_for_a_person(self, body: StepFinished) -> bool:
        """Whether nothing in the runbook says what follows this failure, and somebody can be asked."""
        if body.result == "pass" or body.reported_by == "policy" or not self._tools.prompter.can_ask():
            return False
        unit = self._attempt.unit
        handlers = [unit.transitions.on_fail, unit.step.transitions.on_fail]
        if not all(handler.implicit for handler in handlers):
            return False
        after = apply(self._course, self._state, body)
        return after.phase == "finish" and after.ending is not None and after.ending.status == "stopped"

    def _attempt_at(self, mend: Mend) -> Attempt:
        body = self._attempt.unit.body
        if mend.kind != "edit" or not isinstance(body, CommandBody):
            return self._attempt
        return replace(self._attempt, unit=_with_body(self._attempt.unit, replace(body, text=mend.text)))

    def _ask(self, failed: StepFinished) -> Generator[Body, None, Mend]:
        while True:
            mend = self._tools.prompter.mend(self._failure(failed))
            yield QuestionAsked(
                request=self._ended.request if self._ended is not None else "",
                position=failed.position,
                resources=(f"step {failed.position} failed",),
                answers=(mend.kind,),
                answered_by="person",
            )
            if mend.kind != "shell":
                return mend
            yield from self._shell()

    def _failure(self, failed: StepFinished) -> Failure:
        body = self._attempt.unit.body
        text = body.text if isinstance(body, CommandBody) else ""
        ending = describe_ending(self._ended.result) if self._ended is not None else failed.note
        title = self._texts.shown(self._attempt.unit.title)
        return Failure(
            position=failed.position,
            subject=Subject(title=title, progress=self._attempt.progress),
            ending=ending,
            text=text,
            has_shell=text != "",
        )

    def _settle(self, mend: Mend, failed: StepFinished) -> Iterator[Body]:
        ending = describe_ending(self._ended.result) if self._ended is not None else failed.note
        if mend.kind == "pass":
            note = f"counted as passed after {ending}"
            yield replace(failed, result="pass", reported_by="person", note=note)
        elif mend.kind == "skip":
            yield from skip(self._course)(self._state)
        else:
            yield failed

    def _shell(self) -> Iterator[Body]:
        """A shell where the step ran; its end is nobody's result and no reason to pause."""
        body = self._attempt.unit.body
        assert isinstance(body, CommandBody)
        options = replace(body.options, interactive=True, timeout_ns=None, confirm=None)
        shell = replace(body, text=_SHELLS[body.language] + "\n", options=options)
        position = f"{self._attempt.position}{SHELL_MARK}"
        attempt = replace(self._attempt, unit=_with_body(self._attempt.unit, shell), position=position)
        for fact in execute(self._tools, attempt, self._texts):
            if not isinstance(fact, StepFinished | RunPaused):
                yield fact


def _with_body(unit: Unit, body: CommandBody) -> Unit:
    """The unit, doing something else."""
    if unit.substep is not None:
        return replace(unit, substep=replace(unit.substep, body=body))
    return replace(unit, step=replace(unit.step, body=body))
