"""`Resolver`: what a name means on this host now, by the host's own resolver, without blocking anybody.

Each look-up has a thread of its own, since a resolver may take half a minute to give up; those that wait
for the same name share one. The threads never keep rundown from ending.
"""

import asyncio
import ipaddress
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from rundown.policy.host import Address, address_of

_PATIENCE_S: Final = 20.0
_MOST_AT_ONCE: Final = 64
_MOST_ADDRESSES: Final = 16
_FRESH_S: Final = 1.0

LookUp = Callable[[str], tuple[Address, ...]]


class ResolveError(Exception):
    """The name means nothing here; the text says why."""


class Resolver:
    """Lives on one loop."""

    def __init__(self, look_up: LookUp | None = None) -> None:
        self._look_up = look_up or host_addresses
        self._going: dict[str, asyncio.Future[tuple[Address, ...]]] = {}
        self._slots = asyncio.Semaphore(_MOST_AT_ONCE)

    async def resolve(self, name: str) -> tuple[Address, ...]:
        """Returns the addresses of a normalised host, in the order they should be tried.

        Raises: ResolveError.
        """
        literal = address_of(name)
        if literal is not None:
            return (literal,)
        if name not in self._going:
            loop = asyncio.get_running_loop()
            self._going[name] = loop.create_task(self._find(name))
            self._going[name].add_done_callback(
                lambda _: loop.call_later(_FRESH_S, self._going.pop, name, None)
            )
        try:
            return await asyncio.wait_for(asyncio.shield(self._going[name]), _PATIENCE_S)
        except TimeoutError:
            raise ResolveError(f"{name} could not be looked up in {_PATIENCE_S:.0f} s") from None
        except OSError as error:
            raise ResolveError(f"{name} cannot be looked up: {error.strerror or error}") from None

    async def _find(self, name: str) -> tuple[Address, ...]:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[tuple[Address, ...]] = loop.create_future()

        def tell(found: tuple[Address, ...], error: OSError | None) -> None:
            if not answer.done():
                answer.set_exception(error) if error is not None else answer.set_result(found)

        def work() -> None:
            found: tuple[Address, ...] = ()
            problem: OSError | None = None
            try:
                found = self._look_up(name)
            except OSError as error:
                problem = error
            except UnicodeError:
                problem = OSError("it is no host name")
            with suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(tell, found, problem)

        async with self._slots:
            threading.Thread(target=work, name="look-up", daemon=True).start()
            return await answer


def host_addresses(name: str) -> tuple[Address, ...]:
    """Returns what the host's resolver says. Raises: OSError."""
    found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    texts = (str(entry[4][0]).partition("%")[0] for entry in found)
    return tuple(dict.fromkeys(ipaddress.ip_address(text) for text in texts))[:_MOST_ADDRESSES]
