"""`rundown doctor`: what this host can enforce."""

import sys

import click

from rundown.cli.screen import stream_style
from rundown.model.digest import canonical_json
from rundown.model.sandbox import Refusal
from rundown.render.host import render_host
from rundown.sandbox.probe import probe_host
from rundown.sandbox.tiers import choose_tier

_EPILOG = """\b
Examples:
  rundown doctor                 every layer, each gap with what is lost
  rundown doctor --ci            ten lines for a job's log

Exit code: 0 everything can be enforced, 4 something is missing.
"""


@click.command("doctor", epilog=_EPILOG)
@click.option(
    "--ci", is_flag=True, help="Ten lines: this job, its container and checkout, what confines its steps."
)
@click.option("--json", "as_json", is_flag=True, help="The facts as one JSON object.")
def command(ci: bool, as_json: bool) -> int:
    """Try everything the sandbox uses on this host, and say how to get what is missing."""
    facts = probe_host()
    if as_json:
        sys.stdout.write(canonical_json(facts).decode() + "\n")
    elif ci:
        from rundown.cli.job_place import find_job_place
        from rundown.render.host_ci import render_host_ci

        tier = choose_tier(facts, "default")
        confined = "none" if isinstance(tier, Refusal) else tier
        sys.stdout.write(render_host_ci(facts, find_job_place(), confined, stream_style(sys.stdout)))
    else:
        sys.stdout.write(render_host(facts, stream_style(sys.stdout)))
    return 4 if facts.problems else 0
