"""A stored diff for a terminal: coloured by line, and nothing in it that a terminal would obey."""

from rundown.render.escape import visible
from rundown.render.style import Style, Tone

_TONES: tuple[tuple[str, Tone], ...] = (
    ("--- ", "bold"),
    ("+++ ", "bold"),
    ("@@ ", "cyan"),
    ("-", "red"),
    ("+", "green"),
)


def render_diff(content: bytes, style: Style) -> str:
    """Returns the lines of a unified diff, each ending in a line end."""
    lines = content.decode("utf-8", "replace").removesuffix("\n").split("\n")
    return "".join(f"{_painted(line, style)}\n" for line in lines)


def _painted(line: str, style: Style) -> str:
    tone = next((tone for start, tone in _TONES if line.startswith(start)), None)
    shown = visible(line, lines=True)
    return style.paint(shown, tone) if tone is not None else shown
