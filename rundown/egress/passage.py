"""`Passage`: serves the sockets of one step's network for as long as the step runs.

Lives on egress's loop; nothing here blocks.
"""

import asyncio
import socket
from contextlib import suppress
from typing import Final, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from rundown.egress.answer import answer_query
from rundown.egress.asking import Asking
from rundown.egress.connecting import LOCALHOST, LOOPBACK, Connecting, Reached, RefusedError, Wanted
from rundown.egress.dial import DialError
from rundown.egress.gate import Gate, Report, Verdict
from rundown.egress.inspection import Inspection, NameInspection, NoInspection
from rundown.egress.names import Names
from rundown.egress.outer_proxy import OuterProxies
from rundown.egress.proxy import ProxyClient
from rundown.egress.pump import Pump, reset
from rundown.egress.recorder import Recorder
from rundown.egress.resolve import ResolveError, Resolver
from rundown.egress.route import Route
from rundown.policy.host import address_of

_LARGEST_DATAGRAM: Final = 4096
_AT_ONCE: Final = 64


class Limits(Struct, frozen=True, kw_only=True):
    """Bounds of one step's connections."""

    connect_s: float = 30.0
    idle_s: float = 2 * 3600.0
    connections: int = 4096
    drain_s: float = 5.0


class Shared(NamedTuple):
    """What a run's steps have in common."""

    names: Names
    resolver: Resolver
    proxies: OuterProxies


