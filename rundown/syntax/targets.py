"""GOTO against the steps that exist: unknown targets, AT without a loop, and jumps onto oneself."""

from collections.abc import Iterator

from msgspec import Struct

from rundown.model.diagnostic import Diagnostic
from rundown.model.runbook import Goto, Handler, Step, Transitions
from rundown.syntax.codes import Code


class Jump(Struct, frozen=True, kw_only=True):
    """A GOTO and the unit that it stands in; `substep` None: the step itself or its FOR."""

    step: Step
    substep: str | None
    handler: Handler
    goto: Goto


def jumps(steps: tuple[Step, ...]) -> Iterator[Jump]:
    """Yields every GOTO of the document in file order, PASS before FAIL."""
    for step in steps:
        yield from _of(step, None, step.transitions)
        if step.loop is not None and step.loop.transitions is not None:
            yield from _of(step, None, step.loop.transitions)
        for substep in step.substeps:
            yield from _of(step, substep.id, substep.transitions)


def _of(step: Step, substep: str | None, transitions: Transitions) -> Iterator[Jump]:
    for handler in (transitions.on_pass, transitions.on_fail):
        if isinstance(handler.action, Goto):
            yield Jump(step=step, substep=substep, handler=handler, goto=handler.action)


def check_targets(steps: tuple[Step, ...], report: list[Diagnostic]) -> None:
    """Reports every GOTO that leads nowhere, whose AT has no loop, or that leads to itself."""
    by_id = {step.id: step for step in steps if step.id}
    substeps = {step.id: {substep.id for substep in step.substeps} for step in steps}
    for jump in jumps(steps):
        target = jump.goto.target
        step = by_id.get(target.step)
        if step is None or (target.substep is not None and target.substep not in substeps[step.id]):
            report.append(_unknown(jump, step))
        elif jump.goto.at is not None and step.loop is None:
            report.append(
                Code.BAD_AT.at(
                    jump.handler.span,
                    f"step {target.step} has no FOR, so no iteration to go to",
                    fix="remove the AT",
                )
            )
        elif step.id == jump.step.id and target.substep == jump.substep and jump.goto.at is None:
            report.append(
                Code.ENDLESS.at(
                    jump.handler.span,
                    f"GOTO {target} jumps onto itself and may never end",
                    fix="write `RETRY 3 STOP` if it is to be done again a few times",
                )
            )


def _unknown(jump: Jump, step: Step | None) -> Diagnostic:
    target = jump.goto.target
    if step is None:
        own = jump.step.substeps
        if any(substep.id == target.step for substep in own):
            fix = f"a substep is named with its step: `GOTO {jump.step.id}.{target.step}`"
        else:
            fix = "name a step that is there, or add its heading: " + f"`## {target.step}`"
        return Code.UNKNOWN_TARGET.at(jump.handler.span, f"there is no step `{target.step}`", fix=fix)
    there = ", ".join(f"{step.id}.{substep.id}" for substep in step.substeps[:8]) or "none"
    return Code.UNKNOWN_TARGET.at(
        jump.handler.span, f"step `{step.id}` has no substep `{target.substep}`", fix=f"its substeps: {there}"
    )
