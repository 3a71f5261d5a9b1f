"""`OutputCap`: passes a step's output on, and keeps head and tail of what is too long.

The first three quarters of the cap go through at once; what follows is held back, and its last quarter
comes at the end, behind a line that says how much is missing. Counts bytes of both streams together.
Never blocks the step and never ends it.
"""

from collections import deque
from collections.abc import Callable
from typing import Literal

Stream = Literal["stdout", "stderr"]
Sink = Callable[[Stream, bytes], None]


class OutputCap:
    """Between a step's streams and a sink. `limit_bytes` None: nothing is cut."""

    def __init__(self, sink: Sink, limit_bytes: int | None) -> None:
        self.seen_bytes = 0
        self.cut_bytes = 0
        self._sink = sink
        self._head_left = None if limit_bytes is None else limit_bytes - limit_bytes // 4
        self._tail_limit = 0 if limit_bytes is None else limit_bytes // 4
        self._tail: deque[tuple[Stream, bytes]] = deque()
        self._tail_bytes = 0

    def feed(self, stream: Stream, chunk: bytes) -> None:
        """Takes the next bytes of a stream."""
        self.seen_bytes += len(chunk)
        if self._head_left is None:
            self._sink(stream, chunk)
            return
        head, rest = chunk[: self._head_left], chunk[self._head_left :]
        if head:
            self._head_left -= len(head)
            self._sink(stream, head)
        if rest:
            self._hold(stream, rest)

    def finish(self) -> None:
        """Delivers what was held back."""
        if self.cut_bytes:
            self._sink(
                self._tail[0][0] if self._tail else "stdout",
                f"\n[{self.cut_bytes} bytes left out]\n".encode(),
            )
        for stream, chunk in self._tail:
            self._sink(stream, chunk)
        self._tail.clear()

    def _hold(self, stream: Stream, chunk: bytes) -> None:
        self._tail.append((stream, chunk))
        self._tail_bytes += len(chunk)
        while self._tail_bytes > self._tail_limit:
            oldest_stream, oldest = self._tail.popleft()
            excess = min(len(oldest), self._tail_bytes - self._tail_limit)
            self._tail_bytes -= excess
            self.cut_bytes += excess
            if excess < len(oldest):
                self._tail.appendleft((oldest_stream, oldest[excess:]))
