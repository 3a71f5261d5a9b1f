"""The memory of running processes, read from outside: what is in it cannot hide from root."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

_LARGEST = 1 << 28
_PIECE = 1 << 24


def confined_below(pid: int) -> list[int]:
    """Returns the processes that `pid` started, however far down, which are in another PID namespace."""
    parents = dict(_parents())
    own = os.stat(f"/proc/{pid}/ns/pid").st_ino
    return [
        number for number in parents if _descends(number, pid, parents) and _space(number) not in (own, 0)
    ]


def name_of(pid: int) -> str:
    """Returns the command line of a process, "" if it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def is_in_memory(pid: int, wanted: bytes) -> bool:
    """Whether any readable page, or the environment, of the process holds these bytes; not if it is gone."""
    try:
        with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
            areas = [re.match(r"([0-9a-f]+)-([0-9a-f]+) r", line) for line in maps]
            return any(
                _holds(memory.fileno(), int(area[1], 16), int(area[2], 16), wanted) for area in areas if area
            )
    except (FileNotFoundError, ProcessLookupError):  # an agent looks for its tools while it is looked at
        return False


def _holds(memory: int, start: int, end: int, wanted: bytes) -> bool:
    kept = b""
    for place in range(start, min(end, start + _LARGEST), _PIECE):
        try:
            piece = os.pread(memory, min(_PIECE, end - place), place)
        except (OSError, OverflowError):  # pages that nothing backs, [vvar], [vsyscall]
            return False
        if wanted in kept + piece:
            return True
        kept = piece[-len(wanted) :]
    return False


def _parents() -> Iterator[tuple[int, int]]:
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            text = Path(f"/proc/{name}/stat").read_text()
        except OSError:
            continue
        yield int(name), int(text.rpartition(")")[2].split()[1])


def _descends(pid: int, from_: int, parents: dict[int, int]) -> bool:
    while pid in parents and pid != from_:
        pid = parents[pid]
    return pid == from_


def _space(pid: int) -> int:
    try:
        return os.stat(f"/proc/{pid}/ns/pid").st_ino
    except OSError:
        return 0
