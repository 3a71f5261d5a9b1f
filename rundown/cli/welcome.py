"""What `rundown` alone says: a screen, short and about this place, not the manual."""

from rundown import __version__
from rundown.cli.completing import runbook_names
from rundown.cli.places import runs_place
from rundown.errors import RundownError
from rundown.record.ids import short_id
from rundown.record.listing import list_runs
from rundown.record.stash import Stash, find_active
from rundown.render.escape import visible
from rundown.render.style import Style

_FIRST = (
    ("rundown init", "set up this folder: a runbook, a policy"),
    ("rundown run FILE", "ask, confine, run, record"),
    ("rundown tui", "the same in a terminal UI"),
    ("rundown check FILE", "what is wrong with a runbook, all at once"),
    ("rundown exec -- CMD", "one command, as a step would run"),
    ("rundown policy explain -- 'CMD'", "what would be decided, and by which rule"),
    ("rundown doctor", "what this host can enforce"),
)
_MOST = 5


def welcome(style: Style) -> str:
    """Returns the screen, ending in a line end."""
    wide = max(len(words) for words, _ in _FIRST)
    narrow = style.width < wide + 45
    name = style.paint("rundown", "bold")
    lines = [f"{name} {__version__}: Markdown runbooks, each step asked for and confined", ""]
    for words, what in _FIRST:
        if narrow:
            lines += [f"  {style.paint(words, 'bold')}", f"      {what}"]
        else:
            lines.append(f"  {style.paint(words.ljust(wide), 'bold')}   {style.paint(what, 'dim')}")
    here = sorted({name for name in runbook_names() if name.endswith(".md")})
    if here:
        more = f"  (and {len(here) - _MOST} more)" if len(here) > _MOST else ""
        lines += ["", "runbooks here:", *(f"  {name}" for name in here[:_MOST])]
        lines += [more] if more else []
    lines += [*_waiting(), "", "all commands: rundown --help"]
    return "\n".join(lines) + "\n"


def _waiting() -> list[str]:
    """The run that is not over, if there is one, and how to go on with it."""
    try:
        place = runs_place(None, None)
        entries = list_runs(place)
        active = find_active(entries, Stash(place).find(entries))
    except RundownError:  # whoever asks about runs is told
        return []
    if active is None:
        return []
    reason = f" ({active.reason})" if active.reason else ""
    go_on = "attach" if active.state == "active" else "resume"
    run = short_id(active.run_id)
    standing = f"{visible(active.runbook_file)}, {active.state}{reason}"
    return ["", f"not over yet: {standing}", f"  rundown status {run}", f"  rundown {go_on} {run}"]
