"""Requests to the kernel's routing socket, as far as a step's network needs them: links, addresses, routes.

Thin and literal. A socket speaks for the network namespace it was made in, wherever its process goes later.
Source: rtnetlink(7), netlink(7), veth(4); linux/if_link.h, linux/rtnetlink.h, linux/neighbour.h.
"""

import errno
import os
import socket
import struct
from typing import Final

_NEWLINK, _SETLINK, _NEWADDR, _NEWROUTE, _NEWNEIGH = 16, 19, 20, 24, 28
_REQUEST, _ACK, _EXCL, _CREATE = 0x1, 0x4, 0x200, 0x400
_ERROR: Final = 2
_IFF_UP: Final = 0x1
_IFLA_ADDRESS, _IFLA_IFNAME, _IFLA_MTU, _IFLA_LINKINFO, _IFLA_AF_SPEC, _IFLA_NET_NS_FD = 1, 3, 4, 18, 26, 28
_INFO_KIND, _INFO_DATA, _VETH_INFO_PEER = 1, 2, 1
_ADDR_GEN_MODE, _ADDR_GEN_NONE = 8, 1
_IFA_ADDRESS, _IFA_LOCAL = 1, 2
_RTA_DST, _RTA_OIF, _RTA_GATEWAY = 1, 4, 5
_NDA_DST, _NDA_LLADDR, _NUD_PERMANENT = 1, 2, 0x80
_TABLE_MAIN, _TABLE_LOCAL = 254, 255
_PROTO_STATIC, _SCOPE_UNIVERSE, _SCOPE_LINK, _SCOPE_HOST = 4, 0, 253, 254
_UNICAST, _LOCAL = 1, 2


class Netlink:
    """A routing socket of the network namespace that the process is in now."""

    def __init__(self) -> None:
        self._sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        self._sock.bind((0, 0))

    def fileno(self) -> int:
        """The socket's fd."""
        return self._sock.fileno()

    def close(self) -> None:
        """Closes it."""
        self._sock.close()

    def make_pair(self, name: str, peer: tuple[str, int], addresses: tuple[bytes, bytes], mtu: int) -> None:
        """Makes a virtual cable: `name` here, `peer` (name, fd of a namespace) there; `addresses` are of
        the link layer."""
        far = _link(0) + _text(_IFLA_IFNAME, peer[0]) + _number(_IFLA_NET_NS_FD, peer[1])
        far += _attribute(_IFLA_ADDRESS, addresses[1]) + _number(_IFLA_MTU, mtu)
        info = _text(_INFO_KIND, "veth") + _attribute(_INFO_DATA, _attribute(_VETH_INFO_PEER, far))
        near = _link(0) + _text(_IFLA_IFNAME, name) + _attribute(_IFLA_ADDRESS, addresses[0])
        near += _number(_IFLA_MTU, mtu) + _attribute(_IFLA_LINKINFO, info)
        self._ask(_NEWLINK, _CREATE | _EXCL, near)

    def forbid_ipv6_addresses(self, index: int) -> None:
        """Gives a link no IPv6 address of its own making when it comes up."""
        mode = _attribute(_ADDR_GEN_MODE, bytes((_ADDR_GEN_NONE,)))
        self._ask(_SETLINK, 0, _link(index) + _attribute(_IFLA_AF_SPEC, _attribute(socket.AF_INET6, mode)))

    def bring_up(self, index: int) -> None:
        """Switches a link on."""
        self._ask(_SETLINK, 0, _link(index, _IFF_UP))

    def add_address(self, index: int, address: str, prefix: int) -> None:
        """Gives a link an IPv4 address."""
        packed = socket.inet_aton(address)
        head = struct.pack("BBBBI", socket.AF_INET, prefix, 0, _SCOPE_UNIVERSE, index)
        self._ask(_NEWADDR, _CREATE, head + _attribute(_IFA_LOCAL, packed) + _attribute(_IFA_ADDRESS, packed))

    def add_default_route(self, gateway: str) -> None:
        """Sends everything that is not local to `gateway`."""
        route = _route(0, _TABLE_MAIN, _SCOPE_UNIVERSE, _UNICAST)
        self._ask(_NEWROUTE, _CREATE, route + _attribute(_RTA_GATEWAY, socket.inet_aton(gateway)))

    def take_every_address(self, index_of_loopback: int, index: int, except_for: str) -> None:
        """Makes every IPv4 address one of this namespace's own, but `except_for`, which is behind `index`.

        Both in the table of local addresses, where the longer prefix wins: elsewhere the kernel would not
        let an answer go out from such an address. Source: ip-route(8), "local".
        """
        aside = _route(32, _TABLE_LOCAL, _SCOPE_LINK, _UNICAST)
        aside += _attribute(_RTA_DST, socket.inet_aton(except_for)) + _number(_RTA_OIF, index)
        self._ask(_NEWROUTE, _CREATE, aside)
        every = _route(0, _TABLE_LOCAL, _SCOPE_HOST, _LOCAL) + _number(_RTA_OIF, index_of_loopback)
        self._ask(_NEWROUTE, _CREATE, every)

    def add_neighbour(self, index: int, address: str, link_address: bytes) -> None:
        """Saves the first packet a question."""
        head = struct.pack("BBHiHBB", socket.AF_INET, 0, 0, index, _NUD_PERMANENT, 0, 0)
        entry = _attribute(_NDA_DST, socket.inet_aton(address)) + _attribute(_NDA_LLADDR, link_address)
        self._ask(_NEWNEIGH, _CREATE, head + entry)

    def _ask(self, kind: int, flags: int, body: bytes) -> None:
        head = struct.pack("IHHII", 16 + len(body), kind, _REQUEST | _ACK | flags, 1, 0)
        self._sock.send(head + body)
        answer = self._sock.recv(1 << 16)
        (told,) = struct.unpack_from("H", answer, 4)
        (code,) = struct.unpack_from("i", answer, 16) if told == _ERROR else (-errno.EPROTO,)
        if code:
            raise OSError(-code, os.strerror(-code), f"netlink {kind}")


def _link(index: int, flags: int = 0) -> bytes:
    return struct.pack("BxHiII", socket.AF_UNSPEC, 0, index, flags, flags)


def _route(prefix: int, table: int, scope: int, kind: int) -> bytes:
    return struct.pack("BBBBBBBBI", socket.AF_INET, prefix, 0, 0, table, _PROTO_STATIC, scope, kind, 0)


def _attribute(kind: int, content: bytes) -> bytes:
    head = struct.pack("HH", 4 + len(content), kind)
    return head + content + b"\0" * (-len(content) % 4)


def _text(kind: int, text: str) -> bytes:
    return _attribute(kind, text.encode() + b"\0")


def _number(kind: int, number: int) -> bytes:
    return _attribute(kind, struct.pack("I", number))
