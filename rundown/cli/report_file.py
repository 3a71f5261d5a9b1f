"""`ReportFile`: a file that is written when a run is over, in the folder that was there before it began.

Steps may write where the report is to lie: what became a link meanwhile leads nowhere else.
"""

import os
import stat
from pathlib import Path

from rundown.errors import InvalidInputError
from rundown.model.diagnostic import Diagnostic


class ReportFile:
    """Opened before the run; `option` is what asked for it, for messages."""

    def __init__(self, place: Path, option: str) -> None:
        """Raises: InvalidInputError if it cannot be written there."""
        self.place = place
        self._special: int | None = None
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            self._folder = os.open(place.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            if place.exists() and not stat.S_ISREG(place.stat().st_mode):
                self._special = os.open(place, os.O_WRONLY | os.O_CLOEXEC)
            else:
                self._try()
        except OSError as error:
            raise InvalidInputError(
                Diagnostic(
                    code="cli/no-report",
                    message=f"{option} cannot write {place}",
                    why=error.strerror or str(error),
                    fix=f"{option} FILE, in a folder that you may write",
                )
            ) from error

    def write(self, content: bytes) -> None:
        """Writes it, whole or not at all.

        Raises:
            OSError: it cannot be written.
        """
        if self._special is not None:  # it was a pipe or a device when the person named it
            with os.fdopen(os.dup(self._special), "wb") as stream:
                stream.write(content)
            return
        with os.fdopen(self._fresh(), "wb") as stream:
            stream.write(content)
        os.replace(self._beside, self.place.name, src_dir_fd=self._folder, dst_dir_fd=self._folder)

    @property
    def _beside(self) -> str:
        return f".{self.place.name}.{os.getpid()}"

    def _try(self) -> None:
        os.close(self._fresh())
        os.unlink(self._beside, dir_fd=self._folder)

    def _fresh(self) -> int:
        """A file of our own: what lies there under its name is removed, never followed."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            return os.open(self._beside, flags, 0o644, dir_fd=self._folder)
        except FileExistsError:
            os.unlink(self._beside, dir_fd=self._folder)
            return os.open(self._beside, flags, 0o644, dir_fd=self._folder)
