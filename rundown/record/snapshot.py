"""`take_snapshot`: what stands in the trees that a step may write, as facts to compare a later one with.

Runs no program and reads no configuration of the tree. Symbolic links are recorded and never followed;
what is no plain file is never opened. A file whose identity (device, inode, size, both times) is that of the
snapshot before is not read again, unless it was changed so recently that its time could not tell.

A tree, or a tool's folder in it, that holds too much is given up as a whole and for good, and said to be.
"""

import hashlib
import os
import stat
import zlib
from collections.abc import Iterator
from itertools import islice
from operator import attrgetter
from typing import NamedTuple

from msgspec import Struct

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_BLOCK_BYTES = 1 << 20
# Times of files are those of the kernel's tick, up to 10 ms apart. Source: ktime_get_coarse_real_ts64.
_TICK_NS = 20_000_000
_UNREAD = "unread:"
# Folders that tools keep for themselves: nobody reads diffs of them, and their files are many.
TOOL_FOLDERS = frozenset(
    {".git", "node_modules", ".venv", "venv", "__pycache__", ".tox", ".nox", ".next", ".gradle", ".terraform"}
    | {".cache", ".pytest_cache", ".mypy_cache", ".ruff_cache"}
)
_SPECIAL = {stat.S_IFIFO: "fifo", stat.S_IFSOCK: "socket", stat.S_IFCHR: "device", stat.S_IFBLK: "device"}


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
    """One name in a tree. `mark`: `sha256:…`, `symlink:TARGET`, `special:KIND` or `unread:SIZE`."""

    identity: tuple[int, int, int, int, int]
    mark: str
    is_recent: bool


class Snapshot(Struct, frozen=True, kw_only=True):
    """Everything below some trees but directories, by absolute path. `texts`: compressed, by mark.

    `skipped`: trees or folders that were not looked at, with the reason. `given_up`: those of them that
    hold too much.
    """

    entries: dict[str, Entry] = {}
    texts: dict[str, bytes] = {}
    skipped: dict[str, str] = {}
    given_up: frozenset[str] = frozenset()

    def text(self, mark: str | None) -> bytes | None:
        """Returns the content behind a mark, if it is a text that was kept."""
        kept = self.texts.get(mark) if mark is not None else None
        return zlib.decompress(kept) if kept is not None else None


def take_snapshot(look: Look, before: Snapshot | None = None) -> Snapshot:
    """Returns what stands in the trees. `before`: an older snapshot, from which what has not changed is
    taken."""
    return _Walk(look, before or Snapshot()).run()


class _TooMuchError(Exception):
    """The tree or tool's folder that is being walked holds more than may be looked at."""


