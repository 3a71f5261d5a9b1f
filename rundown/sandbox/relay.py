"""`Relay`: one step while it runs. Sends the plan, carries output and input, keeps time, ends the step.

The control socket's messages decide how it ended; output is read until its pipes end, which they do
when the last process of the step is gone. Times are of the monotonic clock, less those while frozen.
Longer than 350 lines because one loop hears every side of a step.
"""

import os
import selectors
import signal
import socket
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, Literal

import msgspec

from rundown.model.sandbox import ProcessResult, SandboxPlan, StageFailure
from rundown.sandbox.child import terminal, wire
from rundown.sandbox.console import Console
from rundown.sandbox.deadline import Deadline
from rundown.sandbox.doors import Doors, hand_over
from rundown.sandbox.output import OutputCap, Sink, Stream
from rundown.sandbox.parcel import Parcel
from rundown.sandbox.recipe import mounts_left
from rundown.sandbox.watch import MaskWatch
from rundown.sandbox.zygote import Fresh

_START_PATIENCE_NS: Final = 30_000_000_000
_END_PATIENCE_NS: Final = 5_000_000_000
_HIDING: Final = ("mask-file", "mask-dir")
_CHUNK: Final = 1 << 16
Cause = Literal["timed-out", "interrupted"]


class Relay:
    """Runs once. `interrupt`, `resize`, `freeze`, `suspend` only mark and wake the loop: signal-safe."""

    def __init__(
        self,
        plan: SandboxPlan,
        fresh: Fresh,
        sink: Sink,
        grace_ns: int,
        *,
        doors: Doors | None = None,
        started: Callable[[int], None] = lambda pid: None,
    ) -> None:
        """What `fresh` holds belongs to the relay from now on. `started` is told the command's process id."""
        fresh.command.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self._doors = doors
        self._tell_started = started
        self._pid = 0
        for sock in (fresh.control, fresh.command):
            sock.settimeout(_START_PATIENCE_NS / 1e9)  # not even an init that reads nothing is waited for
        self._plan = plan
        self._done = fresh.done
        self._control = fresh.control
        self._command = fresh.command
        self._supervisor = fresh.supervisor
        self._output = OutputCap(sink, plan.output_bytes)
        self._grace_ns = grace_ns
        self._waker, self._wakes = socket.socketpair()
        self._waker.setblocking(False)
        self._wakes.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._interrupts = 0
        self._size: tuple[int, int] | None = None
        self._freeze_wanted = False
        self._suspend_wanted = False
        self._console: Console | None = None
        self._masks: MaskWatch | None = None
        self._reason = ""
        self._master: int | None = None
        self._streams: set[int] = set()
        self._cause: Cause | None = None
        self._deadline = Deadline()
        self._kills = 0
        self._started: int | None = None
        self._ended: dict[str, Any] | None = None
        self._failed: StageFailure | None = None
        self._ready = False
        self._command_open = True
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

    def suspend(self) -> None:
        """Asks to stop rundown itself, with every process of the step frozen meanwhile."""
        self._suspend_wanted = True
        self._wake()

    def freeze(self, wanted: bool) -> None:
        """Asks to stop every process of the step where it is, or to let them go on."""
        self._freeze_wanted = wanted
        self._wake()

    def run(
        self, fds: dict[str, int], stdin_fd: int | None, size: tuple[int, int] | None
    ) -> ProcessResult | StageFailure:
        """Returns when every process of the step is gone and its output is delivered. `fds`: further ones
        for the child."""
        self._size = size
        begun = time.monotonic_ns()
        try:
            self._send(fds, stdin_fd)
            self._deadline.set(_START_PATIENCE_NS)
            while self._is_going_on():
                self._turn()
        finally:
            self._close()
        self._output.finish()
        return self._result(time.monotonic_ns() - (self._started or begun))

    def _wake(self) -> None:
        with suppress(OSError):
            self._waker.send(b"x")

    def _send(self, fds: dict[str, int], stdin_fd: int | None) -> None:
        if stdin_fd is not None and self._plan.pty and self._plan.interactive:
            self._console = Console(stdin_fd, self._selector, self._freeze_now)
        self._watch(self._control.fileno(), self._hear)
        self._watch(self._wakes.fileno(), self._drain_wakes)
        self._watch(self._supervisor, self._see_supervisor_gone)
        self._watch(self._command.fileno(), self._hear_command)
        hidden = [mount.target for mount in self._plan.mounts if mount.kind in _HIDING]
        if any(not path.startswith("/proc/") for path in hidden):
            self._masks = MaskWatch(path for path in hidden if not path.startswith("/proc/"))
            self._watch(self._masks.descriptor, self._see_masks)
        with Parcel(self._plan, self._done, fds, stdin_fd) as parcel:
            for descriptor, stream in parcel.readers():
                self._carry_from(descriptor, stream)
            mounts = mounts_left(self._plan, self._done)
            network = msgspec.to_builtins(self._plan.network)
            begin = {"mounts": mounts, "network": network, "pty": self._plan.pty, "size": self._size}
            message = {"plan": parcel.plan, "fds": list(parcel.fds)}
            with suppress(OSError):  # who failed has said why, and is heard next
                wire.send(self._control, begin)
                wire.send(self._command, message, tuple(parcel.fds.values()))

    def _is_going_on(self) -> bool:
        return bool(self._streams) or self._command_open or not self._is_gone()

    def _is_gone(self) -> bool:
        return self._ended is not None or not (self._control_open or self._supervised)

    def _watch(self, descriptor: int, act: Callable[[], None]) -> None:
        self._selector.register(descriptor, selectors.EVENT_READ, act)

    def _carry_from(self, descriptor: int, stream: Stream) -> None:
        os.set_blocking(descriptor, False)
        self._streams.add(descriptor)
        self._watch(descriptor, lambda: self._carry(descriptor, stream))

    def _turn(self) -> None:
        for key, _ in self._selector.select(self._deadline.left_s()):
            key.data()
        self._obey_marks()
        if self._deadline.has_passed():
            self._pass_deadline()

    def _drain_wakes(self) -> None:
        with suppress(BlockingIOError):
            self._wakes.recv(4096)

    def _see_supervisor_gone(self) -> None:
        """A pidfd is readable when its process has ended: here, after every process of the step."""
        self._selector.unregister(self._supervisor)
        self._supervised = False

    def _see_masks(self) -> None:
        """A hidden file that is no longer hidden ends the step at once."""
        lost = self._masks.find_lost() if self._masks is not None else None
        if lost is not None and self._ended is None:
            self._reason = f"{lost} was replaced from outside while policy hid it"
            self._cause = self._cause or "interrupted"
            self._kill()

    def _carry(self, descriptor: int, stream: Stream) -> None:
        try:
            chunk = os.read(descriptor, _CHUNK)
        except BlockingIOError:
            return
        except OSError:  # EIO: the last slave of a pty is closed
            chunk = b""
        if chunk:
            self._output.feed(stream, chunk)
        else:
            self._drop(descriptor)

    def _drop(self, descriptor: int) -> None:
        if descriptor == self._master:
            self._master = None
            if self._console is not None:
                self._console.leave()
        self._selector.unregister(descriptor)
        self._streams.discard(descriptor)
        os.close(descriptor)

    def _hear(self) -> None:
        received = wire.receive(self._control)
        if received is None:
            self._selector.unregister(self._control)
            self._control_open = False
            self._deadline.set(_END_PATIENCE_NS)
            return
        message, fds = received
        match message["event"]:
            case "listeners":
                hand_over(message, fds, self._doors)
            case "terminal":
                self._master = fds[0]
                self._carry_from(fds[0], "stdout")
                if self._console is not None:
                    self._console.enter(self._master)
            case "failed":
                self._fail(message)
            case "ended":  # every process but init is gone: what is still in the pipes is all there is
                self._ended = message
                self._deadline.set(_END_PATIENCE_NS)

    def _hear_command(self) -> None:
        """The command says that only exec is left; then its socket closes with exec, or brings a failure."""
        self._pid = self._pid or _sender_of(self._command)
        received = wire.receive(self._command)
        if received is None:
            self._selector.unregister(self._command)
            self._command_open = False
            if self._ready:
                self._start_clock()
                self._tell_started(self._pid)
        elif received[0]["event"] == "ready":
            self._ready = True
        else:
            self._ready = False
            self._fail(received[0])

    def _fail(self, message: wire.Message) -> None:
        if self._failed is None:
            self._failed = StageFailure(
                stage=message["stage"], errno=message["errno"], detail=message["detail"]
            )

    def _start_clock(self) -> None:
        self._started = time.monotonic_ns()
        if self._cause is None and self._ended is None:
            self._deadline.set(self._plan.timeout_ns)

    def _obey_marks(self) -> None:
        if self._size is not None and self._master is not None:
            terminal.set_size(self._master, *self._size)
            self._size = None
        if self._suspend_wanted:
            self._suspend_wanted = False
            self._freeze_now(True)
            os.kill(os.getpid(), signal.SIGSTOP)  # goes on here when the shell brings rundown back
            self._freeze_now(False)
        self._freeze_now(self._freeze_wanted)
        if self._interrupts and self._cause is None:
            self._ask_to_end("interrupted")
        elif self._interrupts > 1 and not self._kills:
            self._kill()

    def _freeze_now(self, wanted: bool) -> None:
        """Stops the clock with the processes."""
        if wanted != self._deadline.is_frozen:
            self._freeze_wanted = wanted
            self._signal_all(signal.SIGSTOP if wanted else signal.SIGCONT)
            self._deadline.freeze(wanted)

    def _ask_to_end(self, cause: Cause) -> None:
        self._cause = cause
        self._interrupts = 1
        self._freeze_now(False)
        self._deadline.set(self._grace_ns)
        self._signal_all(signal.SIGTERM)

    def _signal_all(self, number: signal.Signals) -> None:
        with suppress(OSError):
            wire.send(self._control, {"op": "signal", "signal": int(number)})

    def _pass_deadline(self) -> None:
        if self._is_gone():  # and still somebody holds its output
            for descriptor in tuple(self._streams):
                self._drop(descriptor)
        elif self._cause is not None or not self._control_open:
            self._kill()
        elif self._started is None:
            self._failed = StageFailure(stage="start", errno=0, detail="the sandbox was not ready in time")
            self._kill()
        else:
            self._ask_to_end("timed-out")

    def _kill(self) -> None:
        """Ends every process: a pid namespace goes with its supervisor; else init kills them one by one."""
        self._kills += 1
        self._deadline.set(_END_PATIENCE_NS)
        if "pid" in self._plan.namespaces or self._kills > 1:
            try:
                signal.pidfd_send_signal(self._supervisor, signal.SIGKILL)
            except OSError:  # the host refuses pidfds, or it is gone already
                pass
            else:
                return
        with suppress(OSError):
            self._control.shutdown(socket.SHUT_WR)

    def _close(self) -> None:
        for descriptor in tuple(self._streams):
            self._drop(descriptor)
        if self._console is not None:
            self._console.leave()
        if self._masks is not None:
            self._masks.close()
        self._selector.close()
        for used in (self._waker, self._wakes, self._control, self._command):
            used.close()
        os.close(self._supervisor)

    def _result(self, duration_ns: int) -> ProcessResult | StageFailure:
        if self._failed is not None:
            return self._failed
        if self._started is None and self._cause is None:
            return StageFailure(
                stage="zygote",
                errno=0,
                detail="the fork server, or what it made, ended before the command was started",
            )
        status = signal.SIGKILL if self._ended is None else int(self._ended["status"])
        if self._ended is None and self._cause is None:
            self._reason = "its sandbox was ended from outside, and every process of it with it"
        ended = {"ending": self._cause} if self._cause else _ending(status)
        return ProcessResult(
            **ended,
            duration_ns=duration_ns,
            output_bytes=self._output.seen_bytes,
            output_cut_bytes=self._output.cut_bytes,
            left_behind=0 if self._ended is None else self._ended["left"],
            reason=self._reason,
        )


def _ending(status: int) -> dict[str, Any]:
    if os.WIFSIGNALED(status):
        return {"ending": "signalled", "signal": os.WTERMSIG(status)}
    return {"ending": "exited", "status": os.WEXITSTATUS(status)}


def _sender_of(sock: socket.socket) -> int:
    """Returns who sent the next message, by its process id here, 0 if nobody says. Source: unix(7)."""
    credentials = struct.Struct("3i")
    try:
        _, ancillary, _, _ = sock.recvmsg(1, socket.CMSG_SPACE(credentials.size), socket.MSG_PEEK)
    except ConnectionResetError:  # it ended without having read its plan
        return 0
    for level, kind, content in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS):
            return int(credentials.unpack(content)[0])
    return 0
