"""Where the steps of a run lie on a line of time from which its pauses are taken out. Pure."""

from collections.abc import Iterable

from msgspec import Struct

from rundown.model.event import Event, RunResumed
from rundown.record.times import elapsed_ns
from rundown.render.duration import render_duration
from rundown.render.report import Bar

_STEPS_NS = tuple(
    factor * unit
    for unit in (1_000_000, 1_000_000_000, 60_000_000_000, 3_600_000_000_000)
    for factor in (1, 2, 5, 10, 15, 20, 30, 50, 100, 200, 500)
)
_MOST_TICKS = 6


class Line(Struct, frozen=True, kw_only=True):
    """The run's own time. `pauses`: when each began and ended, as nanoseconds after the first event."""

    start: str
    pauses: tuple[tuple[int, int], ...]
    length_ns: int

    def at_ns(self, moment: str) -> int:
        """Returns how much of the run's own time had gone at that moment."""
        since = elapsed_ns(self.start, moment)
        return since - sum(min(end, since) - begin for begin, end in self.pauses if begin < since)

    def percent(self, own_ns: int) -> float:
        """Returns where that is on the line, 0 to 100."""
        return round(100 * own_ns / self.length_ns, 3) if self.length_ns else 0.0

    def bar(self, begin: str, end: str) -> Bar:
        """Returns the place of what went on from `begin` to `end`."""
        left = self.percent(self.at_ns(begin))
        return Bar(left=left, width=round(self.percent(self.at_ns(end)) - left, 3))

    def ticks(self) -> tuple[tuple[float, str], ...]:
        """Returns a few round times with their places."""
        size = next((size for size in _STEPS_NS if self.length_ns <= size * _MOST_TICKS), None)
        if size is None or not self.length_ns:
            return ((0.0, "0"),)
        marks = range(0, self.length_ns + 1, size)
        return tuple((self.percent(mark), render_duration(mark) if mark else "0") for mark in marks)

    def breaks(self) -> tuple[tuple[float, str], ...]:
        """Returns where the run was paused, and for how long."""
        found, gone = [], 0
        for begin, end in self.pauses:
            where = begin - gone
            gone += end - begin
            text = f"Paused for {render_duration(end - begin)} after {render_duration(where)}"
            found.append((self.percent(where), text))
        return tuple(found)


def draw_line(events: Iterable[Event]) -> Line:
    """Returns the line of a run's time. What lies between an event and the resume after it is a pause, also
    if the process died there."""
    told = tuple(events)
    if not told:
        return Line(start="", pauses=(), length_ns=0)
    start = told[0].at
    pauses: list[tuple[int, int]] = []
    before = told[0]
    for event in told:
        if isinstance(event.body, RunResumed):
            begin, end = elapsed_ns(start, before.at), elapsed_ns(start, event.at)
            if end > begin:
                pauses.append((begin, end))
        before = event
    total = elapsed_ns(start, told[-1].at) - sum(end - begin for begin, end in pauses)
    return Line(start=start, pauses=tuple(pauses), length_ns=max(0, total))
