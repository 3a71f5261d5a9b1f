"""`Redactor`: takes secrets out of whatever is stored or shown, as a whole text or as a stream.

Guarantees: no way to cut a stream into pieces changes what comes out; what holds no secret comes out byte
for byte; bytes that are not UTF-8 pass. Refuses nothing; never fails on its input.
"""

from collections.abc import Mapping

from rundown.redact.matcher import Matcher
from rundown.redact.shapes import well_known_shapes
from rundown.redact.spellings import spellings, too_short


class Redactor:
    """What to take out: values by name (a variable's, a secret's, an input's), and well-known tokens.

    `skipped` names values that are too short to be looked for, sorted. Immutable.
    """

    def __init__(self, values: Mapping[str, str]) -> None:
        self.skipped = tuple(sorted(name for name, value in values.items() if too_short(value)))
        wanted = tuple(spelling for name in sorted(values) for spelling in spellings(name, values[name]))
        self._matcher = Matcher(wanted, well_known_shapes())

    def stream(self) -> "RedactionStream":
        """Returns a stream of its own; any number can be used side by side."""
        return RedactionStream(self._matcher)

    def redact_bytes(self, content: bytes) -> bytes:
        """Returns `content` with every secret replaced by `[REDACTED:NAME]`."""
        stream = RedactionStream(self._matcher)
        return stream.feed(content) + stream.flush()

    def redact_text(self, text: str) -> str:
        """Returns `text` with every secret replaced; lone surrogates come through."""
        for errors in ("surrogateescape", "surrogatepass"):
            try:
                content = text.encode("utf-8", errors)
            except UnicodeEncodeError:
                continue
            return self.redact_bytes(content).decode("utf-8", errors)
        raise AssertionError("surrogatepass encodes every text")


class RedactionStream:
    """One stream: `feed` gives back what is settled, `flush` the rest. Holds back only what may be (part of)
    a secret that has not ended."""

    def __init__(self, matcher: Matcher) -> None:
        self._matcher = matcher
        self._held = b""
        self._before: int | None = None

    def feed(self, content: bytes) -> bytes:
        """Takes the next bytes; returns those that are settled, in order."""
        return self._settle(self._held + content, is_end=False)

    def flush(self) -> bytes:
        """Returns what was held back: the stream has ended, so nothing can be added to it."""
        return self._settle(self._held, is_end=True)

    def _settle(self, content: bytes, *, is_end: bool) -> bytes:
        pieces: list[bytes] = []
        settled, covered, names = 0, 0, dict[str, None]()
        region, hold = None, None
        for at in self._matcher.candidates(content):
            if region is not None and at >= covered:
                pieces += [content[settled:region], _mark(names)]
                settled, region, names = covered, None, {}
            before = None if at == covered and covered else content[at - 1] if at else self._before
            sight = self._matcher.look(content, at, before)
            if sight.open and not is_end:
                hold = at
                break
            if sight.end is not None:
                region = at if region is None else region
                if sight.end > covered:
                    names[sight.name] = None
                    covered = sight.end
        if hold is not None and region is not None:
            hold = region
        elif region is not None:
            pieces += [content[settled:region], _mark(names)]
            settled = covered
        stop = len(content) if hold is None else hold
        pieces.append(content[settled:stop])
        self._held = content[stop:]
        if stop:
            self._before = None if stop == covered else content[stop - 1]
        return b"".join(pieces)


def _mark(names: Mapping[str, None]) -> bytes:
    return b"".join(f"[REDACTED:{name}]".encode() for name in names)
