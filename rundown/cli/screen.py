"""What the standard streams can show: colour, Unicode, columns."""

import os
import shutil
import sys
from typing import TextIO

from rundown.render.style import Style


def stream_style(stream: TextIO) -> Style:
    """Returns the style for a stream. Source: no-color.org, force-color.org, wcwidth-free ASCII locales."""
    columns = shutil.get_terminal_size((80, 24)).columns
    encoding = (getattr(stream, "encoding", None) or "ascii").lower()
    return Style(color=_color(stream), unicode="utf" in encoding, width=max(20, columns))


def error_style() -> Style:
    """Returns the style for standard error."""
    return stream_style(sys.stderr)


def _color(stream: TextIO) -> bool:
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"
