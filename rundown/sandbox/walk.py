"""One walk of the opened trees for the denies inside them, remembered between steps by each
directory's ctime, which a step cannot set back as it can an mtime.

Follows no symlink. A directory that cannot be read counts as denied whole. Names may hold any bytes
(surrogate escapes). What lies below a match is not looked at: it is hidden with it.
"""

import os
import stat
import time
from collections.abc import Callable, Iterable
from typing import Final, Literal

from msgspec import Struct

from rundown.sandbox.patterns import Matcher, Verdict

SOCKET: Final = Verdict("hide", "a socket that a program on the host listens on")
_SETTLED_NS: Final = 100_000_000
_UNREADABLE: Final = Verdict("hide", "a directory that cannot be read")
_NOT_WALKED: Final = frozenset({"/proc", "/sys", "/dev"})


Inode = tuple[int, int]


class Hit(Struct, frozen=True):
    """A path that a rule is about."""

    path: str
    kind: Literal["dir", "file"]
    verdict: Verdict


class _Directory(Struct, frozen=True):
    """What one directory held: names of directories to walk, and the hits among its entries."""

    ctime_ns: int
    identity: Inode
    below: tuple[str, ...]
    hits: tuple[Hit, ...]


class WalkMemory:
    """Directories as last seen, for one set of rules; give the same one to the next survey of the run."""

    def __init__(self) -> None:
        self._seen: dict[str, _Directory] = {}
        self._rules: object = None
        self._matcher: Matcher | None = None

    def matcher(self, rules: object, compile_rules: Callable[[], Matcher]) -> Matcher:
        """Returns the rules compiled; forgets everything if they are others than last time."""
        if self._matcher is None or rules != self._rules:
            self._seen.clear()
            self._rules = rules
            self._matcher = compile_rules()
        return self._matcher

    def recall(self, path: str, ctime_ns: int, identity: Inode) -> _Directory | None:
        """Returns what the directory held, if it has not changed."""
        known = self._seen.get(path)
        return known if known and (known.ctime_ns, known.identity) == (ctime_ns, identity) else None

    def keep(self, path: str, found: _Directory) -> None:
        """Remembers it, unless a change within the clock's grain could go unseen."""
        if time.time_ns() - found.ctime_ns > _SETTLED_NS:
            self._seen[path] = found


def find_hits(top: str, matcher: Matcher, memory: WalkMemory, *, links: bool = False) -> list[Hit]:
    """Returns the hits below `top` (not `top` itself), in walk order; nothing below a hidden one.

    `links`: symbolic links of such a name count too (always the same for one memory).
    """
    hits: list[Hit] = []
    pending = [top]
    while pending:
        path = pending.pop()
        try:
            found = _look(path, matcher, memory, links)
        except OSError as error:
            if path != top and not isinstance(error, FileNotFoundError):
                hits.append(Hit(path, "dir", _UNREADABLE))
            continue
        hits += found.hits
        prefix = path.removesuffix("/") + "/"
        pending += [below for name in found.below if (below := prefix + name) not in _NOT_WALKED]
    return hits


def _look(path: str, matcher: Matcher, memory: WalkMemory, links: bool) -> _Directory:
    status = os.stat(path, follow_symlinks=False)
    identity = (status.st_dev, status.st_ino)
    known = memory.recall(path, status.st_ctime_ns, identity)
    if known is not None:
        return known
    below: list[str] = []
    hits: list[Hit] = []
    prefix = path.removesuffix("/") + "/"
    may_match = matcher.name_may_match
    with os.scandir(path) as entries:
        for entry in entries:
            name = entry.name
            directory = entry.is_dir(follow_symlinks=False)
            if may_match(name) and (links or not entry.is_symlink()):
                verdict = matcher.find(prefix + name)
                if verdict is not None:
                    hits.append(Hit(prefix + name, "dir" if directory else "file", verdict))
                    if verdict.action == "hide":
                        continue
            if directory:
                below.append(name)
            elif not entry.is_file(follow_symlinks=False) and _is_socket(entry):
                hits.append(Hit(prefix + name, "file", SOCKET))
    found = _Directory(status.st_ctime_ns, identity, tuple(below), tuple(hits))
    memory.keep(path, found)
    return found


def _is_socket(entry: "os.DirEntry[str]") -> bool:
    """Neither a read-only mount nor Landlock stops connect(2) to a socket in an opened tree."""
    return not entry.is_symlink() and stat.S_ISSOCK(entry.stat(follow_symlinks=False).st_mode)


def find_linked(hits: Iterable[Hit]) -> frozenset[Inode]:
    """Returns device and inode of every hit, or file below one, that has further names."""
    found: set[Inode] = set()
    pending = [hit.path for hit in hits]
    while pending:
        path = pending.pop()
        try:
            status = os.lstat(path)
            if stat.S_ISDIR(status.st_mode):
                pending += [path + "/" + name for name in os.listdir(path)]
            elif status.st_nlink > 1:
                found.add((status.st_dev, status.st_ino))
        except OSError:
            continue
    return frozenset(found)


def find_names_of(inodes: frozenset[Inode], tops: Iterable[str], known: frozenset[str]) -> list[str]:
    """Returns names of these files below `tops`, without those in `known` and what lies below them."""
    numbers = {inode for _, inode in inodes}
    names: list[str] = []
    pending = list(tops)
    while pending:
        path = pending.pop()
        prefix = path.removesuffix("/") + "/"
        try:
            with os.scandir(path) as entries:
                for entry in entries:
                    other = prefix + entry.name
                    if other in known or other in _NOT_WALKED:
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(other)
                    elif entry.inode() in numbers and _identity(other) in inodes:
                        names.append(other)
        except OSError:
            continue
    return names


def _identity(path: str) -> Inode | None:
    try:
        status = os.lstat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino
