"""`rundown show RUN --html FILE`: a run as one page to hand on."""

import os
import sys
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

from rundown import __version__
from rundown.cli.surroundings import read_surroundings
from rundown.errors import InvalidInputError, RundownError
from rundown.model.diagnostic import Diagnostic
from rundown.policy.protect import SIGNING_KEY_VARIABLE
from rundown.record.listing import open_run
from rundown.record.place import RunsPlace
from rundown.record.rundir import RunDirectory
from rundown.record.verify import Verifier
from rundown.render.escape import visible
from rundown.render.report import render_report
from rundown.session.report import Reading, make_report
from rundown.session.surroundings import Surroundings


def write_report(run: str | None, page: Path, place: RunsPlace) -> int:
    """Writes the report of a run to a file, `-` for standard output; returns the exit code.

    Raises:
        InvalidInputError: there is no such run, or the file cannot be written.
        RecordError: the run's log does not hold together.
    """
    around = read_surroundings()
    when = datetime.fromtimestamp(around.now_ns() / 1e9, UTC)
    reading = Reading(
        open_run=lambda run_id: RunDirectory.open(place, run_id),
        keys=_own_key(around),
        made=f"Made by rundown {__version__} on {when:%Y-%m-%d %H:%M} UTC from the run's own record."
        " Secrets known to the run were taken out before anything was stored.",
    )
    template = resources.files("rundown.render").joinpath("report.html.j2").read_text("utf-8")
    with open_run(place, run) as directory:
        content = render_report(make_report(directory, reading), template).encode("utf-8", "replace")
    if str(page) == "-":
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return 0
    try:
        page.write_bytes(content)
    except OSError as error:
        why = os.strerror(error.errno or 0)
        raise InvalidInputError(
            Diagnostic(code="cli/not-written", message=f"cannot write {page}", why=why)
        ) from error
    sys.stdout.write(f"report: {visible(str(page))}\n")
    return 0


def _own_key(around: Surroundings) -> tuple[Verifier, ...] | None:
    """The reader's own key; None without one, or if it cannot be read: then the signature is not judged."""
    from rundown.record.sign import find_signing_key

    try:
        own = find_signing_key(around.config, around.environ.get(SIGNING_KEY_VARIABLE))
    except RundownError:
        return None
    return (own.public,) if own is not None else None
