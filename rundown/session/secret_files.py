"""Secrets that a step reads from files: one a name, 0400, in a directory that only this step sees."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from rundown.session.private_files import open_private

INSIDE = "/run/secrets"
"""Where a step in a mount namespace finds them, as in a container."""


class SecretFiles(Struct, frozen=True, kw_only=True):
    """An open directory for one attempt."""

    directory: Path
    names: tuple[str, ...]

    def variables(self, shown: str) -> dict[str, str]:
        """Returns the variables that tell a step its files; `shown` is the directory as the step sees it."""
        return {name: f"{shown}/{name}" for name in self.names}


@contextmanager
def open_secret_files(folder: Path, values: Mapping[str, str]) -> Iterator[SecretFiles | None]:
    """Writes each value to a file below `folder`; removes all on leaving. Gives None where there is nothing.

    Raises:
        OSError: they cannot be made.
    """
    if not values:
        yield None
        return
    with open_private(folder, "secrets") as directory:
        for name, value in values.items():
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            with os.fdopen(os.open(directory / name, flags, 0o400), "wb") as stream:
                stream.write(os.fsencode(value))
        yield SecretFiles(directory=directory, names=tuple(values))
