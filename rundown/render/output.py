"""What of a step's output may reach the person's terminal: text and colours, nothing else.

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
)
_UNFINISHED = re.compile(r"\x1b(?:\[[\x30-\x3f]*[\x20-\x2f]*|[P\]X^_][^\x07\x1b\x9c]*\x1b?|[\x20-\x2f]*)?$")
_SGR = re.compile(r"\x1b\[[0-9;:]*m")
_HELD_CHARACTERS = 4096


class OutputFilter:
    """Feed bytes as they come; a sequence split between two reads is still seen whole.

    `color=False` drops colours too. One filter a stream.
    """

    def __init__(self, *, color: bool) -> None:
        self._color = color
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
        if not self._color or not _SGR.fullmatch(sequence):
            return ""
        self._painted = True
        return sequence
