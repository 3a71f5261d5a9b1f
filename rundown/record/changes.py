"""`Watch`: what each step changed in the trees that it may write, as events and as a diff to read."""

import difflib
import hashlib
from collections.abc import Callable, Iterator
from functools import partial

from msgspec import Struct

from rundown.model.event import FileChanged
from rundown.record.rundir import RunDirectory
from rundown.record.snapshot import TOOL_FOLDERS, Limits, Snapshot, take_snapshot

_MOST_DIFF_BYTES = 1 << 20
_MOST_EVENTS = 200


class FileChange(Struct, frozen=True, kw_only=True):
    """One path, and what stood there; marks as in `Entry`, None for nothing."""

    path: str
    before: str | None
    after: str | None


class Watch:
    """Remembers how the trees stood. `clock` gives nanoseconds since the epoch.

    Call `begin` right before a step is launched and `settle` when all its processes have ended.
    """

    def __init__(
        self, trees: tuple[str, ...], clock: Callable[[], int], limits: Limits | None = None
    ) -> None:
        self._trees = tuple(tree.rstrip("/") for tree in trees)
        self._clock = clock
        self._limits = limits
        self._last: Snapshot | None = None

    @property
    def skipped(self) -> dict[str, str]:
        """What was not looked at, and why."""
        return self._last.skipped if self._last is not None else {}

    def begin(self) -> None:
        """Looks at the trees: what others changed since the last step is not put down to this one."""
        self._last = take_snapshot(self._trees, self._clock(), self._last, self._limits)

    def settle(
        self, position: str, attempt: int, rundir: RunDirectory, redact: Callable[[bytes], bytes]
    ) -> tuple[FileChanged, ...]:
        """Returns what has changed since `begin`, sorted by path; stores the redacted diff beside the output.

        Raises:
            RecordError: the diff cannot be stored.
        """
        before = self._last or Snapshot()
        self.begin()
        after = self._last or Snapshot()
        found = compare(before, after)
        diff = b"".join(_bounded(diff_of(change, before, after) for change in found))
        name = ""
        if diff:
            with rundir.open_output(position, attempt, ".diff") as file:
                file.write(redact(diff))
                name = file.name
        return tuple(
            FileChanged(
                position=position,
                path=change.path,
                before=change.before,
                after=change.after,
                diff=name,
            )
            for change in fold(found, self._trees, before, after)
        )


def compare(before: Snapshot, after: Snapshot) -> tuple[FileChange, ...]:
    """Returns the paths whose content, link or kind differs, sorted. Pure."""
    paths = before.entries.keys() | after.entries.keys()
    changes = (
        FileChange(path=path, before=_mark(before, path), after=_mark(after, path)) for path in sorted(paths)
    )
    return tuple(change for change in changes if change.before != change.after)


def fold(
    changes: tuple[FileChange, ...], trees: tuple[str, ...], before: Snapshot, after: Snapshot
) -> tuple[FileChange, ...]:
    """Returns the changes with those below a tool's own folder as one change of that folder; and where there
    are still too many, those below each folder of a tree as one. Pure.

    The marks of a folder are `tree:sha256:…`, over the sorted paths and marks of all that is below it.
    """
    folded = _group(changes, partial(_tool_folder, trees), before, after)
    for depth in (1, 0):
        if len(folded) > _MOST_EVENTS:
            folded = _group(folded, partial(_top_folder, trees, depth), before, after)
    return folded


def _group(
    changes: tuple[FileChange, ...], folder_of: Callable[[str], str], before: Snapshot, after: Snapshot
) -> tuple[FileChange, ...]:
    folders = {change.path: folder_of(change.path) for change in changes}
    alone = tuple(change for change in changes if not folders[change.path])
    together = (
        FileChange(path=folder, before=_tree_mark(before, folder), after=_tree_mark(after, folder))
        for folder in set(folders.values()) - {""}
    )
    return tuple(sorted((*alone, *together), key=lambda change: change.path))


def _tool_folder(trees: tuple[str, ...], path: str) -> str:
    parent, _, name = _tree_of(trees, path).rpartition("/")
    below = path[len(parent) + 1 :].split("/")[:-1]
    at = next((at for at, part in enumerate(below) if part in TOOL_FOLDERS), None)
    return "/".join((parent, *below[: at + 1])) if name and at is not None else ""


def _top_folder(trees: tuple[str, ...], depth: int, path: str) -> str:
    tree = _tree_of(trees, path)
    below = path[len(tree) + 1 :].split("/")[:-1]
    return "/".join((tree, *below[:depth])) if tree and len(below) >= depth else ""


def _tree_of(trees: tuple[str, ...], path: str) -> str:
    return next((tree for tree in trees if path.startswith(tree + "/")), "")


def _tree_mark(snapshot: Snapshot, folder: str) -> str | None:
    below = sorted(
        (path, entry.mark) for path, entry in snapshot.entries.items() if path.startswith(folder + "/")
    )
    digest = hashlib.sha256()
    for path, mark in below:
        digest.update(f"{path}\0{mark}\n".encode("utf-8", "surrogateescape"))
    return f"tree:sha256:{digest.hexdigest()}" if below else None


def diff_of(change: FileChange, before: Snapshot, after: Snapshot) -> bytes:
    """Returns a unified diff of a change, or one line about it where a side is no kept text. Pure."""
    old, new = before.text(change.before), after.text(change.after)
    name = _visible(change.path)
    if (old is None and change.before is not None) or (new is None and change.after is not None):
        return f"{name}: {_describe(change.before)} -> {_describe(change.after)}\n".encode()
    lines = difflib.diff_bytes(
        difflib.unified_diff,
        (old or b"").splitlines(keepends=True),
        (new or b"").splitlines(keepends=True),
        (f"a{name}" if change.before is not None else "/dev/null").encode(),
        (f"b{name}" if change.after is not None else "/dev/null").encode(),
    )
    text = b"".join(
        line if line.endswith(b"\n") else line + b"\n\\ No newline at end of file\n" for line in lines
    )
    return text or f"{name}: {_describe(change.before)} -> {_describe(change.after)}\n".encode()


def _mark(snapshot: Snapshot, path: str) -> str | None:
    entry = snapshot.entries.get(path)
    return entry.mark if entry is not None else None


def _describe(mark: str | None) -> str:
    if mark is None:
        return "nothing"
    return mark[:19] + "…" if mark.startswith("sha256:") else _visible(mark)


def _visible(text: str) -> str:
    plain = text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(part if part.isprintable() else f"\\x{ord(part):02x}" for part in plain)


def _bounded(diffs: Iterator[bytes]) -> Iterator[bytes]:
    room, left_out = _MOST_DIFF_BYTES, 0
    for diff in diffs:
        if len(diff) > room:
            left_out += 1
            continue
        room -= len(diff)
        yield diff
    if left_out:
        yield f"… {left_out} more files changed\n".encode()
