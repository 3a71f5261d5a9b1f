"""`Course`: a runbook with the look-ups that the machine makes at each step, made once.

Whoever drives a run makes one with `chart` and hands it to every call; nothing is cached behind it.
"""

from msgspec import Struct

from rundown.model.runbook import Body, Runbook, Step, Substep, Transitions


class Course(Struct, frozen=True, kw_only=True):
    """`places`: step id to its place in `runbook.steps`; `parts`: the same for each step's substeps.

    `following`: for each step the place of the next numeric step below it, None if there is none.
    """

    runbook: Runbook
    places: dict[str, int]
    parts: tuple[dict[str, int], ...]
    following: tuple[int | None, ...]

    def step(self, step_id: str) -> Step:
        """Returns the step of that id, which exists."""
        return self.runbook.steps[self.places[step_id]]

    def place_of(self, step_id: str, substep_id: str) -> int:
        """Returns a substep's place in its step, from 0; both exist."""
        return self.parts[self.places[step_id]][substep_id]

    def has(self, step_id: str, substep_id: str | None) -> bool:
        """Returns whether there is such a step, with such a substep if one is named."""
        place = self.places.get(step_id)
        return place is not None and (substep_id is None or substep_id in self.parts[place])

    def unit(self, step_id: str, substep_id: str | None) -> "Unit":
        """Returns the step, or its substep, as a unit; both exist."""
        step = self.step(step_id)
        return Unit(
            step=step,
            substep=None if substep_id is None else step.substeps[self.place_of(step_id, substep_id)],
        )


class Unit(Struct, frozen=True, kw_only=True):
    """A step without substeps, or a substep: what the machine enters and what has a result."""

    step: Step
    substep: Substep | None

    @property
    def _part(self) -> Step | Substep:
        return self.substep or self.step

    @property
    def title(self) -> str:
        return self._part.title

    @property
    def body(self) -> Body | None:
        return self._part.body

    @property
    def prompt(self) -> str:
        return self._part.prompt

    @property
    def outputs(self) -> tuple[str, ...]:
        return self._part.outputs

    @property
    def transitions(self) -> Transitions:
        return self._part.transitions


def chart(runbook: Runbook) -> Course:
    """Returns the course of a runbook; linear in its steps."""
    following: list[int | None] = []
    below: int | None = None
    for place in reversed(range(len(runbook.steps))):
        following.append(below)
        if not runbook.steps[place].named:
            below = place
    return Course(
        runbook=runbook,
        places={step.id: place for place, step in enumerate(runbook.steps)},
        parts=tuple(
            {substep.id: place for place, substep in enumerate(step.substeps)} for step in runbook.steps
        ),
        following=tuple(reversed(following)),
    )
