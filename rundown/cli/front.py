"""Composes the front end of a run: who is asked, what is shown, which terminal steps see."""

import os
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial

from msgspec import Struct

from rundown.cli.drawn import open_prompter
from rundown.cli.frontend import JsonFrontend, TextFrontend
from rundown.cli.notice import Notice
from rundown.cli.options import flags_again
from rundown.cli.screen import stream_style
from rundown.cli.sheet import Sheet
from rundown.model.diagnostic import Diagnostic
from rundown.model.event import Event
from rundown.model.runbook import Runbook
from rundown.record.ids import short_id
from rundown.render.diagnostic import render_diagnostics
from rundown.session.ports import Frontend
from rundown.session.run import Front
from rundown.session.surroundings import Surroundings
from rundown.session.wish import Wish


class OutputTerminal:
    """Standard output, if it is a terminal. `passes_input`: a command reads what rundown itself would read;
    without it only interactive steps do, and those from a terminal. `sheet`: what is drawn on it; what
    steps print is set in there, and they are told of as many columns less."""

    def __init__(self, *, passes_input: bool = False, sheet: Sheet | None = None) -> None:
        self._passes_input = passes_input
        self._sheet = sheet

    def size(self) -> tuple[int, int] | None:
        """Returns rows and columns; None where it is no terminal."""
        try:
            found = os.get_terminal_size(sys.stdout.fileno())
        except (OSError, ValueError):
            return None
        if self._sheet is None:
            return found.lines, found.columns
        return found.lines, self._sheet.set_columns(found.columns)

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


class Look(Struct, frozen=True, kw_only=True):
    """How things are shown: as JSON lines; with steps' escape sequences as they are; in plain lines without
    colour, signs and moving parts."""

    as_json: bool = False
    raw: bool = False
    plain: bool = False


class TerminalFront(Front, frozen=True, kw_only=True):
    """A front end on the terminal. `ending(reason)` tells that all is asked to end, and
    withdraws the question that stands, if there is one, which it returns; signal-safe. `sheet`:
    standard output, if it is a terminal. `notice` is sent when a question goes unanswered."""

    ending: Callable[[type[KeyboardInterrupt]], bool]
    sheet: Sheet | None
    notice: Notice


def open_front(around: Surroundings, wish: Wish, look: Look) -> TerminalFront:
    """Returns the front end of a command that runs something."""
    interactive = around.is_interactive(non_interactive=wish.non_interactive, interactive=wish.interactive)
    sheet = None if look.as_json else _open_sheet(look)
    style = stream_style(sys.stderr if sheet is None else sys.stdout, plain=look.plain)
    notice = Notice()
    prompter = open_prompter(sheet, style, notice.send, present=interactive, plain=look.plain)

    def ending(reason: type[KeyboardInterrupt]) -> bool:
        if sheet is not None:
            sheet.tell_ending()
        return prompter.withdraw(reason)

    return TerminalFront(
        prompter=prompter,
        terminal=OutputTerminal(sheet=sheet),
        frontend=partial(show_run, look=look, again=flags_again(wish), sheet=sheet),
        warn=partial(_warn, plain=look.plain),
        ending=ending,
        sheet=sheet,
        notice=notice,
    )


def _open_sheet(look: Look) -> Sheet | None:
    if not sys.stdout.isatty():
        return None
    return Sheet(
        sys.stdout.buffer, stream_style(sys.stdout, plain=look.plain), raw=look.raw, lively=not look.plain
    )


def _warn(item: Diagnostic, *, plain: bool) -> None:
    with suppress(OSError):  # nothing depends on it
        sys.stdout.flush()
        sys.stderr.write(render_diagnostics((item,), stream_style(sys.stderr, plain=plain)))
        sys.stderr.flush()


def show_run(
    run_id: str,
    runbook: Runbook,
    earlier: Iterable[Event],
    *,
    look: Look,
    again: str,
    sheet: Sheet | None = None,
) -> Frontend:
    """Returns what shows one run. `run_id`: of the outermost run, for the commands that go on with it;
    `earlier`: what is known already; `again`: flags that those commands need as well."""
    if look.as_json:
        return JsonFrontend(color=stream_style(sys.stderr).color, raw=look.raw, earlier=earlier)
    total = sum(max(1, len(step.substeps)) for step in runbook.steps)
    resume = f"rundown resume {short_id(run_id)}{again}"
    style = stream_style(sys.stdout, plain=look.plain)
    return TextFrontend(resume, style, total, raw=look.raw, earlier=earlier, sheet=sheet)
