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
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, NoReturn

import msgspec

import rundown
from rundown.sandbox.child import wire
from rundown.sandbox.failure import LaunchError
from rundown.sandbox.recipe import Recipe
from rundown.sandbox.seccomp import SeccompPrograms

Base = Literal["userns", "mount", "plain"]
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

    def close(self) -> None:
        """Throws it away: an init whose socket ends, ends."""
        self.control.close()
        self.command.close()
        os.close(self.supervisor)


class Zygote:
    """A running fork server of one base: `userns`, `mount` (real root without them), or `plain`.

    `before`: words that start it elsewhere, in a control group of its own.
    """

    def __init__(self, base: Base, before: tuple[str, ...] = ()) -> None:
        self._base = base
        self._ahead: deque[Recipe] = deque()
        self._told: Recipe | None = None
        self._is_ready = False
        self._failure: LaunchError | None = None
        self._programs = SeccompPrograms()
        self._complaints = os.memfd_create("zygote-stderr")
        self._sock, theirs = socket.socketpair()
        self._sock.settimeout(_PATIENCE_S)
        boot = _BOOT.format(path=list(import_path()), descriptor=theirs.fileno(), parent=os.getpid())
        with theirs:
            self._process = subprocess.Popen(
                [*before, *interpreter(), "-"],  # the text by stdin: steps can read their init's command line
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
        """Says what it is for; whether it could enter its namespaces is told by the first `take`."""
        self._programs = programs
        with suppress(LaunchError):
            self._send({"base": self._base, "tmp_bytes": tmp_bytes}, ())

    def wait(self) -> None:
        """Returns when it is there. Raises: LaunchError if it will not be."""
        self._raise_failure()
        try:
            if not self._is_ready:
                self._is_ready = True
                self._next_answer("ready")
        except (OSError, ValueError) as error:
            self._fail(error)

    def prepare(self, recipe: Recipe, count: int = 1) -> None:
        """Asks for inits ahead, so that `count` are warm when the next steps begin. Waits for none."""
        with suppress(LaunchError):
            while len(self._ahead) < count:
                self._ask_for_init(recipe)

    def take(self, wanted: Recipe) -> "Fresh":
        """Returns an init that can go on to a plan of that recipe. Raises: LaunchError."""
        while self._ahead and not self._ahead[0].serves(wanted):
            self._receive_init().close()
        if not self._ahead:
            self._ask_for_init(wanted)
        return self._receive_init()

    def open_tmp(self) -> int:
        """Returns a directory fd of the run's `{tmp}`. Raises: LaunchError."""
        self._throw_away()
        self._send({"op": "tmp"}, ())
        return self._receive("tmp")[0]

    def _throw_away(self) -> None:
        """Answers come in the order of the questions: those that nobody waits for are taken off first."""
        while self._ahead:
            self._receive_init().close()

    def _ask_for_init(self, recipe: Recipe) -> None:
        message: dict[str, Any] = {"op": "take"}
        fds: tuple[int, ...] = ()
        if recipe != self._told:
            message["recipe"] = msgspec.to_builtins(recipe)
            if recipe.seccomp:
                program = self._programs.program(recipe.sockets, memory_files=not recipe.only_programs)
                fds = (_in_memory(program),)
        self._told = None
        try:
            self._send(message, fds)
        finally:
            for program_fd in fds:
                os.close(program_fd)
        self._told = recipe
        self._ahead.append(recipe)

    def _receive_init(self) -> "Fresh":
        done = self._ahead.popleft()
        try:
            control, command, supervisor = self._receive("taken")
        except LaunchError:
            self._told = None
            raise
        return Fresh(
            control=socket.socket(fileno=control),
            command=socket.socket(fileno=command),
            supervisor=supervisor,
            done=done,
        )

    @property
    def pid(self) -> int:
        """The fork server's process id."""
        return self._process.pid

    def close(self) -> None:
        """Ends it, and with it every step that still runs."""
        with suppress(LaunchError):
            self._throw_away()
        self._sock.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._complaints)

    def _send(self, message: wire.Message, fds: tuple[int, ...]) -> None:
        self._raise_failure()
        try:
            wire.send(self._sock, message, fds)
        except OSError as error:
            self._fail(error)

    def _receive(self, expected: str) -> list[int]:
        """Returns the fds of the next answer. Raises: LaunchError with what went wrong on the other side."""
        self.wait()
        try:
            return self._next_answer(expected)
        except (OSError, ValueError) as error:
            return self._fail(error)

    def _next_answer(self, expected: str) -> list[int]:
        received = wire.receive(self._sock)
        if received is None:
            raise OSError(errno.ESHUTDOWN, "it has ended")
        answer, fds = received
        if answer["event"] != expected:
            found = LaunchError(answer["stage"], answer["errno"], answer["detail"])
            if expected == "ready":
                self._failure = found
            raise found
        return fds

    def _raise_failure(self) -> None:
        """A fork server that is gone stays gone: the first failure answers every later question too."""
        if self._failure is not None:
            raise self._failure

    def _fail(self, error: OSError | ValueError) -> NoReturn:
        detail = f"the fork server does not answer ({error}){self._last_words()}"
        self._failure = LaunchError("zygote", getattr(error, "errno", 0), detail)
        raise self._failure from error

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
