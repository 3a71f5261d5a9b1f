"""rundown's proxy: real clients and servers on loopback, a gate that answers as a session would."""

import base64
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from rundown.egress.gate import Report, Verdict
from rundown.egress.passage import Limits
from rundown.egress.server import Egress
from tests.support.patience import PATIENCE_SECONDS

HERE = "127.0.0.1"
LOGIN = "rundown:word"
SHOWN = b"Proxy-Authorization: Basic " + base64.b64encode(LOGIN.encode()) + b"\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Gate:
    """Lets through what goes to the ports it is told of, on the host's own loopback."""

    def __init__(self) -> None:
        self.ports: set[int] = set()
        self.reports: list[Report] = []

    def judge(self, host: str, port: int) -> Verdict:
        if host == "localhost" and port in self.ports:
            return Verdict(outcome="allow", rule="a rule", named=True)
        return Verdict(outcome="deny", rule="no rule names it", flag="--allow-net H", yaml="default: {}")

    def ask(self, host: str, port: int, addresses: tuple[str, ...], about: str) -> Verdict:
        raise AssertionError("nobody is asked")

    def record(self, report: Report) -> None:
        self.reports.append(report)


class Proxy:
    """A step's proxy, and servers that it may reach."""

    def __init__(self) -> None:
        self.gate = Gate()
        self._egress = Egress(limits=Limits(drain_s=0.2))
        self._opened = self._egress.open(self.gate, login=LOGIN)
        self._servers: list[socket.socket] = []
        door = socket.create_server((HERE, 0))
        door.setblocking(False)
        self.port = door.getsockname()[1]
        self._opened.add("proxy", HERE, self.port, door)

    def server(self, talk: Callable[[socket.socket], None], *, allowed: bool = True) -> int:
        """Starts a server; returns its port."""
        listener = socket.create_server((HERE, 0))
        self._servers.append(listener)

        def one(sock: socket.socket) -> None:
            with sock:
                try:
                    talk(sock)
                except OSError:
                    return

        def loop() -> None:
            while True:
                try:
                    sock, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=one, args=(sock,), daemon=True).start()

        threading.Thread(target=loop, daemon=True).start()
        port = int(listener.getsockname()[1])
        if allowed:
            self.gate.ports.add(port)
        return port

    def client(self) -> socket.socket:
        """Connects to it."""
        return socket.create_connection((HERE, self.port), timeout=PATIENCE_SECONDS)

    def reported(self) -> list[tuple[int, bool, str]]:
        """Ends the step; returns port, whether it was allowed, and reason of each report."""
        self.close()
        return [(item.port, item.allowed, item.reason) for item in self.gate.reports]

    def close(self) -> None:
        """Ends the step, its proxy and the servers; more than once is fine."""
        if self._egress._loop is not None:
            self._opened.close()
            self._egress.close()
        for listener in self._servers:
            listener.close()


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    made = Proxy()
    yield made
    made.close()


def head_of(sock: socket.socket) -> bytes:
    """Reads one message's head."""
    got = b""
    while not got.endswith(b"\r\n\r\n"):
        byte = sock.recv(1)
        if not byte:
            return got
        got += byte
    return got


def exactly(sock: socket.socket, count: int) -> bytes:
    got = b""
    while len(got) < count and (chunk := sock.recv(count - len(got))):
        got += chunk
    return got


def all_of(sock: socket.socket) -> bytes:
    got = b""
    while chunk := sock.recv(1 << 16):
        got += chunk
    return got


def plain(port: int, method: str = "GET", more: bytes = b"", body: bytes = b"") -> bytes:
    line = f"{method} http://localhost:{port}/a?b HTTP/1.1\r\nHost: localhost:{port}\r\n".encode()
    return line + SHOWN + more + b"\r\n" + body


def answer(content: bytes) -> Callable[[socket.socket], None]:
    def talk(sock: socket.socket) -> None:
        head_of(sock)
        sock.sendall(content)

    return talk


