"""`Egress`: the loop that serves the networks of a run's steps, on a thread of its own."""

import asyncio
import resource
import socket
import threading
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

from rundown.egress.gate import Gate
from rundown.egress.names import Names
from rundown.egress.outer_proxy import OuterProxies
from rundown.egress.passage import Limits, Passage, Shared
from rundown.egress.resolve import Resolver
from rundown.egress.route import Route

_DESCRIPTORS: Final = 1 << 16
T = TypeVar("T")


class Egress:
    """One a run and its children. Its thread starts with the first step that has a network."""

    def __init__(self, proxies: OuterProxies | None = None, limits: Limits | None = None) -> None:
        self._proxies = proxies or OuterProxies()
        self._limits = limits or Limits()
        self._names = Names()
        self._resolver: Resolver | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def open(self, gate: Gate, routes: tuple[Route, ...] = (), login: str = "") -> "Opened":
        """Returns a step's passage, which has to be closed. `login`: what the clients of its proxy show."""
        if self._loop is None:
            self._start()
        return Opened(self, self.run(self._make(gate, routes, login)))

    def close(self) -> None:
        """Ends the loop and its thread."""
        if self._loop is None or self._thread is None:
            return
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._loop = None

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Returns what a coroutine returns on the loop; called from other threads."""
        assert self._loop is not None
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def call(self, *words: Any) -> None:
        """Calls a function on the loop, soon."""
        assert self._loop is not None
        self._loop.call_soon_threadsafe(*words)

    async def _make(self, gate: Gate, routes: tuple[Route, ...], login: str) -> Passage:
        if self._resolver is None:
            self._resolver = Resolver()
        shared = Shared(self._names, self._resolver, self._proxies)
        return Passage(gate, routes, shared, self._limits, login)

    def _start(self) -> None:
        _raise_descriptor_limit()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="egress", daemon=True)
        self._thread.start()


class Opened:
    """A step's passage, as other threads see it."""

    def __init__(self, egress: Egress, passage: Passage) -> None:
        self._egress = egress
        self._passage = passage

    def add(self, kind: str, address: str, port: int, sock: socket.socket) -> None:
        """Serves a socket of the step's network from now on."""
        self._egress.call(self._passage.add, kind, address, port, sock)

    def close(self) -> None:
        """Returns when every connection has ended, every question was answered and all is on record.

        Raises what the record raised.
        """
        self._egress.run(self._passage.asking.stop())
        for thread in self._passage.asking.threads():  # two questions at once would share a terminal
            thread.join()
        self._egress.run(self._passage.close())
        self._passage.recorder.close()


def _raise_descriptor_limit() -> None:
    """A thousand connections are two thousand sockets."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, _DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
