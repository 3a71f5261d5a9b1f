"""`State`: where a run is. A fold over events; small whatever the run's length.

What must be kept of the past is kept folded: recorded results are bit sets, items of a file are drawn one
at a time. Everything else is counters.
"""

from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from rundown.engine.results import Results
from rundown.engine.transition import TransitionTaken
from rundown.model.event import SourceMark, position_text
from rundown.model.runbook import Goto, Outcome

Lifecycle = Literal["new", "running", "paused", "completed", "stopped"]
Phase = Literal["open", "draw", "aim", "enter", "act", "finish", "end"]


class Frame(Struct, frozen=True, kw_only=True):
    """An open loop that is not empty: its iterations, `first` above `last` if it counts down.

    `items`: a source's items as JSON texts, None for a range and for a file. `drawn`: items come from a
    file, one by one; `item` is then the current one, as JSON text, None until it is drawn. `lost`:
    redaction changed the items, or the current one. `aimed`: a GOTO … AT chose the iteration that is
    about to be drawn.
    """

    first: int
    last: int
    items: tuple[str, ...] | None = None
    drawn: bool = False
    mark: SourceMark | None = None
    item: str | None = None
    lost: bool = False
    aimed: bool = False

    def holds(self, iteration: int) -> bool:
        """Returns whether the loop has an iteration of that number."""
        return min(self.first, self.last) <= iteration <= max(self.first, self.last)

    def after(self, iteration: int) -> int | None:
        """Returns the iteration that follows, None after the last one."""
        following = iteration + (1 if self.first <= self.last else -1)
        return following if self.holds(following) else None

    def cut_to(self, length: int) -> "Frame | None":
        """Returns the loop over a source of `length` items, None if nothing is left of it."""
        if self.first <= self.last:
            last = min(self.last, length)
            return replace(self, last=last) if self.first <= last else None
        first = min(self.first, length)
        return replace(self, first=first) if self.last <= first else None


class Entry(Struct, frozen=True, kw_only=True):
    """Where an iteration begins once its loop is open and its item there: at `substep`, with the unit's
    counter at `retry`. `at` None: in the loop's first iteration."""

    substep: str
    at: int | None = None
    retry: int = 0


class Ending(Struct, frozen=True, kw_only=True):
    """How the run is about to end, or ended. `code` is the engine's own error, "" if there is none."""

    status: Literal["completed", "stopped"]
    message: str = ""
    code: str = ""


class State(Struct, frozen=True, kw_only=True):
    """Where a run is, and what it remembers.

    Place: `step`, `substep`, `iteration` (None where there is none), `frame` of the open loop, `phase`,
    which says what is waited for: `open` a loop's bounds, `draw` an item, `aim` the number of a GOTO … AT,
    `enter` the unit's start, `act` its result, `finish` the run's end, `end` nothing. `by_hand`: the
    step's FOR has an undefined bound.

    Counters: `retry` of the unit, `iteration_retry`, `step_retry`; `circling` is the unit, iteration or
    step that jumps onto itself, `self_jumps` how often it did in a row; `leap` is the one that is jumping.

    Results: `deferred` by the place of the substep, `iterations` by number. `variables` are captured
    values as JSON texts; the names in `lost` hold a value that redaction changed.

    `taken`: the transitions that the event applied last brought about, in order; mostly none or one.
    `in_doubt`: digests of requests that were launched and have not ended. `pause`: why it is paused.
    """

    lifecycle: Lifecycle = "new"
    phase: Phase = "enter"
    prompted: bool = False
    step: str
    substep: str | None = None
    iteration: int | None = None
    frame: Frame | None = None
    by_hand: bool = False
    retry: int = 0
    iteration_retry: int = 0
    step_retry: int = 0
    deferred: Results = Results()
    iterations: Results = Results()
    variables: dict[str, str] = {}
    lost: frozenset[str] = frozenset()
    last_result: Outcome | None = None
    last_action: str = ""
    entry: Entry | None = None
    goto: Goto | None = None
    leap: str | None = None
    circling: str | None = None
    self_jumps: int = 0
    pending: TransitionTaken | None = None
    taken: tuple[TransitionTaken, ...] = ()
    in_doubt: tuple[str, ...] = ()
    pause: str = ""
    ending: Ending | None = None

    @property
    def position(self) -> str:
        """`2`, `2.1`, inside a loop `step.iteration.substep`; named parts as names."""
        return position_text(self.step, self.substep, self.iteration)

    @property
    def around(self) -> str:
        """The position of the iteration, or of the step outside loops."""
        return self.step if self.iteration is None else f"{self.step}.{self.iteration}"

    @property
    def attempt(self) -> int:
        """The how-manyth time the unit is entered in a row, from 1."""
        return self.retry + 1

    @property
    def item(self) -> str | None:
        """The loop's current item as JSON text; None in a range and outside loops."""
        if self.frame is None or self.iteration is None:
            return None
        return self.frame.items[self.iteration - 1] if self.frame.items is not None else self.frame.item
