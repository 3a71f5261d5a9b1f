"""The standard streams as they may be found: closed, broken, full, not Unicode. No traceback comes of it."""

import io
import os
import sys
from collections.abc import Callable

_MODES = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))


def prepare_streams() -> None:
    """Returns once each of the three exists and takes every text.

    A closed one leads to /dev/null: its number would go to the next file that is opened, perhaps a log, and
    what is printed would be written there. Source: POSIX.1-2017, open(): the lowest number that is free.
    """
    for number, (name, mode) in enumerate(_MODES):
        if getattr(sys, name) is None:
            fd = os.open(os.devnull, os.O_RDWR)
            os.set_inheritable(fd, fd == number)
            setattr(sys, name, os.fdopen(fd, mode, encoding="utf-8"))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def finish_streams() -> OSError | None:
    """Writes out what is still held; returns why some of it was lost, None if nothing was.

    A stream that takes nothing is silenced, so that Python says nothing about it when it ends.
    """
    lost: OSError | None = None
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError as problem:
            lost = lost or problem
            _silence(stream.fileno)
    return lost


def _silence(number: Callable[[], int]) -> None:
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, number())
        os.close(nowhere)
    except OSError:
        return
