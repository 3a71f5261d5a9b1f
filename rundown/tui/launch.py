"""`open_tui`: the door through which the command line opens the TUI."""

import sys
from collections.abc import Callable

from rundown.errors import RundownError
from rundown.session.library import Opened
from rundown.session.run import Ended, Start
from rundown.session.surroundings import Surroundings
from rundown.session.values import Given
from rundown.session.wish import Wish
from rundown.tui.app import RundownApp
from rundown.tui.conductor import Manner
from rundown.tui.opening import Shelves

SWITCH_S = 0.0005
"""How long a thread may keep the interpreter from the others: a step that prints much must not hold keys up.
Python's own 5 ms add up, as the screen lets go of it many times for one key."""


def open_tui(
    argument: str | None,
    *,
    around: Surroundings,
    wish: Wish,
    given: Given,
    hidden: tuple[str, ...] = (),
    prompted: bool = False,
    agent: str | None = None,
    preflight: bool = True,
    light: bool = False,
    shape: Callable[[Opened, Start], Start] | None = None,
) -> tuple[Ended | None, str]:
    """Shows a runbook, a run on record, or without `argument` what there is to choose from; returns how the
    last run came to rest, None if none did, and the root of its project.

    Raises:
        RundownError: what was named cannot be opened, or the engine could not begin.
    """
    manner = Manner(
        around=around,
        wish=wish,
        given=given,
        hidden=hidden,
        prompted=prompted,
        agent=agent,
        preflight=preflight,
        shape=shape or (lambda opened, start: start),
    )
    shelves = Shelves(manner)
    errand = shelves.open(argument) if argument is not None else None
    sys.setswitchinterval(SWITCH_S)
    app = RundownApp(errand, shelves, light=light)
    try:
        app.run()
    finally:
        ended = app.let_go()
    if app.crash is not None:
        raise app.crash
    if app.problems and ended is None:
        raise RundownError(*app.problems)
    return ended, app.root
