"""The text of a FOR: range, source, or a window over a source. Nothing about where it stands."""

import re

from rundown.model.diagnostic import Diagnostic, Span
from rundown.model.runbook import Loop, LoopRange
from rundown.syntax.codes import RESERVED, RESERVED_VARIABLES, Code
from rundown.syntax.source import part

MAX_BOUND = 10_000
_WORD = r"[A-Za-z_][A-Za-z0-9_]*"
_NAME = rf"\{{\{{\s*{_WORD}\s*\}}\}}"
_BOUND = rf"[0-9]+|{_NAME}"
_FOR = re.compile(
    rf"FOR(?:\s+(?P<variable>{_WORD})\s+IN)?\s+"
    rf"(?:(?P<source>(?<=IN\s){_NAME})|(?P<start>{_BOUND})\s+TO\s+(?P<stop>{_BOUND})(?:\s+OF\s+(?P<window>{_NAME}))?"
    r"|(?P<count>[0-9]+))\s*"
)
_FORMS = "write `FOR i IN 1 TO 5`, `FOR 3`, `FOR item IN {{items}}` or `FOR item IN 1 TO 5 OF {{items}}`"


def is_loop(text: str) -> bool:
    """Tells whether a bullet of this text is a loop: it begins with the word FOR."""
    return re.match(r"FOR(?![A-Za-z0-9_])", text) is not None


def parse_loop(text: str, span: Span) -> Loop | Diagnostic:
    """Returns the loop in `text` (one line, for which `is_loop` holds), or what is wrong with it."""
    match = _FOR.fullmatch(" ".join(text.split()))
    if match is None:
        return Code.BAD_FOR.at(span, f"`{text.strip()}` cannot be read", fix=_reason(text) or _FORMS)
    variable = match["variable"]
    if variable is not None and (variable in RESERVED or variable.lower() in RESERVED_VARIABLES):
        return Code.BAD_FOR.at(
            span,
            f"`{variable}` is a reserved word",
            fix="name the variable differently: `item`",
        )
    if match["source"]:
        return Loop(variable=variable, source=_name(match["source"]), span=span)
    if match["window"] and variable is None:
        return Code.BAD_FOR.at(span, "a loop over a source needs a variable", fix=_FORMS)
    for key in ("start", "stop", "count"):
        if (wrong := _outside(match[key])) is not None:
            offset = max(text.find(wrong), 0)
            return Code.FOR_BOUND.at(
                part(span, offset, len(wrong)),
                f"bound {wrong}",
                why=f"a bound is between 1 and {MAX_BOUND}; this is no silent cap",
                fix=f"write a number from 1 to {MAX_BOUND}, or split the work",
            )
    if match["count"]:
        return Loop(variable=variable, bounds=LoopRange(start=1, stop=int(match["count"])), span=span)
    bounds = LoopRange(start=_bound(match["start"]), stop=_bound(match["stop"]))
    return Loop(
        variable=variable,
        bounds=bounds,
        source=_name(match["window"]) if match["window"] else None,
        span=span,
    )


def _reason(text: str) -> str | None:
    if ".." in text:
        return "write the range with TO: `FOR i IN 1 TO 5`"
    if re.match(rf"FOR\s+{_NAME}", text):
        return "name the variable that takes each item: `FOR item IN {{items}}`"
    if re.match(r"FOR\s+\w+\s+IN\s+\w+\s+OF\s", text):
        return "write both bounds of a window: `FOR item IN 1 TO 5 OF {{items}}`"
    return None


def _outside(word: str | None) -> str | None:
    if word is None or not word.isdigit():
        return None
    return None if len(word) < 9 and 1 <= int(word) <= MAX_BOUND else word


def _bound(word: str) -> int | str:
    return int(word) if word.isdigit() else _name(word)


def _name(braced: str) -> str:
    return braced.strip("{} \t")
