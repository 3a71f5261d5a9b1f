"""`rundown tui`: the terminal UI. Loaded by name: the two front ends do not know each other."""

import importlib
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from rundown.cli.ending import Telling, tell_ending
from rundown.cli.inputs import given_values, input_options
from rundown.cli.option_sections import SectionedCommand
from rundown.cli.options import flags_again, policy_options
from rundown.cli.places import place_again
from rundown.cli.surroundings import read_surroundings
from rundown.errors import InvalidInputError
from rundown.model.diagnostic import Diagnostic
from rundown.session.library import Opened
from rundown.session.run import Start
from rundown.session.wish import Wish

Shape = Callable[[Opened, Start], Start]
_EPILOG = """\b
Examples:
  rundown tui                            choose from the project's runbooks and runs
  rundown tui deploy.runbook.md --input env=staging
  rundown tui last                       the newest run: look at it, go on with it
  rundown tui deploy.runbook.md --web    the same in a browser on this machine

Exit code: as `rundown run`; 0 if nothing ran.
"""


@click.command("tui", cls=SectionedCommand, epilog=_EPILOG)
@click.argument("what", metavar="[FILE|RUN]", required=False)
@input_options
@click.option("--prompted", "--manual", is_flag=True, help="Show commands instead of running them.")
@click.option("--no-preflight", is_flag=True, help="Ask at each step only, not before the first one.")
@click.option("--agent", metavar="KIND", help="Who does agent steps that name no kind.")
@click.option("--light", is_flag=True, help="Begin with the light theme.")
@click.option("--web", is_flag=True, help="Serve it to a browser on 127.0.0.1, by a token that works once.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="For --web; 0 takes a free one.")
@click.option("--runs-dir", type=click.Path(path_type=Path), metavar="DIR", help="Where to keep the record.")
@policy_options
def command(what: str | None, web: bool, port: int, wish: Wish, **words: Any) -> int:
    """Show a runbook and run it; without a name, choose from what is there."""
    if web:
        return _serve(port)
    return show(what, wish, **words)


def show(
    what: str | None,
    wish: Wish,
    *,
    inputs: dict[str, tuple[str, ...]],
    prompted: bool = False,
    no_preflight: bool = False,
    agent: str | None = None,
    light: bool = False,
    shape: Shape | None = None,
) -> int:
    """Opens the TUI; returns the exit code. `shape`: what else a run is to be like when it starts."""
    around = read_surroundings()
    if wish.non_interactive:
        raise click.UsageError("the terminal UI is there to ask: leave --non-interactive out")
    if what == "-":
        raise click.UsageError("the terminal UI reads keys from standard input: name a file")
    if not _can_draw(around.environ):
        raise InvalidInputError(_NO_SCREEN)
    ended, root = _load("rundown.tui.launch:open_tui")(
        what,
        around=around,
        wish=wish,
        given=given_values(inputs, around),
        hidden=inputs["hidden"],
        prompted=prompted,
        agent=agent,
        preflight=not no_preflight,
        light=light,
        shape=shape,
    )
    if ended is None:
        return 0
    place = place_again(root, wish, around)
    return tell_ending(ended, Telling(prompted=prompted, again=flags_again(wish), place=place))


def _serve(port: int) -> int:
    """Serves what this command line says, without the words about serving it."""
    words = sys.argv[sys.argv.index("tui") + 1 :]
    drop = {place + 1 for place, word in enumerate(words) if word == "--port"}
    kept = [
        word
        for place, word in enumerate(words)
        if place not in drop and word not in ("--web", "--port") and not word.startswith("--port=")
    ]
    try:
        serve = _load("rundown.tui.web:serve_tui")
    except ImportError as error:
        raise InvalidInputError(_NO_WEB) from error
    code: int = serve(kept, port, _say_address)
    return code


def _say_address(address: str) -> None:
    sys.stdout.write(f"open   {address}\nThe address works once, on this machine. Ctrl-C ends it.\n")
    sys.stdout.flush()


def _load(name: str) -> Callable[..., Any]:
    module, _, function = name.partition(":")
    loaded: Callable[..., Any] = getattr(importlib.import_module(module), function)
    return loaded


def _can_draw(environ: Mapping[str, str]) -> bool:
    return "TEXTUAL_DRIVER" in environ or (sys.stdin.isatty() and sys.stdout.isatty())


_NO_WEB = Diagnostic(
    code="cli/no-web",
    message="the web UI is not installed",
    why="it comes with the extra `web`",
    fix="pip install 'rundown-cli[web]'",
)
_NO_SCREEN = Diagnostic(
    code="cli/no-screen",
    message="the terminal UI needs a terminal to draw on",
    why="standard input or output is none",
    fix="`rundown run` needs none; `rundown tui --web` draws in a browser",
)
