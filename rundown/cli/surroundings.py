"""Reads what rundown was started in. The only place, beside `session/build.py`, that looks at it."""

import os
import sys
import time
from pathlib import Path

import rundown
from rundown.session.surroundings import Surroundings


def read_surroundings() -> Surroundings:
    """Returns the surroundings of this process. Source: XDG Base Directory specification."""
    from platformdirs import PlatformDirs

    places = PlatformDirs("rundown", appauthor=False)
    return Surroundings(
        environ=dict(os.environ),
        cwd=Path.cwd(),
        home=Path.home(),
        state=places.user_state_path,
        config=places.user_config_path,
        cache=places.user_cache_path,
        system_policy=Path("/etc/rundown/policy.yaml"),
        now_ns=time.time_ns,
        has_terminal=_has_terminal(),
        stdout_terminal=sys.stdout.isatty(),
        executable_dirs=_own_directories(),
        package=str(Path(rundown.__file__).resolve().parent),
    )


def _has_terminal() -> bool:
    """Source: tty(4): opening /dev/tty fails where the process has no controlling terminal."""
    if os.environ.get("TERM") == "dumb" and not sys.stdin.isatty():
        return False
    try:
        fd = os.open("/dev/tty", os.O_RDWR | os.O_CLOEXEC | os.O_NOCTTY)
    except OSError:
        return False
    os.close(fd)
    return True


def _own_directories() -> tuple[str, ...]:
    beside = Path(sys.executable).parent
    return (str(beside),) if (beside / "rundown").is_file() else ()
