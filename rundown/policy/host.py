"""The one normaliser of host names: every place that compares hosts compares what this returns.

Lower case, no trailing dot, IDNA to ASCII, canonical IP addresses. Spellings that a resolver may read in
another way (decimal, octal or hex IPv4, IPv4-mapped IPv6, userinfo, zone ids, control characters) are
refused, never repaired.
Source: RFC 1123 §2.1 (names), RFC 5891 (IDNA), RFC 4291 §2.5.5.2 (IPv4-mapped),
WHATWG URL ("ends in a number" checker).
"""

import ipaddress
import re

from msgspec import Struct

DEFAULT_PORTS = (80, 443)

# Source: IANA service names registry.
SCHEME_PORTS = {
    "http": 80,
    "https": 443,
    "ws": 80,
    "wss": 443,
    "ftp": 21,
    "ssh": 22,
    "sftp": 22,
    "git": 9418,
    "git+ssh": 22,
    "postgres": 5432,
    "postgresql": 5432,
    "mysql": 3306,
    "redis": 6379,
    "rediss": 6379,
    "amqp": 5672,
    "mongodb": 27017,
}

_URL = re.compile(r"([a-zA-Z][a-zA-Z0-9+.\-]*)://([^/?#]*)")
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_NUMERIC = re.compile(r"[0-9]+|0[xX][0-9a-fA-F]*")
_FORBIDDEN = frozenset("@%/\\?#,;|<>^`\"'{}() *!$&=+")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class NotAHost(Struct, frozen=True):
    """Why a text names no host that can be checked."""

    reason: str


class Endpoint(Struct, frozen=True, kw_only=True):
    """A normalised host, and its port if the text says one (or its scheme does)."""

    host: str
    port: int | None = None

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"


def normalise_host(text: str) -> str | NotAHost:
    """Returns the host in its one form, or why it is refused. Brackets around IPv6 are optional."""
    if any(ord(char) < 33 or ord(char) == 127 for char in text):
        return NotAHost("it holds a blank or a control character")
    if bad := sorted(_FORBIDDEN & set(text)):
        return NotAHost(f"it holds {' '.join(bad)}")
    if text.startswith("[") or text.count(":") > 1:
        return _normalise_ipv6(text)
    if ":" in text or "]" in text:
        return NotAHost("it is no host name")
    name = _to_ascii(text)
    if isinstance(name, NotAHost):
        return name
    name = name.removesuffix(".")
    if _NUMERIC.fullmatch(name.rpartition(".")[2]):
        try:
            return str(ipaddress.IPv4Address(name))
        except ValueError:
            return NotAHost("an IPv4 address is written as four plain decimal numbers")
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in name.split(".")):
        return NotAHost("it is no host name")
    return name


def parse_endpoint(text: str) -> Endpoint | NotAHost:
    """Returns host and port of `host`, `host:port`, `[v6]:port` or a URL (userinfo is dropped there)."""
    scheme_port = None
    if url := _URL.match(text):
        scheme_port = SCHEME_PORTS.get(url[1].lower())
        text = url[2].rpartition("@")[2]
    host_text, port = split_port(text)
    if isinstance(port, NotAHost):
        return port
    host = normalise_host(host_text)
    if isinstance(host, NotAHost):
        return host
    if port == "*":
        return NotAHost("a port is a number")
    return Endpoint(host=host, port=int(port) if port else scheme_port)


def split_port(text: str) -> tuple[str, str | NotAHost]:
    """Returns the host's part and the port's text: digits in range, `*`, or "" if there is none."""
    if text.startswith("["):
        host, closed, rest = text.partition("]")
        if not closed or (rest and not rest.startswith(":")):
            return text, NotAHost("a `[` without its `]`")
        return host + "]", _port(rest[1:]) if rest else ""
    if text.count(":") != 1:
        return text, ""
    host, _, port = text.partition(":")
    return host, _port(port)


def address_of(host: str) -> Address | None:
    """Returns the IP address that a normalised host is, None for a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _port(text: str) -> str | NotAHost:
    if text == "*":
        return text
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and 0 < int(text) < 65536):
        return NotAHost("a port is a number from 1 to 65535")
    return str(int(text))


def _normalise_ipv6(text: str) -> str | NotAHost:
    inner = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    try:
        address = ipaddress.IPv6Address(inner)
    except ValueError:
        return NotAHost("it is no IPv6 address")
    if address.ipv4_mapped is not None:
        return NotAHost("an IPv4 address in IPv6 clothes is written as IPv4")
    return str(address)


def _to_ascii(text: str) -> str | NotAHost:
    if text.isascii():
        return text.lower()
    import idna  # 15 ms, and most hosts are ASCII

    try:
        return idna.encode(text, uts46=True, transitional=False).decode("ascii")
    except (idna.IDNAError, UnicodeError) as error:
        return NotAHost(f"it is no valid international name ({error})")
