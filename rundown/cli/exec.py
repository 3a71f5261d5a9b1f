"""`rundown exec`: one command under policy and sandbox, with its own exit code."""

import errno
import json
import shlex
import signal
import sys
from collections.abc import Callable

import click

from rundown.cli.front import Look, OutputTerminal, open_front
from rundown.cli.option_sections import SectionedCommand
from rundown.cli.options import policy_options
from rundown.cli.screen import tell
from rundown.cli.signals import heard
from rundown.cli.single_output import Printed, open_status
from rundown.cli.surroundings import read_surroundings
from rundown.model.diagnostic import Diagnostic
from rundown.model.event import Body, EgressAllowed, EgressBlocked
from rundown.model.policy import Denied
from rundown.model.sandbox import ProcessResult, StageFailure
from rundown.policy.load import tool_names
from rundown.record.stored import redact_body
from rundown.render.connection import connection_diagnostics
from rundown.render.refusal import FLAGS, refusal_diagnostics
from rundown.session.build import open_house
from rundown.session.explaining import explain_single
from rundown.session.single import Typed, Violated, run_single
from rundown.session.wish import Wish

DENIED, NOT_THERE, SANDBOX_FAILED, TIMED_OUT, SIGNALLED = 126, 127, 125, 124, 128

_EPILOG = """\b
Examples:
  rundown exec -- pytest -q
  rundown exec --allow-read /srv/data --allow-write out -- ./report.sh
  rundown exec --allow-run curl --non-interactive -- bash -c 'make && ./check'
  rundown exec --profile npm -- npm ci
  rundown exec --explain -- make release        decision, reasons and plan as JSON; runs nothing

Exit code: the command's own; 126 denied by policy, 127 no such command, 125 the sandbox failed,
124 timed out, 128+N ended by signal N. With --explain: 0 it would run, 126 it would be asked or denied.
"""


@click.command(
    "exec", cls=SectionedCommand, epilog=_EPILOG, context_settings={"ignore_unknown_options": False}
)
@click.argument("words", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- CMD [ARG...]")
@click.option("--explain", is_flag=True, help="Print decision and plan as JSON; run nothing.")
@click.option(
    "--json-status-fd", "status_fd", type=int, metavar="FD", help="Write start and end to FD as JSON lines."
)
@click.option(
    "--profile",
    "profiles",
    multiple=True,
    metavar="NAME",
    help="Add a shipped tool profile: npm, pip, cargo, … More than one: say it again.",
)
@click.option("--no-redact", is_flag=True, help="Leave secrets in output that goes to a file or a pipe.")
@click.option("--raw-output", "raw", is_flag=True, help="Leave in output what a CI runner would obey.")
@policy_options
def command(
    words: tuple[str, ...],
    explain: bool,
    status_fd: int | None,
    profiles: tuple[str, ...],
    no_redact: bool,
    raw: bool,
    wish: Wish,
) -> int:
    """Run one command exactly as a step would be run. What you type as CMD counts as allowed."""
    _require_profiles(profiles)
    status = open_status(status_fd)
    around = read_surroundings()
    front = open_front(around, wish, Look(raw=True))
    connections: list[Body] = []
    try:
        terminal = OutputTerminal(passes_input=True)
        with (
            heard(terminal.size) as hearing,
            open_house(wish, around, None, front.prompter) as house,
        ):
            hearing.attach(house.room)
            printed = Printed(None if no_redact else house.redact_stream, front.sheet, raw=raw)
            typed = Typed(
                words=words,
                prompter=front.prompter,
                terminal=terminal,
                output=printed.take,
                warn=front.warn,
                started=status.started,
                note=connections.append,
                profiles=profiles,
            )
            if explain:
                return _explain(explain_single(house, typed), house.redact_text)
            ended = run_single(house, typed, printed.finish)
            redact = house.redact_text
    except BrokenPipeError:
        return SIGNALLED + signal.SIGPIPE
    again = f"rundown exec {FLAGS} -- {shlex.join(words)}"
    told = (body for body in connections if isinstance(body, EgressAllowed | EgressBlocked))
    problems = (*connection_diagnostics(told, again), *_problems(ended, words))
    tell(*(redact_body(item, redact) for item in problems))
    code = _code(ended)
    status.ended(code, ended)
    return code


def _explain(found: dict[str, object], redact: Callable[[str], str]) -> int:
    sys.stdout.write(redact(json.dumps(found, indent=2, ensure_ascii=True)) + "\n")
    if found["failure"] is not None:
        return SANDBOX_FAILED
    return 0 if found["decision"] == "allow" else DENIED


def _require_profiles(names: tuple[str, ...]) -> None:
    if not set(names) <= set(tool_names()):
        raise click.BadParameter(
            f"there is none; these are: {', '.join(tool_names())}", param_hint="--profile"
        )


def _problems(
    ended: ProcessResult | Violated | Denied | StageFailure, words: tuple[str, ...]
) -> tuple[Diagnostic, ...]:
    """Why it did not run."""
    match ended:
        case Denied():
            return refusal_diagnostics(
                ended.request, ended.denials, f"rundown exec {FLAGS} -- {shlex.join(words)}"
            )
        case StageFailure(stage="exec", errno=errno.ENOENT):
            return (_not_there(words[0], ended),)
        case StageFailure():
            return (_failed(ended),)
        case ProcessResult() | Violated():
            return ()


def _code(ended: ProcessResult | Violated | Denied | StageFailure) -> int:
    match ended:
        case Violated() | Denied():
            return DENIED
        case StageFailure(stage="exec", errno=errno.ENOENT):
            return NOT_THERE
        case StageFailure():
            return SANDBOX_FAILED
        case ProcessResult(ending="exited"):
            return ended.status or 0
        case ProcessResult(ending="signalled"):
            return SIGNALLED + (ended.signal or 0)
        case ProcessResult(ending="timed-out"):
            return TIMED_OUT
        case ProcessResult(ending="out-of-memory"):
            return SIGNALLED + 9
        case ProcessResult():
            return 130


def _not_there(word: str, failure: StageFailure) -> Diagnostic:
    return Diagnostic(
        code="cli/no-such-command",
        message=f"`{word}` is not to be found inside the sandbox",
        why=failure.detail,
        fix="if it lies outside the system's folders: rundown exec --allow-read ITS_FOLDER -- …",
    )


def _failed(failure: StageFailure) -> Diagnostic:
    return Diagnostic(
        code="sandbox/stage-failed",
        message=f"the sandbox could not be made at stage `{failure.stage}`; nothing was run",
        why=failure.detail,
        fix="rundown doctor",
    )
