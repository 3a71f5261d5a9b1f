"""What a client asks of rundown's proxy, read strictly. Pure.

A host that could be read in two ways is refused, never repaired; of a plain request nothing goes on that is
meant for the proxy itself. Refuses every scheme but `http` in a request's target: the others take CONNECT.
Source: RFC 9110 §7.2, §7.6.1, §9.3.6, §11.7; RFC 9112 §3.2.2, §3.2.3, §6.1; RFC 7617 §2.
"""

import base64
import re
from hmac import compare_digest
from typing import Final

import h11
from msgspec import Struct

from rundown.egress.connecting import LOCALHOST, LOOPBACK, Wanted
from rundown.policy.host import Endpoint, NotAHost, normalise_host, parse_endpoint, split_port

USER: Final = "rundown"
_HTTP_PORT: Final = 80
_ABSOLUTE: Final = re.compile(r"http://([^/?#]*)([/?][^#]*)?", re.IGNORECASE)
_HOP: Final = frozenset(
    b"connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer upgrade "
    b"http2-settings host".split()
)

Headers = list[tuple[bytes, bytes]]


class Asked(Struct, frozen=True, kw_only=True):
    """Where a client wants to go. `path` is what a plain request asks of the server, "" for a tunnel; `host`
    what the server is to hear as its name."""

    wanted: Wanted
    host: str
    path: str = ""


class Flaw(Struct, frozen=True):
    """Why it cannot be told where it wants to go."""

    reason: str


def proxy_login(token: str) -> str:
    """Returns the login of a proxy's address, `user:password`."""
    return f"{USER}:{token}"


def has_login(request: h11.Request, login: str) -> bool:
    """Whether the request shows it, once; takes as long for every wrong one of its length."""
    shown = [value for name, value in request.headers if name == b"proxy-authorization"]
    scheme, _, word = shown[0].partition(b" ") if len(shown) == 1 else (b"", b"", b"")
    right = base64.b64encode(login.encode())
    return compare_digest(word.strip(), right) and scheme.lower() == b"basic"


def read_asked(request: h11.Request) -> Asked | Flaw:
    """Returns where the request leads, the same way for a tunnel and for a plain request."""
    target = request.target.decode("ascii", "replace")
    if request.method == b"CONNECT":
        host, port = split_port(target)
        if not isinstance(port, NotAHost) and not port.isdigit():
            return Flaw("CONNECT takes a host and a port")
        return _asked(host, port, "")
    names = {name for name, _ in request.headers}
    if {b"transfer-encoding", b"content-length"} <= names:
        return Flaw("its length is given in two ways")
    meant = _ABSOLUTE.fullmatch(target)
    if meant is None:
        return Flaw("this is a proxy: it takes CONNECT host:port, and requests for http://host/")
    host, port = split_port(meant[1])
    if not isinstance(port, NotAHost) and port and not port.isdigit():
        return Flaw("a port is a number")
    path = meant[2] or "/"
    return _asked(host, port or str(_HTTP_PORT), path if path.startswith("/") else f"/{path}")


def find_mismatch(request: h11.Request, wanted: Wanted) -> str:
    """Returns what else than `wanted` the request's Host means, "" if it is the same."""
    for name, value in request.headers:
        if name != b"host":
            continue
        text = value.decode("ascii", "replace")
        meant = parse_endpoint(text)
        same = isinstance(meant, Endpoint) and _wanted(meant.host, meant.port or _HTTP_PORT) == wanted
        if not same:
            return f"its Host is {text[:80]!r}"
    return ""


def forwarded(message: h11.Request | h11.Response | h11.InformationalResponse) -> Headers:
    """Returns the headers that go on to the other side: none for the proxy, none of this connection's."""
    all_of_them = message.headers.raw_items()
    named = {
        word.strip().lower()
        for name, value in all_of_them
        if name.lower() == b"connection"
        for word in value.split(b",")
    }
    gone = _HOP | (named - {b"content-length", b"transfer-encoding"})
    return [(name, value) for name, value in all_of_them if name.lower() not in gone]


def _asked(host: str, port: str | NotAHost, path: str) -> Asked | Flaw:
    if isinstance(port, NotAHost):
        return Flaw(port.reason)
    name = normalise_host(host)
    if isinstance(name, NotAHost):
        return Flaw(f"{host[:80]!r}: {name.reason}")
    said = Endpoint(host=name, port=None if int(port) == _HTTP_PORT else int(port))
    return Asked(wanted=_wanted(name, int(port)), host=str(said), path=path)


def _wanted(host: str, port: int) -> Wanted:
    """A name of the host's own loopback is that."""
    if host == LOCALHOST or host.endswith(f".{LOCALHOST}"):
        return Wanted(host=LOOPBACK[0], port=port, loopback=True)
    return Wanted(host=host, port=port, loopback=host in LOOPBACK)
