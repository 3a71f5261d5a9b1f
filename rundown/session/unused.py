"""Values that are given by name and that nothing asks for: a mistyped name would silently change nothing."""

import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from rundown.model.diagnostic import Diagnostic
from rundown.model.runbook import ReferenceBody
from rundown.session.library import Opened
from rundown.session.values import BUILTINS

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def find_unused(opened: Opened, names: Iterable[str]) -> Iterator[Diagnostic]:
    """Yields a problem for each of `names` that stands nowhere in the runbook, in whatever role.

    Nothing is said about a runbook that refers to others, which inherit its values, or that takes its values
    from `context`.
    """
    runbook = opened.runbook
    words = set(_WORD.findall(opened.document.content.decode(errors="replace")))
    if "context" in words or any(isinstance(body, ReferenceBody) for body in runbook.bodies()):
        return
    declared = list(dict.fromkeys((*(item.name for item in runbook.front.inputs), *runbook.front.required)))
    for name in names:
        if _WORD.fullmatch(name) and name not in words | BUILTINS:
            near = get_close_matches(name, declared, n=1)
            known = (
                f"its inputs are {', '.join(declared)}" if declared else "leave it out: it takes no inputs"
            )
            yield Diagnostic(
                code="session/unused-input",
                message=f"{runbook.file} has no input `{name}`",
                why="nothing in it has that name, so the value would change nothing",
                fix=f"did you mean {near[0]}?" if near else known,
            )
