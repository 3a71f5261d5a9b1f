"""`read_hello`: the server name in the first message of a TLS client. Pure.

Source: RFC 8446 §4.1.2, §5.1 (records, ClientHello), RFC 6066 §3 (server_name).
"""

from typing import Final

from msgspec import Struct

_HANDSHAKE: Final = 0x16
_CLIENT_HELLO: Final = 1
_SERVER_NAME: Final = 0
_HOST_NAME: Final = 0
_LARGEST_RECORD: Final = (1 << 14) + 256
_LARGEST: Final = 1 << 17


class Hello(Struct, frozen=True, kw_only=True):
    """A whole ClientHello; `name` as it was sent, None if it names no server."""

    name: str | None


class Unreadable(Struct, frozen=True):
    """Why the bytes are no ClientHello."""

    reason: str


def is_tls(start: bytes) -> bool | None:
    """Whether bytes begin a TLS connection; None while they are too few to say."""
    if not start or start[0] != _HANDSHAKE:
        return False if start else None
    return None if len(start) < 2 else start[1] == 3


def read_hello(start: bytes) -> Hello | Unreadable | None:
    """Returns the ClientHello that `start` begins with; None while more is to come."""
    message = bytearray()
    at = 0
    while len(message) < 4 or len(message) < 4 + int.from_bytes(message[1:4], "big"):
        if len(start) - at < 5:
            return Unreadable("it is too long") if len(start) > _LARGEST else None
        length = int.from_bytes(start[at + 3 : at + 5], "big")
        if start[at] != _HANDSHAKE or start[at + 1] != 3 or not 0 < length <= _LARGEST_RECORD:
            return Unreadable("it is no TLS handshake")
        if len(start) - at - 5 < length:
            message += start[at + 5 :]
            if message and message[0] != _CLIENT_HELLO:
                return Unreadable("it begins with something else")
            return Unreadable("it is too long") if len(start) > _LARGEST else None
        message += start[at + 5 : at + 5 + length]
        at += 5 + length
        if message[0] != _CLIENT_HELLO:
            return Unreadable("it begins with something else")
    try:
        return Hello(name=_server_name(bytes(message[4 : 4 + int.from_bytes(message[1:4], "big")])))
    except (IndexError, ValueError) as problem:
        return Unreadable(str(problem) or "it is cut off")


def _server_name(body: bytes) -> str | None:
    reader = _Reader(body)
    reader.take(2 + 32)
    reader.vector(1)
    reader.vector(2)
    reader.vector(1)
    names: list[str] = []
    extensions = _Reader(reader.vector(2)) if reader.left() else _Reader(b"")
    while extensions.left():
        kind = int.from_bytes(extensions.take(2), "big")
        content = extensions.vector(2)
        if kind == _SERVER_NAME:
            names += _names(content)
    if len(names) > 1:
        raise ValueError("it names several servers")
    return names[0] if names else None


def _names(content: bytes) -> list[str]:
    reader = _Reader(content)
    entries = _Reader(reader.vector(2))
    found = []
    while entries.left():
        kind = entries.take(1)[0]
        name = entries.vector(2)
        if kind == _HOST_NAME:
            found.append(name.decode("ascii"))
    return found


class _Reader:
    """Takes bytes from the front; ValueError if there are too few."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    def left(self) -> int:
        return len(self._content) - self._at

    def take(self, count: int) -> bytes:
        if count > self.left():
            raise ValueError("it is cut off")
        self._at += count
        return self._content[self._at - count : self._at]

    def vector(self, size: int) -> bytes:
        return self.take(int.from_bytes(self.take(size), "big"))
