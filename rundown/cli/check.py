"""`rundown check`: all problems of any number of runbooks."""

import os
import sys
from collections.abc import Iterator

import click
from msgspec import Struct

from rundown.cli.runner_streams import is_guarded, speak
from rundown.cli.screen import discreet, stream_style
from rundown.cli.surroundings import read_surroundings
from rundown.errors import InvalidInputError
from rundown.model.diagnostic import Diagnostic
from rundown.model.digest import canonical_json
from rundown.render.annotation import render_annotation
from rundown.render.diagnostic import render_diagnostics
from rundown.render.style import Style
from rundown.session.checking import check_document
from rundown.session.library import read_document
from rundown.session.project import find_project
from rundown.session.surroundings import OFF, Surroundings

_ENDING = ".runbook.md"
_EPILOG = """\b
Examples:
  rundown check deploy.runbook.md
  rundown check .                                every *.runbook.md below
  rundown check runbooks/*.runbook.md --json
  rundown check --github .                       annotations for a pull request

Exit code: 0 all valid (warnings allowed), 2 an error.
"""


class _Tally(Struct):
    files: int = 0
    invalid: int = 0
    errors: int = 0
    warnings: int = 0

    def take(self, found: tuple[Diagnostic, ...]) -> bool:
        """Counts the problems of a file; returns whether it is valid."""
        wrong = sum(item.severity == "error" for item in found)
        self.files += 1
        self.invalid += bool(wrong)
        self.errors += wrong
        self.warnings += len(found) - wrong
        return not wrong


@click.command("check", epilog=_EPILOG)
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a file.")
@click.option("--github", is_flag=True, help="Annotations as well (implied by GITHUB_ACTIONS=true).")
def command(files: tuple[str, ...], as_json: bool, github: bool) -> int:
    """Validate runbooks: every error and warning, with file:line:col, reason and fix. FILE may be a
    directory: all *.runbook.md below it."""
    around = read_surroundings()
    annotated = github or around.environ.get("GITHUB_ACTIONS", "").lower() not in OFF
    style = stream_style(sys.stdout)
    tally = _Tally()
    for file in _files(files):
        found = discreet(_check(file, around))
        valid = tally.take(found)
        if as_json:
            report = {"file": file, "valid": valid, "diagnostics": found}
            sys.stdout.write(canonical_json(report).decode() + "\n")
        elif found:
            sys.stdout.write(render_diagnostics(found, style) + "\n")
        if annotated and not as_json:
            commands = "".join(render_annotation(item, file) for item in found)
            if is_guarded():
                speak(commands)
            else:
                sys.stdout.write(commands)
    if not as_json:
        sys.stdout.write(_summary(tally, style))
    return 2 if tally.invalid else 0


def _files(arguments: tuple[str, ...]) -> Iterator[str]:
    """Yields what is named, and what lies below named directories, sorted, each once."""
    seen: set[str] = set()
    for argument in arguments:
        for file in _below(argument) if os.path.isdir(argument) else [argument]:
            if file not in seen:
                seen.add(file)
                yield file


def _below(directory: str) -> Iterator[str]:
    """A directory that holds none is yielded itself, to be reported."""
    found = 0
    for place, folders, names in os.walk(directory):
        folders[:] = sorted(name for name in folders if not name.startswith(".") or name == ".rundown")
        for name in sorted(names):
            if name.endswith(_ENDING):
                found += 1
                yield os.path.normpath(os.path.join(place, name))
    if not found:
        yield directory


def _check(file: str, around: Surroundings) -> tuple[Diagnostic, ...]:
    try:
        document = read_document(file, around.cwd)
    except InvalidInputError as problem:
        return problem.diagnostics
    try:
        root = find_project(document.path, around.cwd, around.home).root
    except InvalidInputError:
        root = str((document.path.resolve() if document.path is not None else around.cwd / "-").parent)
    return check_document(document, root)


def _summary(tally: _Tally, style: Style) -> str:
    sign = (
        style.paint(style.sign("fail"), "red") if tally.invalid else style.paint(style.sign("pass"), "green")
    )
    return (
        f"{sign} {_count(tally.files, 'file')}: {tally.files - tally.invalid} valid, {tally.invalid} not; "
        f"{_count(tally.errors, 'error')}, {_count(tally.warnings, 'warning')}\n"
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
