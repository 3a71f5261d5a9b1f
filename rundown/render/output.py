"""What of a step's output may reach the person's terminal: text and colours, nothing else.

Marks that turn the direction of text around are shown by their code points.

Drops everything that could move the cursor off its line, set a title, write the clipboard, switch
screens, or make the terminal answer. Bytes that are no UTF-8 are shown as U+FFFD.
Source: ECMA-48 (control functions), xterm's control sequences.
"""

import codecs
import re

_SEQUENCE = re.compile(
    r"\x1b\[[0-9;:]*m"  # SGR: kept
    r"|\x1b\[[\x30-\x3f]*[\x20-\x2f]*[\x40-\x7e]"  # other CSI
    r"|\x1b[P\]X^_][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)"  # DCS OSC SOS PM APC
    r"|\x1b[\x20-\x2f]*[\x30-\x7e]"  # short escapes
    r"|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]"  # C0 but TAB LF CR, and C1
    r"|[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]"  # bidirectional controls, odd line ends
)
_UNFINISHED = re.compile(r"\x1b(?:\[[\x30-\x3f]*[\x20-\x2f]*|[P\]X^_][^\x07\x1b\x9c]*\x1b?|[\x20-\x2f]*)?$")
_SGR = re.compile(r"\x1b\[[0-9;:]*m")
_IN_LINE = frozenset({"\x1b[K", "\x1b[0K", "\x1b[2K", "\x1b[G", "\x1b[1G"})
"""Erases the line or goes to its beginning: progress bars. Only for who keeps a gutter."""
_DRAWS = re.compile(
    r"\x1b\[[0-9;]*[ABCDEFGHJKLMPSTXZ@`abdefrsu]"  # cursor, erasing, inserting, scrolling
    r"|\x1b\[4[hl]"  # insert or overwrite
    r"|\x1b\[\?(?:1|7|12|25|47|1000|1002|1003|1006|1047|1048|1049|2004|2026)(?:;(?:1|7|12|25|47|1000|1002|1003"
    r"|1006|1047|1048|1049|2004|2026))*[hl]"  # private modes that make no terminal answer by themselves
    r"|\x1b[78DEMH=>]|\x1b[()][0AB]|\x1b\[[0-6]? q|\x1b\[!p"  # cursor, character sets, its shape, soft reset
    r"|[\x07\x08\x0e\x0f]"
)
_HELD_CHARACTERS = 4096


class OutputFilter:
    """Feed bytes as they come; a sequence split between two reads is still seen whole.

    `color=False` drops colours too; `in_line=True` keeps erasing the line and going to its beginning;
    `screen=True` keeps what programs draw a whole screen with, for a step that has the terminal to itself:
    it may not ask the terminal anything even so, write the clipboard or set a title. One filter a stream.
    """

    def __init__(self, *, color: bool, in_line: bool = False, screen: bool = False) -> None:
        self._color = color
        self._in_line = in_line
        self._screen = screen
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = ""
        self._painted = False

    def feed(self, chunk: bytes) -> bytes:
        """Returns what may be shown now; holds back an unfinished sequence (4,096 characters at most)."""
        return self._show(self._held + self._decoder.decode(chunk))

    def flush(self) -> bytes:
        """Returns what was held back, without its escape, and ends any colour."""
        rest = self._show(self._held + self._decoder.decode(b"", final=True)).decode()
        rest += _SEQUENCE.sub("", self._held)
        self._held = ""
        return (rest + ("\x1b[0m" if self._painted else "")).encode()

    def _show(self, text: str) -> bytes:
        self._held = ""
        tail = _UNFINISHED.search(text, max(0, len(text) - _HELD_CHARACTERS))
        if tail is not None:
            text, self._held = text[: tail.start()], text[tail.start() :]
        return _SEQUENCE.sub(self._kept, text).encode()

    def _kept(self, match: re.Match[str]) -> str:
        sequence = match.group()
        if len(sequence) == 1 and sequence > "\x9f":
            return f"<U+{ord(sequence):04X}>"
        if self._in_line and sequence in _IN_LINE:
            return sequence
        if self._screen and _DRAWS.fullmatch(sequence):
            return sequence
        if not self._color or not _SGR.fullmatch(sequence):
            return ""
        self._painted = True
        return sequence
