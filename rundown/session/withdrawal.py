"""Session grants taken back from outside: a wish left in a private file, which the run reads before it
decides.

It can only narrow: no text in the file gives anything. Steps cannot reach it.
"""

import os
from pathlib import Path

import msgspec
from msgspec import Struct

from rundown.model.policy import Grant
from rundown.policy.files import read_private, update_private

FOLDER = "withdrawn"


class Withdrawal(Struct, frozen=True, kw_only=True):
    """What is to be taken back: the grants of one pattern, or all (`pattern` None)."""

    pattern: str | None = None

    def means(self, grant: Grant) -> bool:
        """Whether the grant is one of those."""
        return self.pattern is None or grant.pattern == self.pattern


class Withdrawals(Struct, frozen=True, kw_only=True):
    """The wishes for one run and its children. `state`: rundown's own folder; `run_id`: the outermost run."""

    state: Path
    run_id: str

    def leave(self, wish: Withdrawal) -> None:
        """Leaves a wish for the run.

        Raises: OSError if it cannot be written.
        """
        update_private(self._file, lambda old: msgspec.json.encode((*_decode(old), wish)))

    def collect(self) -> tuple[Withdrawal, ...]:
        """Returns what was left since the last time. What cannot be read takes everything back."""
        if not os.path.lexists(self._file):
            return ()
        found: list[Withdrawal] = []

        def empty(old: bytes | None) -> bytes:
            found.extend(_decode(old))
            return b"[]"

        try:
            if read_private(self._file) != b"[]":
                update_private(self._file, empty)
        except OSError:
            return (Withdrawal(),)
        return tuple(found)

    def close(self) -> None:
        """Removes the file: the session is over."""
        for path in (self._file, self._file.with_name(self._file.name + ".lock")):
            path.unlink(missing_ok=True)

    @property
    def _file(self) -> Path:
        return self.state / FOLDER / f"{self.run_id}.json"


def _decode(content: bytes | None) -> tuple[Withdrawal, ...]:
    if content is None:
        return ()
    try:
        return msgspec.json.decode(content, type=tuple[Withdrawal, ...])
    except msgspec.MsgspecError:
        return (Withdrawal(),)
