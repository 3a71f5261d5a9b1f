"""Late matches: what a step created although a write deny, or a protection, is about its name.

A deny can be put on what exists; a name that comes later is found at step end, moved out of the way and
reported. The kernel has no way to refuse a name that does not exist yet.
"""

import os
import shutil
import stat

from msgspec import Struct

from rundown.model.policy import Envelope
from rundown.sandbox.patterns import Matcher, escape, is_below
from rundown.sandbox.settings import ViewSettings
from rundown.sandbox.walk import SOCKET, WalkMemory, find_hits


class Denied(Struct, frozen=True, order=True):
    """A denied name that is there. `mark` tells a symbolic link from another of that name, "" for none."""

    path: str
    mark: str = ""


class DeniedNames:
    """Looks for denied names in writable trees; one for all steps of a run, so that a look after the first
    reads only directories that changed."""

    def __init__(self) -> None:
        self._memory = WalkMemory()

    def look(self, envelope: Envelope, settings: ViewSettings) -> frozenset[Denied]:
        """Returns what is there now. A path that an allow names itself is not denied."""
        tops = _writable(envelope, settings)
        rules = (envelope.write_deny, envelope.protect)
        matcher = self._memory.matcher(
            rules, lambda: Matcher((), envelope.write_deny, tuple(map(_as_pattern, envelope.protect)))
        )
        named = frozenset(envelope.write_allow)
        records = os.path.join(settings.root, ".rundown", "runs")  # no step sees them
        found = {
            path
            for path, _ in matcher.literals
            if os.path.lexists(path) and any(is_below(top, path) and top != path for top in tops)
        }
        for top in tops:
            hits = find_hits(top, matcher, self._memory, links=True)
            found.update(
                hit.path for hit in hits if hit.verdict != SOCKET and not is_below(records, hit.path)
            )
        return frozenset(Denied(path, _mark(path)) for path in found - named)


def find_late(before: frozenset[Denied], after: frozenset[Denied]) -> tuple[str, ...]:
    """Returns the paths that came since, sorted, none below another.

    What lies below a directory that was denied before cannot be the step's: that was read-only. Nor is
    anything a fault that nothing would ever run: samples of hooks, which every `git init` makes.
    """
    known = {item.path for item in before}
    late: list[str] = []
    for item in sorted(after - before):
        above = _ancestors(item.path)
        if not (above & known or above & set(late)) and not _holds_samples_only(item.path):
            late.append(item.path)
    return tuple(late)


def quarantine(path: str, directory: str) -> str:
    """Moves `path` into `directory` (made, 0700); returns where it is now.

    Raises: OSError.
    """
    os.makedirs(directory, mode=0o700, exist_ok=True)
    target = os.path.join(directory, f"{len(os.listdir(directory)):04d}-{os.path.basename(path)}")
    shutil.move(path, target)
    return target


def _as_pattern(text: str) -> str:
    return escape(text) if os.path.lexists(text) else text


def _writable(envelope: Envelope, settings: ViewSettings) -> tuple[str, ...]:
    """Returns the topmost writable directories, without those that are the run's own or kept for tools."""
    tops: list[str] = []
    left_out = {settings.tmp, "/tmp", "/var/tmp"}
    for path in sorted(pattern.removesuffix("/**") or "/" for pattern in envelope.write_allow):
        cached = bool(settings.cache) and is_below(settings.cache, path)
        if path in left_out or cached or any(is_below(top, path) for top in tops):
            continue
        if os.path.isdir(path) and os.path.realpath(path) == path:
            tops.append(path)
    return tuple(tops)


def _mark(path: str) -> str:
    try:
        status = os.lstat(path)
    except OSError:
        return ""
    return f"link {status.st_ino}" if stat.S_ISLNK(status.st_mode) else ""


def _ancestors(path: str) -> set[str]:
    found = set()
    while (path := os.path.dirname(path)) != "/":
        found.add(path)
    return found


def _holds_samples_only(path: str) -> bool:
    """Whether it is git's folder of hooks and nothing in it would run."""
    if os.path.basename(path) != "hooks" or os.path.islink(path):
        return False
    try:
        with os.scandir(path) as entries:
            return all(
                entry.name.endswith(".sample") and entry.is_file(follow_symlinks=False) for entry in entries
            )
    except OSError:
        return False
