"""`Lines`: text that grows while it is read, bounded, safe to show. Knows no widget.

What a step prints is filtered first (`rundown.render.output`): colours stay, nothing else that a terminal
would obey. What is beyond the bound is dropped from the front; the record has it all.
"""

import re
import threading
from collections.abc import Iterable
from itertools import pairwise

from rundown.render.escape import visible
from rundown.render.output import OutputFilter
from rundown.session.ports import Stream

MOST_LINES = 200_000
MOST_CHARACTERS = 32 * 1024 * 1024
_LONGEST = 20_000
_SLACK = 0.1
_SGR = re.compile(r"(\x1b\[[0-9;:]*m)")
_ENDS_COLOUR = re.compile(r"\x1b\[0*m\Z")


class Lines:
    """Lines numbered from 0; those below `first` were dropped. One thread writes, others may read."""

    def __init__(self, most_lines: int = MOST_LINES, most_characters: int = MOST_CHARACTERS) -> None:
        self._most = (most_lines, most_characters)
        self._lock = threading.Lock()
        self._lines: list[str] = []
        self._open: dict[Stream, str] = {}
        self._filters: dict[Stream, OutputFilter] = {}
        self._colour: dict[Stream, str] = {}
        self.first = 0
        self.widest = 0
        self.characters = 0
        self.version = 0

    @property
    def end(self) -> int:
        """The number after the last line; an unfinished one counts."""
        with self._lock:
            return self.first + len(self._lines) + sum(1 for text in self._open.values() if text)

    def add(self, texts: Iterable[str]) -> None:
        """Adds whole lines, which are safe to show already."""
        with self._lock:
            self._append([text.expandtabs(8) for text in texts])

    def feed(self, stream: Stream, chunk: bytes) -> None:
        """Adds what a step printed, as it came."""
        output = self._filters.get(stream)
        if output is None:
            output = self._filters[stream] = OutputFilter(color=True)
        text = output.feed(chunk).decode()
        with self._lock:
            self._take(stream, text)

    def close(self) -> None:
        """Ends unfinished lines."""
        with self._lock:
            for stream, output in self._filters.items():
                self._take(stream, output.flush().decode())
            for stream, text in self._open.items():
                self._append([self._shown(stream, text)] if _SGR.sub("", text) else [])
            self._open.clear()
            self._filters.clear()

    def line(self, number: int) -> str:
        """Returns a line, "" for one that is gone or not there yet."""
        with self._lock:
            place = number - self.first
            if 0 <= place < len(self._lines):
                return self._lines[place]
            rest = [stream for stream, text in self._open.items() if text]
            place -= len(self._lines)
            return _safe(self._open[rest[place]]) if 0 <= place < len(rest) else ""

    def last(self, count: int) -> tuple[str, ...]:
        """Returns the last lines that are not empty, without colours, `count` at most."""
        found: list[str] = []
        for number in range(self.end - 1, max(self.first, self.end - 10 * count) - 1, -1):
            text = plain(self.line(number)).rstrip()
            if text and len(found) < count:
                found.append(text)
        return tuple(reversed(found))

    def since(self, number: int) -> tuple[int, list[str]]:
        """Returns the whole lines from `number` on, or from the first that is left, and that one's number."""
        with self._lock:
            start = max(number, self.first)
            return start, self._lines[start - self.first :]

    def find(self, words: str, start: int, *, back: bool = False) -> int | None:
        """Returns the next line that holds `words` in any case, round the end; None if no line does."""
        wanted = words.lower()
        with self._lock:
            lines, first = self._lines, self.first
        count = len(lines)
        if not count or not wanted:
            return None
        origin = min(max(start - first, 0), count - 1)
        step = -1 if back else 1
        for distance in range(count):
            place = (origin + step * distance) % count
            if wanted in plain(lines[place]).lower():
                return first + place
        return None

    def count(self, words: str) -> int:
        """Returns how many lines hold `words` in any case."""
        wanted = words.lower()
        with self._lock:
            lines = self._lines[:]
        return sum(1 for line in lines if wanted in plain(line).lower()) if wanted else 0

    def _take(self, stream: Stream, text: str) -> None:
        if not text:
            return
        *whole, rest = (self._open.get(stream, "") + text).split("\n")
        self._append([self._shown(stream, line) for line in whole])
        self._open[stream] = rest[-_LONGEST:] if len(rest) > 2 * _LONGEST else rest
        self.version += 1

    def _shown(self, stream: Stream, line: str) -> str:
        """A line on its own: what a carriage return overwrote is gone, a colour that began above goes on."""
        line = line.rstrip("\r")
        if "\r" in line:
            line = line[line.rindex("\r") + 1 :]
        if len(line) > _LONGEST:
            line = line[:_LONGEST] + "…"
        carried = self._colour.get(stream, "")
        if "\x1b" in line:
            last = _SGR.findall(line)[-1:]
            self._colour[stream] = "" if not last or _ENDS_COLOUR.match(last[0]) else last[0]
        return carried + _safe(line) if carried else _safe(line)

    def _append(self, lines: list[str]) -> None:
        if not lines:
            return
        self._lines.extend(lines)
        self.characters += sum(map(len, lines))
        self.widest = max(self.widest, max(map(len, lines)))
        self.version += 1
        most_lines, most_characters = self._most
        if len(self._lines) > most_lines * (1 + _SLACK) or self.characters > most_characters * (1 + _SLACK):
            self._drop(most_lines, most_characters)

    def _drop(self, most_lines: int, most_characters: int) -> None:
        count = max(0, len(self._lines) - most_lines)
        size = self.characters - sum(map(len, self._lines[:count]))
        while size > most_characters and count < len(self._lines) - 1:
            size -= len(self._lines[count])
            count += 1
        self._lines = self._lines[count:]
        self.characters = size
        self.first += count


def plain(line: str) -> str:
    """Returns a line without its colours."""
    return _SGR.sub("", line) if "\x1b" in line else line


def matches(line: str, words: str) -> tuple[tuple[int, int], ...]:
    """Returns where `words` stand in a line without colours, in any case: start and end of each."""
    pieces = line.lower().split(words.lower()) if words else []
    ends = [0]
    for piece in pieces[:-1]:
        ends.append(ends[-1] + len(piece) + len(words))
    return tuple((after - len(words), after) for _, after in pairwise(ends))


def _safe(line: str) -> str:
    line = line.expandtabs(8) if "\t" in line else line
    if line.isascii() and line.isprintable():
        return line
    return "".join(part if part.startswith("\x1b") else visible(part) for part in _SGR.split(line))
