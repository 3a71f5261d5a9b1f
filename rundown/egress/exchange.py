"""One client connection of the gateway: requests in order, each judged, forwarded and counted.

A request is taken whole before it is forwarded, because what it asks of the server must be read first; an
answer is passed on as it comes. h11 keeps both sides to HTTP/1.1.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

import h11
from msgspec import Struct, field

from rundown.egress.model_api import ModelApi
from rundown.egress.model_request import Refused, read_request
from rundown.egress.prices import cost_at_most
from rundown.egress.upstream import Headers, Upstream, Withheld, shows_word
from rundown.egress.usage import Usage, UsageReader

_CHUNK: Final = 1 << 16
_MOST_REQUEST_BYTES: Final = 64 << 20
_MOST_HEAD_BYTES: Final = 64 << 10
_IDLE_S: Final = 600.0
"""Models think for minutes before the first byte of an answer."""
_MOST_REFUSALS: Final = 100
_BYTES_A_TOKEN: Final = 3
_NOT_BACK: Final = {b"connection", b"keep-alive", b"transfer-encoding", b"content-length", b"set-cookie"}


class Ledger(Struct, kw_only=True):
    """What all connections of a gateway share: where to, how much, and what was refused."""

    upstream: Upstream
    api: ModelApi
    budget_usd: float | None
    turns: int | None
    exceeded: Callable[[str], object]
    word: str = ""
    usage: Usage = Usage()
    spent_usd: float = 0.0
    refusals: list[str] = field(default_factory=list)
    over: str = ""

    def add(self, usage: Usage) -> None:
        """Counts one answer; tells once when a limit is reached."""
        self.usage = self.usage + usage
        model = usage.models[0] if usage.models else ""
        cost = usage.cost_usd
        self.spent_usd += (
            cost if cost is not None else cost_at_most(model, usage.input_tokens, usage.output_tokens)
        )
        if self.over:
            return
        if self.budget_usd is not None and self.spent_usd >= self.budget_usd:
            self.over = f"budget-usd: {self.spent_usd:.2f} of {self.budget_usd:.2f} US dollars are spent"
        elif self.turns is not None and self.usage.requests > self.turns:
            self.over = f"max-turns: the model answered {self.turns} times"
        if self.over:
            self.exceeded(self.over)

    def refuse(self, what: str) -> None:
        """Keeps what was refused."""
        if what not in self.refusals and len(self.refusals) < _MOST_REFUSALS:
            self.refusals.append(what)


class _Request(Struct, frozen=True, kw_only=True):
    method: str
    path: str
    query: str
    headers: Headers
    body: bytes
    model: str


class _TooMuchError(Exception):
    """A request that is larger than any model takes."""


class Exchange:
    """Runs until the client goes, or something is wrong with what it says."""

    def __init__(self, ledger: Ledger, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._ledger = ledger
        self._reader = reader
        self._writer = writer
        self._client = h11.Connection(h11.SERVER, max_incomplete_event_size=_MOST_HEAD_BYTES)

    async def run(self) -> None:
        """Answers one request after the other."""
        try:
            while await self._one():
                self._client.start_next_cycle()
        except h11.RemoteProtocolError as error:
            if self._client.our_state in (h11.IDLE, h11.SEND_RESPONSE):
                await self._say(error.error_status_hint or 400, "this is no HTTP/1.1 request")
        except _TooMuchError:
            await self._say(413, "the request is larger than any model takes")
        except h11.LocalProtocolError:
            pass  # the server's answer was no HTTP; the connection ends

    async def _one(self) -> bool:
        """Returns whether another request may follow."""
        event = await self._next()
        if not isinstance(event, h11.Request):
            return False
        if self._client.they_are_waiting_for_100_continue:
            await self._write(h11.InformationalResponse(status_code=100, headers=[]))
        body = await self._body()
        request = self._judge(event, body)
        if isinstance(request, Refused):
            await self._say(403, f"refused by rundown's gateway: {request.reason}")
        elif self._ledger.over:
            await self._say(403, f"the step is over: {self._ledger.over}")
        else:
            await self._forward(request)
        return self._client.our_state is h11.DONE and self._client.their_state is h11.DONE

    def _judge(self, event: h11.Request, body: bytes) -> _Request | Refused:
        method, target = event.method.decode(), event.target.decode("ascii", "replace")
        path, _, query = target.partition("?")
        if self._ledger.word and not shows_word(event.headers, query, self._ledger.word):
            return Refused(reason="the request does not show the key that the step was given")
        api = self._ledger.api
        if not api.allows(method, path):
            self._ledger.refuse(f"{method} {path[:200]}: not one of the model's own paths")
            return Refused(reason=f"{method} {path[:200]} is not one of the model's own paths")
        model = ""
        if method == "POST":
            asked = read_request(api, path, body)
            if isinstance(asked, Refused):
                self._ledger.refuse(f"{method} {path[:200]}: {asked.reason}")
                return asked
            model = asked.model
        return _Request(
            method=method,
            path=path,
            query=query,
            headers=[(bytes(name), bytes(value)) for name, value in event.headers],
            body=body,
            model=model,
        )

    async def _forward(self, request: _Request) -> None:
        upstream = self._ledger.upstream
        try:
            reader, writer = await upstream.connect()
        except OSError as error:
            await self._say(502, f"the model's host cannot be reached: {error}")
            return
        server = h11.Connection(h11.CLIENT)
        try:
            length = [(b"content-length", b"%d" % len(request.body))] if request.method == "POST" else []
            head = h11.Request(
                method=request.method,
                target=upstream.target(request.path, request.query),
                headers=[*upstream.head(request.headers), *length],
            )
            writer.write(server.send(head) or b"")
            if request.body:
                writer.write(server.send(h11.Data(data=request.body)) or b"")
            writer.write(server.send(h11.EndOfMessage()) or b"")
            await writer.drain()
            await self._answer(request, _events(server, reader))
        except (OSError, h11.RemoteProtocolError, TimeoutError, EOFError):
            if self._client.our_state is not h11.SEND_RESPONSE:
                raise EOFError from None  # half an answer is out: the client must see it end there
            await self._say(502, "the model's host broke off")
        finally:
            writer.close()

    async def _answer(self, request: _Request, events: AsyncIterator[Any]) -> None:
        """Passes the answer on as it comes; counts it if it was one that costs."""
        secrets = self._ledger.upstream.secrets()
        reader, clean, seen, status = UsageReader(request.model, ""), Withheld(secrets), 0, 0
        try:
            async for event in events:
                match event:
                    case h11.InformationalResponse():
                        pass
                    case h11.Response():
                        status = event.status_code
                        kinds = (value for name, value in event.headers if name == b"content-type")
                        reader = UsageReader(request.model, bytes(next(kinds, b"")).decode("latin-1"))
                        await self._write(h11.Response(status_code=status, headers=_back(event, secrets)))
                    case h11.Data():
                        seen += len(event.data)
                        reader.feed(bytes(event.data))
                        if settled := clean.feed(bytes(event.data)):
                            await self._write(h11.Data(data=settled))
                    case h11.EndOfMessage():
                        break
        finally:  # what the client did not wait for was spent all the same
            if 0 < status < 400 and self._ledger.api.spends.fullmatch(request.path):
                self._ledger.add(_known(reader.finish(), len(request.body), seen))
        if rest := clean.finish():
            await self._write(h11.Data(data=rest))
        await self._write(h11.EndOfMessage())

    async def _say(self, status: int, text: str) -> None:
        """Answers itself, in the shape of the APIs' own errors."""
        body = json.dumps({"type": "error", "error": {"type": "invalid_request_error", "message": text}})
        headers = [("content-type", "application/json"), ("content-length", str(len(body)))]
        reason = b"Refused" if status == 403 else b"Error"
        await self._write(h11.Response(status_code=status, headers=headers, reason=reason))
        await self._write(h11.Data(data=body.encode()))
        await self._write(h11.EndOfMessage())

    async def _body(self) -> bytes:
        pieces: list[bytes] = []
        size = 0
        while not isinstance(event := await self._next(), h11.EndOfMessage):
            if not isinstance(event, h11.Data):
                raise EOFError
            size += len(event.data)
            if size > _MOST_REQUEST_BYTES:
                raise _TooMuchError
            pieces.append(bytes(event.data))
        return b"".join(pieces)

    async def _next(self) -> Any:
        while (event := self._client.next_event()) is h11.NEED_DATA:
            chunk = await asyncio.wait_for(self._reader.read(_CHUNK), _IDLE_S)
            self._client.receive_data(chunk)
        return event

    async def _write(self, event: Any) -> None:
        self._writer.write(self._client.send(event) or b"")
        await self._writer.drain()


async def _events(server: h11.Connection, reader: asyncio.StreamReader) -> AsyncIterator[Any]:
    while True:
        event = server.next_event()
        if event is h11.NEED_DATA:
            server.receive_data(await asyncio.wait_for(reader.read(_CHUNK), _IDLE_S))
        elif isinstance(event, h11.ConnectionClosed):
            raise EOFError
        else:
            yield event


def _back(event: h11.Response, secrets: tuple[bytes, ...]) -> Headers:
    """The server's headers, the length left out: taking a secret out would change it."""
    kept = [(bytes(name), bytes(value)) for name, value in event.headers if name not in _NOT_BACK]
    return [(name, value) for name, value in kept if not any(secret in value for secret in secrets)]


def _known(usage: Usage, sent: int, received: int) -> Usage:
    """An answer that says nothing of tokens is counted by its bytes, never as free."""
    if usage.input_tokens or usage.output_tokens:
        return usage
    guess = Usage(input_tokens=sent // _BYTES_A_TOKEN, output_tokens=received // _BYTES_A_TOKEN)
    return usage + guess
