"""`Route`: a listener on a step's own loopback that a coroutine of rundown serves."""

import asyncio
from collections.abc import Awaitable, Callable

from msgspec import Struct

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Route(Struct, frozen=True, kw_only=True):
    """What answers at `127.0.0.1:port` inside one step, for as long as the step runs.

    `serve` is called on egress's loop for each connection and must never block; the writer is closed when it
    returns or raises, and it is cancelled when the step ends. What it does is its own: no rule is asked.
    """

    port: int
    serve: Serve
