"""What failed last in a run, and the end of what it printed: for an agent that is to do better."""

from collections.abc import Callable, Iterable

from rundown.errors import RundownError
from rundown.model.event import Event, ProcessEnded, StepFinished

_TAIL_BYTES = 8 * 1024


class Failures:
    """One a run."""

    def __init__(self) -> None:
        self._last: tuple[str, str] | None = None

    def note(self, body: StepFinished, printed: bytes) -> None:
        """Remembers a failure, and forgets it when a unit passes. `printed` is redacted."""
        if body.result == "pass":
            self._last = None
            return
        text = printed[-_TAIL_BYTES:].decode("utf-8", "replace")
        note = f"\n({body.note})" if body.note else ""
        self._last = (body.position, text.rstrip() + note)

    def recall(self, events: Iterable[Event], read_output: Callable[[str], bytes]) -> None:
        """Remembers from the record of a run that goes on; output that is gone is left out."""
        ended: ProcessEnded | None = None
        last: tuple[StepFinished, ProcessEnded | None] | None = None
        for event in events:
            if isinstance(event.body, ProcessEnded):
                ended = event.body
            elif isinstance(event.body, StepFinished):
                last, ended = (event.body, ended), None
        if last is not None:
            self.note(last[0], _stored(last[1], read_output))

    def tail(self) -> str:
        """Returns the end of the last failure, with the step it was; "" without one."""
        return "" if self._last is None else f"[step {self._last[0]}]\n{self._last[1]}".strip()


def _stored(ended: ProcessEnded | None, read_output: Callable[[str], bytes]) -> bytes:
    try:
        return read_output(ended.output) if ended is not None and ended.output else b""
    except (OSError, RundownError):
        return b""
