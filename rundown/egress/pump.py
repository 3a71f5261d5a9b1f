"""`Pump`: carries bytes between two sockets, both ways, until both sides have said all or one is gone.

Driven by the loop's readiness; each direction stops reading while its other side does not take what was
read, so that nothing piles up. What has become large is moved by splice(2), without being copied here.
"""

import asyncio
import fcntl
import os
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from rundown.egress.inspection import Inspection
from rundown.egress.requests import MismatchError

_CHUNK: Final = 1 << 16
_SPLICE_FROM: Final = 1 << 18
_PIPE_BYTES: Final = 1 << 20
_SPLICE_FLAGS: Final = os.SPLICE_F_MOVE | os.SPLICE_F_NONBLOCK
_RESET: Final = struct.pack("ii", 1, 0)


class Pump:
    """Owns both sockets. `on_end(reason)` is called once, when they are closed; "" for a plain end.
    `was_refused`: what the step sent meant another host."""

    def __init__(
        self,
        step: socket.socket,
        far: socket.socket,
        inspection: Inspection,
        on_end: Callable[[str], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._step, self._far = step, far
        self._inspection = inspection
        self._on_end = on_end
        self._is_over = False
        self.was_refused = False
        self.out = _Flow(self, step, far, self._inspect)
        self.back = _Flow(self, far, step, self._hear)
        self.last_moved = self._loop.time()

    def start(self, first_back: bytes = b"", first_out: bytes = b"") -> None:
        """Begins. `first_back`: bytes of the far side that were read already; `first_out`: of the step."""
        try:
            cleared = self._inspect(first_out) if first_out else b""
        except MismatchError as error:
            self.stop(_reason(error))
            return
        self.out.start(cleared)
        if not self._is_over:
            self.back.start(first_back)

    def stop(self, reason: str) -> None:
        """Ends it now, both sides hearing a reset if there is a reason."""
        if self._is_over:
            return
        self._is_over = True
        for flow in (self.out, self.back):
            flow.close()
        for sock in (self._step, self._far):
            reset(sock) if reason else sock.close()
        self._on_end(reason)

    def moved(self) -> None:
        """Notes that something went on."""
        self.last_moved = self._loop.time()
        if self.out.is_done and self.back.is_done:
            self.stop("")

    def _inspect(self, chunk: bytes) -> bytes:
        try:
            cleared = self._inspection.feed(chunk)
        except MismatchError:
            self.was_refused = True
            raise
        if self._inspection.is_over:
            self.out.look = None
        return cleared

    def _hear(self, chunk: bytes) -> bytes:
        released = self._inspection.hear(chunk)
        if released:
            self.out.push(released)
        if self._inspection.is_over:
            self.back.look = None
            self.out.look = None
        return chunk


class _Flow:
    """One direction. `look` sees every chunk and returns what goes on; None: nobody looks."""

    def __init__(
        self, pump: Pump, source: socket.socket, target: socket.socket, look: Callable[[bytes], bytes]
    ) -> None:
        self._pump = pump
        self._loop = asyncio.get_running_loop()
        self._source, self._target = source, target
        self.look: Callable[[bytes], bytes] | None = look
        self._pending = bytearray()
        self._pipe: tuple[int, int] | None = None
        self._in_pipe = 0
        self._reads = self._writes = False
        self._ended = False
        self.is_done = False
        self.moved_bytes = 0

    def start(self, first: bytes) -> None:
        if first:
            self.push(first)
        if not self._pending:
            self._read_on()

    def push(self, chunk: bytes) -> None:
        """Sends on what does not come from the source now."""
        self._pending += chunk
        self._on_writable()

    def close(self) -> None:
        self._loop.remove_reader(self._source)
        self._loop.remove_writer(self._target)
        if self._pipe is not None:
            for end in self._pipe:
                os.close(end)
            self._pipe = None

    def _read_on(self) -> None:
        if self._writes:
            self._loop.remove_writer(self._target)
        if not self._reads:
            self._loop.add_reader(self._source, self._on_readable)
        self._reads, self._writes = True, False

    def _wait_for_target(self) -> None:
        if self._reads:
            self._loop.remove_reader(self._source)
        if not self._writes:
            self._loop.add_writer(self._target, self._on_writable)
        self._reads, self._writes = False, True

    def _on_readable(self) -> None:
        try:
            if self._pipe is not None or (self.look is None and self.moved_bytes > _SPLICE_FROM):
                self._splice_in()
            else:
                self._receive()
        except BlockingIOError:
            return
        except (OSError, MismatchError) as error:
            self._pump.stop(_reason(error))

    def _receive(self) -> None:
        chunk = self._source.recv(_CHUNK)
        if not chunk:
            self._end()
            return
        passed = self.look(chunk) if self.look is not None else chunk
        if passed:
            self.push(passed)
        else:
            self._pump.moved()

    def _splice_in(self) -> None:
        if self._pipe is None:
            self._pipe = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
            with suppress(OSError):  # beyond what one user may have: a smaller one does
                fcntl.fcntl(self._pipe[1], fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        taken = os.splice(self._source.fileno(), self._pipe[1], _PIPE_BYTES, flags=_SPLICE_FLAGS)
        if not taken:
            self._end()
            return
        self._in_pipe += taken
        self._on_writable()

    def _end(self) -> None:
        self._ended = True
        self._loop.remove_reader(self._source)
        self._reads = False
        if not self._pending and not self._in_pipe:
            self._finish()

    def _finish(self) -> None:
        self.is_done = True
        with suppress(OSError):
            self._target.shutdown(socket.SHUT_WR)
        self._pump.moved()

    def _on_writable(self) -> None:
        try:
            while self._in_pipe:
                assert self._pipe is not None
                flags = _SPLICE_FLAGS
                self._count(os.splice(self._pipe[0], self._target.fileno(), self._in_pipe, flags=flags), True)
            while self._pending:
                self._count(self._target.send(self._pending), False)
        except BlockingIOError:
            self._wait_for_target()
            return
        except OSError as error:
            self._pump.stop(_reason(error))
            return
        if self._ended:
            self._loop.remove_writer(self._target)
            self._writes = False
            self._finish()
        else:
            self._read_on()
            self._pump.moved()

    def _count(self, sent: int, spliced: bool) -> None:
        self.moved_bytes += sent
        if spliced:
            self._in_pipe -= sent
        else:
            del self._pending[:sent]


def reset(sock: socket.socket) -> None:
    """Closes a socket so that its other side hears of it at once. Source: socket(7), SO_LINGER."""
    with suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    sock.close()


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, MismatchError) else f"broken off ({error})"
