"""An internet of a few hosts, in the network namespace that this program is started in.

python internet_servers.py FOLDER: makes addresses, DNS and servers, prints `ready`, then runs the commands
that it reads as JSON lines ({"argv", "env", "cwd"}) and answers with {"status", "out", "err"}. FOLDER holds
`cert.pem`, `key.pem` and `www/`, and gets `asked.log`, each name that DNS was asked for.
"""

import base64
import json
import os
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from dnslib import AAAA, QTYPE, RCODE, RR, A, DNSRecord

GOOD, EVIL, DB, META, EVIL6 = (
    "93.184.216.34",
    "93.184.216.66",
    "10.2.0.7",
    "169.254.169.254",
    "2606:2800:220:1::66",
)
PROXY = "10.3.0.1"
TOOLS = "93.184.216.40"
DEAD = "93.184.216.99"
ZONE = {
    "api.example.net": [GOOD],
    "other.example.net": [GOOD],
    "db.example.net": [DB],
    "proxy.example.net": [PROXY],
    "tools.example.net": [TOOLS],
    "loop.example.net": ["127.0.0.1"],
    "meta.example.net": [META],
    "zero.example.net": ["0.0.0.0"],
    "mapped.example.net": ["::ffff:127.0.0.1"],
    "nat64.example.net": ["64:ff9b::7f00:1"],
    "sixtofour.example.net": ["2002:7f00:1::"],
    "linklocal.example.net": ["fe80::1"],
    "dead.example.net": [DEAD],
    "evil.test": [EVIL],
    "example.net": [EVIL],
    "notexample.net": [EVIL],
    "api.example.net.evil.test": [EVIL],
}
REBINDING = "rebind.example.net"
HIDDEN = b"REACHED\n"
asked: set[str] = set()
turns = [0]


def listen(address: str, port: int, serve: Callable[[socket.socket], None]) -> None:
    server = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((address, port))
    server.listen(2048)

    def one(client: socket.socket) -> None:
        try:
            with client:
                serve(client)
        except (OSError, ValueError):
            pass

    def loop() -> None:
        while True:
            client, _ = server.accept()
            threading.Thread(target=one, args=(client,), daemon=True).start()

    threading.Thread(target=loop, daemon=True).start()


def hidden(client: socket.socket) -> None:
    client.sendall(HIDDEN)


def echo(client: socket.socket) -> None:
    while chunk := client.recv(1 << 16):
        client.sendall(chunk)


def redis(client: socket.socket) -> None:
    while client.recv(4096):
        client.sendall(b"+PONG\r\n")


def postgres(client: socket.socket) -> None:
    client.recv(4096)
    body = b"SFATAL\0C28000\0Mno such user\0\0"
    client.sendall(b"E" + (len(body) + 4).to_bytes(4, "big") + body)


def http(client: socket.socket, start: bytes = b"", root: Path | None = None) -> None:
    """A careless server: the last Host counts, white space is no matter, a length wins over chunks."""
    data = start
    while True:
        while b"\n\r\n" not in data.lstrip() and b"\n\n" not in data.lstrip():
            chunk = client.recv(4096)
            if not chunk:
                return
            data += chunk
            if data.startswith((b"RAW", b"PRI")):
                client.sendall(HIDDEN)
                return
        head, _, data = data.lstrip().replace(b"\r\n", b"\n").partition(b"\n\n")
        lines = head.replace(b"\n ", b" ").split(b"\n")
        fields = {}
        for line in lines[1:]:
            name, _, value = line.partition(b":")
            fields[name.strip().lower()] = value.strip()
        length = int(fields.get(b"content-length", b"0"))
        while len(data) < length:
            data += client.recv(4096)
        data = data[length:]
        words = lines[0].split()
        target = words[1].decode() if len(words) > 1 else "/"
        meant = fields.get(b"host", b"evil.test") + b" " + lines[0]
        body = b"REACHED" if b"evil.test" in meant else b"good"
        status = b"200 OK"
        if root is not None and body == b"good":
            path = root / target.partition("?")[0].lstrip("/")
            path = path / "index.html" if path.is_dir() else path
            status = b"200 OK" if path.is_file() else b"404 Not Found"
            body = path.read_bytes() if path.is_file() else b""
        kind = b"text/html" if target.endswith("/") else b"application/octet-stream"
        client.sendall(
            b"HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n" % (status, kind, len(body))
            + body
        )


