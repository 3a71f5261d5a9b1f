"""The ways in which a secret value can stand in text: as it is, escaped, in hex, byte by byte, in base64.

Refuses to look for values under eight bytes: they stand in too much that is not secret.
Pure; says what to look for, `rundown.redact.matcher` looks.
"""

import base64
from collections.abc import Iterator

from msgspec import Struct

SHORTEST_BYTES = 8
_SHORTEST_LINE_BYTES = 16
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_BASE64_URL = _BASE64[:62] + b"-_"
_NAMED = {
    "\n": ("n",),
    "\r": ("r",),
    "\t": ("t",),
    "\b": ("b",),
    "\f": ("f",),
    "\x1b": ("e", "033"),
}
_HTML = {
    "&": ("&amp;",),
    "<": ("&lt;",),
    ">": ("&gt;",),
    '"': ("&quot;", "&#34;"),
    "'": ("&#39;", "&#x27;", "&apos;"),
}


class Element(Struct, frozen=True, kw_only=True):
    """One unit of a spelling: any one of `texts`.

    `before`: what may stand in front of it and belongs to it: "indent" (a line's prefix, as in a diff, a
    quote or an indented block), "break" (a line end with such a prefix).
    """

    texts: tuple[bytes, ...]
    before: str = ""


class Spelling(Struct, frozen=True, kw_only=True):
    """One way to write the value of `name`, as elements in order."""

    name: str
    elements: tuple[Element, ...]


def spellings(name: str, value: str) -> tuple[Spelling, ...]:
    """Returns every spelling to look for; none if the value is too short.

    White space at the ends of a value is not part of it. Long single words that are lines of a value of
    several lines (the body of a key) are looked for alone as well.
    """
    found: dict[tuple[Element, ...], None] = {}
    for text in (value.strip(), *_telling_lines(value)):
        content = _bytes_of(text)
        if len(content) >= SHORTEST_BYTES:
            for written in (text, text.lower(), text.upper()):  # hosts, for one, are known in lower case
                found[_plain(written)] = None
            for encoding in ("utf-16-le", "utf-16-be"):
                found[_exactly(text.encode(encoding, "surrogatepass"))] = None
            found[_hex(content.hex())] = None
            found[_hex(content.hex().upper())] = None
            for sign in ("%", "\\x", " ", ":"):
                found[_bytewise(content, sign)] = None
            for alphabet in (_BASE64, _BASE64_URL):
                for offset in range(3):
                    found[_base64(content, offset, alphabet)] = None
    return tuple(Spelling(name=name, elements=elements) for elements in found)


def too_short(value: str) -> bool:
    """Returns whether a value is too short to be looked for."""
    return len(_bytes_of(value.strip())) < SHORTEST_BYTES


def _telling_lines(value: str) -> Iterator[str]:
    lines = [line.strip() for line in value.strip().splitlines()]
    if len(lines) > 1:
        for line in lines:
            if (
                len(line) >= _SHORTEST_LINE_BYTES
                and not line.startswith("-----")
                and not set(line) & set(" \t\"'")
            ):
                yield line


def _bytes_of(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def _plain(text: str) -> tuple[Element, ...]:
    elements, after_line_end = [], False
    for character in text.replace("\r\n", "\n"):
        elements.append(
            Element(texts=tuple(dict.fromkeys(_forms(character))), before="indent" if after_line_end else "")
        )
        after_line_end = character == "\n"
    return tuple(elements)


def _exactly(content: bytes) -> tuple[Element, ...]:
    return tuple(Element(texts=(bytes((byte,)),)) for byte in content)


def _forms(character: str) -> Iterator[bytes]:
    raw = _bytes_of(character)
    yield raw
    if character.isascii() and character.isalnum():
        return
    yield from _numeric_forms(raw)
    if ord(character) < 0xD800 or ord(character) > 0xDFFF:
        yield from _unicode_forms(character)
    for letter in _NAMED.get(character, ()):
        yield from (b"\\" * depth + letter.encode() for depth in (1, 2))
    yield from (form.encode() for form in _HTML.get(character, ()))
    if character.isascii() and character.isprintable():
        yield from (b"\\" * depth + raw for depth in (1, 2, 3))
    if character == "\n":
        yield from (b"\r\n", b"\\r\\n", b"%0D%0A", b"%0d%0a")
    if character == " ":
        yield b"+"
    if character == "'":
        yield from (b"''", b"'\\''", b"'\"'\"'")


def _numeric_forms(raw: bytes) -> Iterator[bytes]:
    for digits in ("%02x", "%02X"):
        for sign in ("%%", "%%25", "\\x", "\\\\x"):
            yield b"".join(((sign + digits) % byte).encode() for byte in raw)
    for sign in ("\\", "\\\\"):  # as git, ls and bash write bytes
        yield b"".join(f"{sign}{byte:03o}".encode() for byte in raw)


def _unicode_forms(character: str) -> Iterator[bytes]:
    units = character.encode("utf-16-be")
    pairs = [units[at : at + 2].hex() for at in range(0, len(units), 2)]
    for spelled in (pairs, [pair.upper() for pair in pairs]):
        yield "".join(f"\\u{pair}" for pair in spelled).encode()
        yield "".join(f"\\\\u{pair}" for pair in spelled).encode()
    point = ord(character)
    yield from (form.encode() for form in (f"&#{point};", f"&#x{point:x};", f"&#x{point:X};"))
    if not character.isascii():  # as Python's `ascii` writes it
        yield (f"\\x{point:02x}" if point < 0x100 else f"\\U{point:08x}").encode()


def _hex(digits: str) -> tuple[Element, ...]:
    return tuple(
        Element(texts=(digit.encode(),), before="break" if at else "") for at, digit in enumerate(digits)
    )


def _bytewise(content: bytes, sign: str) -> tuple[Element, ...]:
    """Every byte in hex with a sign before it, or between two of them where that is no part of a number."""
    written = ["", *[sign] * (len(content) - 1)] if sign in " :" else [sign] * len(content)
    return tuple(
        Element(texts=tuple(dict.fromkeys((f"{before}{byte:02x}".encode(), f"{before}{byte:02X}".encode()))))
        for before, byte in zip(written, content, strict=True)
    )


def _base64(content: bytes, offset: int, alphabet: bytes) -> tuple[Element, ...]:
    """What every base64 text that holds `content` after `offset` (mod 3) other bytes has in common.

    The last character may also hold bits of what follows: any of its possible values fits. A first character
    that also holds bits of what comes before is left out (at most four bits of the value).
    Source: RFC 4648, section 4.
    """
    first_bit, end_bit = 8 * offset, 8 * (offset + len(content))
    padded = bytes(offset) + content + bytes(-(offset + len(content)) % 3)
    digits = [_BASE64.index(byte) for byte in base64.b64encode(padded)][-(-first_bit // 6) : -(-end_bit // 6)]
    choices = [(digit,) for digit in digits[:-1]]
    last = tuple(digits[-1] | low for low in range(1 << (-end_bit % 6)))
    return tuple(
        Element(texts=tuple(alphabet[value : value + 1] for value in values), before="break" if at else "")
        for at, values in enumerate((*choices, last))
    )
