"""`rundown scenario`: what a runbook's front matter says should happen, tried."""

import contextlib
import io
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from rundown.cli.group import run_command_line
from rundown.cli.screen import discreet, stream_style
from rundown.model.digest import canonical_json
from rundown.model.scenario import Scenario
from rundown.render.diagnostic import render_diagnostics
from rundown.render.escape import visible
from rundown.session.library import Opened, open_runbook
from rundown.session.scenarios import Done, run_scenario

_WAITS = 5
"""A run that waits for a person is where a scenario's next command goes on."""

_EPILOG = """\b
Examples:
  rundown scenario run deploy.runbook.md            all of them; this is what CI runs
  rundown scenario run deploy.runbook.md rollback   one of them
"""


@click.group("scenario", epilog=_EPILOG)
def command() -> None:
    """List, show and run the scenarios in a runbook's front matter."""


@command.command("ls")
@click.argument("file")
def listed(file: str) -> int:
    """List the scenarios of FILE."""
    for scenario in open_runbook(file, Path.cwd()).runbook.front.scenarios:
        sys.stdout.write(
            f"{visible(scenario.name):<28} {scenario.result or '':<9} {visible(scenario.description)}\n"
        )
    return 0


@command.command("show")
@click.argument("file")
@click.argument("name")
def shown(file: str, name: str) -> int:
    """Print one scenario as JSON."""
    scenario = _chosen(open_runbook(file, Path.cwd()), name)[0]
    sys.stdout.write(canonical_json(scenario).decode() + "\n")
    return 0


@command.command("run")
@click.argument("file")
@click.argument("name", required=False)
@click.option(
    "--allow-all", is_flag=True, help="Let commands of the scenarios loosen policy and leave their workspace."
)
def run(file: str, name: str | None, allow_all: bool) -> int:
    """Run the scenarios of FILE, each in an empty workspace; exit code 0 if all went as they say, else 1."""
    opened = open_runbook(file, Path.cwd())
    style = stream_style(sys.stdout)
    scenarios = _chosen(opened, name)
    failed = 0
    for scenario in scenarios:
        with tempfile.TemporaryDirectory(prefix="rundown-scenario-") as folder:
            workspace = Path(folder).resolve() / "project"
            workspace.mkdir()
            problems = run_scenario(scenario, opened, workspace, _dispatch, unlimited=allow_all)
        failed += bool(problems)
        sign = style.paint(style.sign("fail" if problems else "pass"), "red" if problems else "green")
        sys.stdout.write(f"{sign} {visible(scenario.name)}\n{render_diagnostics(discreet(problems), style)}")
        sys.stdout.flush()
    noun = "scenario" if len(scenarios) == 1 else "scenarios"
    sys.stdout.write(f"{len(scenarios)} {noun}: {len(scenarios) - failed} passed, {failed} failed\n")
    return 1 if failed else 0


def _chosen(opened: Opened, name: str | None) -> tuple[Scenario, ...]:
    scenarios = opened.runbook.front.scenarios
    chosen = tuple(item for item in scenarios if name in (None, item.name))
    if name is not None and not chosen:
        known = ", ".join(item.name for item in scenarios) or "none"
        raise click.UsageError(f"there is no scenario `{name}`; this runbook has: {known}")
    return chosen


def _dispatch(words: tuple[str, ...], environment: Mapping[str, str], workspace: Path) -> Done:
    """Runs a command line in this process, unattended, rundown's own directories beside the workspace."""
    private = {
        f"XDG_{name}_HOME": str(workspace.parent / name.lower()) for name in ("STATE", "CACHE", "CONFIG")
    }
    said = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    printed = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    with (
        _environment({"CI": "true", **environment, **private}),
        contextlib.chdir(workspace),
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(said),
    ):
        code = run_command_line(list(words))
    code = 0 if code == _WAITS else code
    return Done(code=code, said=said.buffer.getvalue().decode("utf-8", "replace"))


@contextlib.contextmanager
def _environment(more: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(more)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
