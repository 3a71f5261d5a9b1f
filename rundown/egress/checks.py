"""The checks that every connection goes through, whatever entrance it came by. Pure.

A host is first judged by name and port; then each address that it resolves to is judged, and only those
that pass are dialled; then what the client says of the host it means must be that host.
Source: RFC 6890 (special addresses), RFC 4193, RFC 6598; RFC 6052 and RFC 3056 (IPv4 inside IPv6).
"""

import ipaddress
from collections.abc import Callable
from typing import Final, Literal

from msgspec import Struct

from rundown.egress.gate import Verdict
from rundown.policy.host import Address

Kind = Literal["public", "private", "loopback", "link-local", "multicast", "reserved"]

_SHARED: Final = ipaddress.IPv4Network("100.64.0.0/10")
_BENCHMARK: Final = ipaddress.IPv4Network("198.18.0.0/15")
_THIS_NETWORK: Final = ipaddress.IPv4Network("0.0.0.0/8")
_PRIVATE_4: Final = tuple(
    ipaddress.IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
)
_UNIQUE_LOCAL: Final = ipaddress.IPv6Network("fc00::/7")
_SITE_LOCAL: Final = ipaddress.IPv6Network("fec0::/10")
_TRANSLATED: Final = tuple(ipaddress.IPv6Network(text) for text in ("64:ff9b::/96", "64:ff9b:1::/48"))
_COMPATIBLE: Final = ipaddress.IPv6Network("::/96")


class Checked(Struct, frozen=True, kw_only=True):
    """What became of a host's addresses: those that may be dialled, in order; those that a person would
    have to be asked about; and why the first of the others was refused, and by what."""

    usable: tuple[Address, ...] = ()
    unsettled: tuple[Address, ...] = ()
    refused: str = ""
    by: Verdict | None = None


def kind_of(address: Address) -> Kind:
    """Returns what sort of address it is; for IPv4 that is wrapped in IPv6, what sort the IPv4 one is."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = _inside(address)
        if inner is not None:
            return kind_of(inner)
        if address in _UNIQUE_LOCAL or address in _SITE_LOCAL:
            return "private"
    elif address in _BENCHMARK or address in _THIS_NETWORK:
        return "reserved"
    elif address in _SHARED or any(address in network for network in _PRIVATE_4):
        return "private"
    if address.is_loopback:
        return "loopback"
    if address.is_link_local:
        return "link-local"
    if address.is_multicast:
        return "multicast"
    return "public" if address.is_global else "reserved"


def describe(address: Address) -> str:
    """Returns `192.0.2.7`, or `10.2.0.7 (private)`."""
    kind, plain = kind_of(address), _plain(address)
    return str(plain) if kind == "public" else f"{plain} ({kind})"


def check_addresses(
    name: str, verdict: Verdict, addresses: tuple[Address, ...], judge: Callable[[str], Verdict]
) -> Checked:
    """Sorts what an allowed name resolves to. `verdict` is the name's; `judge` says what the rules say to an
    address, at the same port."""
    usable: list[Address] = []
    unsettled: list[Address] = []
    refused: list[tuple[str, Verdict]] = []
    for address in addresses:
        own = judge(str(_plain(address)))
        kind = kind_of(address)
        if own.outcome == "deny" and own.by_rule and (own.final or not verdict.private):
            refused.append((f"{name} is at {describe(address)}, which is denied: {own.rule}", own))
        elif (
            kind == "public"
            or (own.outcome == "allow" and own.named)
            or (kind == "private" and verdict.private)
        ):
            usable.append(address)
        elif own.outcome == "deny":
            refused.append((f"{name} is at {describe(address)}, which no rule lists", own))
        else:
            unsettled.append(address)
    return Checked(
        usable=tuple(usable),
        unsettled=tuple(unsettled),
        refused=refused[0][0] if refused else "",
        by=refused[0][1] if refused else None,
    )


def _plain(address: Address) -> Address:
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _inside(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that an IPv6 one leads to, if it does."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    low = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if any(address in network for network in _TRANSLATED):
        return low
    if address in _COMPATIBLE and int(address) > 1:
        return low
    return None
