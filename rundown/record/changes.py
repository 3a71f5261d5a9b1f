"""`Watch`: what each step changed in the trees that it may write, as events and as a diff to read."""

import difflib
import hashlib
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from msgspec import Struct

from rundown.model.event import ArtifactStored, ChangesUnseen, FileChanged
from rundown.record.rundir import RunDirectory
from rundown.record.snapshot import TOOL_FOLDERS, Limits, Look, Snapshot
from rundown.record.walk import take_snapshot

_MOST_DIFF_BYTES = 1 << 20
_MOST_EVENTS = 200


class FileChange(Struct, frozen=True, kw_only=True):
    """One path, and what stood there; marks as in `Entry`, None for nothing."""

    path: str
    before: str | None
    after: str | None


class Settled(Struct, frozen=True, kw_only=True):
    """What became of the trees during a step. `diff`: what a person may read of it, None for nothing;
    `unseen`: places in which changes could not be seen."""

    changes: tuple[FileChanged, ...] = ()
    diff: ArtifactStored | None = None
    unseen: tuple[ChangesUnseen, ...] = ()


class Watch:
    """Remembers how the trees stood. `clock` gives nanoseconds since the epoch; `ignored` are paths that are
    left out; a look that is at most `fresh_ns` old stands for the next `begin`.

    Call `begin` right before a step is launched and `settle` when all its processes have ended.
    """

    def __init__(
        self,
        clock: Callable[[], int],
        *,
        ignored: tuple[str, ...] = (),
        fresh_ns: int = 0,
        limits: Limits | None = None,
    ) -> None:
        self._clock = clock
        self._ignored = ignored
        self._fresh_ns = fresh_ns
        self._limits = limits or Limits()
        self._trees: tuple[str, ...] = ()
        self._looked_ns = 0
        self._last = Snapshot()

    def begin(self, trees: Iterable[str]) -> None:
        """Looks at the trees: what others changed since the last step is not put down to this one.

        They are absolute paths of directories or files, which need not exist.
        """
        wanted = _outermost(trees)
        is_fresh = 0 <= self._clock() - self._looked_ns <= self._fresh_ns
        if wanted != self._trees or not is_fresh:
            self._trees = wanted
            self._take(after_step=False)

    def settle(
        self, position: str, attempt: int, rundir: RunDirectory, redact: Callable[[bytes], bytes]
    ) -> Settled:
        """Returns what has changed since `begin`, sorted by path; stores the redacted diff beside the output.

        Raises:
            RecordError: the diff cannot be stored.
        """
        before = self._last
        after = self._take(after_step=True)
        found = compare(before, after)
        diff = b"".join(_bounded(diff_of(change, before, after) for change in found))
        stored = None
        if diff:
            with rundir.open_output(position, attempt, ".diff") as file:
                file.write(redact(diff))
            stored = ArtifactStored(position=position, file=file.name, digest=file.digest, title="changes")
        return Settled(
            changes=tuple(
                FileChanged(
                    position=position,
                    path=change.path,
                    before=change.before,
                    after=change.after,
                    diff=stored.file if stored is not None else "",
                )
                for change in fold(found, self._trees, before, after)
            ),
            diff=stored,
            unseen=tuple(
                ChangesUnseen(position=position, path=path, why=why)
                for path, why in sorted({**before.skipped, **after.skipped}.items())
            ),
        )

    def _take(self, *, after_step: bool) -> Snapshot:
        look = Look(
            trees=self._trees,
            now_ns=self._clock(),
            ignored=self._ignored,
            after_step=after_step,
            limits=self._limits,
        )
        self._last = take_snapshot(look, self._last)
        self._looked_ns = self._clock()
        return self._last


def _outermost(trees: Iterable[str]) -> tuple[str, ...]:
    found: list[str] = []
    for tree in sorted({tree.rstrip("/") or "/" for tree in trees}):
        if not any(tree.startswith(outer.rstrip("/") + "/") for outer in found):
            found.append(tree)
    return tuple(found)


def compare(before: Snapshot, after: Snapshot) -> tuple[FileChange, ...]:
    """Returns the paths whose content, link or kind differs, sorted; without those below what one of the two
    did not look at. Pure."""
    old, new = dict(_differing(before, after)), dict(_differing(after, before))
    unseen = (*before.skipped, *after.skipped)
    return tuple(
        FileChange(path=path, before=old.get(path), after=new.get(path))
        for path in sorted(old.keys() | new.keys())
        if old.get(path) != new.get(path)
        if not any(path == place or path.startswith(f"{place}/") for place in unseen)
    )


def _differing(snapshot: Snapshot, other: Snapshot) -> Iterator[tuple[str, str]]:
    """Yields path and mark of what is not surely the same in the other: folders are compared as a whole."""
    for path, entry in snapshot.lone.items():
        yield path, entry.mark
    for path, folder in snapshot.folders.items():
        if folder is not other.folders.get(path):
            for name, entry in folder.files.items():
                yield f"{path}/{name}", entry.mark


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
    wanted = frozenset(folders.values()) - {""}
    old, new = (_tree_marks(snapshot, wanted, folder_of) for snapshot in (before, after))
    alone = {change.path: change for change in changes if not folders[change.path]}
    for folder in wanted:  # which may have been, or become, something else than a folder
        other = alone.get(folder) or FileChange(path=folder, before=None, after=None)
        alone[folder] = FileChange(
            path=folder, before=old.get(folder, other.before), after=new.get(folder, other.after)
        )
    return tuple(change for _, change in sorted(alone.items()))


def _tree_marks(
    snapshot: Snapshot, folders: frozenset[str], folder_of: Callable[[str], str]
) -> dict[str, str]:
    inside = tuple(f"{folder}/" for folder in folders)
    digests: dict[str, hashlib._Hash] = {}
    for path, mark in sorted(item for item in snapshot.marks() if item[0].startswith(inside)):
        folder = folder_of(path)
        if folder in folders:
            line = f"{path}\0{mark}\n".encode("utf-8", "surrogateescape")
            digests.setdefault(folder, hashlib.sha256()).update(line)
    return {folder: f"tree:sha256:{digest.hexdigest()}" for folder, digest in digests.items()}


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
