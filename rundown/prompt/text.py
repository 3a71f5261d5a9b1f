"""Pieces of a question as drawn: the command, the asks with their reasons, what the sandbox permits.

Everything from outside is made visible first, and is given as text that no markup is read from.
"""

from textual.content import Content

from rundown.model.policy import Ruling
from rundown.model.request import Operation
from rundown.render.escape import visible
from rundown.render.question import VERBS, describe_words
from rundown.render.style import Style

_ODD = frozenset({"dynamic", "unparseable", "opaque", "escape"})


def head_line(style: Style, title: str, position: str, subject: str, progress: str) -> Content:
    """Returns `◆ title   step 2.1 Deploy   3/12`."""
    parts: list[tuple[str, str]] = [(f"{style.sign('shield')} {title}", "bold $warning")]
    if position:
        where = position if position == "exec" else f"step {visible(position)}"
        parts.append((f"   {where}", "bold"))
    if subject:
        parts.append((f" {visible(subject)}", ""))
    if progress:
        parts.append((f"   {progress}", "dim"))
    return Content.assemble(*parts)


def ask_line(ruling: Ruling, style: Style) -> Content:
    """Returns `run kubectl  /usr/bin/kubectl` and, on a line below, why it is asked."""
    item = ruling.operation
    odd = item.kind in _ODD
    parts: list[tuple[str, str]] = [
        (f"{style.sign('dot')} {VERBS[item.capability]} ", "bold"),
        (visible(describe_words(item)), "bold $warning" if odd else "bold $primary"),
    ]
    place = _place(item)
    if place:
        parts.append((f"  {place}", "dim"))
    why = reason(ruling)
    if why:
        parts.append((f"\n  {why}", "$warning") if odd else (f"  {why}", "dim"))
    return Content.assemble(*parts)


def reason(ruling: Ruling) -> str:
    """Returns why it is asked, made visible."""
    note = ruling.operation.note
    found = [ruling.why] if note in ruling.why else [text for text in (note, ruling.why) if text]
    return visible("; ".join(text for text in found if text))


def origin_lines(ruling: Ruling) -> list[str]:
    """Returns which rule or mode decided, and what would settle it for good."""
    lines = []
    if ruling.rule is not None:
        where = f" ({ruling.rule.span})" if ruling.rule.span is not None else ""
        lines.append(f"rule: {ruling.rule.pattern}, {ruling.rule.layer.value} policy{where}")
    elif ruling.mode is not None:
        lines.append(f"no rule mentions it; the mode is `{ruling.mode}`")
    if ruling.fix is not None:
        if ruling.fix.flag:
            lines.append(f"for good, as a flag: {ruling.fix.flag}")
        if ruling.fix.yaml:
            lines.append(f"for good, in a policy: {ruling.fix.yaml}")
    return [visible(line) for line in lines]


def diff_text(diff: str) -> Content:
    """Returns a unified diff, added and removed lines by sign and colour."""
    tones = {"+": "$success", "-": "$error", "@": "dim"}
    lines = [(line, tones.get(line[:1], "")) for line in visible(diff.rstrip("\n"), lines=True).split("\n")]
    return Content("\n").join([Content.styled(line, tone) if tone else Content(line) for line, tone in lines])


def _place(item: Operation) -> str:
    if item.resolved is not None:
        return visible(item.resolved) if item.resolved != item.resource else ""
    literal = item.kind not in ("dynamic", "unparseable")
    return "not on the PATH" if item.capability.value == "run" and literal else ""
