"""What a person may order where a run is: a report, a skip, a jump, an end, another value.

Facts only; whether they fit is the machine's to say.
"""

import json
from collections.abc import Iterator

from rundown.engine.course import Course
from rundown.engine.state import State
from rundown.model.event import Body, EndForced, Jumped, OutputCaptured, StepFinished
from rundown.session.steering import Facts


def report(*, passed: bool, note: str = "") -> Facts:
    """Returns the order that counts the unit where the run is as passed or failed."""

    def facts(state: State) -> Iterator[Body]:
        yield StepFinished(
            step=state.step,
            substep=state.substep,
            iteration=state.iteration,
            result="pass" if passed else "fail",
            reported_by="person",
            note=note,
        )

    return facts


def jump(step: str, substep: str | None = None, iteration: int | None = None) -> Facts:
    """Returns the order that moves the run."""
    return lambda state: (Jumped(step=step, substep=substep, iteration=iteration),)


def skip(course: Course) -> Facts:
    """Returns the order that leaves the unit where the run is without a result and goes to the one below;
    after the last one the run completes."""

    def facts(state: State) -> Iterator[Body]:
        parts = [part.id for part in course.step(state.step).substeps]
        place = parts.index(state.substep) + 1 if state.substep in parts else len(parts)
        later = state.frame.after(state.iteration) if state.frame and state.iteration is not None else None
        following = course.following[course.places[state.step]]
        if place < len(parts):
            yield Jumped(step=state.step, substep=parts[place], iteration=state.iteration)
        elif later is not None:
            yield Jumped(step=state.step, substep=parts[0] if parts else None, iteration=later)
        elif following is not None:
            yield Jumped(step=course.runbook.steps[following].id)
        else:
            yield EndForced(status="completed", message=f"step {state.position} was skipped")

    return facts


def end(*, completed: bool, message: str = "") -> Facts:
    """Returns the order that ends the run."""
    return lambda state: (EndForced(status="completed" if completed else "stopped", message=message),)


def give(name: str, value: object) -> Facts:
    """Returns the order that gives a variable another value from here on, as a person's."""
    return lambda state: (
        OutputCaptured(position=state.position, name=name, value=json.dumps(value), reported_by="person"),
    )
