"""`take_lock`: one writer a run, by a lock that the kernel lets go of however the writer ends.

An open-file-description lock: like flock(2), but it can be asked about without being taken, so that a list of
runs never stands in the way of one that starts. Source: fcntl(2), "Open file description locks".
"""

import fcntl
import os
import struct
from contextlib import suppress
from pathlib import Path

from rundown.errors import RecordError
from rundown.record.problems import describe, record_problem
from rundown.record.regular import open_regular
from rundown.record.rundir import LOCK, RunDirectory

# struct flock: l_type, l_whence, l_start, l_len (0: the whole file), l_pid (0: as F_OFD_* demands).
_FLOCK = struct.Struct("hhqqi0q")
_WHOLE_FILE = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)


def take_lock(rundir: RunDirectory) -> int:
    """Takes the run for this process; returns the descriptor to close in the end.

    Raises:
        RecordError: another process has it, or the file cannot be opened.
    """
    try:
        fd = rundir.open_file(LOCK, os.O_RDWR | os.O_CREAT)
    except OSError as error:
        raise record_problem(
            "log-not-opened", f"cannot open {rundir.path / LOCK}", why=describe(error)
        ) from error
    try:
        fcntl.fcntl(fd, fcntl.F_OFD_SETLK, _WHOLE_FILE)
    except BlockingIOError as error:
        owner = os.pread(fd, 32, 0).decode("ascii", "replace").strip()
        os.close(fd)
        raise record_problem(
            "log-busy",
            f"run {rundir.run_id} is being written by another process" + (f" ({owner})" if owner else ""),
            why="one process at a time may drive a run",
            fix=f"wait for it, or watch it: rundown log {rundir.run_id} --follow",
        ) from error
    except OSError as error:
        os.close(fd)
        raise record_problem(
            "log-not-opened",
            f"cannot lock {rundir.path / LOCK}",
            why=describe(error),
            fix="name another place with --runs-dir DIR",
        ) from error
    with suppress(OSError):  # the id is for messages only; a full disk is no reason to refuse
        os.ftruncate(fd, 0)
        os.pwrite(fd, b"%d\n" % os.getpid(), 0)
    return fd


def holder(rundir: RunDirectory) -> int | None:
    """Returns the process that drives the run, by its own word; None if it left none."""
    with suppress(OSError, ValueError, RecordError):
        return int(rundir.read_file(LOCK)) or None
    return None


def is_locked(path: Path) -> bool:
    """Returns whether a process holds the lock file at `path`."""
    try:
        fd = open_regular(path)
    except OSError:
        return False
    return _is_held(fd)


def is_active(rundir: RunDirectory) -> bool:
    """Returns whether a process is writing the run."""
    try:
        fd = rundir.open_file(LOCK, os.O_RDONLY)
    except OSError:
        return False
    return _is_held(fd)


def _is_held(fd: int) -> bool:
    try:
        answer = fcntl.fcntl(fd, fcntl.F_OFD_GETLK, _WHOLE_FILE)
    except OSError:  # where there are no locks, nobody holds one
        return False
    finally:
        os.close(fd)
    return bool(_FLOCK.unpack(answer)[0] != fcntl.F_UNLCK)