def test_a_tunnel_carries_bytes_both_ways_and_is_on_record(proxy: Proxy):
    port = proxy.server(lambda sock: sock.sendall(b"<" + exactly(sock, 5) + b">"))
    with proxy.client() as sock:
        sock.sendall(b"CONNECT localhost:%d HTTP/1.1\r\nHost: x\r\n" % port + SHOWN + b"\r\nfi")
        assert head_of(sock) == b"HTTP/1.1 200 Connection established\r\n\r\n"
        sock.sendall(b"ve!")
        assert all_of(sock) == b"<five!>"
    assert proxy.reported() == [(port, True, "")]
    (told,) = proxy.gate.reports
    assert (told.host, told.address, told.sent_bytes, told.received_bytes, told.rule) == (
        HERE, HERE, 5, 7, "a rule",
    )  # fmt: skip


def test_a_plain_request_goes_on_without_what_is_the_proxys(proxy: Proxy):
    heard: list[bytes] = []

    def talk(sock: socket.socket) -> None:
        heard.append(head_of(sock))
        sock.sendall(
            b"HTTP/1.1 200 Fine\r\nX-Own: 1\r\nConnection: X-Hop\r\nX-Hop: 2\r\nContent-Length: 2\r\n\r\nok"
        )

    port = proxy.server(talk)
    with proxy.client() as sock:
        sock.sendall(plain(port, more=b"Accept: */*\r\nProxy-Connection: keep-alive\r\n"))
        assert head_of(sock) == b"HTTP/1.1 200 Fine\r\nX-Own: 1\r\nContent-Length: 2\r\n\r\n"
        assert exactly(sock, 2) == b"ok"
    assert heard == [
        b"GET /a?b HTTP/1.1\r\nHost: localhost:%d\r\nConnection: close\r\nAccept: */*\r\n\r\n" % port
    ]
    assert proxy.reported() == [(port, True, "")]


def test_each_request_of_a_connection_is_decided_by_itself(proxy: Proxy):
    one, other = proxy.server(answer(OK)), proxy.server(answer(OK))
    closed = proxy.server(answer(b"HTTP/1.1 200 REACHED\r\nContent-Length: 0\r\n\r\n"), allowed=False)
    with proxy.client() as sock:
        found = []
        for port in (one, closed, other):
            sock.sendall(plain(port))
            head = head_of(sock)
            length = int(head.partition(b"Content-Length: ")[2].split()[0])
            found.append((head.splitlines()[0], exactly(sock, length)))
    text = (
        f"rundown does not let this step reach 127.0.0.1:{closed}: no rule names it\n"
        "fix: --allow-net H      (or in .rundownrc.yaml: default: {})\n"
    )
    fine = (b"HTTP/1.1 200 OK", b"ok")
    assert found == [fine, (b"HTTP/1.1 403 Refused by rundown (--allow-net H)", text.encode()), fine]
    assert sorted(proxy.reported()) == sorted(
        [(one, True, ""), (closed, False, "no rule names it"), (other, True, "")]
    )


def test_pipelined_requests_are_answered_in_order(proxy: Proxy):
    one, other = proxy.server(answer(OK)), proxy.server(answer(OK.replace(b"ok", b"no")))
    with proxy.client() as sock:
        sock.sendall(plain(one) + plain(other))
        assert [head_of(sock) and exactly(sock, 2) for _ in range(2)] == [b"ok", b"no"]


def test_who_does_not_show_the_login_is_told_nothing_and_may_try_again(proxy: Proxy):
    port = proxy.server(answer(OK))
    with proxy.client() as sock:
        sock.sendall(plain(port).replace(SHOWN, b""))
        head = head_of(sock)
        assert head.startswith(b"HTTP/1.1 407 ") and b'Proxy-Authenticate: Basic realm="rundown"\r\n' in head
        exactly(sock, int(head.partition(b"Content-Length: ")[2].split()[0]))
        sock.sendall(plain(port))
        assert head_of(sock).startswith(b"HTTP/1.1 200 ") and exactly(sock, 2) == b"ok"
    with proxy.client() as sock:
        sock.sendall(b"CONNECT localhost:%d HTTP/1.1\r\nHost: x\r\n\r\n" % port)
        assert head_of(sock).startswith(b"HTTP/1.1 407 ")
    assert proxy.reported() == [(port, True, "")]


