"""`OuterProxies`: the proxy that rundown itself was told to go through, and the way through it.

Read as most tools read them: `https_proxy` for port 443, `http_proxy` for 80, `all_proxy` for every other
and for want of those; `no_proxy` names what is reached directly. Only HTTP proxies, by CONNECT; another kind
is an error of the connection, never a reason to go past it.
Source: curl(1), "ENVIRONMENT"; RFC 9110 §9.3.6 (CONNECT).
"""

import asyncio
import base64
import ipaddress
import socket
from collections.abc import Mapping
from contextlib import suppress
from urllib.parse import unquote, urlsplit

import h11
from msgspec import Struct

from rundown.egress.dial import DialError
from rundown.policy.host import Endpoint, address_of

_VARIABLE_OF_PORT = {443: "https_proxy", 80: "http_proxy"}
_LARGEST_ANSWER = 1 << 16


class Proxy(Struct, frozen=True, kw_only=True):
    """Where it is, and what it wants to hear (`user:password`). `flaw`: why it is unusable."""

    host: str
    port: int
    login: str = ""
    flaw: str = ""


class OuterProxies(Struct, frozen=True, kw_only=True):
    """The proxies of an environment, by the variable's name, and what goes past them."""

    proxies: dict[str, Proxy] = {}
    direct: tuple[str, ...] = ()

    def proxy_for(self, host: str, port: int) -> Proxy | None:
        """Returns the proxy that leads to a normalised host, None to go directly."""
        proxy = self.proxies.get(_VARIABLE_OF_PORT.get(port, ""), self.proxies.get("all_proxy"))
        if proxy is None or any(_means(entry, host, port) for entry in self.direct):
            return None
        return proxy


def read_outer_proxies(environ: Mapping[str, str]) -> OuterProxies:
    """Returns what an environment says; small letters win, as in curl."""
    proxies = {}
    for name in ("https_proxy", "http_proxy", "all_proxy"):
        text = environ.get(name) or environ.get(name.upper(), "")
        if text.strip():
            proxies[name] = _read_proxy(text.strip())
    direct = environ.get("no_proxy") or environ.get("NO_PROXY", "")
    return OuterProxies(proxies=proxies, direct=tuple(direct.replace(",", " ").lower().split()))


async def connect_through(sock: socket.socket, proxy: Proxy, wanted: Endpoint) -> bytes:
    """Asks the proxy that `sock` is connected to for a way to `wanted`; returns bytes that came after its
    answer. Raises: DialError."""
    loop = asyncio.get_running_loop()
    headers = [("Host", str(wanted))]
    if proxy.login:
        word = base64.b64encode(proxy.login.encode()).decode()
        headers.append(("Proxy-Authorization", f"Basic {word}"))
    http = h11.Connection(our_role=h11.CLIENT, max_incomplete_event_size=_LARGEST_ANSWER)
    request = http.send(h11.Request(method="CONNECT", target=str(wanted), headers=headers))
    try:
        await loop.sock_sendall(sock, (request or b"") + (http.send(h11.EndOfMessage()) or b""))
        while True:
            event = http.next_event()
            if event is h11.NEED_DATA:
                heard = await loop.sock_recv(sock, 1 << 14)
                if not heard:
                    raise DialError(f"the proxy at {proxy.host} hung up")
                http.receive_data(heard)
            elif isinstance(event, h11.Response):
                if not 200 <= event.status_code < 300:
                    raise DialError(f"the proxy at {proxy.host} says {event.status_code} to {wanted}")
                return bytes(http.trailing_data[0])
    except (OSError, h11.ProtocolError) as problem:
        raise DialError(f"the proxy at {proxy.host}: {problem}") from None


def _read_proxy(text: str) -> Proxy:
    parts = urlsplit(text if "://" in text else f"http://{text}")
    host = parts.hostname or "?"
    if parts.scheme != "http":
        return Proxy(host=host, port=0, flaw=f"a {parts.scheme} proxy is not supported")
    try:
        port = parts.port or 80
    except ValueError:
        return Proxy(host=host, port=0, flaw=f"the proxy at {host} is given with a port that is none")
    login = f"{unquote(parts.username)}:{unquote(parts.password or '')}" if parts.username else ""
    return Proxy(host=host, port=port, login=login)


def _means(entry: str, host: str, port: int) -> bool:
    """Source: curl(1), NO_PROXY: a name means its sub-domains as well, a leading dot or not."""
    if entry == "*":
        return True
    name, _, wanted_port = entry.partition(":") if entry.count(":") == 1 else (entry, "", "")
    if wanted_port and wanted_port != str(port):
        return False
    address = address_of(host)
    if address is not None:
        with suppress(ValueError):
            return address in ipaddress.ip_network(name.strip("[]"), strict=False)
        return False
    name = name.removeprefix("*").lstrip(".")
    return host == name or host.endswith(f".{name}")
