"""`Progress`: how far a run has come, as its events tell it, unit by unit. A reading; it decides nothing."""

from collections.abc import Iterable, Iterator
from typing import Literal

from msgspec import Struct

from rundown.model.event import (
    ChildStarted,
    DecisionMade,
    Event,
    Jumped,
    LaunchRequested,
    ProcessEnded,
    RunFinished,
    RunPaused,
    RunResumed,
    StepFinished,
    StepStarted,
)
from rundown.model.runbook import Body, LoopRange, Runbook, Step, Substep
from rundown.record.times import elapsed_ns

UnitState = Literal["new", "ready", "running", "pass", "fail", "denied", "paused", "skipped"]


class Unit(Struct, kw_only=True):
    """A row of the tree. `key` is the same for a unit in every round of a loop; `position` is the last one it
    was entered at. `duration_ns`: of all its processes. `output`: the last attempt's file."""

    key: str
    depth: int
    deck: int
    part: Step | Substep
    is_group: bool
    state: UnitState = "new"
    position: str = ""
    title: str = ""
    attempts: int = 0
    duration_ns: int = 0
    started_at: str = ""
    note: str = ""
    output: str = ""

    @property
    def body(self) -> Body | None:
        """What it does."""
        return self.part.body

    @property
    def shown_title(self) -> str:
        """Its title, its values filled in once it began."""
        return self.title or self.part.title


