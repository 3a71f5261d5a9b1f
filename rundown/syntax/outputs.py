"""The names below `- OUTPUTS`: at least one, names only."""

import re

from rundown.model.diagnostic import Diagnostic, Span
from rundown.syntax.codes import RESERVED_VARIABLES, Code
from rundown.syntax.document import Bullet
from rundown.syntax.source import Source

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def read_names(source: Source, bullet: Bullet, span: Span, report: list[Diagnostic]) -> tuple[str, ...]:
    """Returns the names of an OUTPUTS bullet, each once; problems are appended to `report`."""
    if bullet.text.strip() != "OUTPUTS":
        report.append(
            bad(span, "OUTPUTS with more on its line", fix="write `- OUTPUTS` alone, and below it `  - Name`")
        )
    elif not bullet.nested:
        report.append(bad(span, "OUTPUTS without a name", fix="add names as indented bullets: `  - Version`"))
    elif bullet.more:
        report.append(
            bad(span, "OUTPUTS with more than names below it", fix="leave only bullets with names there")
        )
    names: dict[str, None] = {}
    for item in bullet.nested:
        name = " ".join(item.text.split())
        at = source.locate(item.text_line, item.text.split("\n", 1)[0].strip())
        problem = _problem(item, name, names)
        if problem is None:
            names[name] = None
        else:
            report.append(bad(at, problem[0], fix=problem[1]))
    return tuple(names)


def bad(span: Span, message: str, *, fix: str) -> Diagnostic:
    """Returns a diagnostic of OUTPUTS."""
    return Code.BAD_OUTPUTS.at(span, message, fix=fix)


def _problem(item: Bullet, name: str, names: dict[str, None]) -> tuple[str, str] | None:
    if not _VARIABLE.fullmatch(name) or item.nested or item.more:
        return (
            f"`{name}` is no plain name",
            "write the name only; the step writes the value to $RD_OUTPUTS_<Name>",
        )
    if name.lower() in RESERVED_VARIABLES:
        return f"`{name}` is reserved", "name it differently"
    if name in names:
        return f"`{name}` is listed twice", "remove one"
    return None
