"""Lines out of chunks, with a bound: a peer that never ends its line is no reason to run out of memory."""

from collections.abc import Iterator

from rundown.errors import RundownError
from rundown.model.diagnostic import Diagnostic

MOST_BYTES = 32 << 20
"""An edit of a large file comes as one line; the models' own limits lie well below this."""


class LineTooLongError(RundownError):
    """A line of more than `MOST_BYTES`."""


class Lines:
    """Collects chunks; blank lines are dropped, a last one without its end is not delivered."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._rest: list[bytes] = []
        self._held = 0

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Yields every line that is whole by now, without its end.

        Raises:
            LineTooLongError: what is held grows beyond the bound.
        """
        *whole, rest = chunk.split(b"\n")
        for piece in whole:
            line = b"".join((*self._rest, piece)).strip()
            self._rest, self._held = [], 0
            if line:
                yield line
        self._rest.append(rest)
        self._held += len(rest)
        if self._held > self._most_bytes:
            message = f"a line of more than {self._most_bytes >> 20} MiB"
            raise LineTooLongError(Diagnostic(code="agents/line-too-long", message=message))
