"""What the shell offers after Tab: runbooks, the steps of one, runs. Read from disk, never loudly: whatever
goes wrong offers nothing.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import click
from click.shell_completion import CompletionItem

_SUFFIX = ".runbook.md"
_FOLDERS = (".", "runbooks", ".rundown/runbooks")
_MOST = 200
_RUNBOOKS = frozenset({"file", "files", "what"})
_RUNS = frozenset({"run", "run_id", "runs"})
_STEPS = frozenset({"begin", "start", "only", "until", "step", "steps", "target"})


class Runbook(click.ParamType):  # type: ignore[type-arg]
    """The name of a runbook, or a path."""

    name = "runbook"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Returns runbooks by name and by path; where none fits, the shell offers files."""
        found = [CompletionItem(name) for name in runbook_names() if name.startswith(incomplete)]
        return found[:_MOST] or [CompletionItem(incomplete, type="file")]


class Step(click.ParamType):  # type: ignore[type-arg]
    """The id of a step of the runbook that the line names."""

    name = "step"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Returns ids of steps and substeps, with their titles."""
        words = os.environ.get("COMP_WORDS", "").split()
        found = (list(_steps(word)) for word in words[1:] if not word.startswith("-"))
        steps = next((steps for steps in found if steps), [])
        return [CompletionItem(step, help=title) for step, title in steps if step.startswith(incomplete)]


class Run(click.ParamType):  # type: ignore[type-arg]
    """The id of a run."""

    name = "run"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Returns short ids, the newest first, with their runbook and state."""
        return [
            CompletionItem(run, help=told)
            for run, told in (*_runs(), ("last", "the newest"))
            if run.startswith(incomplete)
        ]


def equip(command: click.Command) -> click.Command:
    """Returns the command, its arguments and options knowing what may stand there."""
    for param in command.params:
        if type(param.type) is type(click.STRING):
            for names, kind in ((_RUNBOOKS, Runbook()), (_RUNS, Run()), (_STEPS, Step())):
                if param.name in names:
                    param.type = kind
    return command


def runbook_names() -> Iterator[str]:
    """Yields the names and paths of the runbooks that can be seen from here."""
    for folder in _FOLDERS:
        try:
            found = sorted(entry.name for entry in os.scandir(folder) if entry.name.endswith(_SUFFIX))
        except OSError:
            continue
        for name in found:
            yield name if folder == "." else f"{folder}/{name}"
            if folder != ".":
                yield name.removesuffix(_SUFFIX)


def _steps(file: str) -> Iterator[tuple[str, str]]:
    from rundown.errors import RundownError
    from rundown.session.library import open_runbook

    try:
        runbook = open_runbook(file, Path.cwd()).runbook
    except (RundownError, OSError):
        return
    for step in runbook.steps:
        yield step.id, step.title
        for part in step.substeps:
            yield f"{step.id}.{part.id}", part.title


def _runs() -> Iterator[tuple[str, str]]:
    from rundown.cli.places import runs_place
    from rundown.errors import RundownError
    from rundown.record.ids import short_id
    from rundown.record.listing import list_runs

    try:
        entries = list_runs(runs_place(None, None))
    except (RundownError, OSError):
        return
    for entry in entries[:_MOST]:
        yield short_id(entry.run_id), getattr(entry, "runbook_file", "")
