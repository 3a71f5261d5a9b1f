"""`rundown run`: a runbook from its first step to its end, or to a pause."""

import sys
from pathlib import Path

import click
from msgspec.structs import replace

from rundown.cli.ending import tell_ending
from rundown.cli.front import open_front
from rundown.cli.inputs import given_values, input_options
from rundown.cli.options import flags_again, policy_options
from rundown.cli.places import place_again
from rundown.cli.screen import error_style
from rundown.cli.signals import forwarded
from rundown.cli.surroundings import read_surroundings
from rundown.render.diagnostic import render_diagnostics
from rundown.session.build import open_house
from rundown.session.library import open_runbook
from rundown.session.preparation import Invocation, prepare
from rundown.session.runner import Runner
from rundown.session.wish import Wish
from rundown.syntax.caution import cautions

_EPILOG = """\b
Examples:
  rundown run runbooks/hello.runbook.md
  rundown run deploy.runbook.md --input env=staging --allow-run kubectl
  rundown run build.runbook.md --policy policies/ci.yaml --non-interactive

Exit code: 0 complete, 1 stopped or failed, 2 usage or not valid, 3 denied by policy, 4 no sandbox,
5 a person is needed, 6 the record cannot be kept, 130 interrupted.
"""


@click.command("run", epilog=_EPILOG)
@click.argument("file", metavar="FILE")
@input_options
@click.option("--prompted", "--manual", is_flag=True, help="Show commands instead of running them.")
@click.option("--no-preflight", is_flag=True, help="Ask at each step only, not before the first one.")
@click.option("--agent", metavar="KIND", help="Who does agent steps that name no kind.")
@click.option("--json", "as_json", is_flag=True, help="Print events as JSON lines.")
@click.option("--raw-output", is_flag=True, help="Pass escape sequences of steps on to the terminal.")
@click.option("--runs-dir", type=click.Path(path_type=Path), metavar="DIR", help="Where to keep the record.")
@policy_options
def command(
    file: str,
    inputs: dict[str, tuple[str, ...]],
    prompted: bool,
    no_preflight: bool,
    agent: str | None,
    as_json: bool,
    raw_output: bool,
    wish: Wish,
) -> int:
    """Run FILE: a path, `-` for standard input, or a name below runbooks/."""
    around = read_surroundings()
    opened = open_runbook(file, around.cwd)
    if not as_json:
        sys.stderr.write(render_diagnostics(cautions(opened.runbook, opened.warnings), error_style()))
    front = open_front(around, wish, as_json=as_json, raw=raw_output)
    start = prepare(
        opened,
        Invocation(
            given=given_values(inputs, around),
            around=around,
            prompter=front.prompter,
            root=wish.root,
            hidden=inputs["hidden"],
            prompted=prompted,
            agent=agent,
        ),
    )
    start = replace(start, preflight=not no_preflight)
    with open_house(wish, around, opened.document.path, front.prompter) as house, forwarded(house.room):
        ended = Runner(house, front).start(opened, start)
        place = place_again(house.desk.project.root, wish, around)
    return tell_ending(ended, prompted=prompted, as_json=as_json, again=flags_again(wish), place=place)
