"""`Door`: a socket in a step's network that rundown serves. Who takes none is handed closed ones: nothing."""

import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from rundown.sandbox.child import wire


@dataclass(frozen=True)
class Door:
    """`sock` does not block. `kind`: dns, dns-tcp; any (a listener for every address); loopback; attempts
    (the first packet of each connection, from its IP header on)."""

    kind: Literal["dns", "dns-tcp", "any", "loopback", "attempts"]
    address: str
    port: int
    sock: socket.socket


Doors = Callable[[tuple[Door, ...]], None]
"""Takes the sockets over, before the command starts or soon after; they are its own from then on."""


def hand_over(message: wire.Message, fds: list[int], taker: Doors | None) -> None:
    """Gives the sockets of a step's network to `taker`; closes them if there is none."""
    opened = tuple(
        Door(kind=kind, address=address, port=port, sock=socket.socket(fileno=descriptor))
        for (kind, address, port), descriptor in zip(message["for"], fds, strict=True)
    )
    if taker is not None:
        taker(opened)
        return
    for door in opened:
        door.sock.close()
