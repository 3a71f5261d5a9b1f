"""`RunDirectory`: the one directory of one run, 0700, its files 0600.

Every access goes through the open directory, never through a path, and follows no symbolic link.
"""

import errno
import os
import shutil
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from rundown.model.diagnostic import Diagnostic
from rundown.record.ids import is_run_id, new_run_id
from rundown.record.output import OutputFile
from rundown.record.place import OpenedPlace, RunsPlace, open_for_reading, open_for_writing
from rundown.record.problems import describe, record_problem
from rundown.record.regular import open_regular

EVENTS, CONTRACT, LOCK = "events.jsonl", "contract.json", "lock"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW


class RunDirectory:
    """An open run directory. `notice` says that it does not lie where one would look for it."""

    def __init__(self, run_id: str, path: Path, fd: int, notice: Diagnostic | None = None) -> None:
        self.run_id = run_id
        self.path = path
        self.fd = fd
        self.notice = notice

    @classmethod
    def create(cls, place: RunsPlace, *, now_ns: int) -> Self:
        """Makes the directory of a new run; `now_ns` (since the epoch) becomes part of its id.

        Raises:
            RecordError: there is no place to write to.
        """
        opened = open_for_writing(place)
        run_id = new_run_id(now_ns)
        try:
            os.mkdir(run_id, 0o700, dir_fd=opened.fd)
            os.fsync(opened.fd)
            fd = os.open(run_id, _FOLDER, dir_fd=opened.fd)
            os.mkdir("output", 0o700, dir_fd=fd)
        except OSError as error:
            raise record_problem(
                "run-not-made",
                f"cannot make a run in {opened.path}",
                why=describe(error),
                fix="name another place with --runs-dir DIR",
            ) from error
        finally:
            os.close(opened.fd)
        return cls(run_id, opened.path / run_id, fd, opened.notice)

    @classmethod
    def open(cls, place: RunsPlace, run_id: str) -> Self:
        """Opens the directory of a run that exists.

        Raises:
            RecordError: there is none, or it cannot be opened, or it is a link.
        """
        places = open_for_reading(place)
        try:
            for opened in places:
                with suppress(FileNotFoundError):
                    return cls(run_id, opened.path / run_id, _open_run(opened, run_id))
        except OSError as error:
            raise record_problem(
                "run-not-opened", f"cannot open run {run_id}", why=describe(error)
            ) from error
        finally:
            for opened in places:
                os.close(opened.fd)
        raise record_problem("run-not-opened", f"there is no run {run_id}", fix="`rundown ls` lists them")

    def open_file(self, name: str, flags: int) -> int:
        """Returns a descriptor of a file directly in the run's directory; made 0600 with O_CREAT.

        Raises:
            OSError: as `open_regular`.
        """
        return open_regular(name, flags, dir_fd=self.fd)

    def read_file(self, name: str) -> bytes:
        """Returns the content of a file; `name` may have one folder (`output/2.1.1.log`).

        Names come from events, and a run may come from a stranger: nothing outside the run is read.

        Raises:
            RecordError: there is no such file or it cannot be read.
        """
        folder, _, file = name.rpartition("/")
        try:
            fd = self._open_below(folder, file)
            with os.fdopen(fd, "rb") as stream:
                return stream.read()
        except OSError as error:
            message = f"cannot read {self.path / name}"
            raise record_problem("file-not-read", message, why=describe(error)) from error

    def write_file(self, name: str, content: bytes) -> None:
        """Puts a whole file in place durably: readers see the old one or the new one, never a part.

        Raises:
            RecordError: the file system refused; the old file is unchanged.
        """
        temporary = f".{name}.new"
        try:
            with suppress(FileNotFoundError):
                os.unlink(temporary, dir_fd=self.fd)
            with os.fdopen(os.open(temporary, _CREATE, 0o600, dir_fd=self.fd), "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            os.rename(temporary, name, src_dir_fd=self.fd, dst_dir_fd=self.fd)
            os.fsync(self.fd)
        except OSError as error:
            with suppress(OSError):
                os.unlink(temporary, dir_fd=self.fd)
            raise record_problem(
                "file-not-written",
                f"cannot write {self.path / name}",
                why=describe(error),
                fix="make room on the device, or name another place with --runs-dir DIR",
            ) from error

    def open_output(self, position: str, attempt: int, suffix: str = ".log") -> OutputFile:
        """Returns a new file for what one attempt of one unit left; an older one is never overwritten.

        Raises:
            RecordError: the file cannot be made.
        """
        return OutputFile.create(self.fd, self.path, position, attempt, suffix)

    def remove(self) -> None:
        """Removes the directory and all in it; it stays open.

        Raises:
            OSError: the file system refused.
        """
        parent = os.open("..", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=self.fd)
        try:
            shutil.rmtree(self.run_id, dir_fd=parent)
        finally:
            os.close(parent)

    def close(self) -> None:
        """Closes the directory; more than once is fine."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _open_below(self, folder: str, file: str) -> int:
        if folder not in ("", "output") or file in ("", ".", "..") or "\0" in file:
            raise FileNotFoundError(errno.ENOENT, "no file of a run")
        if not folder:
            return self.open_file(file, os.O_RDONLY)
        below = os.open(folder, _FOLDER, dir_fd=self.fd)
        try:
            return open_regular(file, dir_fd=below)
        finally:
            os.close(below)


def _open_run(opened: OpenedPlace, run_id: str) -> int:
    if not is_run_id(run_id):
        raise FileNotFoundError
    return os.open(run_id, _FOLDER, dir_fd=opened.fd)
