"""`Relay`: one step while it runs. Sends the plan, carries output, keeps time, ends the step.

The control socket's messages decide how it ended; output is read until its pipes end, which they do
when the last process of the step is gone. Times are of the monotonic clock.
"""

import os
import selectors
import signal
import socket
import time
from contextlib import suppress
from typing import Any, Final, Literal

from rundown.model.sandbox import ProcessResult, SandboxPlan, StageFailure
from rundown.sandbox.child import terminal, wire
from rundown.sandbox.output import OutputCap, Sink
from rundown.sandbox.parcel import Parcel

_START_PATIENCE_NS: Final = 30_000_000_000
_END_PATIENCE_NS: Final = 5_000_000_000
_CHUNK: Final = 1 << 16


class Relay:
    """Runs once. `interrupt` and `resize` only set a mark and wake the loop: they are signal-safe."""

    def __init__(
        self, plan: SandboxPlan, control: socket.socket, supervisor: int, sink: Sink, grace_ns: int
    ) -> None:
        """`control` and the pidfd `supervisor` belong to the relay from now on."""
        self._plan = plan
        self._control = control
        self._supervisor = supervisor
        self._output = OutputCap(sink, plan.output_bytes)
        self._grace_ns = grace_ns
        self._waker, self._wakes = socket.socketpair()
        self._waker.setblocking(False)
        self._wakes.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._interrupts = 0
        self._size: tuple[int, int] | None = None
        self._master: int | None = None
        self._streams: set[int] = set()
        self._cause: Literal["timed-out", "interrupted"] | None = None
        self._deadline: int | None = None
        self._killed = False
        self._started: int | None = None
        self._ended: dict[str, Any] | None = None
        self._failed: StageFailure | None = None
        self._control_open = True
        self._supervised = True

    def interrupt(self) -> None:
        """Asks the step to end: TERM first, KILL when asked again or after the grace."""
        self._interrupts += 1
        self._wake()

    def resize(self, rows: int, columns: int) -> None:
        """Asks for a new size of the step's terminal."""
        self._size = (rows, columns)
        self._wake()

    def run(self, stdin_fd: int | None, size: tuple[int, int] | None) -> ProcessResult | StageFailure:
        """Returns when every process of the step is gone and its output is delivered."""
        self._size = size
        begun = time.monotonic_ns()
        try:
            self._send(stdin_fd)
            self._deadline = begun + _START_PATIENCE_NS
            while self._control_open or self._supervised or self._streams:
                self._turn()
        finally:
            self._close()
        return self._result(time.monotonic_ns() - (self._started or begun))

    def _wake(self) -> None:
        with suppress(OSError):
            self._waker.send(b"x")

    def _send(self, stdin_fd: int | None) -> None:
        with Parcel(self._plan, stdin_fd) as parcel:
            for descriptor, stream in parcel.readers():
                self._watch(descriptor, stream)
            self._selector.register(self._control, selectors.EVENT_READ, "control")
            self._selector.register(self._wakes, selectors.EVENT_READ, "wake")
            self._selector.register(self._supervisor, selectors.EVENT_READ, "supervisor")
            message = {"op": "plan", "plan": parcel.plan, "fds": list(parcel.fds)}
            with suppress(OSError):  # an init that failed has said why, and is heard next
                wire.send(self._control, message, tuple(parcel.fds.values()))

    def _watch(self, descriptor: int, stream: str) -> None:
        os.set_blocking(descriptor, False)
        self._streams.add(descriptor)
        self._selector.register(descriptor, selectors.EVENT_READ, stream)

    def _turn(self) -> None:
        for key, _ in self._selector.select(self._time_left_s()):
            if key.data == "control":
                self._hear()
            elif key.data == "supervisor":  # readable when it has ended, after every process of the step
                self._selector.unregister(self._supervisor)
                self._supervised = False
            elif key.data == "wake":
                with suppress(BlockingIOError):
                    self._wakes.recv(4096)
            else:
                self._carry(key.fd, key.data)
        self._obey_marks()
        if self._deadline is not None and time.monotonic_ns() >= self._deadline:
            self._pass_deadline()

    def _time_left_s(self) -> float | None:
        if self._deadline is None:
            return None
        return max(0, self._deadline - time.monotonic_ns()) / 1e9

    def _carry(self, descriptor: int, stream: Literal["stdout", "stderr"]) -> None:
        try:
            chunk = os.read(descriptor, _CHUNK)
        except BlockingIOError:
            return
        except OSError:  # EIO: the last slave of a pty is closed
            chunk = b""
        if chunk:
            self._output.feed(stream, chunk)
            return
        self._drop(descriptor)

    def _drop(self, descriptor: int) -> None:
        self._selector.unregister(descriptor)
        self._streams.discard(descriptor)
        os.close(descriptor)
        if descriptor == self._master:
            self._master = None

    def _hear(self) -> None:
        received = wire.receive(self._control)
        if received is None:
            self._selector.unregister(self._control)
            self._control_open = False
            self._deadline = time.monotonic_ns() + _END_PATIENCE_NS
            return
        message, fds = received
        match message["event"]:
            case "started":
                self._started = time.monotonic_ns()
                timeout = self._plan.timeout_ns
                if not self._cause:
                    self._deadline = None if timeout is None else self._started + timeout
            case "terminal":
                self._master = fds[0]
                self._watch(fds[0], "stdout")
            case "failed":
                self._failed = StageFailure(
                    stage=message["stage"], errno=message["errno"], detail=message["detail"]
                )
            case "ended":
                self._ended = message

    def _obey_marks(self) -> None:
        if self._size is not None and self._master is not None:
            terminal.set_size(self._master, *self._size)
            self._size = None
        if self._interrupts and self._cause is None:
            self._ask_to_end("interrupted")
        elif self._interrupts > 1 and not self._killed:
            self._kill()

    def _ask_to_end(self, cause: Literal["timed-out", "interrupted"]) -> None:
        self._cause = cause
        self._interrupts = min(self._interrupts, 1)
        self._deadline = time.monotonic_ns() + self._grace_ns
        with suppress(OSError):
            wire.send(self._control, {"op": "signal", "signal": int(signal.SIGTERM)})

    def _pass_deadline(self) -> None:
        if not self._control_open:  # gone, and still somebody holds its output
            for descriptor in tuple(self._streams):
                self._drop(descriptor)
        elif self._started is None and self._cause is None:
            self._failed = StageFailure(stage="start", errno=0, detail="the sandbox was not ready in time")
            self._kill()
        elif self._cause is None:
            self._ask_to_end("timed-out")
        else:
            self._kill()

    def _kill(self) -> None:
        """Ends every process: a pid namespace goes with its supervisor; else init kills them one by one."""
        self._killed = True
        self._deadline = time.monotonic_ns() + _END_PATIENCE_NS
        with suppress(OSError):
            if "pid" in self._plan.namespaces:
                signal.pidfd_send_signal(self._supervisor, signal.SIGKILL)
            else:
                self._control.shutdown(socket.SHUT_WR)

    def _close(self) -> None:
        for descriptor in tuple(self._streams):
            self._drop(descriptor)
        self._selector.close()
        self._waker.close()
        self._wakes.close()
        self._control.close()
        os.close(self._supervisor)

    def _result(self, duration_ns: int) -> ProcessResult | StageFailure:
        self._output.finish()
        if self._failed is not None:
            return self._failed
        if self._started is None and self._cause is None:
            return StageFailure(
                stage="zygote", errno=0, detail="the sandbox ended before the command was started"
            )
        status = signal.SIGKILL if self._ended is None else int(self._ended["status"])
        ended = {"ending": self._cause} if self._cause else _ending(status)
        return ProcessResult(
            **ended,
            duration_ns=duration_ns,
            output_bytes=self._output.seen_bytes,
            output_cut_bytes=self._output.cut_bytes,
            left_behind=0 if self._ended is None else self._ended["left"],
        )


def _ending(status: int) -> dict[str, Any]:
    if os.WIFSIGNALED(status):
        return {"ending": "signalled", "signal": os.WTERMSIG(status)}
    return {"ending": "exited", "status": os.WEXITSTATUS(status)}
