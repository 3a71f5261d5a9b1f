"""Makes text from outside safe to show: nothing invisible, nothing that a terminal would obey.

Refuses to guess what is harmless: every control, format, surrogate and private-use character is shown
by its code point. Source: Unicode Standard, general categories Cc, Cf, Cs, Co, Zl, Zp.
"""

import unicodedata

_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def visible(text: str, *, lines: bool = False) -> str:
    """Returns `text` with each hidden character written as `\\x1b` or `<U+202E>`.

    `lines=True` keeps line feeds and tabs (for a block that is shown as a block).
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(char, lines) for char in text)


def _shown(char: str, lines: bool) -> str:
    if lines and char in "\n\t":
        return char
    if char == " " or (unicodedata.category(char) not in _HIDDEN and not _odd_blank(char)):
        return char
    code = ord(char)
    named = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\0"}.get(char)
    return named or (f"\\x{code:02x}" if code < 0x80 else f"<U+{code:04X}>")


def _odd_blank(char: str) -> bool:
    return unicodedata.category(char) == "Zs" or char in "\u115f\u1160\u2800\u3164\uffa0\u034f\u17b4\u17b5"
