"""Messages between rundown, the zygote and a step's init: length-prefixed JSON and fds over a socket.

JSON is written in ASCII with escapes, so that file names that are not UTF-8 (surrogate escapes) survive.
Refuses messages over 64 MiB. Source: unix(7), SCM_RIGHTS; at most 253 fds a message.
"""

import array
import json
import socket
import struct
from typing import Any, Final

_HEADER: Final = struct.Struct("!I")
_LARGEST: Final = 64 << 20
MOST_FDS: Final = 200

Message = dict[str, Any]


def send(sock: socket.socket, message: Message, fds: tuple[int, ...] = ()) -> None:
    """Sends one message; the fds ride on its first byte. Raises OSError if the other side is gone."""
    payload = json.dumps(message, ensure_ascii=True, separators=(",", ":")).encode("utf-8")
    packet = _HEADER.pack(len(payload)) + payload
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
    sent = sock.sendmsg([packet], rights, socket.MSG_NOSIGNAL)
    if sent < len(packet):
        sock.sendall(packet[sent:], socket.MSG_NOSIGNAL)


def receive(sock: socket.socket) -> tuple[Message, list[int]] | None:
    """Returns the next message and its fds (close-on-exec), or None at the end of the stream."""
    fds = array.array("i")
    space = socket.CMSG_SPACE(MOST_FDS * fds.itemsize)
    try:
        head, rights, _, _ = sock.recvmsg(_HEADER.size, space, socket.MSG_CMSG_CLOEXEC)
    except ConnectionResetError:
        return None
    for level, kind, content in rights:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            fds.frombytes(content[: len(content) - len(content) % fds.itemsize])
    if not head:
        return None
    (length,) = _HEADER.unpack(head + _read_exactly(sock, _HEADER.size - len(head)))
    if length > _LARGEST:
        raise ValueError(f"a message of {length} bytes")
    return json.loads(_read_exactly(sock, length)), fds.tolist()


def _read_exactly(sock: socket.socket, count: int) -> bytes:
    chunks = []
    while count:
        chunk = sock.recv(min(count, 1 << 20))
        if not chunk:
            raise ConnectionResetError("the stream ended inside a message")
        chunks.append(chunk)
        count -= len(chunk)
    return b"".join(chunks)
