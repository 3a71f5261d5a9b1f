"""`open_regular`: a file of a record, opened so that nothing else in its place can hold the reader up.

A run may come from a stranger: where a file belongs there may be a link, a pipe that nobody writes, a device.
All of them are refused, none is waited for.
"""

import os
import stat
from pathlib import Path

_FLAGS = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY


def open_regular(path: str | Path, flags: int = os.O_RDONLY, *, dir_fd: int | None = None) -> int:
    """Returns a descriptor of a regular file; made 0600 with O_CREAT.

    O_NONBLOCK has no effect on a regular file, and opening a pipe does not wait. Source: open(2).

    Raises:
        OSError: as open(2), and where there is anything but a regular file.
    """
    fd = os.open(path, flags | _FLAGS, 0o600, dir_fd=dir_fd)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise OSError(0, "it is no regular file")
    return fd


def read_regular(path: str | Path, *, dir_fd: int | None = None) -> bytes:
    """Returns the content of a regular file.

    Raises:
        OSError: as `open_regular`.
    """
    with os.fdopen(open_regular(path, dir_fd=dir_fd), "rb") as stream:
        return stream.read()
