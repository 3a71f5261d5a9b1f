"""`take_lock`: one writer a run, by flock(2): the kernel lets go of it however the writer ends."""

import fcntl
import os
import time

from rundown.record.problems import describe, record_problem
from rundown.record.rundir import LOCK, RunDirectory

_TRIES, _PAUSE_S = 10, 0.01


def take_lock(rundir: RunDirectory) -> int:
    """Takes the run for this process; returns the descriptor to close in the end.

    Who only asks whether a run is active holds the lock for a moment, so it is tried a few times.

    Raises:
        RecordError: another process has it, or the file cannot be opened.
    """
    try:
        fd = rundir.open_file(LOCK, os.O_RDWR | os.O_CREAT)
    except OSError as error:
        raise record_problem(
            "log-not-opened", f"cannot open {rundir.path / LOCK}", why=describe(error)
        ) from error
    for _ in range(_TRIES):
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_PAUSE_S)
        else:
            os.ftruncate(fd, 0)
            os.pwrite(fd, b"%d\n" % os.getpid(), 0)
            return fd
    owner = os.pread(fd, 32, 0).decode("ascii", "replace").strip()
    os.close(fd)
    raise record_problem(
        "log-busy",
        f"run {rundir.run_id} is being written by another process" + (f" ({owner})" if owner else ""),
        why="one process at a time may drive a run",
        fix=f"wait for it, or watch it: rundown log {rundir.run_id} --follow",
    )


def is_active(rundir: RunDirectory) -> bool:
    """Returns whether a process is writing the run."""
    try:
        fd = rundir.open_file(LOCK, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False
