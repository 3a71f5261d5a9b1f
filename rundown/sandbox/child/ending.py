"""Finding and ending the other processes of a step, from its init.

In a pid namespace the kernel knows them; without one they are the descendants, which a subreaper keeps.
Source: pid_namespaces(7), prctl(2) PR_SET_CHILD_SUBREAPER, kill(2) for pid -1, proc(5) for stat.
"""

import os
import signal
import time
from contextlib import suppress
from typing import Final

_HUNT_S: Final = 3.0
_PAUSE_S: Final = 0.0005


def processes_to_signal(own_pids: bool) -> list[int]:
    """Returns what to hand to kill(2) so that every other process of the step gets a signal."""
    return [-1] if own_pids else descendants(os.getpid())


def count_others(own_pids: bool) -> int:
    """Returns how many other processes of the step live.

    Where /proc is the host's, it counts in the host's numbers, and `/proc/self` tells ours.
    """
    try:
        own_number = int(os.readlink("/proc/self"))
    except (OSError, ValueError):
        return 0
    if not own_pids or own_number != os.getpid():
        return len(descendants(own_number))
    try:
        return sum(1 for name in os.listdir("/proc") if name.isdigit() and name != "1")
    except OSError:
        return 0


def end_all_others(own_pids: bool) -> None:
    """Kills every other process of the step and waits until none is left.

    Gives up after a while on what may not be killed (a set-user-ID program of an unconfined step).
    """
    deadline = time.monotonic() + _HUNT_S
    while time.monotonic() < deadline:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            for target in processes_to_signal(own_pids):
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(target, signal.SIGKILL)
            time.sleep(_PAUSE_S)


def descendants(ancestor: int) -> list[int]:
    """Returns the living descendants of a process as /proc shows them, children before grandchildren."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            with suppress(OSError), open(f"/proc/{name}/stat", "rb") as file:
                fields = file.read().rpartition(b")")[2].split()
                if fields[0] != b"Z":
                    children.setdefault(int(fields[1]), []).append(int(name))
    found: list[int] = []
    pending = [ancestor]
    while pending:
        next_ones = children.get(pending.pop(0), [])
        found += next_ones
        pending += next_ones
    return found