def tls(folder: Path) -> Callable[[socket.socket], None]:
    def serve(client: socket.socket) -> None:
        start = client.recv(1, socket.MSG_PEEK)
        if start != b"\x16":
            client.sendall(HIDDEN)
            return
        names: list[str | None] = []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
        context.sni_callback = lambda sock, name, _: names.append(name)
        with context.wrap_socket(client, server_side=True) as secured:
            if names[-1:] in ([], [None], ["evil.test"]):
                secured.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nREACHED")
                return
            http(secured, root=folder / "www")

    return serve


def resolve(query: bytes, log: Path) -> bytes:
    question = DNSRecord.parse(query)
    name = ".".join(label.decode("latin-1") for label in question.q.qname.label).lower()
    with log.open("a") as file:
        file.write(name + "\n")
    reply = question.reply()
    addresses = ZONE.get(name, [])
    if name == REBINDING:
        turns[0] += 1
        addresses = [GOOD] if turns[0] % 4 in (1, 2) else ["127.0.0.1"]
    if not addresses:
        reply.header.rcode = RCODE.NXDOMAIN
    for address in addresses:
        if ":" in address and question.q.qtype == QTYPE.AAAA:
            reply.add_answer(RR(question.q.qname, QTYPE.AAAA, rdata=AAAA(address), ttl=0))
        if ":" not in address and question.q.qtype == QTYPE.A:
            reply.add_answer(RR(question.q.qname, QTYPE.A, rdata=A(address), ttl=0))
    return bytes(reply.pack())


def datagrams(address: str, port: int, answer: Callable[[bytes], bytes]) -> None:
    sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((address, port))

    def loop() -> None:
        while True:
            query, asker = sock.recvfrom(4096)
            try:
                sock.sendto(answer(query), asker)
            except Exception:
                continue

    threading.Thread(target=loop, daemon=True).start()


def dns_stream(log: Path) -> Callable[[socket.socket], None]:
    def serve(client: socket.socket) -> None:
        length = int.from_bytes(client.recv(2), "big")
        answer = resolve(client.recv(length), log)
        client.sendall(len(answer).to_bytes(2, "big") + answer)

    return serve


def path_socket(name: str | bytes) -> None:
    server = socket.socket(socket.AF_UNIX)
    server.bind(name)
    server.listen()

    def loop() -> None:
        while True:
            client, _ = server.accept()
            client.sendall(HIDDEN)
            client.close()

    threading.Thread(target=loop, daemon=True).start()


def datagram_socket(name: str) -> None:
    server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    server.bind(name)

    def loop() -> None:
        while True:
            server.recv(4096)

    threading.Thread(target=loop, daemon=True).start()


