"""`Zygote`: rundown's side of the fork server. Starts it, and takes fresh inits from it.

Refuses to hand it anything of this process but one socket: empty environment, fds by list, a session
of its own. It dies with the thread that started it. Source: prctl(2), PR_SET_PDEATHSIG.
"""

import importlib.util
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Literal

import rundown
from rundown.model.sandbox import StageFailure
from rundown.sandbox.child import wire

Base = Literal["userns", "mount", "plain"]
_PATIENCE_S = 30.0
_BOOT = (
    "import sys; sys.path[:0] = {path!r}; from rundown.sandbox.child.zygote import main; "
    "main({descriptor}, {parent})"
)


class ZygoteError(Exception):
    """The fork server cannot give a fresh init. `failure` says at which stage, and why."""

    def __init__(self, failure: StageFailure) -> None:
        super().__init__(f"{failure.stage}: {failure.detail}")
        self.failure = failure


class Zygote:
    """A running fork server of one base: `userns`, `mount` (real root without them), or `plain`."""

    def __init__(self, base: Base, namespaces: tuple[str, ...]) -> None:
        self.base = base
        self._namespaces = namespaces
        self._sock, theirs = socket.socketpair()
        self._sock.settimeout(_PATIENCE_S)
        boot = _BOOT.format(path=list(import_path()), descriptor=theirs.fileno(), parent=os.getpid())
        with theirs:
            self._process = subprocess.Popen(
                [*interpreter(), "-"],  # the text by stdin: steps can read their init's command line
                env={},
                cwd="/",
                stdin=subprocess.PIPE,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        assert self._process.stdin is not None
        with self._process.stdin as stdin:
            stdin.write(boot.encode())

    def configure(self, seccomp: bytes, tmp_bytes: int | None) -> None:
        """Says what it is for. Raises: ZygoteError if it could not enter its namespaces."""
        program = os.memfd_create("seccomp")
        try:
            os.write(program, seccomp)
            hello = {"base": self.base, "namespaces": self._namespaces, "tmp_bytes": tmp_bytes}
            self._ask(hello, (program,), "ready")
        finally:
            os.close(program)

    def take(self, namespaces: tuple[str, ...]) -> tuple[socket.socket, int]:
        """Returns the control socket of a fresh init, and a pidfd of its supervisor. Raises: ZygoteError."""
        control, supervisor = self._ask({"op": "take", "namespaces": namespaces}, (), "taken")
        return socket.socket(fileno=control), supervisor

    def open_tmp(self) -> int:
        """Returns a directory fd of the run's `{tmp}`. Raises: ZygoteError."""
        return self._ask({"op": "tmp"}, (), "tmp")[0]

    @property
    def pid(self) -> int:
        """The fork server's process id."""
        return self._process.pid

    def close(self) -> None:
        """Ends it, and with it every step that still runs."""
        self._sock.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _ask(self, message: wire.Message, fds: tuple[int, ...], expected: str) -> list[int]:
        try:
            wire.send(self._sock, message, fds)
            received = wire.receive(self._sock)
        except (OSError, ValueError) as error:
            raise ZygoteError(
                StageFailure(stage="zygote", errno=getattr(error, "errno", 0) or 0, detail=str(error))
            ) from error
        if received is None:
            raise ZygoteError(StageFailure(stage="zygote", errno=0, detail="the fork server has ended"))
        answer, answered_fds = received
        if answer["event"] != expected:
            raise ZygoteError(
                StageFailure(stage=answer["stage"], errno=answer["errno"], detail=answer["detail"])
            )
        return answered_fds


def interpreter() -> tuple[str, ...]:
    """Returns the words that start Python without environment, site packages or user site."""
    return (sys.executable, "-I", "-S", "-X", "utf8")


def import_path() -> tuple[str, ...]:
    """Returns the directories that hold what the child imports: this package and the landlock library.

    Given in words, so that an editable install or a virtual environment needs no site module.
    """
    found = importlib.util.find_spec("landlock")
    places = [Path(rundown.__file__ or "").resolve().parent.parent]
    if found is not None and found.origin:
        places.append(Path(found.origin).resolve().parent.parent)
    return tuple(dict.fromkeys(str(place) for place in places))
