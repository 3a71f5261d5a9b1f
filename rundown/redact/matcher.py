"""`Matcher`: finds spellings of values and token shapes in bytes that may go on.

Candidates are found by one regular expression over the first bytes of everything that is looked for; only
there is looked closer. So plain text costs one pass of the expression, whatever the number of secrets.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Protocol

from rundown.redact.spellings import Spelling
from rundown.redact.tracks import PREFIX_BYTES, Sight, Track, make_tracks


class Shape(Protocol):
    """Something that is found by its form. `prefix`: a literal that it always begins with."""

    @property
    def prefix(self) -> bytes: ...

    def look(self, content: bytes, at: int, before: int | None) -> Sight: ...


class Matcher:
    """Knows everything that is looked for. Immutable; one serves any number of streams."""

    def __init__(self, spellings: tuple[Spelling, ...], shapes: tuple[Shape, ...]) -> None:
        self._tracks: dict[bytes, list[Track]] = {}
        self._shapes: dict[bytes, list[Shape]] = {}
        for track, beginnings in make_tracks(spellings):
            for prefix in beginnings:
                self._tracks.setdefault(prefix, []).append(track)
        for shape in shapes:
            self._shapes.setdefault(shape.prefix[:PREFIX_BYTES], []).append(shape)
        prefixes = {*self._tracks, *self._shapes}
        self._sizes = sorted({len(prefix) for prefix in prefixes})
        self._partial = frozenset(prefix[:size] for prefix in prefixes for size in range(1, len(prefix)))
        self._start = re.compile(_trie_pattern(prefixes))

    def candidates(self, content: bytes) -> Iterator[int]:
        """Yields positions at which something may begin, in order; every one at which something does, or
        does so far, is among them."""
        tail = max(0, len(content) - PREFIX_BYTES + 1)
        ends = [at for at in range(tail, len(content)) if content[at:] in self._partial]
        found = self._start.search(content)
        while found:
            at = found.start()
            while ends and ends[0] <= at:
                end = ends.pop(0)
                if end < at:
                    yield end
            yield at
            found = self._start.search(content, at + 1)
        yield from ends

    def look(self, content: bytes, at: int, before: int | None) -> Sight:
        """Returns the longest thing at a position. `before`: the byte in front of it, None at the start."""
        best = Sight()
        is_open = at + PREFIX_BYTES > len(content) and content[at:] in self._partial
        for size in self._sizes:
            for sight in self._sights(content[at : at + size], content, at, before):
                is_open = is_open or sight.open
                if sight.end is not None and (best.end is None or sight.end > best.end):
                    best = sight
        return Sight(name=best.name, end=best.end, open=is_open)

    def _sights(self, head: bytes, content: bytes, at: int, before: int | None) -> Iterator[Sight]:
        for track in self._tracks.get(head, ()):
            yield track.follow(content, at)
        for shape in self._shapes.get(head, ()):
            yield shape.look(content, at, before)


_Tree = dict[int, "_Tree | None"]


def _trie_pattern(words: Iterable[bytes]) -> bytes:
    tree: _Tree = {}
    for word in sorted(words, key=len):
        node = tree
        for byte in word[:-1]:
            below = node.setdefault(byte, {})
            if below is None:
                break
            node = below
        else:
            node[word[-1]] = None
    return _branches(tree)


def _branches(tree: _Tree) -> bytes:
    leaves = b"".join(re.escape(bytes([byte])) for byte, below in sorted(tree.items()) if below is None)
    parts = [re.escape(bytes([byte])) + _branches(below) for byte, below in tree.items() if below is not None]
    if leaves:
        parts.append(b"[" + leaves + b"]")
    return parts[0] if len(parts) == 1 else b"(?:" + b"|".join(parts) + b")"
