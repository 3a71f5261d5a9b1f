"""`open_tui`: the door through which the command line opens the TUI."""

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
