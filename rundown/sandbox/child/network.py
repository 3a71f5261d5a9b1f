"""A step's network: its own loopback, and a cable to a second namespace where rundown listens.

That far namespace has no process, no device but the cable's end, and no way on. Every IPv4 address is its
own there, so that one listener a port answers for all of them (`getsockname` is the address that was
meant), and the step keeps each port of 127.0.0.1 and 0.0.0.0 for its own servers. Datagrams reach the DNS
answerer only; IPv6 leads nowhere.
Source: network_namespaces(7), veth(4), ioctl_ns(2) (SIOCGSKNS); RFC 2544 for 198.18.0.0/15.
"""

import ctypes
import fcntl
import os
import socket
import struct
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

from rundown.sandbox.child import syscalls
from rundown.sandbox.child.netlink import Netlink
from rundown.sandbox.child.stages import StageError, stage

_SIOCGSKNS: Final = 0x894C
STEP_ADDRESS: Final = "198.18.0.1"
FAR_ADDRESS: Final = "198.18.0.2"
_PREFIX: Final = 30
_CABLE: Final = ("net0", "net1")
_LINK_ADDRESSES: Final = (b"\x02\x00\x00\x00\x00\x01", b"\x02\x00\x00\x00\x00\x02")
_LARGEST_PACKET: Final = 65535
_BACKLOG: Final = 4096
_DNS: Final = 53

_SO_ATTACH_FILTER: Final = 26
_BPF: Final = struct.Struct("HBBI")
_FIRST_OF_TCP: Final = (
    (0x30, 0, 0, 9),  # the protocol
    (0x15, 0, 6, 6),  # TCP, or nothing
    (0x28, 0, 0, 6),  # the fragment's offset
    (0x45, 4, 0, 0x1FFF),  # a later fragment: nothing
    (0xB1, 0, 0, 0),  # the IP header's length
    (0x50, 0, 0, 13),  # TCP's flags
    (0x54, 0, 0, 0x12),
    (0x15, 1, 0, 0x02),  # SYN without ACK
    (0x06, 0, 0, 0),
    (0x06, 0, 0, 96),
)

Purpose = tuple[str, str, int]
Opened = tuple[list[Any], socket.socket]
"""What a listener is for (kind, address, port), and it."""


class StepNetwork:
    """The two namespaces of one step; made by its init, in the step's network namespace."""

    def __init__(self, ports: Sequence[int] = ()) -> None:
        """Lays the cable, and opens what will surely be wanted: `ports` are the plan's before. Raises:
        StageError "network".
        """
        self._ahead: dict[tuple[str, int], Opened] = {}
        with stage("network"):
            near = Netlink()
            self._near = _namespace_of(near)
            syscalls.unshare(syscalls.CLONE_NEWNET)
            try:
                far = Netlink()
                self._far = _namespace_of(far)
                near.make_pair(_CABLE[0], (_CABLE[1], self._far), _LINK_ADDRESSES, _LARGEST_PACKET)
                self._set_far_up(far)
                for kind, address, port in _far_purposes(ports):
                    with suppress(StageError):  # it is tried again, and told, when it is wanted
                        self._ahead[kind, port] = self._open(kind, address, port)
            finally:
                self._go(self._near)
            self._set_near_up(near)
            near.close()
            far.close()

    def listen(self, wanted: dict[str, Any]) -> list[Opened]:
        """Returns the listeners of a plan's `network`, and the answerer's sockets.

        Raises: StageError "network", naming the port.
        """
        with stage("network"):
            opened = self._open_far(_far_purposes(wanted["ports"]))
            for address, port in wanted["loopback"]:
                with suppress(*(() if ":" not in address else (OSError,))):  # a host may have no IPv6 at all
                    opened.append(self._open("loopback", address, port))
            return opened

    def close(self) -> None:
        """Lets go of the namespaces, and of what nobody wanted: only sockets handed over keep the far one."""
        for _, sock in self._ahead.values():
            sock.close()
        os.close(self._near)
        os.close(self._far)

    def _go(self, namespace: int) -> None:
        syscalls.call("setns", namespace, syscalls.CLONE_NEWNET)

    def _open_far(self, purposes: list[Purpose]) -> list[Opened]:
        opened = [self._ahead.pop((kind, port)) for kind, _, port in purposes if (kind, port) in self._ahead]
        there = {(kind, port) for (kind, _, port), _ in opened}
        missing = [purpose for purpose in purposes if (purpose[0], purpose[2]) not in there]
        if missing:
            self._go(self._far)
            try:
                for kind, address, port in missing:
                    with suppress(*((StageError,) if kind == "attempts" else ())):  # only tells of others
                        opened.append(self._open(kind, address, port))
            finally:
                self._go(self._near)
        return opened

    def _open(self, kind: str, address: str, port: int) -> Opened:
        if kind == "attempts":
            with stage("network", "attempts"):
                return [kind, address, port], watch_attempts(_CABLE[1])
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        made = socket.socket(family, socket.SOCK_DGRAM if kind == "dns" else socket.SOCK_STREAM)
        with stage("network", f"{address} port {port}"):
            if kind == "dns":
                made.bind((address, port))
            else:
                made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                made.bind((address, port))
                made.listen(_BACKLOG)
        made.setblocking(False)
        return [kind, address, port], made

    def _set_far_up(self, far: Netlink) -> None:
        loopback, index = socket.if_nametoindex("lo"), socket.if_nametoindex(_CABLE[1])
        _switch_on(far, loopback)
        _switch_on(far, index)
        far.add_address(index, FAR_ADDRESS, _PREFIX)
        far.add_neighbour(index, STEP_ADDRESS, _LINK_ADDRESSES[0])
        far.take_every_address(loopback, index, STEP_ADDRESS)

    def _set_near_up(self, near: Netlink) -> None:
        index = socket.if_nametoindex(_CABLE[0])
        _switch_on(near, index)
        near.add_address(index, STEP_ADDRESS, _PREFIX)
        near.add_neighbour(index, FAR_ADDRESS, _LINK_ADDRESSES[1])
        near.add_default_route(FAR_ADDRESS)


def _far_purposes(ports: Sequence[int]) -> list[Purpose]:
    fixed: list[Purpose] = [("dns", FAR_ADDRESS, _DNS), ("dns-tcp", FAR_ADDRESS, _DNS), ("attempts", "", 0)]
    return [*fixed, *(("any", "0.0.0.0", port) for port in ports)]


def watch_attempts(device: str) -> socket.socket:
    """Returns a socket that sees the first packet of each TCP connection coming in by `device`.

    A raw one: closing a packet socket waits for a grace period of the kernel, longer than a step takes.
    Source: raw(7) (from the IP header on), bpf(4) of the BSDs for the instructions, RFC 791.
    """
    program = b"".join(_BPF.pack(*instruction) for instruction in _FIRST_OF_TCP)
    made = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
    space = ctypes.create_string_buffer(program)
    filtering = struct.pack("HxxxxxxP", len(_FIRST_OF_TCP), ctypes.addressof(space))
    made.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, filtering)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
    made.setblocking(False)
    return made


def _switch_on(link: Netlink, index: int) -> None:
    with suppress(OSError):  # a kernel without IPv6 has none to forbid
        link.forbid_ipv6_addresses(index)
    link.bring_up(index)


def _namespace_of(sock: Netlink) -> int:
    return fcntl.ioctl(sock.fileno(), _SIOCGSKNS)
