"""Colour and signs, decided once: what the stream can show, and nothing that carries meaning alone."""

from typing import Literal

from msgspec import Struct

Tone = Literal["bold", "dim", "red", "green", "yellow", "blue", "cyan", "magenta"]

_CODES = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "blue": "34",
    "magenta": "35",
    "cyan": "36",
}
_SIGNS = {
    "start": ("▶", ">"),
    "pass": ("✓", "ok"),
    "fail": ("✗", "FAIL"),
    "pause": ("⏸", "||"),
    "stop": ("■", "#"),
    "retry": ("↻", "again:"),
    "arrow": ("→", "->"),
    "bar": ("│", "|"),
    "rule": ("─", "-"),
    "dot": ("·", "-"),
    "warn": ("⚠", "!"),
    "shield": ("◆", "*"),
}


class Style(Struct, frozen=True, kw_only=True):
    """`width` is the terminal's columns; 80 where there is none."""

    color: bool = False
    unicode: bool = True
    width: int = 80

    def paint(self, text: str, *tones: Tone) -> str:
        """Returns `text` in the given tones, or as it is where colour is off."""
        if not self.color or not text:
            return text
        return f"\x1b[{';'.join(_CODES[tone] for tone in tones)}m{text}\x1b[0m"

    def sign(self, name: str) -> str:
        """Returns the sign of that name, in ASCII where Unicode is off."""
        return _SIGNS[name][0 if self.unicode else 1]


PLAIN = Style()
