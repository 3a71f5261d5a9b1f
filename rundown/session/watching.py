"""What the steps of one run change, as facts: joins the record's watch to what policy lets a step write.

What is private to a run or kept for tools is not watched: `{tmp}` goes with the run, and what lies in
`{cache}` may be fetched again at any time.
"""

from collections.abc import Callable, Iterator

from rundown.model.event import Body
from rundown.model.policy import Envelope
from rundown.record.changes import Watch
from rundown.record.rundir import RunDirectory


class StepWatch:
    """One a run. `watch` remembers how the trees stood, for all runs of a family; `unwatched`: trees that are
    left out; `redact` takes secrets out of what is stored."""

    def __init__(
        self,
        watch: Watch,
        directory: RunDirectory,
        redact: Callable[[bytes], bytes],
        unwatched: frozenset[str],
    ) -> None:
        self._watch = watch
        self._directory = directory
        self._redact = redact
        self._unwatched = unwatched
        self._told: set[str] = set()

    def begin(self, envelope: Envelope) -> None:
        """Looks at what a step may write, right before it is launched."""
        trees = (pattern.removesuffix("/**") for pattern in envelope.write_allow)
        self._watch.begin(tree for tree in trees if tree not in self._unwatched)

    def settle(self, position: str, attempt: int) -> Iterator[Body]:
        """Yields what has changed since; that something could not be looked at is said once a run.

        Raises:
            RecordError: the diff cannot be stored.
        """
        settled = self._watch.settle(position, attempt, self._directory, self._redact)
        yield from settled.changes
        if settled.diff is not None:
            yield settled.diff
        for item in settled.unseen:
            if item.path not in self._told:
                self._told.add(item.path)
                yield item
