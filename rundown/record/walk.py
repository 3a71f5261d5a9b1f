"""`take_snapshot`: what stands in the trees that a step may write, as facts to compare a later one with.

Runs no program and reads no configuration of the tree. Symbolic links are recorded and never followed;
what is no plain file is never opened. A file whose identity (inode, size, time of change) is that of the
snapshot before is not read again, a folder with its own not listed again, unless they were changed so
recently that their time could not tell.

A tree, or a tool's folder in it, that holds too much is given up as a whole and for good, and said to be.
"""

import hashlib
import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from operator import attrgetter

from msgspec.structs import replace

from rundown.record.snapshot import TOOL_FOLDERS, UNREAD, Entry, Folder, Look, Snapshot

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_BLOCK_BYTES = 1 << 20
# Times of files are those of the kernel's tick, up to 10 ms apart. Source: ktime_get_coarse_real_ts64.
_TICK_NS = 20_000_000
_SPECIAL = {stat.S_IFIFO: "fifo", stat.S_IFSOCK: "socket", stat.S_IFCHR: "device", stat.S_IFBLK: "device"}


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
        self._before = before
        self._budget = limits.written_bytes if look.after_step else limits.total_bytes
        self._room = {False: limits.entries, True: limits.entries}
        self._texts = dict(before.texts)
        self._text_budget = limits.texts_bytes - sum(map(len, self._texts.values()))
        self._folders: dict[str, Folder] = {}
        self._lone: dict[str, Entry] = {}
        self._skipped: dict[str, str] = {}
        self._given_up = set(before.given_up)
        self._device = 0
        self._top = 0

    def run(self) -> Snapshot:
        for tree in self._look.trees:
            self._walk_tree(tree)
        found = Snapshot(
            folders=self._folders,
            lone=self._lone,
            texts=self._texts,
            skipped=self._skipped,
            given_up=frozenset(self._given_up),
        )
        if self._text_budget < self._limits.texts_bytes // 4:
            in_use = {mark for _, mark in found.marks()}
            kept = {mark: text for mark, text in self._texts.items() if mark in in_use}
            found = replace(found, texts=kept)
        return found

    def _walk_tree(self, tree: str) -> None:
        parent, name = os.path.split(tree)
        try:
            fd = os.open(parent or "/", _FOLDER & ~os.O_NOFOLLOW)
        except OSError as error:
            self._skip(tree, error)
            return
        try:
            facts = os.stat(name or ".", dir_fd=fd, follow_symlinks=False)
            self._device, self._top = facts.st_dev, tree.count("/")
            is_tool = name in TOOL_FOLDERS
            if stat.S_ISDIR(facts.st_mode):
                self._bounded(fd, name or ".", tree.rstrip("/"), is_tool)
            else:
                self._lone[tree] = self._entry(fd, name, facts, self._before.lone.get(tree), is_tool)
        except OSError as error:
            self._skip(tree, error)
        finally:
            os.close(fd)

    def _bounded(self, fd: int, name: str, path: str, is_tool: bool) -> None:
        """Walks a folder whose names count together: all of them are told, or none."""
        reason = f"it holds more than {self._limits.entries} names"
        if path in self._given_up:
            self._skipped[path] = reason
            return
        outer, self._folders = self._folders, {}
        room = self._room[is_tool]
        try:
            self._descend(fd, name, path, is_tool)
            outer.update(self._folders)
        except _TooMuchError:
            self._room[is_tool] = room
            self._given_up.add(path)
            self._skipped[path] = reason
        finally:
            self._folders = outer

    def _descend(self, fd: int, name: str, path: str, is_tool: bool) -> None:
        if path.count("/") >= self._top + self._limits.depth:
            self._skipped[path] = f"it lies more than {self._limits.depth} folders deep"
            return
        try:
            below = os.open(name, _FOLDER, dir_fd=fd)
        except OSError as error:
            self._skip(path, error)
            return
        try:
            facts = os.fstat(below)
            if facts.st_dev != self._device:
                self._skipped[path] = "it lies in another file system"
                return
            folder = self._folder(below, path, facts, is_tool)
            self._folders[path] = folder
            for child in folder.folders:
                place = f"{path}/{child}"
                if place in self._ignored:
                    continue
                if not is_tool and child in TOOL_FOLDERS:
                    self._bounded(below, child, place, True)
                else:
                    self._descend(below, child, place, is_tool)
        except OSError as error:
            self._folders.pop(path, None)
            self._skip(path, error)
        finally:
            os.close(below)

    def _folder(self, fd: int, path: str, facts: os.stat_result, is_tool: bool) -> Folder:
        known = self._before.folders.get(path)
        identity = (facts.st_ino, facts.st_mtime_ns, facts.st_ctime_ns)
        if known is not None and known.identity == identity and not known.is_recent:
            self._count(len(known.files) + len(known.folders), is_tool)
            with suppress(FileNotFoundError):
                changed = self._changed(fd, known, is_tool)
                return known._replace(files={**known.files, **changed}) if changed else known
        files, folders = self._list(fd, path, known.files if known is not None else {}, is_tool)
        is_recent = max(identity[1:]) >= self._recent_ns
        return Folder(identity, is_recent, files, folders)

    def _changed(self, fd: int, folder: Folder, is_tool: bool) -> dict[str, Entry]:
        """The files of a folder, which has the names it had, that are not what they were."""
        found, look = {}, os.stat
        for name, entry in folder.files.items():
            facts = look(name, dir_fd=fd, follow_symlinks=False)
            changed_ns, inode, size, _, is_recent = entry
            if facts.st_ctime_ns != changed_ns or facts.st_ino != inode or facts.st_size != size or is_recent:
                found[name] = self._entry(fd, name, facts, entry, is_tool)
        return found

    def _list(
        self, fd: int, path: str, known: dict[str, Entry], is_tool: bool
    ) -> tuple[dict[str, Entry], tuple[str, ...]]:
        with os.scandir(fd) as listing:
            children = list(islice(listing, self._room[is_tool] + 1))
        self._count(len(children), is_tool)
        files, folders = {}, []
        for child in sorted(children, key=attrgetter("name")):
            name = child.name
            if child.is_dir(follow_symlinks=False):
                folders.append(name)
            elif f"{path}/{name}" not in self._ignored:
                with suppress(FileNotFoundError):
                    facts = child.stat(follow_symlinks=False)
                    files[name] = self._entry(fd, name, facts, known.get(name), is_tool)
        return files, tuple(folders)

    def _count(self, names: int, is_tool: bool) -> None:
        self._room[is_tool] -= names
        if self._room[is_tool] < 0:
            raise _TooMuchError

    def _entry(self, fd: int, name: str, facts: os.stat_result, known: Entry | None, is_tool: bool) -> Entry:
        identity = (facts.st_ctime_ns, facts.st_ino, facts.st_size)
        is_same = known is not None and known[:3] == identity
        if known is not None and is_same and (not known.is_recent or known.mark.startswith(UNREAD)):
            mark = known.mark
        elif stat.S_ISREG(facts.st_mode):
            mark = self._digest(fd, name, facts.st_size, is_tool)
        elif stat.S_ISLNK(facts.st_mode):
            mark = f"symlink:{_target(fd, name)}"
        else:
            mark = f"special:{_SPECIAL.get(stat.S_IFMT(facts.st_mode), 'unknown')}"
        is_recent = max(facts.st_mtime_ns, facts.st_ctime_ns) >= self._recent_ns
        return Entry(*identity, mark, is_recent)

    def _digest(self, fd: int, name: str, size: int, is_tool: bool) -> str:
        is_older = not self._look.after_step
        if size > self._budget or (is_older and (is_tool or size > self._limits.file_bytes)):
            return f"{UNREAD}{size}"
        self._budget -= size
        digest, content = hashlib.sha256(), b""
        keeps = not is_tool and size <= min(self._limits.text_bytes, self._text_budget)
        try:
            for block in _blocks(fd, name, size):
                digest.update(block)
                content = content + block if keeps else b""
        except OSError:
            return f"{UNREAD}{size}"
        mark = f"sha256:{digest.hexdigest()}"
        if keeps and mark not in self._texts and b"\0" not in content:
            self._texts[mark] = zlib.compress(content, 1)
            self._text_budget -= len(self._texts[mark])
        return mark

    def _skip(self, path: str, error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            self._skipped[path] = os.strerror(error.errno or 0)


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
