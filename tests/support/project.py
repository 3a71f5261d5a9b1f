"""Copies of the project and of its examples to run the real `rundown` in."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.support.patience import RUN_SECONDS
from tests.support.sources import ROOT, tracked_files
from tests.support.warm import may_be_warm, run_warm

BIN = Path(sys.executable).parent
RUNDOWN = BIN / "rundown"


def copy_project(target: Path) -> Path:
    """Returns `target`, filled with every file that git tracks, as a git checkout of one commit."""
    for path in tracked_files():
        place = target / path.relative_to(ROOT)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, place)
    commit_all(target, "The project as it is")
    return target


def commit_all(place: Path, message: str) -> None:
    """Makes `place` a git checkout if it is none, and commits all that it holds."""
    git(place, "init", "--quiet")
    git(place, "add", "--all")
    git(place, "commit", "--quiet", "--allow-empty", "--message", message)


def git(place: Path, *words: str) -> str:
    """Returns what git prints, without the line end; nobody's configuration is read."""
    identity = [
        "-c",
        "user.name=Tester",
        "-c",
        "user.email=tester@localhost",
        "-c",
        "init.defaultBranch=main",
    ]
    ran = subprocess.run(
        ["git", *identity, *words],
        cwd=place,
        env=bare_environment(place),
        capture_output=True,
        text=True,
        check=True,
    )
    return ran.stdout.strip()


def bare_environment(home: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Returns an environment of PATH (this interpreter's programs first), LANG and a private HOME.

    State and configuration of rundown lie in a folder beside `home`, never in the caller's own.
    """
    private = home.parent / f"{home.name}.home"
    private.mkdir(exist_ok=True)
    return {
        "PATH": f"{BIN}{os.pathsep}/usr/local/bin{os.pathsep}/usr/bin{os.pathsep}/bin",
        "LANG": "C.UTF-8",
        "HOME": str(private),
        "GIT_CONFIG_NOSYSTEM": "1",
        **(extra or {}),
    }


def rundown(
    place: Path,
    *words: str | Path,
    environment: Mapping[str, str] | None = None,
    seconds: float = RUN_SECONDS,
    user: int | None = None,
    fresh: bool = False,
) -> subprocess.CompletedProcess[str]:
    """Runs the real program in `place`, without a terminal, as `user` if one is named; its status is the
    caller's to judge. `fresh`: Python is started anew, as a child of this process.

    Raises: subprocess.TimeoutExpired.
    """
    argv = [str(RUNDOWN), *(str(word) for word in words)]
    around = bare_environment(place, environment)
    if user is None and not fresh and may_be_warm(around):
        return run_warm(argv, place, around, seconds)
    return subprocess.run(
        argv,
        cwd=place,
        env=around,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=seconds,
        start_new_session=True,
        user=user,
        group=user,
        extra_groups=None if user is None else (),
    )