def proxy(log: Path, login: bytes = b"") -> Callable[[socket.socket], None]:
    """A CONNECT proxy that looks names up itself, and knows one more than DNS does."""

    def serve(client: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            head += client.recv(1)
        with log.open("ab") as file:
            file.write(head.splitlines()[0] + b"\n")
        if login and b"\r\nProxy-Authorization: Basic " + base64.b64encode(login) + b"\r\n" not in head:
            client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            return
        name, _, port = head.split()[1].decode().rpartition(":")
        address = {"inner.example.net": GOOD, "loop.example.net": "127.0.0.1"}.get(name) or ZONE[name][0]
        with socket.create_connection((address, int(port))) as far:
            first = far.recv(100) if port == "7777" else b""  # comes with the answer, in one packet
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n" + first)
            threading.Thread(target=copy, args=(client, far), daemon=True).start()
            copy(far, client)

    return serve


def copy(source: socket.socket, target: socket.socket) -> None:
    try:
        while chunk := source.recv(1 << 16):
            target.sendall(chunk)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def refuse(client: socket.socket) -> None:
    client.recv(4096)
    client.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")


def ssh(config: Path) -> Callable[[socket.socket], None]:
    """The real one, a process for each connection; a test writes its `config`."""

    def serve(client: socket.socket) -> None:
        words = ["/usr/sbin/sshd", "-i", "-f", str(config)]
        subprocess.run(words, stdin=client, stdout=client, stderr=subprocess.DEVNULL)

    return serve


def set_up(folder: Path) -> None:
    run = lambda *words: subprocess.run(words, check=True)  # noqa: E731
    run("ip", "link", "set", "lo", "up")
    for address in (GOOD, EVIL, DB, META, DEAD, PROXY, TOOLS):
        run("ip", "addr", "add", f"{address}/32", "dev", "lo")
    run("ip", "-6", "addr", "add", f"{EVIL6}/128", "dev", "lo", "nodad")  # else it is tentative for a moment
    for name, text in (("hosts", "127.0.0.1 localhost\n"), ("resolv.conf", "nameserver 127.0.0.1\n")):
        (folder / name).write_text(text)
        run("mount", "--bind", str(folder / name), os.path.realpath(f"/etc/{name}"))
    log = folder / "asked.log"
    log.touch()
    (folder / "proxied.log").touch()
    for address in ("127.0.0.1", EVIL):
        datagrams(address, 53, lambda query: resolve(query, log))
        listen(address, 53, dns_stream(log))
    for address in (EVIL, EVIL6):
        datagrams(address, 5000, lambda query: HIDDEN)
    for port in (22, 80, 443, 5000):
        listen(EVIL, port, hidden)
    listen(EVIL6, 80, hidden)
    listen(META, 80, hidden)
    listen(DB, 5432, hidden)
    for address in ("127.0.0.1", "::1"):
        listen(address, 7777, hidden)
    listen(GOOD, 80, http)
    listen(GOOD, 8080, http)
    listen(GOOD, 443, tls(folder))
    listen(GOOD, 7777, lambda client: client.sendall(b"good\n"))
    listen(GOOD, 5432, echo)
    listen(GOOD, 6379, redis)
    listen(GOOD, 3306, postgres)
    listen(GOOD, 22, lambda client: client.sendall(b"SSH-2.0-test_server\r\n") or client.recv(4096))
    listen(DB, 5433, echo)
    listen(TOOLS, 22, ssh(folder / "sshd_config"))
    listen(PROXY, 3128, proxy(folder / "proxied.log"))
    listen(PROXY, 3129, proxy(folder / "proxied.log", b"ada:pa ss"))
    listen(PROXY, 3130, refuse)
    listen(PROXY, 3131, lambda client: client.sendall(b"no HTTP at all\r\n\r\n"))
    path_socket(b"\0rundown-internet")
    path_socket(str(folder / "host.sock"))
    datagram_socket(str(folder / "host.dgram"))
    deaf = socket.socket()  # accepts nothing: what connects beyond its backlog waits
    deaf.bind((DEAD, 80))
    deaf.listen(0)
    fillers = [socket.socket() for _ in range(4)]
    for filler in fillers:
        filler.setblocking(False)
        filler.connect_ex((DEAD, 80))
    globals()["kept"] = (deaf, fillers)


def main() -> None:
    folder = Path(sys.argv[1])
    set_up(folder)
    print("ready", flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        done = subprocess.run(
            asked["argv"], env=asked["env"], cwd=asked["cwd"], capture_output=True, text=True,
            errors="replace", timeout=asked["patience_s"], stdin=subprocess.DEVNULL,
        )  # fmt: skip
        print(json.dumps({"status": done.returncode, "out": done.stdout, "err": done.stderr}), flush=True)


if __name__ == "__main__":
    main()
