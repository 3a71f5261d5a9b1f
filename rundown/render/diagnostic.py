"""The one place where a problem becomes text: what, where, why, and the mend."""

from collections.abc import Iterable

from rundown.model.diagnostic import Diagnostic, Span
from rundown.render.escape import visible
from rundown.render.style import PLAIN, Style, Tone

_EXCERPT_COLUMNS = 160


def render_diagnostic(item: Diagnostic, style: Style = PLAIN) -> str:
    """Returns the four-part text of one problem, without a line end."""
    tone: Tone = "red" if item.severity == "error" else "yellow"
    head = style.paint(f"{item.severity}[{item.code}]", "bold", tone)
    lines = [f"{head}: {style.paint(visible(item.message), 'bold')}"]
    if item.span is not None:
        lines.extend(_place(item.span, style))
    if item.why:
        lines.append(f"  {style.paint('why:', 'cyan')} {visible(item.why)}")
    if item.fix:
        lines.append(f"  {style.paint('fix:', 'cyan')} {visible(item.fix)}")
    return "\n".join(lines)


def render_diagnostics(items: Iterable[Diagnostic], style: Style = PLAIN) -> str:
    """Returns all problems, a blank line between two, ending in a line end; "" for none."""
    text = "\n\n".join(render_diagnostic(item, style) for item in items)
    return text + "\n" if text else ""


def _place(span: Span, style: Style) -> list[str]:
    where = f"  {style.paint('-->', 'blue')} {visible(str(span))}"
    if not span.excerpt.strip():
        return [where]
    excerpt, column = _cut(span)
    shown = visible(excerpt)
    lead = len(visible(excerpt[: column - 1]))
    width = max(1, len(visible(excerpt[column - 1 : column - 1 + span.length])))
    mark = " " * lead + "^" * width
    bar = style.paint("|", "blue")
    return [where, f"   {bar} {shown}", f"   {bar} {style.paint(mark, 'yellow')}"]


def _cut(span: Span) -> tuple[str, int]:
    """Returns a window of a long line and the column in it (1-based)."""
    if len(span.excerpt) <= _EXCERPT_COLUMNS:
        return span.excerpt, max(1, span.column)
    start = max(0, span.column - 1 - _EXCERPT_COLUMNS // 2)
    return span.excerpt[start : start + _EXCERPT_COLUMNS], span.column - start
