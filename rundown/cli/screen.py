"""What the standard streams can show: colour, Unicode, columns; and problems on them, without secrets."""

import os
import shutil
import sys
from collections.abc import Iterable
from typing import TextIO

from rundown.model.diagnostic import Diagnostic
from rundown.render.diagnostic import render_diagnostics
from rundown.render.style import Style


def stream_style(stream: TextIO, *, plain: bool = False) -> Style:
    """Returns the style for a stream. `plain`: no colour, no signs. Source: no-color.org, force-color.org."""
    columns = shutil.get_terminal_size((80, 24)).columns
    if plain:
        return Style(width=max(20, columns), unicode=False)
    encoding = (getattr(stream, "encoding", None) or "ascii").lower()
    unicode = "utf" in encoding and _speaks_unicode()
    return Style(color=_color(stream), unicode=unicode, width=max(20, columns))


def _speaks_unicode() -> bool:
    """Whether the locale's encoding is not plainly another one. Python turns C into UTF-8 by itself and says
    so in LC_CTYPE. Source: locale(7); PEP 538, PEP 540."""
    coerced = os.environ.get("LC_CTYPE") in ("C.UTF-8", "C.utf8", "UTF-8")
    names = ("LC_ALL", "LANG") if coerced else ("LC_ALL", "LC_CTYPE", "LANG")
    named = next((os.environ[name] for name in names if os.environ.get(name)), "")
    _, dot, encoding = named.partition(".")
    if dot:
        return encoding.lower().partition("@")[0] in ("utf-8", "utf8")
    return named not in ("C", "POSIX")


def error_style() -> Style:
    """Returns the style for standard error."""
    return stream_style(sys.stderr)


def discreet(items: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Returns problems without the values of variables that are secret by their names."""
    found = tuple(items)
    if not found:
        return ()
    from rundown.record.stored import redact_body
    from rundown.redact.names import secret_values
    from rundown.redact.redactor import Redactor

    redactor = Redactor(secret_values(os.environ))
    return tuple(redact_body(item, redactor.redact_text) for item in found)


def tell(*items: Diagnostic) -> None:
    """Writes problems to standard error, behind all that went to standard output."""
    if items:
        sys.stdout.flush()
        sys.stderr.write(render_diagnostics(discreet(items), error_style()))
        sys.stderr.flush()


def _color(stream: TextIO) -> bool:
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"
