"""What a person is told to do: a unit's prompt, and the block that is shown and not run."""

from rundown.engine.course import Course
from rundown.engine.effects import Execute, Wait
from rundown.model.runbook import AgentBody, CommandBody, DisplayBody, Loop
from rundown.session.texts import Texts


def task_text(course: Course, effect: Wait | Execute, texts: Texts) -> str:
    """Returns the task in full, its values filled in; "" if the unit says nothing."""
    unit = course.unit(effect.step, effect.substep)
    loop = course.step(effect.step).loop
    parts = (
        [_loop_text(loop)]
        if isinstance(effect, Wait) and effect.why == "undefined-bound" and loop is not None
        else []
    )
    if unit.prompt:
        parts.append(unit.prompt)
    parts = [texts.shown(part) for part in parts]
    match unit.body:
        case CommandBody() as body:
            parts.append(_indented(texts.by_hand(body.text, body.language)))
        case AgentBody() | DisplayBody() as body:
            parts.append(_indented(texts.shown(body.text)))
        case _:
            pass
    return "\n\n".join(parts)


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.rstrip("\n").split("\n"))


def _loop_text(loop: Loop) -> str:
    """The loop as it is written, for whoever must go through it by hand."""
    variable = f"{loop.variable} IN " if loop.variable is not None else ""
    bounds = ""
    if loop.bounds is not None:
        start, stop = (
            f"{{{{{bound}}}}}" if isinstance(bound, str) else bound
            for bound in (loop.bounds.start, loop.bounds.stop)
        )
        bounds = f"{start} TO {stop}"
    source = f"{' OF ' if bounds else ''}{{{{{loop.source}}}}}" if loop.source is not None else ""
    return f"FOR {variable}{bounds}{source}"
