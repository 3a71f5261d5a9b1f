"""Connections of a step, served: real sockets on loopback, a gate that answers as a session would."""

import asyncio
import ipaddress
import os
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from rundown.egress.connecting import RefusedError, Wanted
from rundown.egress.gate import Report, Verdict
from rundown.egress.outer_proxy import OuterProxies, Proxy
from rundown.egress.passage import Limits, read_attempt
from rundown.egress.resolve import Resolver
from rundown.egress.route import Route
from rundown.egress.server import Egress
from tests.support.patience import PATIENCE_SECONDS

ALLOW = Verdict(outcome="allow", rule="a rule", named=True)
DENY = Verdict(outcome="deny", rule="no rule names it", flag="--allow-net h")
ASK = Verdict(outcome="ask", rule="no rule names it")
HERE = "127.0.0.1"
THERE = "127.0.0.2"


def reserve(address: str = HERE, port: int = 0) -> socket.socket:
    """Returns a socket that keeps a port from everybody but those who set SO_REUSEADDR as well.

    Source: socket(7), SO_REUSEADDR.
    """
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((address, port))
    return sock


class Gate:
    """Judges by a table (all others denied), asks by a function, and keeps what it is told."""

    def __init__(self, verdicts: dict[str, Verdict], answer: Callable[[], Verdict] | None = None) -> None:
        self._verdicts = verdicts
        self._answer = answer
        self.asked: list[tuple[str, int, str]] = []
        self.reports: list[Report] = []

    def judge(self, host: str, port: int) -> Verdict:
        return self._verdicts.get(host, DENY)

    def ask(self, host: str, port: int, addresses: tuple[str, ...], about: str) -> Verdict:
        self.asked.append((host, port, about))
        assert self._answer is not None
        return self._answer()

    def record(self, report: Report) -> None:
        self.reports.append(report)


class Step:
    """A step whose every connection to `port` arrives at a door on loopback, meaning `THERE` of the host."""

    def __init__(
        self,
        gate: Gate,
        limits: Limits | None = None,
        routes: tuple[Route, ...] = (),
        proxies: OuterProxies | None = None,
    ) -> None:
        self.gate = gate
        self._kept: list[socket.socket] = []
        self.egress = Egress(proxies, limits)
        self.opened = self.egress.open(gate, routes)

    def door(self, kind: str, address: str = HERE, port: int = 0) -> int:
        """Opens a listener, as a step's init would; returns its port, which is kept for a server `HERE`."""
        if address != HERE and port == 0:
            self._kept.append(reserve())
            port = self._kept[-1].getsockname()[1]
        sock = reserve(address, port)
        sock.listen(2048)
        sock.setblocking(False)
        port = sock.getsockname()[1]
        self.opened.add(kind, HERE, port, sock)
        return port

    def close(self) -> None:
        for sock in self._kept:
            sock.close()
        self.opened.close()
        self.egress.close()


@pytest.fixture
def step_with() -> Iterator[Callable[..., Step]]:
    made: list[Step] = []

    def make(*args: object, **more: object) -> Step:
        made.append(Step(*args, **more))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for step in made:
        if step.egress._loop is not None:
            step.close()


def serve(address: str, port: int, talk: Callable[[socket.socket], None]) -> socket.socket:
    """Starts a server beside the door, on the same port of another address."""
    listener = reserve(address, port)
    listener.listen(2048)

    def loop() -> None:
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=lambda sock=sock: talk(sock), daemon=True).start()

    threading.Thread(target=loop, daemon=True).start()
    return listener


def hello(sock: socket.socket) -> None:
    with sock:
        sock.sendall(b"hello")


def read(port: int, sent: bytes = b"") -> bytes:
    try:
        with socket.create_connection((HERE, port), timeout=PATIENCE_SECONDS) as sock:
            sock.sendall(sent)
            got = b""
            while chunk := sock.recv(4096):
                got += chunk
            return got
    except (ConnectionResetError, BrokenPipeError):
        return b"reset"


def test_an_allowed_port_of_the_hosts_loopback_is_served_and_on_record(step_with):
    step = step_with(Gate({"localhost": ALLOW}))
    port = step.door("loopback", THERE)
    with serve(HERE, port, hello), socket.create_connection((THERE, port), timeout=PATIENCE_SECONDS) as sock:
        assert sock.recv(10) == b"hello"
    step.close()
    assert [(item.host, item.port, item.allowed, item.received_bytes) for item in step.gate.reports] == [
        (HERE, port, True, 5)
    ]


