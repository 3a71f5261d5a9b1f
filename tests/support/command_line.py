"""What a command of the command line left behind, run in this process."""

from collections.abc import Callable

from msgspec import Struct


class Ran(Struct, frozen=True, kw_only=True):
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str


Cli = Callable[..., Ran]
"""Runs the words of a command line in the project of the test."""
