"""`rundown check`: all problems of any number of runbooks."""

import sys
from pathlib import Path

import click

from rundown.cli.screen import stream_style
from rundown.errors import InvalidInputError
from rundown.model.diagnostic import Diagnostic
from rundown.model.digest import canonical_json
from rundown.render.diagnostic import render_diagnostics
from rundown.session.library import read_document
from rundown.syntax.parse import parse_runbook

_EPILOG = """\b
Examples:
  rundown check deploy.runbook.md
  rundown check runbooks/*.runbook.md --json

Exit code: 0 all valid (warnings allowed), 2 an error.
"""


@click.command("check", epilog=_EPILOG)
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a file.")
def command(files: tuple[str, ...], as_json: bool) -> int:
    """Validate runbooks: every error and warning, with file:line:col, reason and fix."""
    style = stream_style(sys.stdout)
    errors = warnings = invalid = 0
    for file in files:
        found = _check(file)
        wrong = sum(item.severity == "error" for item in found)
        errors, warnings, invalid = errors + wrong, warnings + len(found) - wrong, invalid + bool(wrong)
        if as_json:
            report = {"file": file, "valid": not wrong, "diagnostics": found}
            sys.stdout.write(canonical_json(report).decode() + "\n")
        elif found:
            sys.stdout.write(render_diagnostics(found, style) + "\n")
    if not as_json:
        sign = style.paint(style.sign("fail"), "red") if invalid else style.paint(style.sign("pass"), "green")
        sys.stdout.write(
            f"{sign} {_count(len(files), 'file')}: {len(files) - invalid} valid, {invalid} not; "
            f"{_count(errors, 'error')}, {_count(warnings, 'warning')}\n"
        )
    return 2 if invalid else 0


def _check(file: str) -> tuple[Diagnostic, ...]:
    try:
        document = read_document(file, Path.cwd())
    except InvalidInputError as problem:
        return problem.diagnostics
    return parse_runbook(document.content, document.file).diagnostics


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