def test_a_connection_that_is_denied_is_reset_and_told_with_its_mend(step_with):
    step = step_with(Gate({}))
    port = step.door("any")
    assert read(port) == b"reset"
    step.close()
    (told,) = step.gate.reports
    assert (told.allowed, told.reason, told.flag) == (False, "no rule names it", "--allow-net h")


def test_a_rule_about_all_hosts_opens_no_port_of_the_hosts_loopback(step_with):
    everything = Verdict(outcome="allow", rule="*", named=False)
    step = step_with(Gate({"localhost": everything, HERE: everything, THERE: everything}))
    port = step.door("loopback", THERE)
    came = threading.Event()
    with serve(HERE, port, lambda sock: came.set()), pytest.raises(ConnectionResetError):
        socket.create_connection((THERE, port), timeout=PATIENCE_SECONDS).recv(1)
    assert not came.is_set()


def test_an_address_that_stands_for_no_name_is_refused_whatever_the_rules_say(step_with):
    step = step_with(Gate({"198.18.9.9": ALLOW}))
    permitting = step.opened._passage._connecting.permit(Wanted(host="198.18.9.9", port=443))
    with pytest.raises(RefusedError, match="no name was looked up"):
        step.egress.run(permitting)


def test_however_many_connections_wait_a_person_is_asked_once(step_with):
    answered = threading.Event()

    verdicts = {HERE: ASK}

    def answer() -> Verdict:
        answered.wait(PATIENCE_SECONDS)
        verdicts[HERE] = DENY  # as a session remembers it for the rest of the step
        return DENY

    step = step_with(Gate(verdicts, answer))
    port = step.door("any")
    with ThreadPoolExecutor(20) as several:
        waiting = [several.submit(read, port) for _ in range(20)]
        while not step.gate.asked:
            threading.Event().wait(0.01)
        answered.set()
        assert {item.result() for item in waiting} == {b"reset"}
    assert step.gate.asked == [(HERE, port, "")]


def test_an_open_question_keeps_no_other_connection_waiting(step_with):
    answered = threading.Event()

    def answer() -> Verdict:
        answered.wait(PATIENCE_SECONDS)
        return DENY

    step = step_with(Gate({HERE: ASK, "localhost": ALLOW}, answer))
    asking, free = step.door("any"), step.door("loopback", THERE)
    with ThreadPoolExecutor(1) as one, serve(HERE, free, hello):
        waiting = one.submit(read, asking)
        while not step.gate.asked:
            threading.Event().wait(0.01)
        with socket.create_connection((THERE, free), timeout=PATIENCE_SECONDS) as sock:
            assert sock.recv(10) == b"hello"
        assert not waiting.done()
        answered.set()
        assert waiting.result() == b"reset"


def test_nobody_is_asked_for_a_step_that_has_ended(step_with):
    step = step_with(Gate({HERE: ASK}, lambda: ALLOW))
    port = step.door("any")
    step.egress.run(step.opened._passage.asking.stop())
    assert (read(port), step.gate.asked) == (b"reset", [])


def test_a_question_that_fails_is_a_no(step_with):
    def answer() -> Verdict:
        raise OSError("the terminal is gone")

    step = step_with(Gate({HERE: ASK}, answer))
    assert read(step.door("any")) == b"reset"


def test_what_a_step_sent_before_it_ended_arrives(step_with):
    arrived = bytearray()
    done = threading.Event()

    def take(sock: socket.socket) -> None:
        with sock:
            while chunk := sock.recv(1 << 16):
                arrived.extend(chunk)
        done.set()

    step = step_with(Gate({"localhost": ALLOW}))
    port = step.door("loopback", THERE)
    content = os.urandom(3 << 20)
    with serve(HERE, port, take):
        with socket.create_connection((THERE, port), timeout=PATIENCE_SECONDS) as sock:
            sock.sendall(content)
        step.close()
        assert done.wait(PATIENCE_SECONDS)
    assert bytes(arrived) == content


def test_a_connection_that_is_still_being_made_does_not_hold_up_the_end(step_with):
    deaf = socket.socket()
    deaf.bind((HERE, 0))
    deaf.listen(0)
    port = deaf.getsockname()[1]
    fillers = [socket.socket() for _ in range(4)]
    for filler in fillers:
        filler.setblocking(False)
        filler.connect_ex((HERE, port))
    step = step_with(Gate({"localhost": ALLOW}), limits=Limits(drain_s=30))
    step.door("loopback", THERE, port)
    socket.create_connection((THERE, port), timeout=PATIENCE_SECONDS).close()
    ended = threading.Thread(target=step.close)
    ended.start()
    ended.join(PATIENCE_SECONDS)
    assert not ended.is_alive()
    for each in (deaf, *fillers):
        each.close()


