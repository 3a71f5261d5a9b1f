"""`rundown init`: a first runbook, a policy, an ignore file, and the command to run. Overwrites nothing."""

import os
import sys
from pathlib import Path
from typing import Any

import click

from rundown.cli.first_runbook import KINDS, first_runbook
from rundown.errors import InvalidInputError
from rundown.model.diagnostic import Diagnostic
from rundown.policy.keep import PROJECT_DOCUMENT
from rundown.policy.starter import Starter, starter_document

RUNBOOK = "runbooks/start.runbook.md"
CI_POLICY = ".rundown-ci.yaml"
IGNORE = ".rundown/.gitignore"
_IGNORED = "# Runs are not for version control.\n/runs/\n/work/\n/.gitignore\n"

_EPILOG = """\b
Examples:
  rundown init                             asks what kind of project this is
  rundown init --kind python --ci          asks nothing; a second policy for CI
  rundown init --kind other --no-agents
"""


@click.command("init", epilog=_EPILOG)
@click.option(
    "--kind", "kinds", multiple=True, type=click.Choice([*KINDS, "other"]), help="What it is written in."
)
@click.option("--agents/--no-agents", default=None, help="Whether coding agents work here.")
@click.option("--ci/--no-ci", default=None, help="Whether CI is to run runbooks as well.")
def command(kinds: tuple[str, ...], agents: bool | None, ci: bool | None) -> int:
    """Set up this folder: a starter runbook, a policy, an ignore file. Asks at a terminal, unless told."""
    asks = not kinds and agents is None and ci is None and sys.stdin.isatty() and sys.stdout.isatty()
    found = kinds or tuple(
        name for name, files in KINDS.items() if any(Path(file).exists() for file in files)
    )
    answers = _asked(found) if asks else (found, agents or False, ci or False)
    if answers is None:
        sys.stdout.write("nothing was written\n")
        return 130
    languages, with_agents, with_ci = answers
    languages = tuple(name for name in languages if name in KINDS)
    files = {
        RUNBOOK: first_runbook(RUNBOOK, languages),
        PROJECT_DOCUMENT: starter_document(Starter(languages=languages, agents=with_agents)),
        IGNORE: _IGNORED,
    }
    if with_ci:
        files[CI_POLICY] = starter_document(Starter(languages=languages, agents=with_agents, ci=True))
    for name, text in files.items():
        sys.stdout.write(f"  {_write(Path(name), text):<8} {name}\n")
    sys.stdout.write(_next_steps(with_ci=with_ci))
    return 0


def _write(path: Path, text: str) -> str:
    """Returns `wrote`, or `kept` for what is there already.

    Raises:
        InvalidInputError: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if os.path.lexists(path):
            return "kept"
        with open(path, "x", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        raise InvalidInputError(
            Diagnostic(
                code="cli/not-written",
                message=f"cannot write {path}",
                why=error.strerror or str(error),
                fix="stand in the project's folder, where you may write",
            )
        ) from error
    return "wrote"


def _next_steps(*, with_ci: bool) -> str:
    lines = ["", "read the policy, and trust it:", "  rundown trust", "then run:", f"  rundown run {RUNBOOK}"]
    if with_ci:
        lines += ["in CI:", f"  rundown run {RUNBOOK} --policy {CI_POLICY} --non-interactive"]
    return "\n".join(lines) + "\n"


def _asked(found: tuple[str, ...]) -> tuple[tuple[str, ...], bool, bool] | None:
    """Returns kinds, agents and CI as the person says; None if they would rather not."""
    import questionary

    choices = [questionary.Choice(name, checked=name in found) for name in KINDS]
    answers: list[Any] = []
    for question in (
        questionary.checkbox("What is this project written in? (none: something else)", choices=choices),
        questionary.confirm("Do coding agents work in it?", default=False),
        questionary.confirm("Is CI to run runbooks as well?", default=False),
    ):
        answer = question.ask()
        if answer is None:
            return None
        answers.append(answer)
    return tuple(answers[0]), answers[1], answers[2]
