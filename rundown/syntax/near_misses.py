"""What looks like part of the language and is only text: it is said, because a step would go elsewhere
than its author believes.
"""

import re

from rundown.model.diagnostic import Diagnostic
from rundown.syntax.codes import Code
from rundown.syntax.document import Fence
from rundown.syntax.fence import is_executable
from rundown.syntax.source import Source
from rundown.syntax.transition import is_transition, parse_transition

_MAX_LINE = 200
_SIDE = re.compile(r"(?:PASS|FAIL|YES|NO)\b", re.IGNORECASE)
_ACTION = re.compile(r"(?:CONTINUE|STOP|COMPLETE|GOTO|RETRY|DEFER|NEXT|BREAK)\b")
_QUOTED = re.compile(r'"[^"]*"')


def report_line(
    source: Source, line: int, text: str, report: list[Diagnostic], *, bullet: bool = False
) -> None:
    """Warns if a line of prose reads like a transition: no bullet, no capitals, or no PASS or FAIL in it."""
    if len(text) > _MAX_LINE or not (_SIDE.match(text) or (bullet and _ACTION.match(text))):
        return
    span = source.locate(line, text)
    if bullet and _ACTION.match(text):
        if not isinstance(parse_transition(f"FAIL {text}", span), Diagnostic):
            report.append(
                Code.NOT_A_TRANSITION.at(
                    span,
                    "an action without PASS or FAIL is text",
                    fix=f"say when: `- FAIL {text}`, `- PASS {text}`",
                )
            )
        return
    upper = _upper(text)
    if (bullet and upper == text) or not is_transition(upper):
        return
    if not isinstance(parse_transition(upper, span), Diagnostic):
        report.append(
            Code.NOT_A_TRANSITION.at(
                span,
                "this reads like a transition and is text",
                why="a transition is a bullet, its words in capitals",
                fix=f"write `- {upper}`",
            )
        )


def report_hidden(source: Source, fences: tuple[Fence, ...], report: list[Diagnostic]) -> None:
    """Warns of shell blocks inside lists, quotations or the preamble: they are shown and never run."""
    for fence in fences:
        if is_executable(fence.info):
            report.append(
                Code.NEVER_RUN.at(
                    source.locate(fence.line, fence.info),
                    "this block is never run",
                    why="a block inside a list, a quotation or the preamble is text",
                    fix="put it, not indented, below a heading; or write `prompt` behind its language",
                )
            )


def _upper(text: str) -> str:
    """Returns `text` in capitals, but for what is in quotes."""
    parts, at = [], 0
    for quoted in _QUOTED.finditer(text):
        parts += [text[at : quoted.start()].upper(), quoted[0]]
        at = quoted.end()
    return "".join([*parts, text[at:].upper()])
