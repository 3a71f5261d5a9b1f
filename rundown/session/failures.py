"""What failed last in a run, and the end of what it printed: for an agent that is to do better."""

from rundown.model.event import StepFinished

_TAIL_BYTES = 8 * 1024


class Failures:
    """One a run, in memory: an agent's first attempt after a resume is told nothing of it."""

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

    def tail(self) -> str:
        """Returns the end of the last failure, with the step it was; "" without one."""
        return "" if self._last is None else f"[step {self._last[0]}]\n{self._last[1]}".strip()
