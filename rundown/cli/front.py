"""Composes the front end of a run: who is asked, what is shown, which terminal steps see."""

import os
import sys
from contextlib import suppress
from functools import partial

from rundown.cli.frontend import JsonFrontend, TextFrontend
from rundown.cli.options import flags_again
from rundown.cli.prompter import TerminalPrompter
from rundown.cli.screen import stream_style
from rundown.model.diagnostic import Diagnostic
from rundown.model.event import Event
from rundown.model.runbook import Runbook
from rundown.record.ids import short_id
from rundown.render.diagnostic import render_diagnostics
from rundown.session.ports import Frontend, Prompter
from rundown.session.run import Front
from rundown.session.surroundings import Surroundings
from rundown.session.wish import Wish


class OutputTerminal:
    """Standard output, if it is a terminal. `passes_input`: a command reads what rundown itself would read;
    without it only interactive steps do, and those from a terminal."""

    def __init__(self, *, passes_input: bool = False) -> None:
        self._passes_input = passes_input

    def size(self) -> tuple[int, int] | None:
        """Returns rows and columns; None where it is no terminal."""
        try:
            found = os.get_terminal_size(sys.stdout.fileno())
        except (OSError, ValueError):
            return None
        return found.lines, found.columns

    def stdin(self, *, interactive: bool) -> int | None:
        """Returns the descriptor that a step reads; None: nothing."""
        is_terminal = has_terminal_input()
        if interactive:
            return 0 if is_terminal else None
        return 0 if self._passes_input and not is_terminal else None


def has_terminal_input() -> bool:
    """Whether standard input is a terminal."""
    try:
        return os.isatty(0)
    except OSError:
        return False


def open_front(around: Surroundings, wish: Wish, *, as_json: bool, raw: bool) -> Front:
    """Returns the front end of a command that runs something."""
    interactive = around.is_interactive(non_interactive=wish.non_interactive, interactive=wish.interactive)
    prompter: Prompter = TerminalPrompter(stream_style(sys.stderr), present=interactive)
    return Front(
        prompter=prompter,
        terminal=OutputTerminal(),
        frontend=partial(_frontend, as_json=as_json, raw=raw, again=flags_again(wish)),
        warn=_warn,
    )


def _warn(item: Diagnostic) -> None:
    with suppress(OSError):  # nothing depends on it
        sys.stdout.flush()
        sys.stderr.write(render_diagnostics((item,), stream_style(sys.stderr)))
        sys.stderr.flush()


def _frontend(
    run_id: str, runbook: Runbook, earlier: tuple[Event, ...], *, as_json: bool, raw: bool, again: str
) -> Frontend:
    if as_json:
        return JsonFrontend(color=stream_style(sys.stderr).color, raw=raw)
    total = sum(max(1, len(step.substeps)) for step in runbook.steps)
    resume = f"rundown resume {short_id(run_id)}{again}"
    return TextFrontend(resume, stream_style(sys.stdout), total, raw=raw, earlier=earlier)