@pytest.mark.parametrize(
    "said",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n@",
        b"CONNECT nowhere HTTP/1.1\r\nHost: x\r\n@",
        b"CONNECT a:80\0 HTTP/1.1\r\nHost: x\r\n@",
        b"CONNECT a:80\r\nX: y HTTP/1.1\r\nHost: x\r\n@",
        b"CONNECT a:80 HTTP/1.1\r\n@",
        b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03",
        b"\x05\x01\x00",
        b"HELLO\r\n\r\n",
    ],
)
def test_what_is_no_request_of_a_proxy_gets_400_and_goes_nowhere(proxy: Proxy, said):
    with proxy.client() as sock:
        sock.sendall(said.replace(b"@", SHOWN + b"\r\n"))
        sock.shutdown(socket.SHUT_WR)
        assert all_of(sock).startswith(b"HTTP/1.1 400 ")
    assert proxy.reported() == []


def test_a_head_without_an_end_is_not_waited_for(proxy: Proxy):
    with proxy.client() as sock:
        sock.sendall(b"GET http://localhost/" + b"a" * 70000)
        assert head_of(sock).startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize("framing", ["length", "chunks"])
def test_bodies_of_any_size_go_both_ways(proxy: Proxy, framing):
    content = bytes(range(256)) * 12000

    def echo(sock: socket.socket) -> None:
        head = head_of(sock).lower()
        assert (b"content-length: 3072000" in head) == (framing == "length")
        sock.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        left = len(content)
        while left:
            if framing == "chunks":
                size = int(head_of_line(sock), 16)
                sock.sendall(exactly(sock, size))
                head_of_line(sock)
            else:
                size = min(left, 1 << 16)
                sock.sendall(exactly(sock, size))
            left -= size
        if framing == "chunks":
            exactly(sock, len(b"0\r\n\r\n"))  # closed with this unread, it would cut off what it said

    def head_of_line(sock: socket.socket) -> bytes:
        got = b""
        while not got.endswith(b"\n"):
            got += sock.recv(1)
        return got

    port = proxy.server(echo)
    with proxy.client() as sock:
        if framing == "length":
            request = plain(
                port, "POST", b"Content-Length: %d\r\nConnection: close\r\n" % len(content), content
            )
        else:
            half = len(content) // 2
            body = b"".join(b"%x\r\n" % half + part + b"\r\n" for part in (content[:half], content[half:]))
            request = plain(
                port, "POST", b"Transfer-Encoding: chunked\r\nConnection: close\r\n", body + b"0\r\n\r\n"
            )
        sending = threading.Thread(target=sock.sendall, args=(request,))
        sending.start()
        head_of(sock)
        got = unchunked(all_of(sock))
        sending.join()
    assert got == content
    proxy.close()
    (told,) = proxy.gate.reports
    assert told.sent_bytes > len(content) < told.received_bytes


def unchunked(content: bytes) -> bytes:
    got = b""
    while content:
        size, _, content = content.partition(b"\r\n")
        got += content[: int(size, 16)]
        content = content[int(size, 16) + 2 :]
    return got


