"""Which runs of a list a person means. Pure."""

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

from msgspec import Struct

from rundown.record.listing import RunEntry


class Chosen(Struct, frozen=True, kw_only=True):
    """What must be true of a run; what is empty says nothing. `states`: its state, or why it is paused.
    `runbook`: a part of the runbook's name, or a pattern of the whole of it. `since`, `before`: of its start,
    UTC in RFC 3339."""

    states: tuple[str, ...] = ()
    runbook: str = ""
    since: str = ""
    before: str = ""
    parts: bool = True

    def among(self, entries: Iterable[RunEntry]) -> Iterator[RunEntry]:
        """Yields those that are meant, in their order; with `parts` those that stand in for units too."""
        return (entry for entry in entries if self._fits(entry))

    def _fits(self, entry: RunEntry) -> bool:
        return (
            (not self.states or bool({entry.state, entry.reason} & set(self.states)))
            and (self.runbook in entry.runbook_file or fnmatchcase(entry.runbook_file, self.runbook))
            and (not self.since or entry.started_at >= self.since)
            and (not self.before or entry.started_at < self.before)
            and (self.parts or entry.parent_run is None)
        )
