"""Data sources of FOR loops: lists, and `file:` JSON, JSONL and plain lines below the project root.

A file is opened once, read item by item, and watched: if it changed between two items the loop stops.
Refuses files outside the root (symbolic links resolved), lines over 16 MiB, arrays over 256 MiB.
"""

import hashlib
import json
import os
import stat
from collections.abc import Iterator, Mapping
from typing import BinaryIO

from msgspec import Struct

from rundown.engine.effects import DrawItem, OpenLoop
from rundown.model.event import EffectFailed, ItemDrawn, LoopOpened, SourceEnded, SourceMark

_MOST_ITEMS = 10_000
_LINE_BYTES = 16 * 1024 * 1024
_ARRAY_BYTES = 256 * 1024 * 1024
_MARK_BYTES = 64 * 1024
_KINDS = (".json", ".jsonl", ".txt")


class SourceFile(Struct, frozen=True, kw_only=True):
    """A `file:` source: `path` below the root as written, `real` where it leads."""

    path: str
    real: str


class _SourceError(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Sources:
    """The sources of one run. `root` is the project root's real path."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._readers: dict[str, _Reader] = {}

    def file_of(self, effect: OpenLoop, values: Mapping[str, object]) -> SourceFile | None:
        """Returns the file that opening this loop would read, or None if it reads none."""
        value = values.get(effect.source or "")
        if not isinstance(value, str) or not value.startswith("file:"):
            return None
        return self.file_at(value.removeprefix("file:"))

    def file_at(self, path: str) -> SourceFile:
        """Returns the file that a path below the root names now."""
        return SourceFile(path=path, real=os.path.realpath(os.path.join(self._root, path)))

    def is_open(self, path: str) -> bool:
        """Whether this process reads that file already."""
        return path in self._readers

    def open(
        self, effect: OpenLoop, values: Mapping[str, object], position: str
    ) -> LoopOpened | EffectFailed:
        """Returns the loop's bounds and items; call only after the file was allowed."""
        try:
            return self._open(effect, values)
        except _SourceError as failure:
            return EffectFailed(position=position, code=failure.code, message=str(failure))

    def draw(
        self, effect: DrawItem, mark: SourceMark | None, position: str
    ) -> ItemDrawn | SourceEnded | EffectFailed:
        """Returns item `effect.iteration` of the file that `mark` names, unless it changed since then."""
        try:
            if mark is None:
                raise _SourceError("source-drift", "the loop's file was never opened")
            reader = self._readers.get(mark.path)
            if reader is None:
                reader = self._readers[mark.path] = _Reader(self._root, self.file_at(mark.path))
            if reader.mark() != mark:
                raise _SourceError("source-drift", f"{mark.path} changed while the loop was going")
            item = reader.item(effect.iteration)
        except _SourceError as failure:
            return EffectFailed(position=position, code=failure.code, message=str(failure))
        if item is None:
            return SourceEnded(step=effect.step, length=reader.length)
        return ItemDrawn(step=effect.step, iteration=effect.iteration, value=item)

    def _open(self, effect: OpenLoop, values: Mapping[str, object]) -> LoopOpened:
        first, last = 1, _MOST_ITEMS
        if effect.bounds is not None:
            start, stop = _bound(effect.bounds.start, values), _bound(effect.bounds.stop, values)
            if start is None or stop is None:
                return LoopOpened(step=effect.step)
            first, last = start, stop
        if effect.source is None:
            return LoopOpened(step=effect.step, first=first, last=last)
        if effect.source not in values:
            raise _SourceError("undefined-variable", f"the loop's source `{effect.source}` has no value")
        value = values[effect.source]
        if isinstance(value, list):
            items = tuple(json.dumps(item) for item in value[:_MOST_ITEMS])
            return LoopOpened(step=effect.step, first=first, last=last, items=items)
        source = self.file_of(effect, values)
        if source is None:
            kind = {str: "text", bool: "true or false", dict: "an object", type(None): "null"}
            found = kind.get(type(value), f"a number (a range is written `1 TO {{{{{effect.source}}}}}`)")
            raise _SourceError(
                "type-mismatch", f"`{effect.source}` is {found}; a loop needs a list, or `file:PATH`"
            )
        reader = self._readers[source.path] = _Reader(self._root, source)
        return LoopOpened(step=effect.step, first=first, last=last, mark=reader.mark())


class _Reader:
    """One open file. `length`: items seen up to the end, once it was reached."""

    def __init__(self, root: str, source: SourceFile) -> None:
        path = self._path = source.path
        self._full_path = os.path.join(root, path)
        if not path.endswith(_KINDS):
            raise _SourceError(
                "type-mismatch", f"`file:{path}` is no source: it must be a .json, .jsonl or .txt file"
            )
        self._stream = _open_below(root, source)
        self._items: Iterator[str] = iter(())
        self._next = 0
        self.length = 0

    def mark(self) -> SourceMark:
        """Returns what the file looks like now."""
        try:
            found = os.stat(self._full_path)
        except OSError as error:
            raise _SourceError("source-drift", f"{self._path} is gone: {error.strerror}") from error
        head = os.pread(self._stream.fileno(), _MARK_BYTES, 0)
        return SourceMark(
            path=self._path,
            size_bytes=found.st_size,
            mtime_us=found.st_mtime_ns // 1000,
            digest="sha256:" + hashlib.sha256(head).hexdigest(),
        )

    def item(self, number: int) -> str | None:
        """Returns item `number` (from 1) as JSON text; None after the last one."""
        if self._next == 0 or number < self._next:
            self._stream.seek(0)
            self._items = self._read()
            self._next = 1
        found: str | None = None
        while self._next <= number:
            found = next(self._items, None)
            if found is None:
                self.length = self._next - 1
                return None
            self._next += 1
        return found

    def _read(self) -> Iterator[str]:
        if self._path.endswith(".json"):
            yield from self._array()
            return
        number = 0
        while line := self._stream.readline(_LINE_BYTES + 1):
            number += 1
            if len(line) > _LINE_BYTES:
                raise _SourceError("parse-failure", f"{self._path}:{number}: the line is longer than 16 MiB")
            yield from self._line(line, number)

    def _line(self, line: bytes, number: int) -> Iterator[str]:
        try:
            text = line.decode("utf-8").rstrip("\r\n")
            if text.strip():
                yield json.dumps(text if self._path.endswith(".txt") else json.loads(text))
        except (ValueError, RecursionError) as error:
            raise _SourceError("parse-failure", f"{self._path}:{number}: {error}") from error

    def _array(self) -> Iterator[str]:
        content = self._stream.read(_ARRAY_BYTES + 1)
        if len(content) > _ARRAY_BYTES:
            raise _SourceError("parse-failure", f"{self._path} is larger than 256 MiB: write it as .jsonl")
        try:
            value = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise _SourceError("parse-failure", f"{self._path}: {error}") from error
        if not isinstance(value, list):
            raise _SourceError("parse-failure", f"{self._path} does not hold a JSON array")
        return iter([json.dumps(item) for item in value])


def _bound(value: int | str, values: Mapping[str, object]) -> int | None:
    if isinstance(value, int):
        return value
    if value not in values:
        return None
    found = values[value]
    text = str(found) if isinstance(found, int | str) and not isinstance(found, bool) else ""
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= _MOST_ITEMS:
        raise _SourceError("type-mismatch", f"the loop's bound `{value}` is no whole number from 1 to 10000")
    return int(text)


def _open_below(root: str, source: SourceFile) -> BinaryIO:
    """Opens first and asks the kernel what was opened, so that no swap between check and open matters."""
    path = source.path
    try:
        fd = os.open(os.path.join(root, path), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise _SourceError("parse-failure", f"{path}: {reason}") from error
    real = os.readlink(f"/proc/self/fd/{fd}")
    problem = ""
    if not real.startswith(root.rstrip("/") + "/"):
        problem = f"{path} leads out of the project"
    elif real != source.real:
        problem = f"{path} is not the file any more that may be read"
    elif not stat.S_ISREG(os.fstat(fd).st_mode):
        problem = f"{path} is no regular file"
    if problem:
        os.close(fd)
        raise _SourceError("policy-violation", problem)
    return os.fdopen(fd, "rb")