class Passage:
    """One step's."""

    def __init__(
        self, gate: Gate, routes: tuple[Route, ...], shared: "Shared", limits: Limits, login: str = ""
    ) -> None:
        """`login`: what the clients of its proxy show, `user:password`."""
        self._loop = asyncio.get_running_loop()
        self._gate = gate
        self._login = login
        self._routes = {route.port: route for route in routes}
        self._names = shared.names
        self._limits = limits
        self._asking = Asking(gate.ask)
        ways = (shared.resolver, shared.proxies)
        self._connecting = Connecting(gate, self._asking, ways, limits.connect_s)
        self._recorder = Recorder(gate.record)
        self._listeners: list[socket.socket] = []
        self._doors: list[tuple[tuple[str, str, int], socket.socket]] = []
        self._tasks: dict[asyncio.Task[None], socket.socket] = {}
        self._pumps: set[Pump] = set()
        self._refused_names: set[str] = set()
        self._refused_ports: set[Wanted] = set()
        self._attempts: socket.socket | None = None
        self._own_name = socket.gethostname().lower()
        self._idle = self._loop.call_later(limits.idle_s, self._end_idle)
        self._closing = False

    @property
    def idle_s(self) -> float:
        """For how long a connection may be silent."""
        return self._limits.idle_s

    @property
    def recorder(self) -> Recorder:
        """Where the reports go."""
        return self._recorder

    @property
    def asking(self) -> Asking:
        """The open questions."""
        return self._asking

    def add(self, kind: str, address: str, port: int, sock: socket.socket) -> None:
        """Serves one socket from now on; it belongs to the passage."""
        if self._closing:
            sock.close()
            return
        self._listeners.append(sock)
        if kind == "dns":
            self._loop.add_reader(sock, self._answer, sock)
        elif kind == "attempts":
            self._attempts = sock
            self._loop.add_reader(sock, self._see_attempts, sock)
        else:
            self._doors.append(((kind, address, port), sock))
            self._loop.add_reader(sock, self._accept, (kind, address, port), sock)

    async def close(self) -> None:
        """Ends everything. What the step has sent is delivered first: its processes are gone by now."""
        for door, sock in self._doors:
            self._accept(door, sock)  # what connected and was gone before it was its turn
        if self._attempts is not None:
            self._see_attempts(self._attempts)
        for sock in self._listeners:
            self._loop.remove_reader(sock)
        self._closing = True
        self._idle.cancel()
        for task, client in tuple(self._tasks.items()):
            if not _has_more_to_say(client):
                task.cancel()
        end = self._loop.time() + self._limits.drain_s
        while self._loop.time() < end and (self._tasks or any(not pump.out.is_done for pump in self._pumps)):
            await asyncio.sleep(0.01)
        for pump in tuple(self._pumps):
            pump.stop("")
        for task in tuple(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        for sock in self._listeners:
            sock.close()

    def _answer(self, sock: socket.socket) -> None:
        for _ in range(_AT_ONCE):
            try:
                query, asker = sock.recvfrom(_LARGEST_DATAGRAM)
            except OSError:
                return
            answer = answer_query(query, self._look_up)
            if answer is not None:
                with suppress(OSError):
                    sock.sendto(answer, asker)

    def _look_up(self, name: str) -> str | None:
        if name in (LOCALHOST, self._own_name) or name.endswith(f".{LOCALHOST}"):
            return LOOPBACK[0]
        verdict = self._gate.judge(name, 0)
        if verdict.outcome != "deny":
            return self._names.address_of(name)
        if name not in self._refused_names:
            self._refused_names.add(name)
            self.refuse(Wanted(host=name, port=0), verdict)
        return None

    def _see_attempts(self, sock: socket.socket) -> None:
        """Tells of connections to ports at which nobody listens; the kernel has refused them already."""
        for _ in range(_AT_ONCE):
            try:
                packet = sock.recv(_LARGEST_DATAGRAM)
            except OSError:
                return
            meant = read_attempt(packet)
            if meant is None or meant[1] in {port for (_, _, port), _ in self._doors}:
                continue
            wanted = Wanted(host=self._names.name_of(meant[0]) or meant[0], port=meant[1])
            if wanted not in self._refused_ports:
                self._refused_ports.add(wanted)
                verdict = self._gate.judge(wanted.host, wanted.port)
                why = (
                    "rundown listens at ports that a rule names"
                    if verdict.outcome == "allow"
                    else verdict.rule
                )
                self.refuse(wanted, verdict, f"the port was refused at once: {why}")

    def _accept(self, door: tuple[str, str, int], listener: socket.socket) -> None:
        for _ in range(_AT_ONCE):
            try:
                client, _ = listener.accept()
            except OSError as error:
                if not isinstance(error, BlockingIOError):
                    self._rest(door, listener)
                return
            if len(self._tasks) + len(self._pumps) >= self._limits.connections:
                reset(client)
                continue
            client.setblocking(False)
            task = self._loop.create_task(self._serve(door, client))
            self._tasks[task] = client
            task.add_done_callback(lambda task: self._tasks.pop(task, None))

    def _rest(self, door: tuple[str, str, int], listener: socket.socket) -> None:
        """Out of descriptors: those that wait are taken when some are free again."""
        self._loop.remove_reader(listener)

        def go_on() -> None:
            if not self._closing:
                self._loop.add_reader(listener, self._accept, door, listener)

        self._loop.call_later(0.1, go_on)

    async def _serve(self, door: tuple[str, str, int], client: socket.socket) -> None:
        kind, _, port = door
        try:
            if kind == "dns-tcp":
                await self._answer_stream(client)
            elif kind == "loopback" and port in self._routes:
                await self._follow_route(self._routes[port], client)
            elif kind == "proxy":
                await ProxyClient(client, self._login, self).run()
            else:
                await self._connect(self._wanted(door, client), client)
        except BaseException:
            reset(client)
            raise

    def _wanted(self, door: tuple[str, str, int], client: socket.socket) -> Wanted:
        kind, address, port = door
        if kind == "loopback":
            return Wanted(host=address, port=port, loopback=True)
        meant = str(client.getsockname()[0])
        return Wanted(host=self._names.name_of(meant) or meant, port=port)

    async def _connect(self, wanted: Wanted, client: socket.socket) -> None:
        try:
            verdict, reached = await self.reach(wanted)
        except (RefusedError, ResolveError, DialError):
            reset(client)
        else:
            self.carry(wanted, (client, reached), verdict)

    async def reach(self, wanted: Wanted) -> tuple[Verdict, Reached]:
        """Returns what allows the connection, and it. What fails is on record.

        Raises: RefusedError, ResolveError, DialError.
        """
        verdict, begun = Verdict(outcome="deny"), self._loop.time()
        try:
            verdict = await self._connecting.permit(wanted)
            reached = await self._connecting.reach(wanted, verdict)
            return verdict, reached._replace(took_s=self._loop.time() - begun)
        except RefusedError as refused:
            self.refuse(wanted, refused.verdict, str(refused))
            raise
        except (ResolveError, DialError) as problem:
            report = Report(host=wanted.host, port=wanted.port, allowed=True, rule=verdict.rule)
            self.note(replace(report, reason=str(problem)))
            raise

    def note(self, report: Report) -> None:
        """Puts it on record."""
        self._recorder.add(report)

    def carry(
        self, wanted: Wanted, ends: tuple[socket.socket, Reached], verdict: Verdict, first: bytes = b""
    ) -> None:
        """Takes both sockets over, and carries bytes between them; `first`: what the step said already."""
        client, reached = ends
        begun = self._loop.time() - reached.took_s
        with suppress(OSError):
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        named = not wanted.loopback and address_of(wanted.host) is None
        inspection: Inspection = NameInspection(wanted.host, wanted.port) if named else NoInspection()

        def on_end(reason: str) -> None:
            self._pumps.discard(pump)
            self._recorder.add(
                Report(
                    host=wanted.host,
                    port=wanted.port,
                    allowed=not pump.was_refused,
                    rule=verdict.rule,
                    reason=reason,
                    address=reached.address,
                    sent_bytes=pump.out.moved_bytes,
                    received_bytes=pump.back.moved_bytes,
                    duration_ns=round((self._loop.time() - begun) * 1e9),
                )
            )

        pump = Pump(client, reached.sock, inspection, on_end)
        self._pumps.add(pump)
        pump.start(reached.first, first)

    def refuse(self, wanted: Wanted, verdict: Verdict, reason: str = "") -> None:
        """Puts a refusal on record."""
        self._recorder.add(
            Report(
                host=wanted.host,
                port=wanted.port,
                allowed=False,
                rule=verdict.rule if verdict.by_rule else "",
                reason=reason or verdict.rule,
                flag=verdict.flag,
                yaml=verdict.yaml,
            )
        )

    async def _answer_stream(self, client: socket.socket) -> None:
        """DNS over TCP: each message has its length before it. Source: RFC 1035 §4.2.2."""
        reader, writer = await asyncio.open_connection(sock=client)
        try:
            while True:
                length = int.from_bytes(await reader.readexactly(2), "big")
                answer = answer_query(await reader.readexactly(length), self._look_up)
                if answer is None:
                    return
                writer.write(len(answer).to_bytes(2, "big") + answer)
                await writer.drain()
        except (OSError, EOFError):
            return
        finally:
            writer.close()

    async def _follow_route(self, route: Route, client: socket.socket) -> None:
        reader, writer = await asyncio.open_connection(sock=client)
        try:
            await route.serve(reader, writer)
        except (OSError, EOFError):
            return
        finally:
            writer.close()

    def _end_idle(self) -> None:
        now = self._loop.time()
        for pump in tuple(self._pumps):
            if now - pump.last_moved >= self._limits.idle_s:
                pump.stop(f"nothing was said for {self._limits.idle_s:.0f} s")
        self._idle = self._loop.call_later(min(self._limits.idle_s, 60.0), self._end_idle)


def _has_more_to_say(client: socket.socket) -> bool:
    """Whether the other side, which is gone, left bytes to be delivered."""
    try:
        return bool(client.recv(1, socket.MSG_PEEK))
    except OSError:
        return False


def read_attempt(packet: bytes) -> tuple[str, int] | None:
    """Returns where the first packet of a connection leads: address, port. Source: RFC 791, RFC 9293 §3.1."""
    start = (packet[0] & 0xF) * 4 if packet else 0
    if start < 20 or len(packet) < start + 4:
        return None
    return socket.inet_ntoa(packet[16:20]), int.from_bytes(packet[start + 2 : start + 4], "big")
