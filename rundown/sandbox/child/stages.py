"""How a failure on the way to the command is named: stage, errno, detail. Nothing runs after one."""

import os
from collections.abc import Iterator
from contextlib import contextmanager


class StageError(Exception):
    """A set-up stage failed; the command must not run."""

    def __init__(self, stage: str, errno: int, detail: str) -> None:
        super().__init__(f"{stage}: {detail}")
        self.stage = stage
        self.errno = errno
        self.detail = detail

    def as_message(self) -> dict[str, object]:
        """Returns the message that tells the parent."""
        return {"event": "failed", "stage": self.stage, "errno": self.errno, "detail": self.detail}


@contextmanager
def stage(name: str, about: str = "") -> Iterator[None]:
    """Turns any exception inside into a `StageError` of this stage; inner stages keep their own name."""
    try:
        yield
    except StageError:
        raise
    except OSError as error:
        what = about or os.fsdecode(error.filename or "")
        text = f"{what}: {error.strerror}" if what else str(error.strerror or error)
        raise StageError(name, error.errno or 0, text) from error
    except Exception as error:
        raise StageError(name, 0, f"{about or type(error).__name__}: {error}") from error
