"""`Track`: a spelling, made ready to be followed through bytes that may go on."""

from collections.abc import Iterator

from msgspec import Struct

from rundown.redact.spellings import Element, Spelling

PREFIX_BYTES = 8
_MOST_PREFIXES = 512
_TELLING_BYTES = 3
_LONGEST_INDENT = 16
_INDENT = frozenset(b" \t+->|")
_INDENT_BYTES = tuple(bytes([byte]) for byte in sorted(_INDENT))
_LINE_ENDS = (b"\n", b"\r\n")


class Sight(Struct, frozen=True, kw_only=True):
    """What was seen at a position. `end` None: nothing. `open`: more bytes could make it (more than) that."""

    name: str = ""
    end: int | None = None
    open: bool = False


class Step:
    """An element, its texts sorted by their first byte."""

    __slots__ = ("before", "by_first")

    def __init__(self, element: Element) -> None:
        self.before = element.before
        self.by_first: dict[int, tuple[bytes, ...]] = {}
        for text in element.texts:
            self.by_first[text[0]] = (*self.by_first.get(text[0], ()), text)


class Track(Struct, frozen=True, kw_only=True):
    """The steps of one spelling of the value of `name`."""

    name: str
    steps: tuple[Step, ...]

    def follow(self, content: bytes, at: int) -> Sight:
        """Returns whether the spelling stands at `at`, all ways through it followed side by side."""
        places, is_open = [at], False
        for step in self.steps:
            reached: list[int] = []
            for place in places:
                for begin in _begins(step.before, content, place) if step.before else (place,):
                    if begin == len(content):
                        is_open = True
                        continue
                    for text in step.by_first.get(content[begin], ()):
                        if content.startswith(text, begin):
                            reached.append(begin + len(text))
                        elif begin + len(text) > len(content) and text.startswith(content[begin:]):
                            is_open = True
            if not reached:
                return Sight(open=is_open)
            places = reached if len(reached) == 1 else list(set(reached))
        return Sight(name=self.name, end=max(places), open=is_open)


def make_tracks(spellings: tuple[Spelling, ...]) -> tuple[tuple[Track, frozenset[bytes]], ...]:
    """Returns the tracks, each with the short texts with one of which it always begins."""
    steps: dict[Element, Step] = {}
    for spelling in spellings:
        for element in spelling.elements:
            if element not in steps:
                steps[element] = Step(element)
    return tuple(
        (
            Track(name=spelling.name, steps=tuple(steps[element] for element in spelling.elements)),
            _prefixes(spelling.elements),
        )
        for spelling in spellings
    )


def _begins(before: str, content: bytes, at: int) -> Iterator[int]:
    """Yields where an element may begin if what is in front of it ends at `at`."""
    yield at
    if before == "break":
        if content[at : at + 1] == b"\r":
            at += 1
            if at == len(content):
                yield at
        if content[at : at + 1] != b"\n":
            return
        at += 1
        yield at
    for place in range(at, min(at + _LONGEST_INDENT, len(content))):
        if content[place] not in _INDENT:
            return
        yield place + 1


def _prefixes(elements: tuple[Element, ...]) -> frozenset[bytes]:
    """Only the usual way to write a value is followed for the whole length; what leaves it ends there."""
    growing, done = {b""}, set[bytes]()
    for element in elements:
        ended, grown = set[bytes](), set[bytes]()
        for prefix in growing:
            gaps, cut = _gaps(element.before, prefix)
            ended |= {prefix + gap for gap in cut}
            for gap in gaps:
                for text in element.texts:
                    usual = text is element.texts[0] or len(text) == 1
                    word = prefix + gap + text
                    (grown if usual and len(word) < PREFIX_BYTES else ended).add(word)
        if growing != {b""} and len(done) + len(ended) + len(grown) > _MOST_PREFIXES:
            break
        done |= {word[:PREFIX_BYTES] for word in ended}
        growing = grown
        if not growing:
            break
    return frozenset(done | growing - {b""})


def _gaps(before: str, prefix: bytes) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """What may stand between `prefix` and an element: gaps to follow further, and gaps to leave it at."""
    if before == "break" and len(prefix) < _TELLING_BYTES:
        return (b"", *_LINE_ENDS), tuple(end + indent for end in _LINE_ENDS for indent in _INDENT_BYTES)
    if before == "break":
        return (b"",), (b"\n", b"\r")
    return (b"",), _INDENT_BYTES if before else ()
