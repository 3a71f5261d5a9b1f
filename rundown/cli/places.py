"""Where the commands that read runs look for them."""

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from rundown.cli.surroundings import read_surroundings
from rundown.errors import InvalidInputError
from rundown.record.place import RunsPlace
from rundown.session.project import find_project
from rundown.session.surroundings import Surroundings
from rundown.session.wish import Wish


def place_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--root` and `--runs-dir`, for `runs_place`."""
    root = click.option("--root", type=click.Path(path_type=Path), metavar="DIR", help="The project root.")
    runs_dir = click.option(
        "--runs-dir", type=click.Path(path_type=Path), metavar="DIR", help="Where the runs lie."
    )
    return root(runs_dir(command))


def place_again(root: str, wish: Wish, around: Surroundings) -> str:
    """Returns the flags by which a command finds a run of the project `root` from where the person stands, a
    blank in front; "" if it needs none."""
    words = ["--runs-dir", str(wish.runs_dir)] if wish.runs_dir is not None else []
    try:
        here = find_project(None, around.cwd, around.home).root
    except InvalidInputError:
        here = ""
    if here != root:
        words += ["--root", root]
    return "".join(f" {shlex.quote(word)}" for word in words)


def runs_place(root: Path | None, runs_dir: Path | None) -> RunsPlace:
    """Returns the place of the runs of the project in which the person stands (or of `root`).

    Raises:
        InvalidInputError: there is no usable project root here.
    """
    around = read_surroundings()
    project = find_project(None, around.cwd, around.home, root)
    chosen = (around.cwd / runs_dir).resolve() if runs_dir is not None else None
    return RunsPlace(root=Path(project.root), state_home=around.state.parent, runs_dir=chosen)
