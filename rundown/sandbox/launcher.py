"""`Launcher`: runs planned steps, one fork server a run; a context manager.

`launch` returns how the process tree ended, or at which stage the sandbox could not be made; it never
hangs on a step that cannot be ended, and nothing runs after a failed stage. `interrupt` may be called
from a signal handler or another thread.
"""

import threading
from contextlib import suppress

from rundown.model.sandbox import HostFacts, ProcessResult, SandboxPlan, StageFailure
from rundown.sandbox.output import Sink
from rundown.sandbox.relay import Relay
from rundown.sandbox.seccomp import build_program
from rundown.sandbox.zygote import Base, Zygote, ZygoteError

ALL_NAMESPACES = ("user", "mount", "pid", "net", "ipc", "uts")
GRACE_NS = 5_000_000_000


class Launcher:
    """Starts its fork server on entering, on the thread that must outlive every step."""

    def __init__(self, host: HostFacts, *, tmp_bytes: int | None = None, grace_ns: int = GRACE_NS) -> None:
        self._host = host
        self._tmp_bytes = tmp_bytes
        self._grace_ns = grace_ns
        self._lock = threading.Lock()
        self._zygotes: dict[Base, Zygote] = {}
        self._running: tuple[Relay, ...] = ()

    def __enter__(self) -> "Launcher":
        with suppress(ZygoteError):  # each launch says so, as the stage failure it is
            self._zygote(self._best_base())
        return self

    def __exit__(self, *_: object) -> None:
        for zygote in self._zygotes.values():
            zygote.close()
        self._zygotes.clear()

    def launch(
        self,
        plan: SandboxPlan,
        sink: Sink,
        *,
        stdin_fd: int | None = None,
        size: tuple[int, int] | None = None,
    ) -> ProcessResult | StageFailure:
        """Runs one step to its end. `sink` gets output on this thread; `size`: a pty's rows and columns."""
        try:
            with self._lock:
                control, supervisor = self._zygote(_base_of(plan)).take(plan.namespaces)
        except ZygoteError as error:
            return error.failure
        relay = Relay(plan, control, supervisor, sink, self._grace_ns)
        self._running = (*self._running, relay)
        try:
            return relay.run(stdin_fd, size)
        finally:
            self._running = tuple(other for other in self._running if other is not relay)

    def interrupt(self) -> bool:
        """Ends what runs: TERM, after a grace KILL; KILL at once when called again. Signal-safe.

        Returns whether anything runs.
        """
        for relay in self._running:
            relay.interrupt()
        return bool(self._running)

    def resize(self, rows: int, columns: int) -> None:
        """Passes a terminal's new size on. Signal-safe."""
        for relay in self._running:
            relay.resize(rows, columns)

    def _zygote(self, base: Base) -> Zygote:
        if base not in self._zygotes:
            zygote = self._zygotes[base] = Zygote(base, _usual_namespaces(base))
            program = build_program(sockets=base != "plain") if self._host.seccomp else b""
            zygote.configure(program, self._tmp_bytes)
        return self._zygotes[base]

    def _best_base(self) -> Base:
        if self._host.user_namespaces:
            return "userns"
        return "mount" if self._host.namespaces_as_root else "plain"


def _base_of(plan: SandboxPlan) -> Base:
    if "user" in plan.namespaces:
        return "userns"
    return "mount" if "mount" in plan.namespaces else "plain"


def _usual_namespaces(base: Base) -> tuple[str, ...]:
    if base == "plain":
        return ()
    return ALL_NAMESPACES if base == "userns" else ALL_NAMESPACES[1:]
