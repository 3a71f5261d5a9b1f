"""Runs Python text in a process of its own, as a user who is not root."""

import os
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PROJECT = Path(__file__).parents[2]
_UID = 4242


def run_python(text: str, *arguments: str, prefix: tuple[str, ...] = ()) -> str:
    """Returns what `text` prints; it finds `arguments` in sys.argv[1:]. Fails with its errors."""
    argv = [*prefix, sys.executable, "-c", textwrap.dedent(text), *arguments]
    ended = subprocess.run(argv, capture_output=True, text=True, cwd=_PROJECT, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def as_ordinary_user(text: str, *arguments: str) -> str:
    """Returns what `text` prints when somebody without privileges runs it."""
    if os.geteuid() != 0:
        return run_python(text, *arguments)
    return run_python(
        text, *arguments, prefix=("setpriv", f"--reuid={_UID}", f"--regid={_UID}", "--clear-groups")
    )


def give_to_ordinary_user(path: Path) -> None:
    """Makes `path` belong to the user that `as_ordinary_user` runs as."""
    if os.geteuid() == 0:
        os.chown(path, _UID, _UID)


@contextmanager
def ordinary_folder() -> Iterator[Path]:
    """Gives a folder where that user can work, unlike in those that pytest makes for root."""
    with tempfile.TemporaryDirectory(prefix="rd-ordinary-") as name:
        give_to_ordinary_user(Path(name))
        yield Path(name)


def settle_in(folder: Path) -> int | None:
    """Gives all that lies below a folder to its owner; returns the owner, None if that is who we are."""
    owner = folder.stat().st_uid
    if owner == os.geteuid():
        return None
    for top, folders, files in os.walk(folder):
        for name in (*folders, *files):
            os.lchown(os.path.join(top, name), owner, owner)
    return owner
