"""`OutputFile`: what one attempt of one unit printed, written once, its digest computed on the way."""

import hashlib
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from rundown.record.problems import describe, record_problem

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")
_LONGEST_POSITION = 160


class OutputFile:
    """An open output file. `name` is below the run's directory (`output/2.1.1.log`)."""

    def __init__(self, name: str, path: Path, fd: int) -> None:
        self.name = name
        self.path = path
        self.size_bytes = 0
        self._fd = fd
        self._hash = hashlib.sha256()

    @classmethod
    def create(cls, run_fd: int, run_path: Path, position: str, attempt: int, suffix: str = ".log") -> Self:
        """Makes `output/<position>.<attempt>.log`, 0600; `-2`, `-3`, … is added where it exists already.

        A unit can come to the same attempt again: after a jump, or a resume of a step in doubt.

        Raises:
            RecordError: the file system refused.
        """
        stem, count = f"output/{plain_position(position)}.{attempt}", 1
        while True:
            name = f"{stem}{suffix}" if count == 1 else f"{stem}-{count}{suffix}"
            try:
                return cls(name, run_path / name, os.open(name, _CREATE, 0o600, dir_fd=run_fd))
            except FileExistsError:
                count += 1
            except OSError as error:
                raise record_problem(
                    "output-not-made", f"cannot make {run_path / name}", why=describe(error)
                ) from error

    @property
    def digest(self) -> str:
        """`sha256:…` of the bytes so far, as sha256sum would say."""
        return "sha256:" + self._hash.hexdigest()

    def write(self, content: bytes) -> None:
        """Adds bytes. After an error the file holds what was written before it, and so says the digest.

        Raises:
            RecordError: the file system refused (full, over a limit, gone).
        """
        rest = memoryview(content)
        try:
            while rest:
                written = os.write(self._fd, rest)
                self._hash.update(rest[:written])
                self.size_bytes += written
                rest = rest[written:]
        except OSError as error:
            raise record_problem(
                "output-not-written",
                f"cannot write {self.path}",
                why=describe(error),
                fix="make room on the device, then `rundown resume`",
            ) from error

    def close(self) -> str:
        """Makes the bytes durable, closes the file, returns the digest; more than once is fine.

        Raises:
            RecordError: the bytes could not be made durable.
        """
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            try:
                os.fdatasync(fd)
            except OSError as error:
                raise record_problem(
                    "output-not-written", f"cannot finish {self.path}", why=describe(error)
                ) from error
            finally:
                os.close(fd)
        return self.digest

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def plain_position(position: str) -> str:
    """Returns a position as part of a file name: what positions are made of is kept, other characters become
    `%XX`, so that two never meet."""
    text = "".join(
        character if character in _PLAIN else "".join(f"%{byte:02x}" for byte in character.encode())
        for character in position
    )
    if len(text) > _LONGEST_POSITION:
        text = f"{text[:_LONGEST_POSITION]}~{hashlib.sha256(position.encode()).hexdigest()[:12]}"
    return f"%2e{text[1:]}" if text.startswith(".") else text
