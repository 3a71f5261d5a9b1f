"""`rundown policy`: what would be decided, what is in force, whether a document is valid."""

import json
import os
import sys
from pathlib import Path

import click

from rundown.cli.option_sections import SectionedCommand
from rundown.cli.options import policy_options
from rundown.cli.screen import discreet, stream_style, tell
from rundown.cli.surroundings import read_surroundings
from rundown.model.diagnostic import Span
from rundown.model.digest import canonical_json
from rundown.model.policy import LayerKind
from rundown.model.runbook import CommandBody, ShellOptions
from rundown.policy.check import check_document
from rundown.policy.explain import decision_json, decision_lines
from rundown.policy.keep import PROJECT_DOCUMENT
from rundown.policy.schema import policy_schema
from rundown.policy.show import policy_json, policy_lines
from rundown.policy.starter import LANGUAGES, Starter, starter_document
from rundown.render.diagnostic import render_diagnostics
from rundown.render.escape import visible
from rundown.session.desk import Desk, open_desk
from rundown.session.request import Place, freeze_command
from rundown.session.run import Start
from rundown.session.secrecy import redactor_of
from rundown.session.surroundings import Surroundings
from rundown.session.wish import Wish

_RUNBOOK = click.option(
    "--runbook", type=click.Path(path_type=Path), metavar="FILE", help="Decide as for this runbook."
)
_WHOSE = {"project": LayerKind.POLICY_FILE, "user": LayerKind.USER, "system": LayerKind.SYSTEM}


_EXPLAIN_EPILOG = """\b
Examples:
  rundown policy explain -- 'curl example.org | sh'
  rundown policy explain --runbook deploy.runbook.md -- kubectl apply -f x.yaml
  rundown policy explain --allow-net example.org --json -- 'curl example.org'
"""


@click.group("policy")
def command() -> None:
    """Explain, show and check policies. Nothing is run."""


@command.command("explain", cls=SectionedCommand, epilog=_EXPLAIN_EPILOG)
@click.argument("text", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- TEXT")
@_RUNBOOK
@click.option("--shell", type=click.Choice(["bash", "sh"]), default="bash", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="The decision as one JSON object.")
@policy_options
def explain(text: tuple[str, ...], runbook: Path | None, shell: str, as_json: bool, wish: Wish) -> int:
    """Say what would be decided on a step with TEXT, by which rule, and what would change it."""
    around = read_surroundings()
    desk = open_desk(wish, around, runbook)
    body = CommandBody(
        language="sh" if shell == "sh" else "bash",
        text=" ".join(text),
        span=Span(file="<command line>", line=1),
    )
    place = Place(run_id="explain", position="explain", attempt=1, cwd=desk.project.root)
    request = freeze_command(place, body, ShellOptions(), desk.workspace)
    decision = desk.evaluate(request, desk.keeper.personal())
    _warn(desk)
    redact = redactor_of(desk, Start(values={})).redact_text
    if as_json:
        sys.stdout.write(redact(canonical_json(decision_json(decision)).decode()) + "\n")
    else:
        sys.stdout.write("".join(f"{visible(redact(line))}\n" for line in decision_lines(decision)))
    return 0


@command.command("show")
@_RUNBOOK
@click.option("--json", "as_json", is_flag=True, help="Everything in force as one JSON object.")
@policy_options
def show(runbook: Path | None, as_json: bool, wish: Wish) -> int:
    """Print the effective policy, each line with its origin."""
    from rundown.session.crew_view import agents_json, agents_lines, view_agents

    desk = open_desk(wish, read_surroundings(), runbook)
    _warn(desk)
    views = view_agents(desk)
    if as_json:
        told = {**policy_json(desk.loaded, desk.compiled), "agents": agents_json(views)}
        sys.stdout.write(canonical_json(told).decode() + "\n")
    else:
        lines = (*policy_lines(desk.loaded, desk.compiled), *agents_lines(views))
        sys.stdout.write("".join(f"{visible(line)}\n" for line in lines))
    return 0


@command.command("check")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--as",
    "whose",
    type=click.Choice([*_WHOSE]),
    help="Whose document it is to be; by default what its place says, else a project's.",
)
def check(files: tuple[str, ...], whose: str | None) -> int:
    """Validate policy documents; all problems at once. Exit code 0 (warnings allowed) or 2."""
    around = read_surroundings()
    wrong = False
    for file in files:
        kind = _WHOSE[whose] if whose else _kind_at(around, around.cwd / file)
        found = discreet(check_document(Path(file), file, kind))
        invalid = any(item.severity == "error" for item in found)
        wrong = wrong or invalid
        sys.stdout.write(render_diagnostics(found, stream_style(sys.stdout)))
        if not invalid:
            sys.stdout.write(f"{visible(file)}: valid\n")
    return 2 if wrong else 0


def _warn(desk: Desk) -> None:
    tell(*desk.loaded.warnings)


def _kind_at(around: Surroundings, path: Path) -> LayerKind:
    """Whose document a file is, by where it lies."""
    places = {
        os.path.realpath(around.config / "policy.yaml"): LayerKind.USER,
        os.path.realpath(around.system_policy): LayerKind.SYSTEM,
    }
    return places.get(os.path.realpath(path), LayerKind.POLICY_FILE)


@command.command("schema")
def schema() -> int:
    """Print the JSON Schema of a policy document."""
    sys.stdout.write(json.dumps(policy_schema(), indent=2) + "\n")
    return 0


@command.command("init")
@click.option("--language", "languages", multiple=True, type=click.Choice(LANGUAGES), help="May be repeated.")
@click.option("--agents", is_flag=True, help="Coding agents work in this project.")
@click.option("--ci", is_flag=True, help="For CI: nobody is asked.")
def init(languages: tuple[str, ...], agents: bool, ci: bool) -> int:
    """Write a commented .rundownrc.yaml to start from; asks what it is not told, at a terminal."""
    path = Path(PROJECT_DOCUMENT)
    if path.exists() or path.is_symlink():
        raise click.UsageError(f"{PROJECT_DOCUMENT} is there already; `rundown policy check` reads it")
    answers = Starter(languages=languages, agents=agents, ci=ci)
    if answers == Starter() and sys.stdin.isatty() and sys.stdout.isatty():
        answers = _asked()
    with open(path, "x", encoding="utf-8") as stream:
        stream.write(starter_document(answers))
    sys.stdout.write(f"wrote {PROJECT_DOCUMENT}; read it, then: rundown trust\n")
    return 0


def _asked() -> Starter:
    import questionary

    languages = questionary.checkbox("What is this project written in?", choices=list(LANGUAGES)).unsafe_ask()
    agents = questionary.confirm("Do coding agents work in it?", default=False).unsafe_ask()
    ci = questionary.confirm("Is this document for CI, where nobody is asked?", default=False).unsafe_ask()
    return Starter(languages=tuple(languages), agents=agents, ci=ci)
