"""Small private files of rundown's own: read with suspicion, replaced whole, one writer at a time.

Source: rename(2) (atomic replacement), flock(2), fsync(2).
"""

import fcntl
import os
import stat
from collections.abc import Callable
from pathlib import Path

MAX_BYTES = 4 << 20


def read_private(path: Path) -> bytes | None:
    """Returns the content, None if there is none that only this user can have written.

    A symlink, somebody else's file, or one that others may write counts as absent: fail closed.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with open(descriptor, "rb") as file:
        state = os.fstat(descriptor)
        private = stat.S_ISREG(state.st_mode) and state.st_uid == os.getuid() and not state.st_mode & 0o022
        return file.read(MAX_BYTES) if private else None


def update_private(path: Path, change: Callable[[bytes | None], bytes]) -> None:
    """Replaces the file by `change(old content)`, 0600 in a 0700 directory, others kept out meanwhile.

    Raises: OSError if it cannot be written; then the old content is still there.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        replace_file(path, change(read_private(path)), 0o600)
    finally:
        os.close(lock)


def replace_file(path: Path, content: bytes, mode: int) -> None:
    """Replaces the file atomically and durably: either the old or the whole new content is there.

    Raises: OSError if it cannot be written; then the old content is still there.
    """
    fresh = path.with_name(f".{path.name}.{os.urandom(8).hex()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with open(descriptor, "wb") as file:
            os.fchmod(descriptor, mode)
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        os.replace(fresh, path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
