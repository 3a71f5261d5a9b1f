"""How long tests wait: for conditions, never for times, and longer than a busy machine takes.

Nothing passes because of these numbers; they only say when a test that fails may give up.
"""

import resource
import time
from collections.abc import Callable

PATIENCE_SECONDS = 60.0
"""For one condition: a line on a screen, a file, the end of a process that was told to end."""
RUN_SECONDS = 3 * PATIENCE_SECONDS
"""For a whole program from start to end."""
POLL_SECONDS = 0.02


def wait_until(
    holds: Callable[[], bool], what: str = "what was waited for", seconds: float = PATIENCE_SECONDS
) -> None:
    """Returns once `holds()`. Raises: AssertionError."""
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, f"{what}: not within {seconds:g} s"
        time.sleep(POLL_SECONDS)


def processor_seconds() -> float:
    """Returns what this process's children have used so far, those that were waited for: a program's own speed,
    however busy the machine is.

    Source: getrusage(2), RUSAGE_CHILDREN.
    """
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
