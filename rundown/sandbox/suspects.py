"""What a step's own words say the kernel refused it: paths in lines that read like a refusal. Pure.

A guess, for a person to read and never to act on by itself: programs word their errors as they like, and a
step may print what it wants. Source: errno(3) and strerror(3), of glibc, musl, Python, Node and Go.
"""

import re
from collections.abc import Iterator
from typing import Final, Literal

from msgspec import Struct

Kind = Literal["hidden", "write", "any", "across", "privileges", "tracing", "namespaces"]
_PHRASES: Final[tuple[tuple[Kind, str], ...]] = (
    ("write", r"read-only file ?system|\bEROFS\b|\[Errno 30\]|os error 30"),
    ("across", r"(?:invalid )?cross-device link|\bEXDEV\b|\[Errno 18\]|os error 18"),
    (
        "privileges",
        r"no new privileges|must be owned by uid 0 and have the setuid bit|effective uid is not 0",
    ),
    (
        "tracing",
        r"\bptrace\b.*operation not permitted|\bPTRACE_\w+.*operation not permitted"
        r"|perf_event_open|no permission to enable \S+ event",
    ),
    (
        "namespaces",
        r"\b(?:create|creating|to) new namespace|\b(?:unshare|cannot clone)\b.*operation not permitted"
        r"|no usable sandbox",
    ),
    ("any", r"permission denied|operation not permitted|\bEACCES\b|\bEPERM\b|\[Errno 13?\]|os error 13?\b"),
    (
        "hidden",
        r"no such file or directory|\bENOENT\b|\[Errno 2\]|os error 2\b|cannot find|not found|unable to open",
    ),
)

_KINDS: Final = tuple((kind, re.compile(text, re.IGNORECASE)) for kind, text in _PHRASES)
_QUOTED: Final = re.compile(r"'([^']+)'|\"([^\"]+)\"|`([^`']+)[`']|‘([^’]+)’|“([^”]+)”")
_WORD: Final = re.compile(r"[^\s:,;()<>\[\]'\"`‘’“”=]+")
_LONGEST: Final = 4096
_MOST_LINES: Final = 400
_MOST: Final = 40


class Suspect(Struct, frozen=True):
    """A text that may name the path that was refused, and what kind of refusal its line reads like.

    `any`: reading, writing or executing. `hidden`: it does not exist for the step. `across`: a rename or link
    to or from it. `privileges`, `tracing`, `namespaces`: no path at all, but a program that wants to become
    root, to look into others, or to confine something itself. `stressed`: in quotation marks, or right before
    the words of the error.
    """

    text: str
    kind: Kind
    stressed: bool = False


def find_suspects(output: str) -> tuple[Suspect, ...]:
    """Returns each once, those of the last lines first."""
    suspects: dict[Suspect, None] = {}
    for line in reversed(output.splitlines()[-_MOST_LINES:]):
        line = line[:_LONGEST]
        hit = next(((kind, found) for kind, phrase in _KINDS if (found := phrase.search(line))), None)
        if hit is None:
            continue
        kind, words = hit
        if kind in ("privileges", "tracing", "namespaces"):
            suspects[Suspect("", kind)] = None
        else:
            candidates = _candidates(line, words.start())
            suspects.update((Suspect(text, kind, stressed), None) for text, stressed in candidates)
        if len(suspects) >= _MOST:
            break
    return tuple(suspects)[:_MOST]


def _candidates(line: str, place: int) -> Iterator[tuple[str, bool]]:
    """Yields what may be a path, and whether it is stressed; `place`: where the words of the error begin."""
    quoted = [next(group for group in match.groups() if group) for match in _QUOTED.finditer(line)]
    for text in quoted:
        yield text, True
    for match in _WORD.finditer(line):
        word = match[0].rstrip(".")
        if word and not word.isdigit():
            is_last = match.end() <= place and line[match.end() : place].strip(" :") == ""
            yield word, is_last and not quoted
