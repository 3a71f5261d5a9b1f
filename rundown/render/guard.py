"""Keeps text from speaking to a CI runner that reads it: commands and section marks in it become plain text.

A runner reads what its job prints, and obeys some of it: GitHub a line that begins with `::name …::` and
`##[name]` anywhere, Azure `##vso[name]`, TeamCity `##teamcity[name]`, GitLab `section_start:` marks. Such a
mark gets a blank into it, so that it is still legible and means nothing; a carriage return becomes a line
end, as runners read it. All dialects are treated alike, whichever runner it is.
Source: actions/runner (ActionCommand: leading blanks are skipped, `##[` is looked for anywhere; .NET's
StreamReader.ReadLine ends a line at CR as well, and its culture-sensitive searches skip characters that
have no weight), GitLab's documentation on collapsible sections, Azure Pipelines' logging commands,
TeamCity's service messages.
"""

import codecs
import re
from typing import Literal

Stream = Literal["stdout", "stderr"]

# Characters without weight in a comparison, but for ESC. Source: UTS #10, completely ignorable elements.
_NOTHING = (
    "[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff0-\ufffb\U000e0000-\U000e0fff]"
)
_GAP = rf"(?:{_NOTHING}|\x1b)*+"
# An atomic group: a possessive repeat of a look-ahead takes what it should not in CPython 3.11.
_BLANKS = rf"(?>(?:\x1b\[[0-9;:]*m|[^\S\n]|{_NOTHING}|\x1b(?!\[|\Z))*)"
_BLANK = re.compile(_BLANKS)
_LEAD = re.compile(rf"(?m)^({_BLANKS}:)({_GAP}:)")
_HASH = re.compile(rf"(#{_GAP}#)(?={_GAP}(?:[A-Za-z]{_GAP}){{0,16}}\[)")
_SECTION = re.compile(r"(section_)(?=(?:start|end):)")
_LEAD_BEGUN = re.compile(rf"{_BLANKS}(?P<begun>(?::{_GAP}|\x1b(?:\[[0-9;:]*+)?)\Z)")
_BEGUN = re.compile(
    rf"#{_GAP}(?:#{_GAP}(?:[A-Za-z]{_GAP}){{0,16}})?\Z"
    r"|s(?:e(?:c(?:t(?:i(?:o(?:n(?:_(?:s(?:t(?:a(?:rt?)?)?)?|e(?:nd?)?)?)?)?)?)?)?)?)?\Z"
)
_MOST_HELD = 64


class RunnerGuard:
    """Feed bytes as they come; a mark that is split between two writes is still seen. Bytes that are no UTF-8
    pass unharmed.

    Standard output and standard error are guarded together: a runner may read them as one, so that a line
    begun by one may go on in the other. What is written never ends in the beginning of a mark.
    """

    def __init__(self) -> None:
        self._sides = {"stdout": _Side(), "stderr": _Side()}
        self._is_blank = True

    def feed(self, stream: Stream, content: bytes) -> bytes:
        """Returns what may be written now; holds back the beginning of what could become a mark."""
        side = self._sides[stream]
        text = side.take(content)
        first, end, rest = text.partition("\n")
        if side.is_blank or self._is_blank:
            first = _LEAD.sub(r"\1 \2", first)
        rest = _LEAD.sub(r"\1 \2", rest)
        text = _SECTION.sub(r"\1 ", _HASH.sub(r"\1 ", first + end + rest))
        cut = _held_from(text, starts=side.is_blank or self._is_blank)
        if len(text) - cut > _MOST_HELD:
            return self._written(side, f"{text} ")
        side.held = text[cut:]
        return self._written(side, text[:cut])

    def flush(self, stream: Stream) -> bytes:
        """Returns what was held back; a line end, or nothing, is to come after it. Where the other stream
        holds something as well, a blank stands behind it."""
        side = self._sides[stream]
        other = self._sides["stderr" if stream == "stdout" else "stdout"]
        rest = side.end()
        return self._written(side, f"{rest} " if rest and other.held else rest)

    def is_at_line_start(self, stream: Stream) -> bool:
        """Whether nothing stands on the line that is being written."""
        return self._sides[stream].is_fresh

    def start_line(self, stream: Stream) -> None:
        """Somebody else has written whole lines."""
        side = self._sides[stream]
        side.is_fresh = side.is_blank = self._is_blank = True

    def _written(self, side: "_Side", text: str) -> bytes:
        _, end, last = text.rpartition("\n")
        side.is_blank = _goes_on_blank(last, before=True if end else side.is_blank)
        self._is_blank = _goes_on_blank(last, before=True if end else self._is_blank)
        if text:
            side.is_fresh = text.endswith("\n")
        return text.encode("utf-8", "surrogateescape")


class _Side:
    """What is known of one stream: what is held back, and whether its line shows anything yet."""

    def __init__(self) -> None:
        self.held = ""
        self.is_blank = True
        self.is_fresh = True
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._has_returned = False

    def take(self, content: bytes) -> str:
        """Returns what was held and what is new, each end of a line as one line feed."""
        new = self._decoder.decode(content)
        if self._has_returned and new.startswith("\n"):
            new = new[1:]
            self._has_returned = False
        if new:
            self._has_returned = new.endswith("\r")
        text, self.held = self.held + new.replace("\r\n", "\n").replace("\r", "\n"), ""
        return text

    def end(self) -> str:
        """Returns what was held; nothing more comes."""
        rest, self.held = self.held + self._decoder.decode(b"", final=True), ""
        return rest


def _held_from(text: str, *, starts: bool) -> int:
    """Where the end of `text` begins that could become a mark; its length if there is none. What stands
    before it is looked at again: it would be an end as well."""
    cut, least = len(text), max(0, len(text) - _MOST_HELD)
    while cut > least:
        line = text.rfind("\n", 0, cut) + 1
        begun = _BEGUN.search(text[:cut], max(line, least))
        lead = _LEAD_BEGUN.match(text[:cut], line) if line or starts else None
        found = min(
            item
            for item in (
                cut,
                begun.start() if begun is not None else cut,
                lead.start("begun") if lead is not None else cut,
            )
        )
        if found == cut:
            break
        cut = found
    return cut


def _goes_on_blank(last: str, *, before: bool) -> bool:
    return before and _BLANK.fullmatch(last) is not None
