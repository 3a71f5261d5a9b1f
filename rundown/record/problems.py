"""`record_problem`: the one way in which this room says that the file system refused."""

import errno
import os

from rundown.errors import RecordError
from rundown.model.diagnostic import Diagnostic

READ_ONLY_ERRNOS = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})


def record_problem(code: str, message: str, *, why: str = "", fix: str = "") -> RecordError:
    """Returns the error, ready to be raised. `code` is without its room."""
    return RecordError(Diagnostic(code=f"record/{code}", message=message, why=why, fix=fix))


def describe(error: OSError) -> str:
    """Returns an operating system error in words, with its name: `No space left on device (ENOSPC)`; one of
    our own, which has no number, in its own words."""
    if not error.errno:
        return str(error.strerror or error)
    number = error.errno
    return f"{os.strerror(number)} ({errno.errorcode.get(number, number)})"
