"""Reads what rundown was started in. The only place, beside `session/build.py`, that looks at it."""

import os
import sys
import time
from pathlib import Path

import rundown
from rundown.errors import InvalidInputError
from rundown.model.diagnostic import Diagnostic
from rundown.session.surroundings import Surroundings


def read_surroundings() -> Surroundings:
    """Returns the surroundings of this process. Source: XDG Base Directory specification.

    Raises:
        InvalidInputError: there is no working directory, or no home.
    """
    from platformdirs import PlatformDirs

    cwd, home = working_directory(), _home()
    places = PlatformDirs("rundown", appauthor=False)
    return Surroundings(
        environ=dict(os.environ),
        cwd=cwd,
        home=home,
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


def working_directory() -> Path:
    """Returns the directory that the person stands in.

    Raises:
        InvalidInputError: it was removed meanwhile, or may not be entered.
    """
    try:
        return Path.cwd()
    except OSError as error:
        raise InvalidInputError(
            Diagnostic(
                code="cli/no-working-directory",
                message="the working directory cannot be used",
                why=f"{error.strerror}: it was removed, or is closed to you",
                fix="cd to another directory",
            )
        ) from error


def _home() -> Path:
    """Everything that rundown keeps lies below it. Source: expanduser(3): HOME, else the user database."""
    try:
        home = Path.home()
    except RuntimeError:
        home = Path()
    if home.is_absolute():
        return home
    raise InvalidInputError(
        Diagnostic(
            code="cli/no-home",
            message="there is no home directory to keep anything in",
            why="HOME is not an absolute path"
            if "HOME" in os.environ
            else "HOME is not set, and the user database has none for this user",
            fix="HOME=DIRECTORY rundown …",
        )
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
