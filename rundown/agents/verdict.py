"""The verdict of an agent step: the last line `RESULT: PASS` or `RESULT: FAIL <why>` of what it said.

A line that it merely shows is none: a block quote, an indented line, a fenced block that more text follows.
"""

import re
from typing import Literal

from msgspec import Struct

_RESULT = re.compile(rb" {0,3}[*_`]*RESULT:[ \t]*(PASS|FAIL)\b[ \t*_`:-]*(.*)")
# Source: CommonMark 0.31, section 4.5.
_FENCE = re.compile(rb" {0,3}(`{3,}(?=[^`]*$)|~{3,})(.*)")
_DETAIL_CHARACTERS = 500


class Verdict(Struct, frozen=True, kw_only=True):
    """The agent's own word; a command step after it is the check."""

    result: Literal["pass", "fail"]
    detail: str = ""


def read_verdict(said: bytes) -> Verdict | None:
    """Returns the last verdict in `said`, or None. A fence at the very end is how some write their line."""
    found: re.Match[bytes] | None = None
    fenced: re.Match[bytes] | None = None
    fence = b""
    for line in said.splitlines():
        mark, verdict = _FENCE.fullmatch(line), _RESULT.fullmatch(line)
        if fence:
            if mark is not None and mark[1].startswith(fence) and not mark[2].strip():
                fence = b""
            fenced = verdict or fenced
        elif line.strip():
            fence = mark[1] if mark is not None else b""
            found, fenced = verdict or found, None
    last = fenced or found
    if last is None:
        return None
    word, detail = last.groups()
    text = detail.decode("utf-8", "replace").strip()[:_DETAIL_CHARACTERS]
    return Verdict(result="pass" if word == b"PASS" else "fail", detail=text)
