"""`rundown resume`: go on with a run that was interrupted, paused or denied."""

from pathlib import Path

import click

from rundown.cli.continuing import go_on
from rundown.cli.inputs import input_options
from rundown.cli.option_sections import SectionedCommand
from rundown.cli.options import policy_options
from rundown.cli.report_options import Reports, report_options
from rundown.session.wish import Wish

_EPILOG = """\b
Examples:
  rundown resume                         the newest run
  rundown resume 98f3 --allow-run kubectl

Exit code: as `rundown run`.
"""


@click.command("resume", cls=SectionedCommand, epilog=_EPILOG)
@click.argument("run", required=False)
@input_options
@report_options
@click.option("--detach", is_flag=True, help="Ask here, then go on without this terminal: `rundown attach`.")
@click.option("--runs-dir", type=click.Path(path_type=Path), metavar="DIR", help="Where the record is.")
@policy_options
def command(
    run: str | None, inputs: dict[str, tuple[str, ...]], reports: Reports, detach: bool, wish: Wish
) -> int:
    """Go on with RUN: an id, a unique part of one, or nothing for the newest."""
    return go_on(run, wish, inputs=inputs, reports=reports, detach=detach)
