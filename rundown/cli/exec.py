"""`rundown exec`: one command under policy and sandbox, with its own exit code."""

import errno
import shlex
import signal
import sys

import click

from rundown.cli.front import OutputTerminal, open_front
from rundown.cli.options import policy_options
from rundown.cli.screen import error_style
from rundown.cli.signals import forwarded
from rundown.cli.surroundings import read_surroundings
from rundown.model.diagnostic import Diagnostic
from rundown.model.policy import Denied
from rundown.model.sandbox import ProcessResult, StageFailure
from rundown.render.diagnostic import render_diagnostics
from rundown.render.refusal import FLAGS, refusal_diagnostics
from rundown.session.build import open_house
from rundown.session.single import Typed, Violated, run_single
from rundown.session.wish import Wish

DENIED, NOT_THERE, SANDBOX_FAILED, TIMED_OUT, SIGNALLED = 126, 127, 125, 124, 128

_EPILOG = """\b
Examples:
  rundown exec -- pytest -q
  rundown exec --allow-read /srv/data --allow-write out -- ./report.sh
  rundown exec --allow-run curl --non-interactive -- bash -c 'make && ./check'

Exit code: the command's own; 126 denied by policy, 127 no such command, 125 the sandbox failed,
124 timed out, 128+N ended by signal N.
"""


@click.command("exec", epilog=_EPILOG, context_settings={"ignore_unknown_options": False})
@click.argument("words", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- CMD [ARG...]")
@policy_options
def command(words: tuple[str, ...], wish: Wish) -> int:
    """Run one command exactly as a step would be run. What you type as CMD counts as allowed."""
    around = read_surroundings()
    front = open_front(around, wish, as_json=False, raw=True)
    typed = Typed(
        words=words,
        prompter=front.prompter,
        terminal=OutputTerminal(passes_input=True),
        output=_write,
        warn=front.warn,
    )
    try:
        with open_house(wish, around, None, front.prompter) as house, forwarded(house.room):
            ended = run_single(house, typed)
    except BrokenPipeError:
        return SIGNALLED + signal.SIGPIPE
    match ended:
        case ProcessResult():
            return _code(ended)
        case Violated():
            return DENIED
        case Denied():
            again = f"rundown exec {FLAGS} -- {shlex.join(words)}"
            _tell(*refusal_diagnostics(ended.request, ended.denials, again))
            return DENIED
        case StageFailure(stage="exec", errno=errno.ENOENT):
            _tell(_not_there(words[0], ended))
            return NOT_THERE
        case StageFailure():
            _tell(_failed(ended))
            return SANDBOX_FAILED


def _write(stream: str, chunk: bytes) -> None:
    target = sys.stdout.buffer if stream == "stdout" else sys.stderr.buffer
    target.write(chunk)
    target.flush()


def _code(result: ProcessResult) -> int:
    match result.ending:
        case "exited":
            return result.status or 0
        case "signalled":
            return SIGNALLED + (result.signal or 0)
        case "timed-out":
            return TIMED_OUT
        case "out-of-memory":
            return SIGNALLED + 9
        case "interrupted":
            return 130


def _tell(*items: Diagnostic) -> None:
    sys.stdout.flush()
    sys.stderr.write(render_diagnostics(items, error_style()))


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
