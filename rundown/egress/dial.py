"""`dial`: a connection to one of the addresses that were checked, never to a name.

The next address is tried when one fails, or after a moment beside it. Source: RFC 8305 §5.
"""

import asyncio
import socket
from contextlib import suppress
from typing import Final

from rundown.policy.host import Address

_HEAD_START_S: Final = 0.25


class DialError(Exception):
    """No connection; the text says why."""


async def dial(addresses: tuple[Address, ...], port: int, patience_s: float) -> tuple[socket.socket, Address]:
    """Returns a connected, non-blocking socket and where it leads. Raises: DialError."""
    loop = asyncio.get_running_loop()
    end = loop.time() + patience_s
    trying: dict[asyncio.Task[socket.socket], Address] = {}
    waiting = list(addresses)
    problem: BaseException = OSError("it has no address")
    try:
        while waiting or trying:
            if waiting:
                address = waiting.pop(0)
                trying[loop.create_task(_connect(address, port))] = address
            left = end - loop.time()
            pause = min(_HEAD_START_S, left) if waiting else left
            done, _ = await asyncio.wait(trying, timeout=max(pause, 0), return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                address = trying.pop(task)
                if task.exception() is None:
                    return task.result(), address
                problem = task.exception() or problem
            if loop.time() >= end:
                raise DialError(f"no answer in {patience_s:.0f} s")
        raise DialError(_describe(problem))
    finally:
        for task in trying:
            task.add_done_callback(_discard)
            task.cancel()


async def _connect(address: Address, port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET6 if address.version == 6 else socket.AF_INET)
    made.setblocking(False)
    try:
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.get_running_loop().sock_connect(made, (str(address), port))
    except BaseException:
        made.close()
        raise
    return made


def _discard(task: asyncio.Task[socket.socket]) -> None:
    """One that won while it was being given up."""
    with suppress(asyncio.CancelledError):
        if task.exception() is None:
            task.result().close()


def _describe(problem: BaseException) -> str:
    return (problem.strerror or str(problem)) if isinstance(problem, OSError) else str(problem)
