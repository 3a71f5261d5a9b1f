"""Collects every diagnostic code that the source can give, with its message, for docs/errors.md.

python -m tests.docs.error_codes > docs/errors.md
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from rundown.syntax.codes import Code

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("agents", "cli", "egress", "engine", "policy", "record", "sandbox", "scenario", "session", "syntax")
WHOLE = re.compile(rf"(?:{'|'.join(ROOMS)})/[a-z][a-z0-9-]+")
KEBAB = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
SHORT_MAKERS = {"_problem", "record_problem", "_RefusedError", "_finding", "problem"}

HEAD = """# Errors

Every refusal says what, where (`file:line:col`), why, and the mend. Its code is stable; the text may get
better. This page is made from the source: `python -m tests.docs.error_codes > docs/errors.md`.

## Exit codes

| code | meaning |
|---|---|
| 0 | complete; for `check`: valid |
| 1 | the runbook stopped or failed |
| 2 | usage, or a runbook or policy that is not valid |
| 3 | denied by policy; the run is paused and `rundown resume` goes on |
| 4 | the sandbox that was asked for cannot be had |
| 5 | a person is needed and none can be asked |
| 6 | the record cannot be kept, or does not verify |
| 130 | interrupted |

`rundown exec` ends with the command's own code; 126 denied by policy, 125 the sandbox failed, 124 timed out.

## Codes

`…` stands for what differs from case to case.

| code | says |
|---|---|
"""


def page() -> str:
    """Returns the whole of docs/errors.md."""
    rows = dict(sorted(_all()))
    return HEAD + "".join(f"| `{code}` | {text} |\n" for code, text in rows.items())


def _all() -> Iterator[tuple[str, str]]:
    for code in Code:
        yield f"syntax/{code.kebab}", f"{code.number}: {code.value[2]}".replace("|", "\\|")
    for path in sorted((ROOT / "rundown").rglob("*.py")):
        room = path.relative_to(ROOT / "rundown").parts[0]
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                yield from _of_call(node, room)


def _of_call(call: ast.Call, room: str) -> Iterator[tuple[str, str]]:
    named = {word.arg: word.value for word in call.keywords}
    code, message = named.get("code"), named.get("message")
    maker = getattr(call.func, "id", "")
    if isinstance(code, ast.Constant) and isinstance(code.value, str) and WHOLE.fullmatch(code.value):
        yield code.value, _text(message)
    elif maker in SHORT_MAKERS and len(call.args) >= 2 and room in ROOMS:
        first, second = call.args[:2]
        if isinstance(first, ast.Constant) and KEBAB.fullmatch(str(first.value)):
            yield f"{room}/{first.value}", _text(second)


def _text(node: ast.expr | None) -> str:
    match node:
        case ast.Constant(value=str(text)):
            found = text
        case ast.JoinedStr(values=parts):
            found = "".join(part.value if isinstance(part, ast.Constant) else "…" for part in parts)
        case _:
            found = "…"
    return " ".join(found.split()).replace("|", "\\|")


if __name__ == "__main__":
    print(page(), end="")
