"""`SeatbeltLauncher`: the launcher of macOS. A step is a child of `sandbox-exec`, in a group of its own.

The same interface as `Launcher`; there are no namespaces, so that processes are ended by their group and
what left it is not found. A step has no terminal of its own yet: it writes to pipes, and reads what is given.
"""

import os
import selectors
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from rundown.model.sandbox import HostFacts, ProcessResult, SandboxPlan, StageFailure
from rundown.sandbox.doors import Doors
from rundown.sandbox.launcher import GRACE_NS, Launcher
from rundown.sandbox.output import OutputCap, Sink, Stream
from rundown.sandbox.seatbelt import SANDBOX_EXEC

_CHUNK: Final = 1 << 16
_TICK_S: Final = 0.05


class SeatbeltLauncher(Launcher):
    """`program`: what takes `-p PROFILE CMD ARG…`."""

    def __init__(
        self,
        host: HostFacts,
        *,
        tmp_bytes: int | None = None,
        grace_ns: int = GRACE_NS,
        program: str = SANDBOX_EXEC,
    ) -> None:
        super().__init__(host, tmp_bytes=tmp_bytes, grace_ns=grace_ns)
        self._program = program
        self._grace_s = grace_ns / 1e9
        self._folder = ""
        self._asked = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._guard = threading.Lock()

    def __enter__(self) -> "SeatbeltLauncher":
        self._folder = os.path.realpath(tempfile.mkdtemp(prefix="rundown-run-"))
        for name in ("home", ".rd", ".rd/outputs"):
            Path(self._folder, name).mkdir(mode=0o700)
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def host_tmp(self) -> str | None:
        """The run's `{tmp}`, a private directory on disk."""
        return self._folder

    def open_tmp(self) -> int:
        """Returns a directory fd of the run's `{tmp}`."""
        return os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def interrupt(self) -> bool:
        """Ends what runs: TERM, after a grace KILL; KILL at once when called again."""
        if self._process is None:
            return False
        self._asked += 1
        self._signal(signal.SIGTERM if self._asked == 1 else signal.SIGKILL)
        return True

    def resize(self, rows: int, columns: int) -> None:
        """Nothing here has a terminal of its own."""

    def freeze(self, wanted: bool) -> None:
        """Stops what runs where it is, or lets it go on."""
        self._signal(signal.SIGSTOP if wanted else signal.SIGCONT)

    def launch(
        self,
        plan: SandboxPlan,
        sink: Sink,
        *,
        stdin_fd: int | None = None,
        size: tuple[int, int] | None = None,
        doors: Doors | None = None,
        started: Callable[[int], None] = lambda pid: None,
    ) -> ProcessResult | StageFailure:
        """Runs one step to its end. There is no network of the step's own, so there are no doors."""
        words = [self._program, "-p", plan.profile, *plan.argv] if plan.profile else list(plan.argv)
        self._asked = 0
        begun = time.monotonic_ns()
        try:
            process = subprocess.Popen(
                words,
                cwd=plan.cwd,
                env=dict(plan.env),
                stdin=subprocess.DEVNULL if stdin_fd is None else stdin_fd,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            return StageFailure(stage="exec", errno=error.errno or 0, detail=f"{words[0]}: {error.strerror}")
        with self._guard:
            self._process = process
        if self._dismissed:
            self.interrupt()
        started(process.pid)
        output = OutputCap(sink, plan.output_bytes)
        ending = self._carry(process, output, plan.timeout_ns)
        with self._guard:
            self._process = None
        output.finish()
        status = process.returncode
        outcome: dict[str, object] = (
            {"ending": ending}
            if ending
            else {"ending": "exited", "status": status}
            if status >= 0
            else {"ending": "signalled", "signal": -status}
        )
        return ProcessResult(
            **outcome,  # type: ignore[arg-type]
            duration_ns=time.monotonic_ns() - begun,
            output_bytes=output.seen_bytes,
            output_cut_bytes=output.cut_bytes,
        )

    def _carry(self, process: "subprocess.Popen[bytes]", output: OutputCap, timeout_ns: int | None) -> str:
        """Passes output on until the command has ended; returns why rundown ended it, "" if it did itself."""
        deadline = None if timeout_ns is None else time.monotonic() + timeout_ns / 1e9
        kill_at: float | None = None
        ending = ""
        with selectors.DefaultSelector() as selector:
            names: tuple[Stream, Stream] = ("stdout", "stderr")
            for stream, name in zip((process.stdout, process.stderr), names, strict=True):
                assert stream is not None
                os.set_blocking(stream.fileno(), False)
                selector.register(stream, selectors.EVENT_READ, name)
            while process.poll() is None:
                _read_all(selector, output, _TICK_S)
                now = time.monotonic()
                if self._asked and not ending:
                    ending, kill_at = "interrupted", now + self._grace_s
                elif deadline is not None and now > deadline and not ending:
                    ending, kill_at = "timed-out", now + self._grace_s
                    self._signal(signal.SIGTERM)
                if kill_at is not None and now > kill_at:
                    self._signal(signal.SIGKILL)
            _read_all(selector, output, 0)
        if self._asked and not ending:
            ending = "interrupted"
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)  # what it left running in its group
        return ending

    def _signal(self, number: signal.Signals) -> None:
        with self._guard:
            if self._process is not None:
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(self._process.pid, number)


def _read_all(selector: selectors.BaseSelector, output: OutputCap, wait_s: float) -> None:
    for key, _ in selector.select(wait_s):
        while True:
            try:
                chunk = os.read(key.fd, _CHUNK)
            except BlockingIOError:
                break
            if not chunk:
                selector.unregister(key.fileobj)
                break
            output.feed(key.data, chunk)
