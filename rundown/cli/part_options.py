"""The options by which a run is only a part of its runbook, and where its steps start."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from msgspec import Struct
from msgspec.structs import replace

from rundown.cli.gathering import gather_options
from rundown.errors import InvalidInputError
from rundown.model.diagnostic import Diagnostic
from rundown.model.runbook import Runbook
from rundown.policy.paths import covers
from rundown.session.run import Start
from rundown.session.selection import find_target


class Part(Struct, frozen=True, kw_only=True):
    """What was typed. `prompted`, `agent`: how a runbook runs that stands in for a step."""

    begin: str | None = None
    only: str | None = None
    until: str | None = None
    cwd: Path | None = None
    step: str | None = None
    index: int | None = None
    prompted: bool = False
    agent: str | None = None


def part_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--from --only --until --step --index --cwd`; the command takes them as `part`."""

    def gather(words: dict[str, Any]) -> Part:
        return Part(**{name: words.pop(name) for name in ("begin", "only", "until", "cwd", "step", "index")})

    options = (
        click.option("--from", "begin", metavar="ID", help="Begin at this step or substep (2, 2.1, Clean)."),
        click.option("--only", metavar="ID", help="Run this step or substep and no other."),
        click.option("--until", metavar="ID", help="End when this step or substep is done."),
        click.option("--step", metavar="ID", help="Stand in for this step of the run that waits there."),
        click.option("--index", type=int, metavar="K", help="With --step: only in that iteration."),
        click.option(
            "--cwd",
            type=click.Path(path_type=Path),
            metavar="DIR",
            help="Where steps start, inside the project; its root without it.",
        ),
    )
    return gather_options(command, options, "part", gather)


def chosen_part(start: Start, part: Part, runbook: Runbook) -> Start:
    """Returns how a run of this part begins.

    Raises:
        InvalidInputError: there is no such step.
    """
    if part.only is not None and (part.begin is not None or part.until is not None):
        raise click.UsageError("--only stands for --from and --until; leave those out")
    begin, until = part.only or part.begin or part.step, part.only or part.until
    return replace(
        start,
        begin=find_target(runbook, begin) if begin is not None else None,
        until=find_target(runbook, until) if until is not None else None,
    )


def steps_directory(part: Part, cwd: Path, root: str) -> str:
    """Returns where steps start, a real path; "" for the root.

    Raises:
        InvalidInputError: it is no directory of the project.
    """
    if part.cwd is None:
        return ""
    real = os.path.realpath(cwd / part.cwd)
    if os.path.isdir(real) and (real == root or covers(root, real)):
        return real if real != root else ""
    raise InvalidInputError(
        Diagnostic(
            code="cli/bad-directory",
            message=f"steps cannot start in {part.cwd}",
            why=f"it is no directory below the project's root, {root}",
            fix="--cwd DIR, or another root: --root DIR",
        )
    )