def test_an_answer_without_a_body_has_none(proxy: Proxy):
    port = proxy.server(answer(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"))
    with proxy.client() as sock:
        for method in ("HEAD", "HEAD"):
            sock.sendall(plain(port, method))
            assert b"Content-Length: 500\r\n" in head_of(sock)
        sock.sendall(plain(1, "HEAD"))
        assert head_of(sock).startswith(b"HTTP/1.1 403 ")
        sock.sendall(plain(port, "HEAD"))
        assert head_of(sock).startswith(b"HTTP/1.1 200 ")


def test_a_client_that_waits_for_100_gets_it_from_the_server(proxy: Proxy):
    def talk(sock: socket.socket) -> None:
        assert b"expect: 100-continue" in head_of(sock).lower()
        sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n" + exactly(sock, 3))

    port = proxy.server(talk)
    with proxy.client() as sock:
        sock.sendall(plain(port, "POST", b"Expect: 100-continue\r\nContent-Length: 3\r\n"))
        assert head_of(sock).startswith(b"HTTP/1.1 100 ")
        sock.sendall(b"abc")
        assert head_of(sock).startswith(b"HTTP/1.1 200 ") and exactly(sock, 3) == b"abc"


def test_an_answer_before_the_request_was_taken_arrives(proxy: Proxy):
    port = proxy.server(answer(b"HTTP/1.1 413 No\r\nContent-Length: 2\r\n\r\nno"))
    with proxy.client() as sock:
        sock.sendall(plain(port, "POST", b"Content-Length: 1000\r\n", b"a" * 10))
        assert head_of(sock).startswith(b"HTTP/1.1 413 ") and all_of(sock) == b"no"


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", b"HTTP/1.1 502 "),
        (b"no HTTP at all\r\n\r\n", b"HTTP/1.1 502 "),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", b"HTTP/1.1 200 "),
    ],
)
def test_a_server_that_breaks_off_is_told_of_and_half_an_answer_stays_half(proxy: Proxy, content, status):
    port = proxy.server(answer(content))
    with proxy.client() as sock:
        sock.sendall(plain(port, more=b"Connection: close\r\n"))
        head, rest = head_of(sock), all_of(sock)
        assert head.startswith(status) and (status.startswith(b"HTTP/1.1 502") or rest == b"half")
    ((_, allowed, reason),) = proxy.reported()
    assert (allowed, reason.startswith("broken off (")) == (True, True)


def test_a_host_that_does_not_answer_is_told_as_502(proxy: Proxy):
    gone = socket.create_server((HERE, 0))
    port = gone.getsockname()[1]
    proxy.gate.ports.add(port)
    gone.close()
    for said in (plain(port), b"CONNECT localhost:%d HTTP/1.1\r\nHost: x\r\n" % port + SHOWN + b"\r\n"):
        with proxy.client() as sock:
            sock.sendall(said)
            assert head_of(sock).startswith(b"HTTP/1.1 502 ")
    assert [item[:2] for item in proxy.reported()] in ([(port, True)], [(port, True)] * 2)


def test_a_request_for_another_host_than_its_target_goes_nowhere(proxy: Proxy):
    port = proxy.server(answer(b"HTTP/1.1 200 REACHED\r\nContent-Length: 0\r\n\r\n"))
    with proxy.client() as sock:
        sock.sendall(plain(port).replace(b"Host: localhost", b"Host: evil.example"))
        assert head_of(sock).startswith(b"HTTP/1.1 403 ")
    assert proxy.reported() == [(port, False, f"its Host is 'evil.example:{port}'")]


def test_a_client_that_goes_away_takes_its_request_with_it(proxy: Proxy):
    gone = threading.Event()

    def talk(sock: socket.socket) -> None:
        head_of(sock)
        all_of(sock)
        gone.set()

    port = proxy.server(talk)
    with proxy.client() as sock:
        sock.sendall(plain(port, "POST", b"Content-Length: 1000\r\n", b"a" * 10))
    assert gone.wait(PATIENCE_SECONDS)


def test_what_waits_ends_with_the_step(proxy: Proxy):
    came = threading.Event()

    def talk(sock: socket.socket) -> None:
        head_of(sock)
        came.set()
        all_of(sock)

    port = proxy.server(talk)
    with proxy.client() as idle, proxy.client() as waiting:
        waiting.sendall(plain(port))
        assert came.wait(PATIENCE_SECONDS)
        assert proxy.reported() == [(port, True, "")]
        assert (idle.recv(1), waiting.recv(1)) == (b"", b"")
