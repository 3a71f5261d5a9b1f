"""A real `rundown` while it runs: waits for what it does, holds it where it writes, ends it.

Nothing sleeps for a guessed time: every wait is for a condition. A process is held by a full pipe on its standard
output: the next thing that it shows is on record already, and nothing comes after it.
"""

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.patience import wait_until
from tests.support.project import RUNDOWN, bare_environment


class Running:
    """One `rundown` in `project`, without a terminal; a context manager that leaves no process behind."""

    def __init__(self, project: Path, *words: str, environment: Mapping[str, str] | None = None) -> None:
        self._project = project
        self._words = words
        self._environment = bare_environment(project, environment)

    def __enter__(self) -> Self:
        reader, writer = os.pipe()
        self._reader = reader
        self._process = subprocess.Popen(
            [str(RUNDOWN), *self._words],
            cwd=self._project,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=writer,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        os.close(writer)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self.kill()
        os.close(self._reader)
        assert self._process.stderr is not None
        self._process.stderr.close()

    @property
    def pid(self) -> int:
        """The process, while it runs."""
        return self._process.pid

    def wait_for(self, holds: Callable[[], bool], what: str) -> None:
        """Returns once `holds()`, while the program runs. Raises: AssertionError."""

        def told() -> bool:
            assert self._process.poll() is None, f"no {what}: {self._process.returncode} {self.told()}"
            return holds()

        wait_until(told, what)

    def hold(self) -> None:
        """Fills the pipe: the next thing that is shown holds the program."""
        # A pipe that is opened anew has flags of its own; our end may then not wait. Source: proc(5), fd.
        writer = os.open(f"/proc/{self._process.pid}/fd/1", os.O_WRONLY | os.O_NONBLOCK)
        try:
            for size in (1 << 16, 1):
                with contextlib.suppress(BlockingIOError):
                    while True:
                        os.write(writer, b"\n" * size)
        finally:
            os.close(writer)

    def told(self) -> str:
        """Returns what the program, which has ended, wrote on standard error."""
        assert self._process.stderr is not None
        return self._process.stderr.read().decode()

    def has_ended(self) -> bool:
        """Whether the program is over."""
        return self._process.poll() is not None

    def kill(self) -> None:
        """Ends it as nothing can be heard of: SIGKILL."""
        self._process.kill()
        self._process.wait()

    def send(self, number: signal.Signals) -> None:
        """Sends a signal."""
        self._process.send_signal(number)

    def end(self, number: signal.Signals) -> tuple[int, float, str]:
        """Sends a signal; returns the status, how many seconds it took to end, and what it told."""
        begun = time.monotonic()
        self._process.send_signal(number)
        status = self.wait()
        return status, time.monotonic() - begun, self.told()

    def wait(self) -> int:
        """Returns the exit status; what it shows meanwhile is thrown away."""
        os.set_blocking(self._reader, False)

        def ended() -> bool:
            with contextlib.suppress(BlockingIOError):
                while os.read(self._reader, 1 << 16):
                    pass
            return self._process.poll() is not None

        wait_until(ended, "the end of the program")
        assert self._process.returncode is not None
        return self._process.returncode


def only_run(project: Path) -> Path:
    """Returns the directory of the one run of a project."""
    (run,) = (path for path in (project / ".rundown/runs").iterdir() if path.is_dir())
    return run


def types_on_record(project: Path) -> list[str]:
    """Returns the types of the events of the one run, in order; none if it has no log yet."""
    logs = list(project.glob(".rundown/runs/*/events.jsonl"))
    lines = logs[0].read_bytes().split(b"\n")[:-1] if logs else []
    return [json.loads(line)["body"]["type"] for line in lines]


def has_process(mark: str) -> bool:
    """Returns whether a process of this machine has `mark` in its command line, in whatever namespace."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):
                if mark.encode() in (entry / "cmdline").read_bytes():
                    return True
    return False