def test_large_streams_pass_whole_both_ways_and_are_counted(step_with):
    content = os.urandom(1 << 20) * 8

    def back(sock: socket.socket) -> None:
        with sock:
            got = bytearray()
            while len(got) < len(content):
                got += sock.recv(1 << 16)
            sock.sendall(got)

    step = step_with(Gate({"localhost": ALLOW}))
    port = step.door("loopback", THERE)
    with serve(HERE, port, back), socket.create_connection((THERE, port), timeout=PATIENCE_SECONDS) as sock:
        writer = threading.Thread(target=sock.sendall, args=(content,))
        writer.start()
        got = bytearray()
        while len(got) < len(content):
            got += sock.recv(1 << 16)
        writer.join()
    step.close()
    assert bytes(got) == content
    (told,) = step.gate.reports
    assert (told.sent_bytes, told.received_bytes) == (len(content), len(content))


def test_a_thousand_connections_at_once_and_nothing_is_left(step_with):
    step = step_with(Gate({"localhost": ALLOW}))
    port = step.door("loopback", THERE)
    before = len(os.listdir("/proc/self/fd"))
    with serve(HERE, port, lambda sock: (sock.recv(1), hello(sock))):  # type: ignore[func-returns-value]
        socks = [socket.create_connection((THERE, port), timeout=PATIENCE_SECONDS) for _ in range(1000)]
        for sock in socks:
            sock.sendall(b"x")
        assert all(sock.recv(10) == b"hello" for sock in socks)
        for sock in socks:
            sock.close()
    step.close()
    assert sum(item.count for item in step.gate.reports) == 1000
    assert len(os.listdir("/proc/self/fd")) <= before


def test_more_connections_than_there_may_be_are_reset(step_with):
    step = step_with(Gate({"localhost": ALLOW}), limits=Limits(connections=3))
    port = step.door("loopback", THERE)
    stay = threading.Event()
    with serve(HERE, port, lambda sock: (sock.sendall(b"x"), stay.wait(PATIENCE_SECONDS))):  # type: ignore[func-returns-value]
        socks = [socket.create_connection((THERE, port), timeout=PATIENCE_SECONDS) for _ in range(3)]
        assert [sock.recv(1) for sock in socks] == [b"x"] * 3
        with pytest.raises(ConnectionResetError):
            socket.create_connection((THERE, port), timeout=PATIENCE_SECONDS).recv(1)
        stay.set()
        for sock in socks:
            sock.close()


def test_a_connection_on_which_nothing_is_said_is_ended(step_with):
    step = step_with(Gate({"localhost": ALLOW}), limits=Limits(idle_s=0.2))
    port = step.door("loopback", THERE)
    stay = threading.Event()
    with serve(HERE, port, lambda sock: stay.wait(PATIENCE_SECONDS) and None):
        with pytest.raises(ConnectionResetError):
            socket.create_connection((THERE, port), timeout=PATIENCE_SECONDS).recv(1)
        stay.set()
    step.close()
    assert "nothing was said" in step.gate.reports[0].reason


