"""`rundown policy`: what would be decided, what is in force, whether a document is valid."""

import json
import sys
from pathlib import Path

import click

from rundown.cli.options import policy_options
from rundown.cli.screen import stream_style
from rundown.cli.surroundings import read_surroundings
from rundown.model.diagnostic import Diagnostic, Span
from rundown.model.digest import canonical_json
from rundown.model.policy import LayerKind
from rundown.model.runbook import CommandBody, ShellOptions
from rundown.policy.discover import syntax_of
from rundown.policy.document import decode_document
from rundown.policy.explain import decision_json, decision_lines
from rundown.policy.keep import PROJECT_DOCUMENT
from rundown.policy.schema import policy_schema
from rundown.policy.show import policy_json, policy_lines
from rundown.policy.starter import LANGUAGES, Starter, starter_document
from rundown.render.diagnostic import render_diagnostics
from rundown.render.escape import visible
from rundown.session.desk import open_desk
from rundown.session.request import Place, freeze_command
from rundown.session.wish import Wish

_RUNBOOK = click.option(
    "--runbook", type=click.Path(path_type=Path), metavar="FILE", help="Decide as for this runbook."
)


@click.group("policy")
def command() -> None:
    """Explain, show and check policies. Nothing is run."""


@command.command("explain")
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
    if as_json:
        sys.stdout.write(canonical_json(decision_json(decision)).decode() + "\n")
    else:
        sys.stdout.write("".join(f"{visible(line)}\n" for line in decision_lines(decision)))
    return 0


@command.command("show")
@_RUNBOOK
@click.option("--json", "as_json", is_flag=True, help="Everything in force as one JSON object.")
@policy_options
def show(runbook: Path | None, as_json: bool, wish: Wish) -> int:
    """Print the effective policy, each line with its origin."""
    desk = open_desk(wish, read_surroundings(), runbook)
    if as_json:
        sys.stdout.write(canonical_json(policy_json(desk.loaded, desk.compiled)).decode() + "\n")
    else:
        lines = policy_lines(desk.loaded, desk.compiled)
        sys.stdout.write("".join(f"{visible(line)}\n" for line in lines))
    return 0


@command.command("check")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
def check(files: tuple[str, ...]) -> int:
    """Validate policy documents; all problems at once. Exit code 0 or 2."""
    wrong = 0
    for file in files:
        problems = _problems(file)
        wrong += bool(problems)
        text = (
            render_diagnostics(problems, stream_style(sys.stdout))
            if problems
            else f"{visible(file)}: valid\n"
        )
        sys.stdout.write(text)
    return 2 if wrong else 0


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


def _problems(file: str) -> tuple[Diagnostic, ...]:
    try:
        content = Path(file).read_bytes()
    except OSError as error:
        why = error.strerror or str(error)
        return (Diagnostic(code="cli/unreadable", message=f"cannot read {file}", why=why),)
    return decode_document(content, file, syntax_of(file, content), LayerKind.POLICY_FILE)[1]
