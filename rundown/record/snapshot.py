"""`take_snapshot`: what stands in the trees that a step may write, as facts to compare a later one with.

Runs no program and reads no configuration of the tree. Symbolic links are recorded and never followed;
what is no plain file is never opened. A file whose identity (device, inode, size, both times) is that of the
snapshot before is not read again, unless it was changed so recently that its time could not tell.
"""

import hashlib
import os
import stat
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from msgspec import Struct

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_BLOCK_BYTES = 1 << 20
# Times of files are those of the kernel's tick, up to 10 ms apart. Source: ktime_get_coarse_real_ts64.
_TICK_NS = 20_000_000
# Folders that tools keep for themselves: nobody reads diffs of them, and their files are many.
TOOL_FOLDERS = frozenset({".git", "node_modules", ".venv", "venv", "__pycache__", ".cache", ".tox", ".nox"})
_SPECIAL = {stat.S_IFIFO: "fifo", stat.S_IFSOCK: "socket", stat.S_IFCHR: "device", stat.S_IFBLK: "device"}


class Limits(Struct, frozen=True, kw_only=True):
    """How much is looked at. What was there before a run and is beyond `file_bytes`, or `total_bytes` in sum,
    is not digested (`unread:SIZE`); what a step wrote always is. Texts are kept for diffs up to `text_bytes`
    each and `texts_bytes` in sum (before compression)."""

    file_bytes: int = 16 << 20
    total_bytes: int = 512 << 20
    text_bytes: int = 128 << 10
    texts_bytes: int = 32 << 20
    entries: int = 500_000
    depth: int = 128


class Entry(NamedTuple):
    """One name in a tree. `mark`: `sha256:…`, `symlink:TARGET`, `special:KIND` or `unread:SIZE`."""

    identity: tuple[int, int, int, int, int]
    mark: str
    is_recent: bool


class Snapshot(Struct, frozen=True, kw_only=True):
    """Everything below some trees but directories, by absolute path. `texts`: compressed, by mark.

    `skipped`: trees or folders that were not looked at, with the reason.
    """

    entries: dict[str, Entry] = {}
    texts: dict[str, bytes] = {}
    skipped: dict[str, str] = {}

    def text(self, mark: str | None) -> bytes | None:
        """Returns the content behind a mark, if it is a text that was kept."""
        kept = self.texts.get(mark) if mark is not None else None
        return zlib.decompress(kept) if kept is not None else None


def take_snapshot(
    trees: tuple[str, ...], now_ns: int, before: Snapshot | None = None, limits: Limits | None = None
) -> Snapshot:
    """Returns what stands in `trees`: absolute paths of directories or files; one that is not there is empty.

    `now_ns` is the time of the start, in nanoseconds since the epoch. `before`: an older snapshot of the same
    trees, from which what has not changed is taken.
    """
    return _Walk(now_ns, before, limits or Limits()).run(trees)


class _Walk:
    def __init__(self, now_ns: int, before: Snapshot | None, limits: Limits) -> None:
        self._recent_ns = now_ns - _TICK_NS
        self._old = before.entries if before is not None else {}
        self._old_texts = before.texts if before is not None else {}
        self._is_first = before is None
        self._limits = limits
        self._budget = limits.total_bytes
        self._text_budget = limits.texts_bytes
        self._found = Snapshot(entries={}, texts={}, skipped={})
        self._parent = ""

    def run(self, trees: tuple[str, ...]) -> Snapshot:
        for tree in trees:
            parent, name = os.path.split(tree.rstrip("/"))
            self._parent = parent
            try:
                fd = os.open(parent or "/", _FOLDER & ~os.O_NOFOLLOW)
            except OSError as error:
                self._skip(tree, error)
                continue
            try:
                self._look(fd, name, tree.rstrip("/"), 0)
            finally:
                os.close(fd)
        return self._found

    def _look(self, fd: int, name: str, path: str, depth: int) -> None:
        try:
            facts = os.stat(name, dir_fd=fd, follow_symlinks=False)
        except FileNotFoundError:
            return
        except OSError as error:
            self._skip(path, error)
            return
        if stat.S_ISDIR(facts.st_mode):
            self._descend(fd, name, path, depth)
        elif len(self._found.entries) >= self._limits.entries:
            self._found.skipped["…"] = f"more than {self._limits.entries} files"
        else:
            self._record(fd, name, path, facts)

    def _descend(self, fd: int, name: str, path: str, depth: int) -> None:
        if depth >= self._limits.depth:
            self._found.skipped[path] = f"more than {self._limits.depth} folders deep"
            return
        try:
            below = os.open(name, _FOLDER, dir_fd=fd)
        except OSError as error:
            self._skip(path, error)
            return
        try:
            for child in sorted(os.listdir(below)):
                self._look(below, child, f"{path}/{child}", depth + 1)
        finally:
            os.close(below)

    def _record(self, fd: int, name: str, path: str, facts: os.stat_result) -> None:
        identity = (facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns)
        old = self._old.get(path)
        if old is not None and old.identity == identity and not old.is_recent:
            mark = old.mark
        elif stat.S_ISREG(facts.st_mode):
            mark = self._digest(fd, name, path, facts.st_size)
        elif stat.S_ISLNK(facts.st_mode):
            mark = f"symlink:{_target(fd, name)}"
        else:
            mark = f"special:{_SPECIAL.get(stat.S_IFMT(facts.st_mode), 'unknown')}"
        is_recent = max(facts.st_mtime_ns, facts.st_ctime_ns) >= self._recent_ns
        self._found.entries[path] = Entry(identity, mark, is_recent)
        if mark in self._old_texts:
            self._found.texts[mark] = self._old_texts[mark]

    def _digest(self, fd: int, name: str, path: str, size: int) -> str:
        if self._is_first and size > min(self._limits.file_bytes, self._budget):
            return f"unread:{size}"
        self._budget -= size
        digest, content = hashlib.sha256(), b""
        is_small = size <= min(self._limits.text_bytes, self._text_budget)
        keeps = is_small and not TOOL_FOLDERS & set(path[len(self._parent) :].split("/"))
        try:
            for block in _blocks(fd, name):
                digest.update(block)
                content = content + block if keeps else b""
        except OSError:
            return f"unread:{size}"
        mark = f"sha256:{digest.hexdigest()}"
        if keeps and len(content) <= self._limits.text_bytes and b"\0" not in content:
            self._text_budget -= len(content)
            self._found.texts[mark] = zlib.compress(content, 1)
        return mark

    def _skip(self, path: str, error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            self._found.skipped[path] = os.strerror(error.errno or 0)


def _blocks(fd: int, name: str) -> Iterator[bytes]:
    handle = os.open(name, _FILE, dir_fd=fd)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError
        while block := os.read(handle, _BLOCK_BYTES):
            yield block
    finally:
        os.close(handle)


def _target(fd: int, name: str) -> str:
    try:
        return os.readlink(name, dir_fd=fd)
    except OSError:
        return ""
