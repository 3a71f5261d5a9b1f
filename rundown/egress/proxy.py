"""`ProxyClient`: one client connection of rundown's HTTP proxy, for steps without a network of their own.

CONNECT becomes a tunnel; a plain request is written anew for the server that it names, by h11 on both sides,
so that no byte of the client's is read there in another way. Each request is decided by itself, whatever was
allowed on the connection before. Who does not show the step's login is told nothing else.
Lives on egress's loop; nothing here blocks.
"""

import asyncio
import socket
from contextlib import suppress
from http import HTTPStatus
from typing import Any, Final, Protocol

import h11

from rundown.egress.connecting import Reached, RefusedError, Wanted
from rundown.egress.dial import DialError
from rundown.egress.gate import Report, Verdict
from rundown.egress.proxy_request import (
    Asked,
    Flaw,
    find_mismatch,
    forwarded,
    has_login,
    read_asked,
)
from rundown.egress.resolve import ResolveError

_CHUNK: Final = 1 << 16
_LARGEST_HEAD: Final = 1 << 16
_LOGIN_S: Final = 10.0
_BETWEEN_S: Final = 300.0
_MOST_LEFT_BYTES: Final = 1 << 20
_LINGER_S: Final = 2.0
_CHALLENGE: Final = [(b"Proxy-Authenticate", b'Basic realm="rundown"')]
_TUNNEL: Final = b"HTTP/1.1 200 Connection established\r\n\r\n"


class Way(Protocol):
    """What a step's passage does for its proxy's clients."""

    @property
    def idle_s(self) -> float:
        """For how long nothing may be said."""
        ...

    async def reach(self, wanted: Wanted) -> tuple[Verdict, Reached]:
        """Returns what allows the connection, and it. What fails is on record.

        Raises: RefusedError, ResolveError, DialError.
        """
        ...

    def refuse(self, wanted: Wanted, verdict: Verdict, reason: str) -> None:
        """Puts a refusal on record."""
        ...

    def carry(
        self, wanted: Wanted, ends: tuple[socket.socket, Reached], verdict: Verdict, first: bytes
    ) -> None:
        """Takes both sockets over; `first`: what the client has said already."""
        ...

    def note(self, report: Report) -> None:
        """Puts a connection on record that is over."""
        ...


