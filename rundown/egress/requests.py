"""`HostCheck`: holds back plain HTTP until each request names the allowed host. Pure.

Requests are read with h11, as a server would; what can be read in two ways is refused, since the real
server might read it the other way and find a second request in it.
Source: RFC 9112 §3.2 (Host, absolute form), §6.1 (both framings), §7.8 of RFC 9110 (Upgrade).
"""

from typing import Final

import h11

from rundown.policy.host import Endpoint, parse_endpoint

_LARGEST_HEAD: Final = 1 << 16
_SWITCHED: Final = b"HTTP/1.1 101"


class MismatchError(Exception):
    """What the client sent means another host, or cannot be judged; the text says so."""


class HostCheck:
    """One connection's requests. After `Upgrade` was accepted `is_over`: nothing is looked at any more."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._http = _reader()
        self._held = bytearray()
        self._unanswered = 0
        self._upgrading = False
        self.is_over = False

    def feed(self, chunk: bytes) -> bytes:
        """Takes bytes of the client; returns those that may go on. Raises: MismatchError."""
        self._held += chunk
        if self._upgrading:
            return b""
        try:
            self._http.receive_data(chunk)
            self._read()
        except h11.ProtocolError as problem:
            raise MismatchError(f"it cannot be read as HTTP/1.1 ({problem})") from None
        return self._release()

    def hear(self, chunk: bytes) -> bytes:
        """Takes bytes of the server; returns what of the client's was held back for them."""
        self._unanswered = 0
        if not self._upgrading:
            return b""
        self._upgrading = False
        if chunk.startswith(_SWITCHED):
            self.is_over = True
            rest, self._held = bytes(self._held), bytearray()
            return rest
        held, self._held = bytes(self._held), bytearray()
        self._http = _reader()
        return self.feed(held) if held else b""

    def _read(self) -> None:
        while True:
            event = self._http.next_event()
            if isinstance(event, h11.Request):
                self._check(event)
            elif event is h11.PAUSED or isinstance(event, h11.ConnectionClosed):
                if self._upgrading:
                    return
                rest = self._http.trailing_data[0]
                self._http = _reader()
                if not rest:
                    return
                self._http.receive_data(rest)
            elif event is h11.NEED_DATA:
                return

    def _release(self) -> bytes:
        waiting = self._http.trailing_data[0] if self._http.their_state in (h11.IDLE,) else b""
        if self._upgrading:
            waiting = self._http.trailing_data[0]
        ready = len(self._held) - len(waiting)
        cleared = bytes(self._held[:ready])
        del self._held[:ready]
        return cleared

    def _check(self, request: h11.Request) -> None:
        fields = dict(request.headers)  # h11 refuses a second Host, and a second length or framing
        if request.method == b"CONNECT":
            raise MismatchError("CONNECT asks for a way to another host")
        if b"transfer-encoding" in fields and b"content-length" in fields:
            raise MismatchError("its length is given in two ways")
        if b"host" not in fields:
            raise MismatchError("it names no Host")
        self._require_same(fields[b"host"], "Host")
        if not request.target.startswith(b"/") and request.target != b"*":
            self._require_same(request.target, "target")
        if b"upgrade" in fields:
            if self._unanswered:
                raise MismatchError("Upgrade before earlier requests were answered")
            self._upgrading = True
        self._unanswered += 1

    def _require_same(self, value: bytes, what: str) -> None:
        text = value.decode("ascii", "replace")
        found = parse_endpoint(text)
        if not isinstance(found, Endpoint) or found.host != self._host:
            raise MismatchError(f"its {what} is {text[:80]!r}")


def _reader() -> h11.Connection:
    return h11.Connection(our_role=h11.SERVER, max_incomplete_event_size=_LARGEST_HEAD)
