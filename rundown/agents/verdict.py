"""The verdict of an agent step: the last line `RESULT: PASS` or `RESULT: FAIL <why>` of what it said."""

import re
from typing import Literal

from msgspec import Struct

_RESULT = re.compile(rb"^[ \t>*_`]*RESULT:[ \t]*(PASS|FAIL)\b[ \t*_`:-]*([^\r\n]*)", re.MULTILINE)
_DETAIL_CHARACTERS = 500


class Verdict(Struct, frozen=True, kw_only=True):
    """The agent's own word; a command step after it is the check."""

    result: Literal["pass", "fail"]
    detail: str = ""


def read_verdict(said: bytes) -> Verdict | None:
    """Returns the last verdict in `said` (the end of the agent's output), or None."""
    found = list(_RESULT.finditer(said))
    if not found:
        return None
    word, detail = found[-1].groups()
    text = detail.decode("utf-8", "replace").strip()[:_DETAIL_CHARACTERS]
    return Verdict(result="pass" if word == b"PASS" else "fail", detail=text)
