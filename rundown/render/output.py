"""What of a step's output may reach the person's terminal: text and colours, nothing else.

Drops everything that could move the cursor off its line, set a title, write the clipboard, switch
screens, or make the terminal answer. Source: ECMA-48 (control functions), xterm's control sequences.
"""

import re

_SEQUENCE = re.compile(
    rb"\x1b\[[0-9;:]*m"  # SGR: kept
    rb"|\x1b\[[\x30-\x3f]*[\x20-\x2f]*[\x40-\x7e]"  # other CSI
    rb"|\x1b[P\]X^_][^\x07\x1b\x9c]*(?:\x07|\x1b\\)"  # DCS OSC SOS PM APC
    rb"|\x1b[\x20-\x2f]*[\x30-\x7e]"  # short escapes
    rb"|\xc2[\x80-\x9f]"  # C1 controls in UTF-8
    rb"|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"  # C0 but TAB LF CR
)
_UNFINISHED = re.compile(
    rb"\x1b(?:\[[\x30-\x3f]*[\x20-\x2f]*|[P\]X^_][^\x07\x1b]*\x1b?|[\x20-\x2f]*)?$|\xc2$"
)
_SGR = re.compile(rb"\x1b\[[0-9;:]*m")
_HELD_BYTES = 4096


class OutputFilter:
    """Feed bytes as they come; a sequence split between two reads is still seen whole.

    `color=False` drops colours too. One filter a stream.
    """

    def __init__(self, *, color: bool) -> None:
        self._color = color
        self._held = b""

    def feed(self, chunk: bytes) -> bytes:
        """Returns what may be shown now; holds back an unfinished sequence (4 KiB at most)."""
        text = self._held + chunk
        self._held = b""
        tail = _UNFINISHED.search(text, max(0, len(text) - _HELD_BYTES))
        if tail is not None:
            text, self._held = text[: tail.start()], text[tail.start() :]
        return _SEQUENCE.sub(self._kept, text)

    def flush(self) -> bytes:
        """Returns what was held back, without its escape, and ends any colour."""
        rest, self._held = self._held, b""
        kept = _SEQUENCE.sub(b"", rest).replace(b"\x1b", b"")
        return kept + (b"\x1b[0m" if self._color else b"")

    def _kept(self, match: re.Match[bytes]) -> bytes:
        sequence = match.group()
        return sequence if self._color and _SGR.fullmatch(sequence) else b""