class _Walk:
    def __init__(self, look: Look, before: Snapshot) -> None:
        limits = look.limits
        self._look = look
        self._limits = limits
        self._recent_ns = look.now_ns - _TICK_NS
        self._ignored = frozenset(look.ignored)
        self._old = before.entries
        self._budget = limits.written_bytes if look.after_step else limits.total_bytes
        self._room = {False: limits.entries, True: limits.entries}
        self._texts = dict(before.texts)
        self._text_budget = limits.texts_bytes - sum(map(len, self._texts.values()))
        self._entries: dict[str, Entry] = {}
        self._skipped: dict[str, str] = {}
        self._given_up = set(before.given_up)
        self._device = 0

    def run(self) -> Snapshot:
        for tree in self._look.trees:
            self._walk_tree(tree)
        in_use = {entry.mark for entry in self._entries.values()}
        return Snapshot(
            entries=self._entries,
            texts={mark: text for mark, text in self._texts.items() if mark in in_use},
            skipped=self._skipped,
            given_up=frozenset(self._given_up),
        )

    def _walk_tree(self, tree: str) -> None:
        parent, name = os.path.split(tree)
        try:
            fd = os.open(parent or "/", _FOLDER & ~os.O_NOFOLLOW)
        except OSError as error:
            self._skip(tree, error)
            return
        try:
            facts = os.stat(name or ".", dir_fd=fd, follow_symlinks=False)
            self._device = facts.st_dev
            is_tool = name in TOOL_FOLDERS
            if stat.S_ISDIR(facts.st_mode):
                self._bounded(fd, name or ".", tree, 0, is_tool)
            else:
                self._record(fd, name, tree, facts, is_tool)
        except OSError as error:
            self._skip(tree, error)
        finally:
            os.close(fd)

    def _bounded(self, fd: int, name: str, path: str, depth: int, is_tool: bool) -> None:
        """Walks a folder whose files count together: all of them are told, or none."""
        reason = f"it holds more than {self._limits.entries} names"
        if path in self._given_up:
            self._skipped[path] = reason
            return
        outer, self._entries = self._entries, {}
        room = self._room[is_tool]
        try:
            self._descend(fd, name, path, depth, is_tool)
            outer.update(self._entries)
        except _TooMuchError:
            self._room[is_tool] = room
            self._given_up.add(path)
            self._skipped[path] = reason
        finally:
            self._entries = outer

    def _descend(self, fd: int, name: str, path: str, depth: int, is_tool: bool) -> None:
        if depth >= self._limits.depth:
            self._skipped[path] = f"it lies more than {self._limits.depth} folders deep"
            return
        try:
            below = os.open(name, _FOLDER, dir_fd=fd)
        except OSError as error:
            self._skip(path, error)
            return
        try:
            if os.fstat(below).st_dev != self._device:
                self._skipped[path] = "it lies in another file system"
                return
            with os.scandir(below) as listing:
                children = list(islice(listing, self._room[is_tool] + 1))
            self._room[is_tool] -= len(children)
            if self._room[is_tool] < 0:
                raise _TooMuchError
            children.sort(key=attrgetter("name"))
            self._walk_children(below, children, path.rstrip("/"), depth + 1, is_tool)
        except OSError as error:
            self._skip(path, error)
        finally:
            os.close(below)

    def _walk_children(
        self, fd: int, children: list[os.DirEntry[str]], path: str, depth: int, is_tool: bool
    ) -> None:
        old, entries, ignored = self._old, self._entries, self._ignored
        for child in children:
            name = child.name
            place = f"{path}/{name}"
            if place in ignored:
                continue
            if child.is_dir(follow_symlinks=False):
                if not is_tool and name in TOOL_FOLDERS:
                    self._bounded(fd, name, place, depth, True)
                else:
                    self._descend(fd, name, place, depth, is_tool)
                continue
            try:
                facts = child.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            known = old.get(place)
            if known is not None and not known.is_recent and known.identity == _identity(facts):
                entries[place] = known
            else:
                self._record(fd, name, place, facts, is_tool)

    def _record(self, fd: int, name: str, path: str, facts: os.stat_result, is_tool: bool) -> None:
        identity = _identity(facts)
        known = self._old.get(path)
        if known is not None and known.identity == identity and known.mark.startswith(_UNREAD):
            mark = known.mark
        elif stat.S_ISREG(facts.st_mode):
            mark = self._digest(fd, name, facts.st_size, is_tool)
        elif stat.S_ISLNK(facts.st_mode):
            mark = f"symlink:{_target(fd, name)}"
        else:
            mark = f"special:{_SPECIAL.get(stat.S_IFMT(facts.st_mode), 'unknown')}"
        is_recent = max(facts.st_mtime_ns, facts.st_ctime_ns) >= self._recent_ns
        self._entries[path] = Entry(identity, mark, is_recent)

    def _digest(self, fd: int, name: str, size: int, is_tool: bool) -> str:
        is_older = not self._look.after_step
        if size > self._budget or (is_older and (is_tool or size > self._limits.file_bytes)):
            return f"{_UNREAD}{size}"
        self._budget -= size
        digest, content = hashlib.sha256(), b""
        keeps = not is_tool and size <= min(self._limits.text_bytes, self._text_budget)
        try:
            for block in _blocks(fd, name, size):
                digest.update(block)
                content = content + block if keeps else b""
        except OSError:
            return f"{_UNREAD}{size}"
        mark = f"sha256:{digest.hexdigest()}"
        if keeps and mark not in self._texts and b"\0" not in content:
            self._texts[mark] = zlib.compress(content, 1)
            self._text_budget -= len(self._texts[mark])
        return mark

    def _skip(self, path: str, error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            self._skipped[path] = os.strerror(error.errno or 0)


def _identity(facts: os.stat_result) -> tuple[int, int, int, int, int]:
    return (facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns)


def _blocks(fd: int, name: str, size: int) -> Iterator[bytes]:
    handle = os.open(name, _FILE, dir_fd=fd)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError
        while size > 0 and (block := os.read(handle, min(_BLOCK_BYTES, size))):
            yield block
            size -= len(block)
    finally:
        os.close(handle)


def _target(fd: int, name: str) -> str:
    try:
        return os.readlink(name, dir_fd=fd)
    except OSError:
        return ""
