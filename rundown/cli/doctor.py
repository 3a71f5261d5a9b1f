"""`rundown doctor`: what this host can enforce."""

import sys

import click

from rundown.cli.screen import stream_style
from rundown.model.digest import canonical_json
from rundown.render.host import render_host
from rundown.sandbox.probe import probe_host

_EPILOG = """\b
Exit code: 0 everything can be enforced, 4 something is missing.
"""


@click.command("doctor", epilog=_EPILOG)
@click.option("--json", "as_json", is_flag=True, help="The facts as one JSON object.")
def command(as_json: bool) -> int:
    """Try everything the sandbox uses on this host, and say how to get what is missing."""
    facts = probe_host()
    if as_json:
        sys.stdout.write(canonical_json(facts).decode() + "\n")
    else:
        sys.stdout.write(render_host(facts, stream_style(sys.stdout)))
    return 4 if facts.problems else 0
