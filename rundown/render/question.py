"""The text of a permission question: what a person must see before they decide.

Everything from outside is escaped first. The answer keys are drawn by the front end.
"""

from rundown.model.policy import Ruling
from rundown.model.request import ExecutionRequest
from rundown.render.escape import visible
from rundown.render.style import PLAIN, Style

_WORDS = {
    "run": "run",
    "read": "read",
    "write": "write",
    "env": "see the variable",
    "net": "reach",
    "host": "leave the sandbox for",
}


def render_question(
    request: ExecutionRequest,
    asks: tuple[Ruling, ...],
    sees: tuple[str, ...],
    *,
    title: str,
    style: Style = PLAIN,
) -> str:
    """Returns head, command, asks and what the sandbox permits; ends in a line end."""
    shield = style.paint(style.sign("shield"), "yellow")
    head = f"{shield} {style.paint('Permission needed', 'bold', 'yellow')}  step {request.position}"
    if title:
        head += f"  {style.paint(visible(title), 'bold')}"
    lines = [head, *_command(request, style)]
    lines.append(style.paint("  asks to", "dim"))
    lines.extend(_ask(item, style) for item in asks)
    if sees:
        lines.append(style.paint("  inside the sandbox it", "dim"))
        lines.extend(f"    {visible(line)}" for line in sees)
    return "\n".join(lines) + "\n"


def render_text(request: ExecutionRequest) -> str:
    """Returns the whole command, hidden characters made visible, as a person must have seen it."""
    text = request.text or " ".join(request.argv)
    return visible(text.rstrip("\n"), lines=True)


def describe_ask(ruling: Ruling) -> str:
    """Returns `run curl (/usr/bin/curl): why` on one line."""
    item = ruling.operation
    shown = visible(item.resource)
    if item.resolved is not None and item.resolved != item.resource:
        shown += f" ({visible(item.resolved)})"
    reasons = [reason for reason in (item.note, ruling.why) if reason]
    tail = f" — {visible('; '.join(reasons))}" if reasons else ""
    return f"{_WORDS[item.capability.value]} {shown}{tail}"


def _command(request: ExecutionRequest, style: Style) -> list[str]:
    bar = style.paint(style.sign("bar"), "dim")
    return [f"  {bar} {line}" for line in render_text(request).split("\n")]


def _ask(ruling: Ruling, style: Style) -> str:
    item = ruling.operation
    odd = item.kind in ("dynamic", "unparseable", "opaque", "escape")
    shown = describe_ask(ruling)
    return f"    {style.sign('dot')} " + (style.paint(shown, "yellow") if odd else shown)
