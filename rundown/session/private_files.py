"""Directories for the files of one running step: private, removed with it, and swept if it was killed.

Each is held by a lock while its step runs, so that what nobody holds any more is known to be left behind,
whichever process, container or boot it came from.
"""

import fcntl
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_OURS = re.compile(r"(?:outputs|secrets|agent)-[A-Za-z0-9_]+\Z")


@contextmanager
def open_private(folder: Path, kind: str) -> Iterator[Path]:
    """Makes a fresh directory below `folder`, 0700; removes it with all that is in it on leaving.

    Raises:
        OSError: it cannot be made.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    directory, fd = _make(folder, kind)
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)
        os.close(fd)


def sweep(folder: Path) -> int:
    """Removes the directories of steps whose process is gone; returns how many they were."""
    found = 0
    with suppress(OSError):
        for entry in os.scandir(folder):
            if _OURS.match(entry.name) and entry.is_dir(follow_symlinks=False):
                found += _remove_if_left(folder / entry.name)
    return found


def _make(folder: Path, kind: str) -> tuple[Path, int]:
    while True:
        directory = Path(os.path.realpath(tempfile.mkdtemp(prefix=f"{kind}-", dir=folder)))
        with suppress(FileNotFoundError):  # somebody swept between the two
            fd = os.open(directory, _FOLDER)
            fcntl.flock(fd, fcntl.LOCK_EX)
            if directory.exists():
                return directory, fd
            os.close(fd)


def _remove_if_left(directory: Path) -> bool:
    try:
        fd = os.open(directory, _FOLDER)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(directory, ignore_errors=True)
    except OSError:
        return False
    finally:
        os.close(fd)
    return not directory.exists()


def memory_folder(places: Iterable[Path], uid: int, otherwise: Path) -> Path:
    """Returns where private files lie that no disk should see: the first of `places` that is, or can be
    made, a directory private to `uid`; else `otherwise`."""
    for place in places:
        with suppress(OSError):
            with suppress(FileExistsError):
                place.mkdir(mode=0o700)
            facts = place.lstat()
            if stat.S_ISDIR(facts.st_mode) and facts.st_uid == uid and not facts.st_mode & 0o077:
                return place
    return otherwise
