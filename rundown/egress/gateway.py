"""The credential gateway: a reverse proxy for one step, to one model API host, that holds the real key.

Runs outside the sandbox; the step sees a listening socket and nothing else. Replaces every credential of the
client, forwards the API's own methods and paths, refuses all others, counts what is spent, and stops
forwarding when a limit is reached. Gone when it is closed, with every connection.
"""

import asyncio
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from msgspec import Struct

from rundown.egress.exchange import Exchange, Ledger
from rundown.egress.model_api import APIS
from rundown.egress.upstream import Upstream
from rundown.egress.usage import Usage

_MOST_CONNECTIONS: Final = 64
_START_S: Final = 10.0


class GatewayLimits(Struct, frozen=True, kw_only=True):
    """What ends the forwarding. `turns`: answers that cost something."""

    budget_usd: float | None = None
    turns: int | None = None


class Gateway:
    """A context manager; serves on a thread of its own. `exceeded(reason)` is called once, on that thread,
    when a limit is reached. `word`: what clients show as their key; "" where nobody else can connect."""

    def __init__(
        self, upstream: Upstream, limits: GatewayLimits, exceeded: Callable[[str], object], word: str = ""
    ) -> None:
        self._ledger = Ledger(
            upstream=upstream,
            api=APIS[upstream.api],
            budget_usd=limits.budget_usd,
            turns=limits.turns,
            exceeded=exceeded,
            word=word,
        )
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="gateway", daemon=True)
        self._connections: set[asyncio.Task[None]] = set()
        self._servers: list[asyncio.Server] = []

    def __enter__(self) -> "Gateway":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(_START_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_START_S)
        self._loop.close()

    def serve(self, listening: socket.socket) -> None:
        """Accepts on a socket that listens already; it belongs to the gateway from now on."""
        listening.setblocking(False)
        asyncio.run_coroutine_threadsafe(self._serve(listening), self._loop).result(_START_S)

    def serve_loopback(self) -> int:
        """Listens on a free port of this machine's loopback; returns it."""
        listening = socket.create_server(("127.0.0.1", 0), backlog=_MOST_CONNECTIONS)
        port = int(listening.getsockname()[1])
        self.serve(listening)
        return port

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serves one connection on whichever loop calls it: a route of a step's own loopback."""
        with suppress(OSError, EOFError):
            await Exchange(self._ledger, reader, writer).run()

    @property
    def usage(self) -> Usage:
        """What was spent so far."""
        return self._ledger.usage

    @property
    def refusals(self) -> tuple[str, ...]:
        """What was asked for and not forwarded, `POST /v1/files: why`, each once, the first hundred."""
        return tuple(self._ledger.refusals)

    async def _serve(self, listening: socket.socket) -> None:
        server = await asyncio.start_server(self._accept, sock=listening)
        self._servers.append(server)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        if len(self._connections) >= _MOST_CONNECTIONS:
            writer.close()
            return
        self._connections.add(task)
        try:
            await self.answer(reader, writer)
        except asyncio.CancelledError:
            pass  # the step is over
        finally:
            self._connections.discard(task)
            writer.close()

    async def _end(self) -> None:
        for server in self._servers:
            server.close()
        tasks = tuple(self._connections)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
