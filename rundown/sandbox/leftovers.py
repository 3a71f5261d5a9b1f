"""Private directories on disk that go with their run, also if it was killed: a lock says who still lives."""

import fcntl
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def open_locked(prefix: str, folder: Path) -> tuple[str, int]:
    """Makes a directory, 0700; returns it and an fd that holds it as long as it is open.

    Raises: OSError.
    """
    directory = os.path.realpath(tempfile.mkdtemp(prefix=prefix, dir=folder))
    held = os.open(directory, _FOLDER)
    fcntl.flock(held, fcntl.LOCK_EX)
    return directory, held


def sweep_directories(prefix: str, folder: Path) -> None:
    """Removes directories of this user that nobody holds any more. Never raises."""
    with suppress(OSError):
        for name in os.listdir(folder):
            if name.startswith(prefix):
                _remove_if_left(folder / name)


def _remove_if_left(directory: Path) -> None:
    with suppress(OSError):
        held = os.open(directory, _FOLDER)
        try:
            if os.fstat(held).st_uid == os.geteuid():
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(directory, ignore_errors=True)
        finally:
            os.close(held)
