"""Where a gateway forwards to, and the credential that it puts in place of the client's.

The real key is held here and nowhere nearer to the step. It is written into the head of a request that is
already on its way out, and taken out of whatever comes back.
"""

import asyncio
import socket
import ssl
from collections.abc import Iterable
from hmac import compare_digest
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from msgspec import Struct

from rundown.egress.dial import DialError
from rundown.egress.model_api import ApiName
from rundown.egress.outer_proxy import OuterProxies, connect_through
from rundown.policy.host import Endpoint

Headers = list[tuple[bytes, bytes]]

_CONNECT_S: Final = 30.0
# Whatever could name or prove a client. Source: the APIs' references; RFC 9110, section 11; RFC 6265.
_CREDENTIALS: Final = {
    b"authorization",
    b"proxy-authorization",
    b"x-api-key",
    b"api-key",
    b"x-goog-api-key",
    b"cookie",
    b"openai-organization",
    b"openai-project",
    b"x-goog-user-project",
}
# Source: RFC 9110, section 7.6.1; the last three are ours to say.
_HOP: Final = {
    b"connection",
    b"keep-alive",
    b"proxy-connection",
    b"te",
    b"trailer",
    b"transfer-encoding",
    b"upgrade",
    b"expect",
    b"host",
    b"content-length",
    b"accept-encoding",
}
# A server may take these for the method or the path that is meant.
_OVERRIDES: Final = {
    b"x-http-method-override",
    b"x-http-method",
    b"x-method-override",
    b"x-original-url",
    b"x-rewrite-url",
}
_QUERY_CREDENTIALS: Final = {"key", "api_key", "access_token", "oauth_token"}
_KEYS: Final = (b"x-api-key", b"api-key", b"x-goog-api-key")
_FORWARDING: Final = (b"forwarded", b"via", b"x-forwarded-", b"x-real-ip")


class Upstream(Struct, frozen=True, kw_only=True):
    """One model API host. `base`: what stands before the API's own paths. `credential`: the header that
    carries the real key, and its value, None where the host wants none; `secret`: the key's name; `also`:
    headers that belong to that kind of credential."""

    api: ApiName
    host: str
    port: int = 443
    tls: bool = True
    base: str = ""
    credential: tuple[str, str] | None
    secret: str = ""
    also: tuple[tuple[str, str], ...] = ()
    proxies: OuterProxies = OuterProxies()

    def secrets(self) -> tuple[bytes, ...]:
        """Returns what must never go back to the client."""
        if self.credential is None:
            return ()
        value = self.credential[1].encode()
        return tuple(dict.fromkeys((value, value.removeprefix(b"Bearer "))))

    def head(self, headers: Iterable[tuple[bytes, bytes]]) -> Headers:
        """Returns the headers of a forwarded request: the client's own, no credential but ours."""
        named = self.host.encode() + (b"" if self.port in (80, 443) else b":%d" % self.port)
        kept = [
            (name, value)
            for name, value in headers
            if name not in _CREDENTIALS | _HOP | _OVERRIDES and not name.startswith(_FORWARDING)
        ]
        for name, value in self.also:
            held = b",".join(old for key, old in kept if key == name.encode())
            if value.encode() not in held:
                kept = [item for item in kept if item[0] != name.encode()]
                kept.append((name.encode(), b",".join(part for part in (held, value.encode()) if part)))
        own: Headers = []
        if self.credential is not None:
            own.append((self.credential[0].encode(), self.credential[1].encode()))
        return [(b"host", named), *kept, (b"accept-encoding", b"identity"), *own]

    def target(self, path: str, query: str) -> bytes:
        """Returns the request target; a key in the query is dropped."""
        given = parse_qsl(query, keep_blank_values=True)
        kept = [(name, value) for name, value in given if name.lower() not in _QUERY_CREDENTIALS]
        return (self.base + path + ("?" + urlencode(kept) if kept else "")).encode()

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Opens a connection; the certificate must be the host's.

        Raises:
            OSError: it cannot be reached, or is not who it should be.
        """
        try:
            return await asyncio.wait_for(self._open(), _CONNECT_S)
        except TimeoutError as error:
            raise OSError(f"{self.host} does not answer") from error
        except DialError as error:
            raise OSError(str(error)) from error

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if not self.tls:  # this machine's own loopback
            return await asyncio.open_connection(self.host, self.port)
        context = ssl.create_default_context()
        proxy = self.proxies.proxy_for(self.host, self.port)
        if proxy is None:
            return await asyncio.open_connection(self.host, self.port, ssl=context)
        if proxy.flaw:
            raise OSError(proxy.flaw)
        sock = await _dial(proxy.host, proxy.port)
        try:
            await connect_through(sock, proxy, Endpoint(host=self.host, port=self.port))
            return await asyncio.open_connection(sock=sock, ssl=context, server_hostname=self.host)
        except BaseException:
            sock.close()
            raise


async def _dial(host: str, port: int) -> socket.socket:
    loop = asyncio.get_running_loop()
    problem: OSError = OSError(f"{host} has no address")
    for family, kind, protocol, _, address in await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        sock = socket.socket(family, kind, protocol)
        sock.setblocking(False)
        try:
            await loop.sock_connect(sock, address)
            return sock
        except OSError as error:
            sock.close()
            problem = error
    raise problem


class BadUpstreamError(ValueError):
    """A base URL that no key may be sent to."""


def parse_base(url: str) -> tuple[str, int, bool, str]:
    """Returns host, port, whether TLS, and path of a base URL.

    Raises:
        BadUpstreamError: it is no http(s) URL, or plain http to anything but this machine.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise BadUpstreamError(f"`{url}` is no URL") from error
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not host or parts.username or parts.query:
        raise BadUpstreamError("it must be https://HOST[:PORT][/PATH]")
    tls = parts.scheme == "https"
    if not tls and host not in ("127.0.0.1", "::1", "localhost"):
        raise BadUpstreamError("a key is not sent over plain http to another machine")
    return host, port or (443 if tls else 80), tls, parts.path.rstrip("/")


class Withheld:
    """Takes secrets out of a stream, however it is cut; holds back only what may be the beginning of one."""

    def __init__(self, secrets: Iterable[bytes]) -> None:
        self._secrets = sorted((item for item in secrets if item), key=len, reverse=True)
        self._held = b""

    def feed(self, chunk: bytes) -> bytes:
        """Returns what is settled."""
        content = self._held + chunk
        for secret in self._secrets:
            content = content.replace(secret, b"[REDACTED]")
        keep = max((_overlap(content, secret) for secret in self._secrets), default=0)
        self._held = content[len(content) - keep :]
        return content[: len(content) - keep]

    def finish(self) -> bytes:
        """Returns what was held back: the stream is over."""
        rest, self._held = self._held, b""
        return rest


def _overlap(content: bytes, secret: bytes) -> int:
    """How many of the last bytes are the beginning of the secret."""
    most = min(len(content), len(secret) - 1)
    return next((size for size in range(most, 0, -1) if content.endswith(secret[:size])), 0)


def shows_word(headers: Iterable[tuple[bytes, bytes]], query: str, word: str) -> bool:
    """Whether a client shows a word where clients of these APIs show their key."""
    fields = [(bytes(name).lower(), bytes(value)) for name, value in headers]
    shown = [value for name, value in fields if name in _KEYS]
    shown += [value[len(b"Bearer ") :] for name, value in fields if name == b"authorization"]
    shown += [value.encode() for name, value in parse_qsl(query) if name == "key"]
    return any(compare_digest(value, word.encode()) for value in shown)
