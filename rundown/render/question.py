"""The text of a permission question: what a person must see before they decide.

Everything from outside is escaped first. The answer keys are drawn by the front end.
"""

import shlex

from msgspec import Struct

from rundown.model.policy import Ruling
from rundown.model.request import Capability, ExecutionRequest, Operation
from rundown.render.escape import visible
from rundown.render.style import PLAIN, Style

VERBS = {
    Capability.RUN: "run",
    Capability.READ: "read",
    Capability.WRITE: "write",
    Capability.ENV: "see the variable",
    Capability.NET: "reach",
    Capability.HOST: "leave the sandbox for",
    Capability.TOOL: "use the tool",
}
_LONGEST_WORDS = 100


class QuestionText(Struct, frozen=True, kw_only=True):
    """What a question is made of. `shown`: the command with template values filled in, "" if it has none."""

    request: ExecutionRequest
    asks: tuple[Ruling, ...]
    sees: tuple[str, ...] = ()
    title: str = ""
    progress: str = ""
    shown: str = ""


def render_question(text: QuestionText, style: Style = PLAIN) -> str:
    """Returns head, command, asks and what the sandbox permits; ends in a line end."""
    shield = style.paint(style.sign("shield"), "yellow")
    head = f"{shield} {style.paint('Permission needed', 'bold', 'yellow')}  step {text.request.position}"
    if text.title:
        head += f"  {style.paint(visible(text.title), 'bold')}"
    if text.progress:
        head += style.paint(f"  {text.progress}", "dim")
    lines = [head, *_command(text, style)]
    lines.append(style.paint("  asks to", "dim"))
    lines.extend(dict.fromkeys(_ask(item, style) for item in text.asks))
    if text.sees:
        lines.append(style.paint("  inside the sandbox it", "dim"))
        lines.extend(f"    {visible(line)}" for line in text.sees)
    return "\n".join(lines) + "\n"


def render_text(request: ExecutionRequest, shown: str = "") -> str:
    """Returns the whole command, hidden characters made visible, as a person must have seen it."""
    text = shown or request.text or shlex.join(request.argv)
    return visible(text.rstrip("\n"), lines=True)


def describe_ask(ruling: Ruling) -> str:
    """Returns `run curl (/usr/bin/curl): why` on one line. Where an argument matters, with all arguments."""
    item = ruling.operation
    reasons = (
        [ruling.why] if item.note in ruling.why else [reason for reason in (item.note, ruling.why) if reason]
    )
    tail = f": {visible('; '.join(reasons))}" if any(reasons) else ""
    return f"{VERBS[item.capability]} {visible(describe_words(item))}{_place(item)}{tail}"


def describe_words(item: Operation) -> str:
    """Returns the resource; where an argument matters, all words, `…` for what is known only when it runs."""
    if item.kind not in ("escape", "opaque") or not item.argv:
        return item.resource
    words = " ".join("…" if word is None else shlex.quote(word) for word in item.argv)
    return words if len(words) <= _LONGEST_WORDS else words[: _LONGEST_WORDS - 1] + "…"


def _place(item: Operation) -> str:
    if item.resolved is not None:
        return f" ({visible(item.resolved)})" if item.resolved != item.resource else ""
    literal = item.kind not in ("dynamic", "unparseable")
    return " (not on the PATH)" if item.capability is Capability.RUN and literal else ""


def _command(text: QuestionText, style: Style) -> list[str]:
    bar = style.paint(style.sign("bar"), "dim")
    return [f"  {bar} {line}" for line in render_text(text.request, text.shown).split("\n")]


def _ask(ruling: Ruling, style: Style) -> str:
    item = ruling.operation
    odd = item.kind in ("dynamic", "unparseable", "opaque", "escape")
    shown = describe_ask(ruling)
    return f"    {style.sign('dot')} " + (style.paint(shown, "yellow") if odd else shown)
