"""`Zygote`: rundown's side of the fork server. Starts it, and takes fresh inits from it.

Refuses to hand it anything of this process but one socket: empty environment, fds by list, a session
of its own. It dies with the thread that started it. Source: prctl(2), PR_SET_PDEATHSIG.
"""

import errno
import importlib.util
import os
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

import rundown
from rundown.sandbox.child import wire
from rundown.sandbox.failure import LaunchError
from rundown.sandbox.recipe import Recipe
from rundown.sandbox.seccomp import SeccompPrograms

Base = Literal["userns", "mount", "plain"]
Answer = tuple[wire.Message, list[int]]
_PATIENCE_S: Final = 30.0
_LAST_WORDS: Final = 2000
_BOOT: Final = (
    "import sys; sys.path[:0] = {path!r}; from rundown.sandbox.child.zygote import main; "
    "main({descriptor}, {parent})"
)


@dataclass(frozen=True)
class Fresh:
    """An init that waits for the rest of its plan: sockets to it and to its command, and the pidfd of its
    supervisor. `done`: what it has done already."""

    control: socket.socket
    command: socket.socket
    supervisor: int
    done: Recipe


class Zygote:
    """A running fork server of one base: `userns`, `mount` (real root without them), or `plain`."""

    def __init__(self, base: Base, first: Recipe) -> None:
        self._base = base
        self._warm: Recipe | None = first
        self._failure: LaunchError | None = None
        self._complaints = os.memfd_create("zygote-stderr")
        self._sock, theirs = socket.socketpair()
        self._sock.settimeout(_PATIENCE_S)
        boot = _BOOT.format(path=list(import_path()), descriptor=theirs.fileno(), parent=os.getpid())
        with theirs:
            self._process = subprocess.Popen(
                [*interpreter(), "-"],  # the text by stdin: steps can read their init's command line
                env={},
                cwd="/",
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=self._complaints,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        assert self._process.stdin is not None
        with suppress(BrokenPipeError), self._process.stdin as stdin:
            stdin.write(boot.encode())

    def configure(self, programs: SeccompPrograms, tmp_bytes: int | None) -> None:
        """Says what it is for. Raises: LaunchError if it could not enter its namespaces."""
        fds = tuple(_in_memory(program) for program in (programs.usual, programs.only_programs))
        try:
            recipe = msgspec.to_builtins(self._warm)
            self._ask({"base": self._base, "recipe": recipe, "tmp_bytes": tmp_bytes}, fds, "ready")
        finally:
            for program in fds:
                os.close(program)

    def take(self, wanted: Recipe) -> "Fresh":
        """Returns an init that can go on to a plan of that recipe; the next ones will have it done.

        Raises: LaunchError.
        """
        message: dict[str, Any] = {"op": "take"}
        done = self._warm
        if done is None or wanted != done:
            message["recipe"] = msgspec.to_builtins(wanted)
            message["discard"] = done is None or not done.serves(wanted)
        self._warm = None
        answer, (control, command, supervisor) = self._ask(message, (), "taken")
        self._warm = wanted
        if done is None or answer["has_done"]:
            done = wanted
        return Fresh(
            control=socket.socket(fileno=control),
            command=socket.socket(fileno=command),
            supervisor=supervisor,
            done=done,
        )

    def open_tmp(self) -> int:
        """Returns a directory fd of the run's `{tmp}`. Raises: LaunchError."""
        return self._ask({"op": "tmp"}, (), "tmp")[1][0]

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
        os.close(self._complaints)

    def _ask(self, message: wire.Message, fds: tuple[int, ...], expected: str) -> Answer:
        """A fork server that is gone stays gone: the first failure answers every later question too."""
        if self._failure is None:
            try:
                return self._exchange(message, fds, expected)
            except (OSError, ValueError) as error:
                detail = f"the fork server does not answer ({error}){self._last_words()}"
                self._failure = LaunchError("zygote", getattr(error, "errno", 0), detail)
        raise self._failure

    def _exchange(self, message: wire.Message, fds: tuple[int, ...], expected: str) -> Answer:
        wire.send(self._sock, message, fds)
        received = wire.receive(self._sock)
        if received is None:
            raise OSError(errno.ESHUTDOWN, "it has ended")
        answer, answered_fds = received
        if answer["event"] != expected:
            raise LaunchError(answer["stage"], answer["errno"], answer["detail"])
        return answer, answered_fds

    def _last_words(self) -> str:
        """Returns the last line it wrote to its standard error, if any."""
        size = os.fstat(self._complaints).st_size
        text = os.pread(self._complaints, _LAST_WORDS, max(0, size - _LAST_WORDS))
        lines = text.decode("utf-8", "replace").strip().splitlines()
        return f": {lines[-1]}" if lines else ""


def _in_memory(content: bytes) -> int:
    made = os.memfd_create("seccomp")
    os.write(made, content)
    return made


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
