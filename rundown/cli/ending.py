"""How a run's end becomes an exit code and a last word with the next step to take."""

import sys
from contextlib import suppress

from rundown.cli.outlook import render_refusals
from rundown.record.ids import short_id
from rundown.render.escape import visible
from rundown.session.run import Ended

_PAUSES = {
    "denied": 3,
    "violation": 3,
    "sandbox": 4,
    "waiting": 5,
    "in-doubt": 5,
    "secret": 5,
    "interrupted": 130,
}


def exit_code(ended: Ended, *, prompted: bool) -> int:
    """Returns 0 complete, 1 stopped, or what the pause means; a run that waits by its own wish is 0."""
    if ended.pause is not None:
        code = _PAUSES.get(ended.pause.reason, 5)
        return 0 if prompted and ended.pause.reason == "waiting" else code
    return 0 if ended.state.lifecycle == "completed" else 1


def tell_ending(ended: Ended, *, prompted: bool, as_json: bool, again: str, place: str = "") -> int:
    """Says where the record is and how to go on; returns the exit code. `again`: this invocation's policy
    flags, which the next one needs as well; `place`: the flags by which it finds the run from here."""
    if not as_json:
        run = short_id(ended.run_id)
        again = place + again
        resume = f"rundown resume {run}{again}"
        hints = {
            "waiting": f"when it is done: rundown pass{again}   or: rundown fail{again}   (run {run})",
            "denied": f"go on, with a flag or after a change of policy: {resume}",
            "violation": f"look at what was moved away, then go on: {resume}",
            "interrupted": f"go on: {resume}",
            "sandbox": f"what this host can enforce: rundown doctor; go on: {resume}",
            "secret": f"when it is there: {resume}",
            "in-doubt": f"at a terminal: {resume}",
        }
        hint = hints.get(ended.pause.reason) if ended.pause is not None else None
        with suppress(OSError):
            sys.stderr.write(render_refusals(ended.outlook, resume))
            sys.stderr.flush()
        lines = [
            *([hint] if hint else []),
            f"record: rundown show {run}{place}   ({visible(str(ended.path))})",
        ]
        if ended.receipt is not None:
            lines.append(f"receipt: {visible(str(ended.receipt))}")
        with suppress(OSError):  # nobody reads it: the exit code says it as well
            sys.stdout.write("".join(f"{line}\n" for line in lines))
            sys.stdout.flush()
    return exit_code(ended, prompted=prompted)