class Progress:
    """Reads the events of a run and of its children. `deck` numbers them: 1 is the run itself, at first."""

    def __init__(self, runbook: Runbook) -> None:
        self.units: list[Unit] = []
        self._decks: dict[int, str] = {}
        self._places: dict[str, int] = {}
        self.current: Unit | None = None
        self.status: Literal["new", "running", "paused", "completed", "stopped"] = "new"
        self.reason = ""
        self.message = ""
        self.started_at = ""
        self.last_at = ""
        self._insert(0, 0, _rows(runbook, 0, "", 0))

    def open_run(self, deck: int, runbook: Runbook, *, is_child: bool) -> None:
        """A run is driven: the one that is shown, or one that stands in for the unit under way."""
        above = self.current
        if not is_child or above is None:
            self._decks = {deck: ""}
            return
        prefix = f"{above.key}/"
        self._decks[deck] = prefix
        kept = [unit for unit in self.units if not unit.key.startswith(prefix)]
        self.units, place = kept, kept.index(above) + 1
        self._insert(place, above.depth + 1, _rows(runbook, deck, prefix, above.depth + 1))

    def read(self, deck: int, events: Iterable[Event]) -> None:
        """Takes events in."""
        for event in events:
            self._read(deck, event)

    def find(self, key: str) -> Unit | None:
        """Returns the unit of that key."""
        place = self._places.get(key)
        return self.units[place] if place is not None else None

    @property
    def failed(self) -> Unit | None:
        """The unit that failed last."""
        found = [unit for unit in self.units if unit.state == "fail" and not unit.is_group]
        return max(found, key=lambda unit: unit.started_at, default=None)

    @property
    def done(self) -> tuple[int, int]:
        """How many units have a result, of how many."""
        own = [unit for unit in self.units if not unit.is_group and "/" not in unit.key]
        return sum(1 for unit in own if unit.state in ("pass", "fail", "skipped")), len(own)

    def _insert(self, place: int, _depth: int, rows: Iterator[Unit]) -> None:
        self.units[place:place] = rows
        self._places = {unit.key: number for number, unit in enumerate(self.units)}

    def _read(self, deck: int, event: Event) -> None:
        self.started_at = self.started_at or event.at
        self.last_at = event.at
        body = event.body
        match body:
            case StepStarted():
                self._enter(deck, body, event.at)
            case DecisionMade(outcome="deny"):
                self._mark("denied")
            case LaunchRequested():
                self._mark("running")
            case ProcessEnded(result=result) if self._is_current(body.position):
                assert self.current is not None
                self.current.duration_ns += result.duration_ns
                self.current.output = body.output
            case StepFinished():
                self._finish(deck, body, event.at)
            case Jumped():
                self._leave()
            case RunPaused() if deck == self._outermost:
                self._rest(body)
            case RunResumed() if deck == self._outermost:
                self.status, self.reason = "running", ""
            case RunFinished() if deck == self._outermost:
                self.status, self.message, self.current = body.status, body.message, None
                if body.code:
                    self.message = f"{self.message} [{body.code}]".strip()
            case ChildStarted():
                self._mark("running")
            case _:
                if self.status == "new":
                    self.status = "running"

    def _is_current(self, position: str) -> bool:
        """Not so for a shell that a person asked for beside the step."""
        return self.current is not None and self.current.position == position

    @property
    def _outermost(self) -> int:
        return next(iter(self._decks), 0)

    def _enter(self, deck: int, body: StepStarted, at: str) -> None:
        unit = self._unit(deck, body.step, body.substep)
        if unit is None:
            return
        if unit.position != body.position:
            unit.duration_ns = 0
        unit.deck, unit.state, unit.note = deck, "ready", ""
        unit.position, unit.title = body.position, body.title
        unit.attempts, unit.started_at, unit.output = body.attempt, at, ""
        self.current, self.status = unit, "running"
        if body.substep is not None and (group := self._unit(deck, body.step, None)) is not None:
            group.state, group.position = "running", body.position
            group.note = f"round {body.iteration}" if body.iteration is not None else ""

    def _finish(self, deck: int, body: StepFinished, at: str) -> None:
        unit = self._unit(deck, body.step, body.substep)
        if unit is None:
            return
        unit.state = "denied" if body.reported_by == "policy" else body.result
        unit.note = body.note or ("a person said so" if body.reported_by == "person" else "")
        if body.reported_by == "child" and unit.started_at:
            unit.duration_ns = elapsed_ns(unit.started_at, at)
        group = self._unit(deck, body.step, None) if body.substep is not None else None
        if group is not None:
            self._fold(group)

    def _fold(self, group: Unit) -> None:
        parts = [
            unit for unit in self.units if unit.key.startswith(f"{group.key}.") and unit.depth > group.depth
        ]
        states = {unit.state for unit in parts}
        group.duration_ns = sum(unit.duration_ns for unit in parts)
        if states <= {"pass", "skipped"}:
            group.state = "pass"
        elif states <= {"pass", "fail", "denied", "skipped"}:
            group.state = "fail"

    def _leave(self) -> None:
        """A person moved the run on: what had begun has no result."""
        if self.current is not None and self.current.state in ("ready", "running", "paused", "denied"):
            self.current.state = "skipped"

    def _mark(self, state: UnitState) -> None:
        if self.current is not None:
            self.current.state = state

    def _rest(self, body: RunPaused) -> None:
        self.status, self.reason, self.message = "paused", body.reason, body.detail
        self._mark("denied" if body.reason == "denied" else "paused")

    def _unit(self, deck: int, step: str, substep: str | None) -> Unit | None:
        prefix = self._decks.get(deck, "")
        return self.find(prefix + (step if substep is None else f"{step}.{substep}"))


def _rows(runbook: Runbook, deck: int, prefix: str, depth: int) -> Iterator[Unit]:
    for step in runbook.steps:
        yield Unit(key=prefix + step.id, depth=depth, deck=deck, part=step, is_group=bool(step.substeps))
        for part in step.substeps:
            key = f"{prefix}{step.id}.{part.id}"
            yield Unit(key=key, depth=depth + 1, deck=deck, part=part, is_group=False)


def loop_words(step: Step) -> str:
    """Returns a step's loop as it is written, "" without one."""
    loop = step.loop
    if loop is None:
        return ""
    words = "FOR" if loop.variable is None else f"FOR {loop.variable} IN"
    if isinstance(loop.bounds, LoopRange):
        words += f" {loop.bounds.start} TO {loop.bounds.stop}"
    return words + (f" {loop.source}" if loop.source else "")
