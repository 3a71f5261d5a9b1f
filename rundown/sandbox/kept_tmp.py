"""`copy_tmp`: a run's private `{tmp}` copied out before it goes, as data.

Files, folders and symbolic links (as links, never followed); no device, fifo or socket, and not what is
rundown's own. Everything belongs to who runs rundown, without set-id bits.
"""

import os
import shutil
import stat
from typing import Final

_KEPT_BITS: Final = 0o777


def copy_tmp(tmp: int, target: str, own: frozenset[str]) -> None:
    """Copies the directory `tmp` (an fd) to `target`, which must not be there or be empty. `own`: names at
    its top that are rundown's.

    Raises: OSError.
    """
    os.makedirs(target, mode=0o700, exist_ok=True)
    if os.listdir(target):
        raise FileExistsError(17, "it is not empty", target)
    for path, folders, files, folder in os.fwalk(".", dir_fd=tmp, follow_symlinks=False):
        if path == ".":
            folders[:] = [name for name in folders if name not in own]
        place = os.path.join(target, path)
        for name in (*folders, *files):
            _copy(folder, name, os.path.join(place, name))


def _copy(folder: int, name: str, target: str) -> None:
    status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    if stat.S_ISDIR(status.st_mode):
        os.mkdir(target, 0o700)
    elif stat.S_ISLNK(status.st_mode):
        os.symlink(os.readlink(name, dir_fd=folder), target)
    elif stat.S_ISREG(status.st_mode):
        source = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
        with open(source, "rb") as reader, open(target, "xb") as writer:
            shutil.copyfileobj(reader, writer)
            os.fchmod(writer.fileno(), stat.S_IMODE(status.st_mode) & _KEPT_BITS | stat.S_IRUSR)
