"""`Clock`: nanoseconds that only go forward, for how long a step has run. Tests hand in one that stands."""

import time
from collections.abc import Callable

Clock = Callable[[], int]


def real_clock() -> int:
    """Returns the monotonic clock."""
    return time.monotonic_ns()
