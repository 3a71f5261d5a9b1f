"""Shows nothing of a run while it goes, but for what a person must see to do their part."""

import sys

from rundown.model.event import DecisionMade, Event
from rundown.render.escape import visible
from rundown.session.ports import Stream


class QuietFrontend:
    """What went wrong is told at the end by another. A step that wants the terminal has it."""

    def __init__(self) -> None:
        self._is_interactive = False

    def show(self, event: Event) -> None:
        """Remembers whether a step talks with a person."""
        if isinstance(event.body, DecisionMade) and event.body.frozen is not None:
            self._is_interactive = event.body.frozen.interactive

    def output(self, stream: Stream, chunk: bytes) -> None:
        """Passes on what an interactive step prints."""
        if self._is_interactive:
            sys.stdout.buffer.write(chunk)
            sys.stdout.buffer.flush()

    def present(self, task: str) -> None:
        """Shows what a person is to do."""
        if task:
            sys.stderr.write(visible(task, lines=True) + "\n")
            sys.stderr.flush()