class ProxyClient:
    """Owns the client's socket until it ends, or becomes a tunnel."""

    def __init__(self, client: socket.socket, login: str, way: Way) -> None:
        self._login = login
        self._way = way
        self._near = _Side(client, h11.SERVER)
        self._is_known = False
        self._has_more = False
        self._method = b""

    async def run(self) -> None:
        """Answers one request after the other, until the client goes or has its tunnel."""
        try:
            while await self._one():
                self._near.http.start_next_cycle()
            if self._has_more:
                await self._near.linger()
        except h11.RemoteProtocolError as problem:
            await self._say_last(problem.error_status_hint or 400, f"this is no HTTP/1.1 request ({problem})")
        except (h11.LocalProtocolError, OSError, EOFError, TimeoutError):
            pass  # half an answer is out, or nobody is there: the client sees it end
        finally:
            self._near.close()

    async def _one(self) -> bool:
        """Returns whether another request may follow."""
        patience_s = _BETWEEN_S if self._is_known else _LOGIN_S
        event = await asyncio.wait_for(self._near.next(), patience_s)
        if not isinstance(event, h11.Request):
            return False
        self._method = event.method
        if not has_login(event, self._login):
            await self._say(407, "this proxy belongs to a step of rundown's: it wants the step's login")
            return await self._may_go_on()
        self._is_known = True
        asked = read_asked(event)
        if isinstance(asked, Flaw):
            await self._say(400, asked.reason)
        elif event.method == b"CONNECT":
            if await self._open_tunnel(asked.wanted):
                return False
        else:
            await self._forward(event, asked)
        return await self._may_go_on()

    async def _may_go_on(self) -> bool:
        """Whether nothing of this request is left, so that the next one can be told from it."""
        left = _MOST_LEFT_BYTES
        while not self._has_more and self._near.http.their_state is h11.SEND_BODY:
            event = await asyncio.wait_for(self._near.next(), _LINGER_S)
            left -= len(event.data) if isinstance(event, h11.Data) else 0
            self._has_more = left < 0
        states = {self._near.http.our_state, self._near.http.their_state}
        return not self._has_more and states == {h11.DONE}

    async def _open_tunnel(self, wanted: Wanted) -> bool:
        """Returns whether there is one; its sockets are the pump's then."""
        found = await self._reach(wanted)
        if found is None:
            return False
        verdict, reached = found
        try:
            while not isinstance(await self._near.next(), h11.EndOfMessage):
                pass
            await self._near.send_bytes(_TUNNEL)
        except BaseException:
            reached.sock.close()
            raise
        first = bytes(self._near.http.trailing_data[0])
        self._way.carry(wanted, (self._near.give_away(), reached), verdict, first)
        return True

    async def _reach(self, wanted: Wanted) -> tuple[Verdict, Reached] | None:
        """Returns the connection; None if there is none, which the client has been told."""
        try:
            return await self._way.reach(wanted)
        except RefusedError as refused:
            await self._say_refused(wanted, str(refused), refused.verdict)
        except (ResolveError, DialError) as problem:
            await self._say(502, f"{wanted.host}:{wanted.port}: {problem}")
        return None

    async def _forward(self, request: h11.Request, asked: Asked) -> None:
        wanted = asked.wanted
        if mismatch := find_mismatch(request, wanted):
            self._way.refuse(wanted, Verdict(outcome="deny"), mismatch)
            await self._say_refused(wanted, mismatch, Verdict(outcome="deny"))
            return
        found = await self._reach(wanted)
        if found is None:
            return
        verdict, reached = found
        far = _Side(reached.sock, h11.CLIENT, reached.first)
        loop = asyncio.get_running_loop()
        begun, reason = loop.time() - reached.took_s, ""
        try:
            await self._exchange(far, request, asked)
        except (OSError, EOFError, TimeoutError, h11.ProtocolError) as problem:
            reason = f"broken off ({problem})"
            if self._near.http.our_state is not h11.SEND_RESPONSE:
                raise EOFError from None
            await self._say(502, f"{wanted.host}:{wanted.port}: {reason}")
        finally:
            far.close()
            self._way.note(
                Report(
                    host=wanted.host,
                    port=wanted.port,
                    allowed=True,
                    rule=verdict.rule,
                    reason=reason,
                    address=reached.address,
                    sent_bytes=far.sent_bytes,
                    received_bytes=far.received_bytes,
                    duration_ns=round((loop.time() - begun) * 1e9),
                )
            )

    async def _exchange(self, far: "_Side", request: h11.Request, asked: Asked) -> None:
        """One request and its answer, both as they come; the answer may be over before the request is."""
        own = [(b"Host", asked.host.encode()), (b"Connection", b"close")]
        method, target = request.method, asked.path
        await far.send(h11.Request(method=method, target=target, headers=[*own, *forwarded(request)]))
        loop = asyncio.get_running_loop()
        sending, answering = (loop.create_task(work(far)) for work in (self._send_on, self._send_back))
        going = {sending, answering}
        try:
            while answering in going:
                done, going = await asyncio.wait(going, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
        finally:
            self._has_more = sending in going
            for task in going:
                task.cancel()
            await asyncio.gather(sending, answering, return_exceptions=True)

    async def _send_on(self, far: "_Side") -> None:
        while True:
            event = await asyncio.wait_for(self._near.next(), self._way.idle_s)
            try:
                if isinstance(event, h11.EndOfMessage):
                    await far.send(h11.EndOfMessage())
                    return
                if not isinstance(event, h11.Data):
                    raise EOFError("the client went")
                await far.send(h11.Data(data=event.data))
            except OSError:  # it takes no more; what it has to say about that is on its way
                await asyncio.Event().wait()

    async def _send_back(self, far: "_Side") -> None:
        while True:
            event = await asyncio.wait_for(far.next(), self._way.idle_s)
            if isinstance(event, h11.InformationalResponse | h11.Response):
                kept = [(name, value) for name, value in forwarded(event)]
                again = type(event)(status_code=event.status_code, headers=kept, reason=event.reason)
                await self._near.send(again)
            elif isinstance(event, h11.Data):
                await self._near.send(h11.Data(data=event.data))
            elif isinstance(event, h11.EndOfMessage):
                await self._near.send(h11.EndOfMessage())
                return
            else:
                raise EOFError("the server hung up")

    async def _say_refused(self, wanted: Wanted, reason: str, verdict: Verdict) -> None:
        text = f"rundown does not let this step reach {wanted.host}:{wanted.port}: {reason}"
        if verdict.flag:
            text += f"\nfix: {verdict.flag}"
            text += f"      (or in .rundownrc.yaml: {verdict.yaml})" if verdict.yaml else ""
        await self._say(403, text, f"Refused by rundown ({verdict.flag})" if verdict.flag else "")

    async def _say_last(self, status: int, text: str) -> None:
        with suppress(h11.LocalProtocolError, OSError):
            await self._say(status, text)

    async def _say(self, status: int, text: str, reason: str = "") -> None:
        """Answers itself. Python's clients show the reason, and hardly any the text."""
        body = f"{text}\n".encode()
        headers = [(b"Content-Type", b"text/plain; charset=utf-8"), (b"Content-Length", b"%d" % len(body))]
        headers += _CHALLENGE if status == 407 else []
        phrase = reason if reason.isascii() and reason.isprintable() else ""
        phrase = phrase or HTTPStatus(status).phrase
        await self._near.send(h11.Response(status_code=status, headers=headers, reason=phrase.encode()))
        if self._method != b"HEAD":
            await self._near.send(h11.Data(data=body))
        await self._near.send(h11.EndOfMessage())


class _Side:
    """A socket and what h11 knows of it. `first`: what was read of it already."""

    def __init__(
        self, sock: socket.socket, role: type[h11.CLIENT] | type[h11.SERVER], first: bytes = b""
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._sock: socket.socket | None = sock
        self.http = h11.Connection(role, max_incomplete_event_size=_LARGEST_HEAD)
        if first:
            self.http.receive_data(first)
        self.sent_bytes, self.received_bytes = 0, len(first)

    async def next(self) -> Any:
        """Returns what comes next."""
        while (event := self.http.next_event()) is h11.NEED_DATA:
            chunk = await self._loop.sock_recv(self._open(), _CHUNK)
            self.received_bytes += len(chunk)
            self.http.receive_data(chunk)
        return event

    async def send(self, event: Any) -> None:
        """Sends what h11 makes of it."""
        await self.send_bytes(self.http.send(event) or b"")

    async def send_bytes(self, content: bytes) -> None:
        """Sends it as it is."""
        await self._loop.sock_sendall(self._open(), content)
        self.sent_bytes += len(content)

    async def linger(self) -> None:
        """Lets the other side read what it was told although it goes on talking: a close would cut it off."""
        sock = self._open()
        sock.shutdown(socket.SHUT_WR)
        end = self._loop.time() + _LINGER_S
        while self._loop.time() < end:
            if not await asyncio.wait_for(self._loop.sock_recv(sock, _CHUNK), _LINGER_S):
                return

    def give_away(self) -> socket.socket:
        """Returns the socket, which belongs to the caller now."""
        given, self._sock = self._open(), None
        return given

    def close(self) -> None:
        """Closes it, if it is still here."""
        if self._sock is not None:
            self._sock.close()
            self._sock = None

    def _open(self) -> socket.socket:
        if self._sock is None:
            raise EOFError("it is closed")
        return self._sock
