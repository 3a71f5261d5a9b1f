"""How a run's end becomes an exit code and a last word with the next step to take."""

import sys
from collections.abc import Iterator
from contextlib import suppress

from msgspec import Struct

from rundown.cli.outlook import render_refusals
from rundown.record.ids import short_id
from rundown.render.escape import visible
from rundown.session.run import Ended

_PAUSES = {
    "denied": 3,
    "violation": 3,
    "sandbox": 4,
    "expired": 4,
    "waiting": 5,
    "in-doubt": 5,
    "secret": 5,
    "interrupted": 130,
}


def pause_code(reason: str) -> int:
    """Returns what a pause means as an exit code."""
    return _PAUSES.get(reason, 5)


def exit_code(ended: Ended, *, prompted: bool) -> int:
    """Returns 0 complete, 1 stopped, or what the pause means; a run that waits by its own wish is 0."""
    if ended.pause is not None:
        code = pause_code(ended.pause.reason)
        return 0 if prompted and ended.pause.reason == "waiting" else code
    return 0 if ended.state.lifecycle == "completed" else 1


class Telling(Struct, frozen=True, kw_only=True):
    """How an end is told. `again`: this invocation's policy flags, which the next one needs as well; `place`:
    the flags by which it finds the run from here. `anew`: the command that starts the runbook, "" if it makes
    no sense to begin where this run stopped. `quiet`: not a word about a run that completed."""

    prompted: bool = False
    as_json: bool = False
    quiet: bool = False
    again: str = ""
    place: str = ""
    anew: str = ""


def tell_ending(ended: Ended, telling: Telling) -> int:
    """Says where the record is and how to go on; returns the exit code."""
    code = exit_code(ended, prompted=telling.prompted)
    resume = resume_command(ended, telling)
    with suppress(OSError):
        sys.stderr.write(render_refusals(ended.outlook, resume, ended.suggestion))
        sys.stderr.flush()
    if not telling.as_json and not (telling.quiet and code == 0):
        with suppress(OSError):  # nobody reads it: the exit code says it as well
            stream = sys.stderr if telling.quiet else sys.stdout
            stream.write("".join(f"{line}\n" for line in _last_words(ended, telling, resume)))
            stream.flush()
    return code


def resume_command(ended: Ended, telling: Telling) -> str:
    """Returns the command that goes on with a run."""
    return f"rundown resume {short_id(ended.run_id)}{telling.place}{telling.again}"


def _last_words(ended: Ended, telling: Telling, resume: str) -> Iterator[str]:
    run, again = short_id(ended.run_id), telling.place + telling.again
    hints = {
        "waiting": f"when it is done: rundown pass{again}   or: rundown fail{again}   (run {run})",
        "denied": f"go on, with a flag or after a change of policy: {resume}",
        "violation": f"look at what was moved away, then go on: {resume}",
        "interrupted": f"go on: {resume}",
        "sandbox": f"what this host can enforce: rundown doctor; go on: {resume}",
        "expired": f"start a new run; to end this one: rundown stop --run {run}{telling.place}",
        "secret": f"when it is there: {resume}",
        "in-doubt": f"at a terminal: {resume}   or run the step again: rundown retry {run}{again}",
    }
    if ended.pause is not None and ended.pause.reason in hints:
        yield hints[ended.pause.reason]
    elif ended.state.lifecycle == "stopped" and telling.anew and ended.state.step:
        at = ".".join(part for part in (ended.state.step, ended.state.substep) if part)
        yield f"from there once more, as a new run: {telling.anew} --from {at}{again}"
    yield f"record: rundown show {run}{telling.place}   ({visible(str(ended.path))})"
    if ended.receipt is not None:
        yield f"receipt: {visible(str(ended.receipt))}"
