"""The values that a step hands on: one private file a name, read after the step, stored as data.

The files lie in a directory of their own that only this step sees. What is read is bounded, must be a
regular file, and never leads anywhere else.
"""

import json
import math
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from rundown.session.private_files import open_private

INSIDE = "/tmp/.rd/outputs"
"""Where a step in a mount namespace finds the directory."""

_PREFIX = "RD_OUTPUTS_"
_MOST_BYTES = 1024 * 1024


class Capture(Struct, frozen=True, kw_only=True):
    """An open directory for one attempt; `names` as the unit declares them."""

    directory: Path
    names: tuple[str, ...]

    def variables(self, shown: str) -> dict[str, str]:
        """Returns the variables that tell a step its files; `shown` is the directory as the step sees it."""
        return {f"{_PREFIX}{name}": f"{shown}/{name}" for name in self.names}

    def read(self) -> Mapping[str, object]:
        """Returns the value of each file that holds one, in the order declared."""
        found = ((name, _read(self.directory / name)) for name in self.names)
        return {name: to_value(text) for name, text in found if text}


@contextmanager
def open_capture(folder: Path, names: tuple[str, ...]) -> Iterator[Capture | None]:
    """Makes an empty file for each name, 0600 in a 0700 directory below `folder`; removes all on leaving.

    Gives None where there is nothing to capture.

    Raises:
        OSError: the directory cannot be made.
    """
    if not names:
        yield None
        return
    with open_private(folder, "outputs") as directory:
        for name in names:
            os.close(os.open(directory / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        yield Capture(directory=directory, names=names)


def to_value(text: str) -> object:
    """Returns a JSON string, finite number, array or object as what it is, everything else as the text."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    if isinstance(value, bool) or value is None or (isinstance(value, float) and not math.isfinite(value)):
        return text
    try:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except ValueError:  # a lone surrogate, or NaN inside: nothing that a record could hold
        return text
    return value


def _read(path: Path) -> str:
    """Returns the file's text without white space at its end; "" for whatever is no value."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return ""
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        return ""
    with os.fdopen(fd, "rb") as stream:
        content = stream.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES or b"\0" in content:
        return ""
    try:
        return content.decode("utf-8").rstrip()
    except UnicodeDecodeError:
        return ""