@pytest.mark.parametrize("says", [b"", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 20"])
def test_a_proxy_that_never_answers_is_given_up(step_with, says):
    stay = threading.Event()
    with serve(HERE, 0, lambda sock: (sock.sendall(says), stay.wait(PATIENCE_SECONDS))) as deaf:  # type: ignore[func-returns-value]
        step = behind(deaf, step_with, Limits(connect_s=1))
        assert read(step.door("any")) == b"reset"
        stay.set()
    step.close()
    assert "the proxy at 127.0.0.1: no answer in 1 s" in {item.reason for item in step.gate.reports}


def test_a_proxy_that_does_not_answer_yet_keeps_no_other_connection_waiting(step_with):
    came, stay = threading.Event(), threading.Event()

    def think(sock: socket.socket) -> None:
        with sock:
            came.set()
            stay.wait(PATIENCE_SECONDS)

    with serve(HERE, 0, think) as deaf:
        step = behind(deaf, step_with, Limits(connect_s=PATIENCE_SECONDS))
        slow, quick = step.door("any"), step.door("loopback", THERE)
        with ThreadPoolExecutor(1) as one, serve(HERE, quick, hello):
            waiting = one.submit(read, slow)
            assert came.wait(PATIENCE_SECONDS)
            with socket.create_connection((THERE, quick), timeout=PATIENCE_SECONDS) as sock:
                assert sock.recv(10) == b"hello"
            assert not waiting.done()
            stay.set()
            assert waiting.result() == b"reset"


def behind(proxy: socket.socket, step_with: Callable[..., Step], limits: Limits) -> Step:
    """A step whose allowed connections go through a proxy, where they may."""
    proxies = OuterProxies(proxies={"all_proxy": Proxy(host=HERE, port=proxy.getsockname()[1])})
    return step_with(Gate({HERE: ALLOW, "localhost": ALLOW}), limits, (), proxies)


def test_behind_a_proxy_an_address_that_must_be_asked_about_waits_for_its_answer(step_with):
    came, answered = threading.Event(), threading.Event()

    def answer() -> Verdict:
        answered.wait(PATIENCE_SECONDS)
        return DENY

    with serve(HERE, 0, lambda sock: came.set()) as listener:
        proxies = OuterProxies(proxies={"all_proxy": Proxy(host=HERE, port=listener.getsockname()[1])})
        step = step_with(Gate({"localhost": ALLOW, HERE: ASK, "::1": ASK}, answer), None, (), proxies)
        connecting = step.opened._passage._connecting
        wanted = Wanted(host="localhost", port=9)
        reaching = asyncio.run_coroutine_threadsafe(connecting.reach(wanted, ALLOW), step.egress._loop)
        with pytest.raises(TimeoutError):
            reaching.result(2.5)  # longer than a look-up may take
        answered.set()
        with pytest.raises(RefusedError):
            reaching.result(PATIENCE_SECONDS)
        assert (len(step.gate.asked), came.is_set()) == (1, False)


def test_a_route_is_served_by_its_coroutine_and_no_rule_is_asked(step_with):
    async def shout(reader, writer):
        writer.write((await reader.readline()).upper())
        await writer.drain()

    spare = reserve()
    port = spare.getsockname()[1]
    step = step_with(Gate({}), routes=(Route(port=port, serve=shout),))
    step.door("loopback", HERE, port)
    assert read(port, b"loud\n") == b"LOUD\n"
    step.close()
    spare.close()
    assert step.gate.reports == []


def test_a_route_that_fails_or_hangs_does_not_outlive_the_step(step_with):
    async def hang(reader, writer):
        await reader.readexactly(1 << 20)

    spare = reserve()
    port = spare.getsockname()[1]
    step = step_with(Gate({}), limits=Limits(drain_s=0.2), routes=(Route(port=port, serve=hang),))
    step.door("loopback", HERE, port)
    with socket.create_connection((HERE, port), timeout=PATIENCE_SECONDS) as sock:
        sock.sendall(b"x")
        step.close()
        try:
            left = sock.recv(1)
        except ConnectionResetError:
            left = b""
        assert left == b""
    spare.close()


@pytest.mark.parametrize(
    ("packet", "found"),
    [
        (b"\x45" + bytes(15) + b"\x08\x08\x04\x04" + b"\x00\x01\x13\x88", ("8.8.4.4", 5000)),
        (b"\x46" + bytes(15) + b"\x08\x08\x04\x04" + bytes(4) + b"\x00\x01\x00\x50", ("8.8.4.4", 80)),
        (b"\x45" + bytes(15) + b"\x08\x08\x04\x04" + b"\x00\x01\x13", None),
        (b"\x41" + bytes(40), None),
        (b"", None),
    ],
)
def test_where_a_first_packet_leads_is_read_from_its_headers(packet, found):
    assert read_attempt(packet) == found


def test_names_are_answered_and_refused_ones_are_told_once(step_with):
    from dnslib import RCODE, DNSRecord

    step = step_with(Gate({"api.example": ALLOW}))
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((HERE, 0))
    sock.setblocking(False)
    address = sock.getsockname()
    step.opened.add("dns", *address, sock)
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.settimeout(PATIENCE_SECONDS)
    found = []
    for name in ("api.example", "evil.example", "evil.example"):
        client.sendto(bytes(DNSRecord.question(name).pack()), address)
        found.append(DNSRecord.parse(client.recv(4096)))
    step.close()
    assert str(found[0].rr[0].rdata).startswith("198.18.")
    assert found[1].header.rcode == RCODE.NXDOMAIN
    assert [(item.host, item.port, item.allowed) for item in step.gate.reports] == [
        ("evil.example", 0, False)
    ]


def test_a_resolver_that_hangs_keeps_no_other_name_waiting():
    stay = threading.Event()

    def look_up(name: str):
        if name == "slow.example":
            stay.wait(PATIENCE_SECONDS)
        return (ipaddress.ip_address("8.8.8.8"),)

    async def both() -> bool:
        resolver = Resolver(look_up)
        slow = [asyncio.ensure_future(resolver.resolve("slow.example")) for _ in range(3)]
        await resolver.resolve("quick.example")
        waits = not slow[0].done()
        stay.set()
        await asyncio.gather(*slow)
        return waits

    assert asyncio.run(both())
