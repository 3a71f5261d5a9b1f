"""`Inspection`: lets a client's first bytes pass when they mean the host that was allowed. Pure.

On 443 the server name of the TLS greeting must be that host, on 80 each request's `Host`; SSH, which names
no host, passes on both. On other ports a greeting or a request that can be told as such is held to the same;
what is neither passes. TLS is never opened.
Refuses to vouch for what is inside TLS: a server that also speaks for others may be asked for those there.
"""

import re
from typing import Final, Protocol

from rundown.egress.hello import Hello, is_tls, read_hello
from rundown.egress.requests import HostCheck, MismatchError
from rundown.policy.host import normalise_host

_TLS_PORT: Final = 443
_STRICT: Final = (80, _TLS_PORT)
_SSH: Final = b"SSH-"
# Source: RFC 9112 §3: method, blank, target, blank, version; empty lines before it are to be ignored.
_REQUEST: Final = re.compile(rb"[\r\n]*[A-Z]{1,20} [^\s]+ HTTP/1\.[01]\r?\n")
_MAYBE_REQUEST: Final = re.compile(rb"[\r\n]*[A-Z]{1,20} (?:[/*h][^\s]*(?: (?:H[^\r\n]{0,7}\r?)?)?)?")
_METHODS: Final = (
    *(b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"CONNECT", b"OPTIONS", b"TRACE", b"PATCH"),
    *(b"PROPFIND", b"PRI"),
)
"""Beginnings of these are held back for the rest; other words may be of a protocol that waits for an answer.
Source: RFC 9110 §9.3, RFC 5789, RFC 4918 §9.1; RFC 9113 §3.4 for the last."""
_ENOUGH: Final = 1 << 16


class Inspection(Protocol):
    """Between a step and the far side of one connection."""

    @property
    def is_over(self) -> bool:
        """Whether nothing is looked at any more."""
        ...

    def feed(self, chunk: bytes) -> bytes:
        """Takes bytes of the step; returns those that may go on. Raises: MismatchError."""
        ...

    def hear(self, chunk: bytes) -> bytes:
        """Takes bytes of the far side; returns what of the step's was held back for them."""
        ...


class NoInspection:
    """For hosts that are no names, and for the host's own loopback."""

    is_over = True

    def feed(self, chunk: bytes) -> bytes:
        """Returns `chunk`."""
        return chunk

    def hear(self, chunk: bytes) -> bytes:
        """Returns nothing."""
        return b""


class NameInspection:
    """For a connection to a named host."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._start = bytearray()
        self._requests: HostCheck | None = None
        self._passed = False

    @property
    def is_over(self) -> bool:
        """Whether nothing is looked at any more."""
        return self._passed or (self._requests is not None and self._requests.is_over)

    def feed(self, chunk: bytes) -> bytes:
        """Takes bytes of the step; returns those that may go on. Raises: MismatchError."""
        if self._passed:
            return chunk
        if self._requests is not None:
            return chunk if self._requests.is_over else self._requests.feed(chunk)
        self._start += chunk
        start = bytes(self._start)
        tls = is_tls(start)
        if tls or (tls is None and start):
            return self._read_greeting(start)
        if start.startswith(_SSH):
            return self._pass()
        if _REQUEST.match(start):
            self._requests = HostCheck(self._host)
            return self._requests.feed(start)
        if len(start) < _ENOUGH and self._may_become_clear(start):
            return b""
        if self._port in _STRICT:
            wanted = "TLS" if self._port == _TLS_PORT else "HTTP/1.1"
            raise MismatchError(f"port {self._port} is for {wanted}, and this cannot be read as that")
        return self._pass()

    def hear(self, chunk: bytes) -> bytes:
        """Takes bytes of the far side; returns what of the step's was held back for them."""
        return self._requests.hear(chunk) if self._requests is not None else b""

    def _may_become_clear(self, start: bytes) -> bool:
        word = start.lstrip(b"\r\n")
        if self._port in _STRICT and (not word or word.isalpha()):
            return True
        begins = any(known.startswith(word) for known in (_SSH, *_METHODS))
        return begins or _MAYBE_REQUEST.fullmatch(start) is not None

    def _read_greeting(self, start: bytes) -> bytes:
        found = read_hello(start)
        if found is None:
            return b""
        if not isinstance(found, Hello):
            if self._port in _STRICT:
                raise MismatchError(f"its TLS greeting cannot be read: {found.reason}")
            return self._pass()
        if found.name is None:
            if self._port == _TLS_PORT:
                raise MismatchError("its TLS greeting names no server")
            return self._pass()
        if normalise_host(found.name) != self._host:
            raise MismatchError(f"its TLS greeting names {found.name[:80]!r}")
        return self._pass()

    def _pass(self) -> bytes:
        self._passed = True
        start, self._start = bytes(self._start), bytearray()
        return start
