"""The options that give a run its values."""

import os
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from rundown.cli.gathering import gather_options
from rundown.cli.value_files import read_values
from rundown.errors import InvalidInputError
from rundown.model.diagnostic import Diagnostic
from rundown.session.surroundings import Surroundings
from rundown.session.values import Given, Values

_CONFIG = Path(".rundown/config.yaml")


def input_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--input`, `--input-json`, `--input-file`, `--input-secret`; the command takes `inputs`."""

    def gather(words: dict[str, Any]) -> dict[str, tuple[str, ...]]:
        return {name: words.pop(name) for name in ("texts", "json_texts", "files", "hidden")}

    options = (
        click.option("--input", "--var", "texts", multiple=True, metavar="K=V", help="A value, as text."),
        click.option(
            "--input-json",
            "--var-json",
            "json_texts",
            multiple=True,
            metavar="K=JSON",
            help="A value, as JSON.",
        ),
        click.option(
            "--input-file",
            "--var-file",
            "files",
            multiple=True,
            metavar="FILE",
            help="Values from a YAML or JSON file.",
        ),
        click.option(
            "--input-secret",
            "hidden",
            multiple=True,
            metavar="NAME",
            help="Ask for a value without showing it; it is on no record.",
        ),
    )
    return gather_options(command, options, "inputs", gather)


def given_values(inputs: dict[str, tuple[str, ...]], around: Surroundings) -> Given:
    """Returns what the invocation gives.

    Raises:
        InvalidInputError: a file cannot be read, or is no map of names to values.
    """
    return Given(
        json_texts=inputs["json_texts"],
        texts=inputs["texts"],
        files=tuple(read_values(around.cwd / name) for name in reversed(inputs["files"])),
        environment=around.environ,
        config=_nearest_config(around.cwd, around.home),
    )


def _nearest_config(cwd: Path, home: Path) -> Values:
    """The project's own values: the nearest on the way up to its root, and never beyond the home. A folder
    that cannot be entered stops the run: it may hold values that the runbook counts on."""
    for folder in (cwd, *cwd.parents):
        place = folder / _CONFIG
        try:
            if place.is_file():
                _require_own(folder, place)
                return read_values(place)
        except PermissionError as error:
            raise InvalidInputError(_closed(place.parent)) from error
        if (folder / ".git").exists() or folder == home:
            break
    return {}


def _closed(folder: Path) -> Diagnostic:
    owner = folder.stat().st_uid
    whose = "you" if owner == os.geteuid() else f"user {owner}, not to you ({os.geteuid()})"
    quoted = shlex.quote(str(folder))
    return Diagnostic(
        code="cli/closed-folder",
        message=f"{folder} cannot be entered",
        why=f"it belongs to {whose}, its mode is {folder.stat().st_mode & 0o7777:04o}; "
        "it may hold values for the inputs of your runbooks",
        fix=f"its owner may open it (chmod a+rx {quoted}) or hand it over (chown -R {os.geteuid()} {quoted})",
    )


def _require_own(folder: Path, place: Path) -> None:
    """In a folder like /tmp anybody may put a `.rundown` above other people's projects."""
    trusted = {0, os.getuid(), folder.stat().st_uid}
    if {place.stat().st_uid, place.parent.stat().st_uid} <= trusted:
        return
    raise InvalidInputError(
        Diagnostic(
            code="cli/foreign-config",
            message=f"{place} belongs to another user",
            why="it would give values to the inputs of your runbooks",
            fix="remove it, or work in a folder with a project of its own (.git)",
        )
    )
