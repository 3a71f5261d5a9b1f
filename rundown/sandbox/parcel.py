"""`Parcel`: what goes to the process that becomes the command: its plan as plain data, and its fds.

A word of argv that is too long for exec goes as a script on a sealed memfd instead.
Source: execve(2): one word is at most 128 KiB (MAX_ARG_STRLEN); memfd_create(2), F_ADD_SEALS.
"""

import fcntl
import os
from collections.abc import Iterator
from typing import Final

from rundown.model.sandbox import SandboxPlan
from rundown.sandbox.output import Stream
from rundown.sandbox.recipe import Recipe, command_of

_STREAMS: Final[tuple[Stream, Stream]] = ("stdout", "stderr")
_INLINE_BYTES: Final = 96 << 10
_SCRIPT: Final = "/proc/self/fd/9"
_SEALS: Final = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE


class Parcel:
    """Holds the child's ends until they are sent; the readers' ends are the caller's to close."""

    def __init__(self, plan: SandboxPlan, done: Recipe, fds: dict[str, int], stdin_fd: int | None) -> None:
        """`fds` are further ones, closed with the parcel; `stdin_fd` stays the caller's.

        A terminal is never handed in: an interactive step reads one of its own, others read nothing.
        """
        self.plan = command_of(plan, done)
        self.fds = dict(fds)
        self._readers: list[tuple[int, Stream]] = []
        own = stdin_fd is None or os.isatty(stdin_fd) or (plan.pty and plan.interactive)
        self.fds["stdin"] = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC) if own else os.dup(stdin_fd or 0)
        if not plan.pty:
            for stream in _STREAMS:
                reader, self.fds[stream] = os.pipe2(os.O_CLOEXEC)
                self._readers.append((reader, stream))
        text = os.fsencode(plan.argv[-1])
        if len(text) > _INLINE_BYTES and plan.argv[-2:-1] == ("-c",):
            self.fds["script"] = _sealed(text)
            self.plan["argv"] = [*plan.argv[:-2], _SCRIPT]

    def __enter__(self) -> "Parcel":
        return self

    def __exit__(self, *_: object) -> None:
        for descriptor in self.fds.values():
            os.close(descriptor)

    def readers(self) -> Iterator[tuple[int, Stream]]:
        """Yields our ends of the output pipes with their streams' names."""
        yield from self._readers


def _sealed(text: bytes) -> int:
    script = os.memfd_create("script", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    with open(script, "wb", closefd=False) as file:
        file.write(text)
    fcntl.fcntl(script, fcntl.F_ADD_SEALS, _SEALS)
    os.lseek(script, 0, os.SEEK_SET)
    return script
