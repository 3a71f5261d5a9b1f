"""The standard streams where a CI runner reads them: what is printed there is no command to it.

Everything that any part of rundown prints goes through one guard, texts of steps, runbooks and errors alike;
`speak` is the one way past it. A stream that leads to a terminal or into a file is left as it is.
"""

import io
import os
import stat
import sys
from collections.abc import Mapping
from typing import TextIO

from rundown.render.guard import RunnerGuard, Stream

_SIGNS = ("CI", "GITHUB_ACTIONS", "GITLAB_CI", "TF_BUILD", "TEAMCITY_VERSION", "BUILDKITE")
_OFF = frozenset({"", "0", "false", "no", "off"})


def is_set(environ: Mapping[str, str], name: str) -> bool:
    """Whether a variable says yes."""
    return environ.get(name, "").lower() not in _OFF


class GuardedOutput(io.RawIOBase):
    """One standard stream behind the guard. What is held back is written with the next write or `speak`."""

    def __init__(self, original: TextIO, stream: Stream, guard: RunnerGuard) -> None:
        self.original = original  # kept: it would close its descriptor
        self._fd = original.fileno()
        self._stream = stream
        self._guard = guard

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._fd

    def write(self, content: object) -> int:
        """Writes all of it, or raises."""
        taken = bytes(content)  # type: ignore[call-overload]
        self._pass_on(self._guard.feed(self._stream, taken))
        return len(taken)

    def speak(self, command: bytes) -> None:
        """Writes a command to the runner, on a line of its own."""
        self.release()
        fresh = self._guard.is_at_line_start(self._stream)
        self._pass_on((b"" if fresh else b"\n") + command)
        self._guard.start_line(self._stream)

    def release(self) -> None:
        """Writes what is held back."""
        self._pass_on(self._guard.flush(self._stream))

    def _pass_on(self, content: bytes) -> None:
        while content:
            content = content[os.write(self._fd, content) :]


def guard_streams(environ: Mapping[str, str]) -> None:
    """Puts standard output and standard error behind the guard, where a CI runner may read them."""
    if not any(is_set(environ, name) for name in _SIGNS):
        return
    guard = RunnerGuard()
    sys.stdout = _guarded(sys.stdout, "stdout", guard)
    sys.stderr = _guarded(sys.stderr, "stderr", guard)


def release_streams() -> None:
    """Writes what is held back; nothing more comes."""
    for stream in (sys.stdout, sys.stderr):
        raw = _raw(stream)
        if raw is not None:
            stream.flush()
            raw.release()


def is_guarded() -> bool:
    """Whether a CI runner may be reading standard output."""
    return _raw(sys.stdout) is not None


def runner_safe_json(line: bytes) -> bytes:
    """Returns the same JSON, its marks written as escapes where a CI runner may be reading: the guard has
    nothing to change in it then."""
    if not is_guarded():
        return line
    return line.replace(b"##", b"\\u0023\\u0023").replace(b"section_", b"section\\u005f")


def write_unguarded(name: Stream, content: bytes) -> None:
    """Writes bytes as they are, for a command whose output somebody wants as data, whoever reads it."""
    stream = sys.stdout if name == "stdout" else sys.stderr
    raw = _raw(stream)
    target = raw.original.buffer if raw is not None else stream.buffer
    stream.flush()
    target.write(content)
    target.flush()


def speak(command: str, *, on_stderr: bool = False) -> None:
    """Says something to the CI runner: whole lines, each a command. Nothing where none may be reading."""
    stream = sys.stderr if on_stderr else sys.stdout
    raw = _raw(stream)
    if raw is not None and command:
        stream.flush()
        raw.speak(command.encode("utf-8", "replace"))


def _guarded(stream: TextIO, name: Stream, guard: RunnerGuard) -> TextIO:
    try:
        fd = stream.fileno()
        mode = os.fstat(fd).st_mode
    except (OSError, ValueError):
        return stream
    if stat.S_ISREG(mode) or os.isatty(fd):
        return stream
    stream.flush()
    return io.TextIOWrapper(
        io.BufferedWriter(GuardedOutput(stream, name, guard)),
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=True,
    )


def _raw(stream: TextIO) -> GuardedOutput | None:
    raw = getattr(getattr(stream, "buffer", None), "raw", None)
    return raw if isinstance(raw, GuardedOutput) else None
