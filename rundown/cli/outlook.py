"""What a run would ask for, as text: before it starts, and after it was refused."""

from rundown.model.policy import Outcome
from rundown.render.escape import visible
from rundown.render.positions import describe_positions
from rundown.render.style import Style
from rundown.session.outlook import Outlook
from rundown.session.ports import Foreseen


def render_outlook(questions: tuple[Foreseen, ...], denials: tuple[Foreseen, ...], style: Style) -> str:
    """Returns one line for each question, then what is denied anyway; ends in a line end."""
    shield = style.paint(style.sign("shield"), "yellow")
    lines = [f"{shield} {style.paint('This run will ask for', 'bold', 'yellow')}"]
    lines += [f"    {style.sign('dot')} {describe_foreseen(item)}" for item in questions]
    if denials:
        lines.append(style.paint("  and will be refused", "dim"))
        lines += [f"    {style.sign('dot')} {describe_foreseen(item)}" for item in denials]
    return "\n".join(lines) + "\n"


def describe_foreseen(item: Foreseen) -> str:
    """Returns `run jq (steps 2, 4)`."""
    if not item.positions:
        return visible(item.text)
    return f"{visible(item.text)} ({describe_positions(item.positions)})"


def render_refusals(outlook: Outlook, command: str, suggestion: str = "", *, at_least: int = 2) -> str:
    """Returns all that a run is refused where nobody can be asked, with one command that allows it, and
    `suggestion`, the same as a policy document; "" if that is less than two things: one was told already."""
    refused = (*outlook.denials, *outlook.asks)
    if len(refused) < at_least:
        return ""
    lines = ["everything that the steps of this runbook would be refused:"]
    for item in refused:
        word = "denied" if item.outcome is Outcome.DENY else "not allowed"
        lines.append(f"  {describe_foreseen(item)}: {word}")
    flags = [_flag(item) for item in refused]
    if any(flags):
        what = "all of it" if all(flags) else "what flags can allow of it"
        words = " ".join(dict.fromkeys(flag for flag in flags if flag))
        lines += [f"to allow {what}:", f"  {command} {words}"]
    if suggestion:
        lines.append("or as policy, in .rundownrc.yaml or in a file that --policy names:")
        lines += [f"  {line}" for line in visible(suggestion, lines=True).splitlines()]
    return "\n".join(lines) + "\n"


def _flag(item: Foreseen) -> str:
    fix = item.ruling.fix if item.ruling is not None else None
    return visible(fix.flag) if fix is not None else ""
