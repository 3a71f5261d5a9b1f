"""What stood in some trees at one time: values, to be compared with those of a later time. Pure."""

import zlib
from collections.abc import Iterator
from typing import NamedTuple

from msgspec import Struct

UNREAD = "unread:"
# Folders that tools keep for themselves: nobody reads diffs of them, and their files are many.
TOOL_FOLDERS = frozenset(
    {".git", "node_modules", ".venv", "venv", "__pycache__", ".tox", ".nox", ".next", ".gradle", ".terraform"}
    | {".cache", ".pytest_cache", ".mypy_cache", ".ruff_cache"}
)


class Limits(Struct, frozen=True, kw_only=True):
    """How much is looked at.

    `entries`: names in all trees together, and once more in all folders of tools. Of what was there before
    a step, files beyond `file_bytes`, or `total_bytes` in sum, and those in folders of tools are not
    digested (`unread:SIZE`); of what differs after it, files beyond `written_bytes` in sum. Texts are kept
    for diffs up to `text_bytes` each and `texts_bytes` in sum (when compressed).
    """

    entries: int = 50_000
    depth: int = 128
    file_bytes: int = 8 << 20
    total_bytes: int = 64 << 20
    written_bytes: int = 4 << 30
    text_bytes: int = 128 << 10
    texts_bytes: int = 32 << 20


class Look(Struct, frozen=True, kw_only=True):
    """What is looked at, and when. `trees`: absolute paths of directories or files; one that is not there is
    empty. `ignored`: paths that are left out with all below them. `now_ns`: the time of the start, since
    the epoch. `after_step`: what differs from the snapshot before is a step's doing."""

    trees: tuple[str, ...]
    now_ns: int
    ignored: tuple[str, ...] = ()
    after_step: bool = False
    limits: Limits = Limits()


class Entry(NamedTuple):
    """One name in a folder that is no folder. `mark`: `sha256:…`, `symlink:TARGET`, `special:KIND` or
    `unread:SIZE`. The time of change cannot be set by a step. Source: utimensat(2)."""

    changed_ns: int
    inode: int
    size: int
    mark: str
    is_recent: bool


class Folder(NamedTuple):
    """One directory: its files by name, the names of folders in it."""

    identity: tuple[int, int, int]
    is_recent: bool
    files: dict[str, Entry]
    folders: tuple[str, ...]


class Snapshot(Struct, frozen=True, kw_only=True):
    """Everything below some trees, by absolute path. `lone`: trees that are no folders. `texts`: compressed,
    by mark. A folder in which nothing has changed is the very one of the snapshot before.

    `skipped`: trees or folders that were not looked at, with the reason. `given_up`: those of them that
    hold too much.
    """

    folders: dict[str, Folder] = {}
    lone: dict[str, Entry] = {}
    texts: dict[str, bytes] = {}
    skipped: dict[str, str] = {}
    given_up: frozenset[str] = frozenset()

    def marks(self) -> Iterator[tuple[str, str]]:
        """Yields path and mark of everything that is no folder, in no order."""
        for path, entry in self.lone.items():
            yield path, entry.mark
        for folder, found in self.folders.items():
            for name, entry in found.files.items():
                yield f"{folder}/{name}", entry.mark

    def text(self, mark: str | None) -> bytes | None:
        """Returns the content behind a mark, if it is a text that was kept."""
        kept = self.texts.get(mark) if mark is not None else None
        return zlib.decompress(kept) if kept is not None else None
