"""What `rundown` alone says: a screen, short and about this place, not the manual."""

from rundown import __version__
from rundown.cli.completing import runbook_names
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
    lines += ["", "all commands: rundown --help"]
    return "\n".join(lines) + "\n"
