"""`check_document`: whether one document is valid, without a project around it."""

from pathlib import Path

from rundown.model.diagnostic import Diagnostic
from rundown.model.policy import LayerKind
from rundown.policy.advice import advise_stack
from rundown.policy.discover import read_content, read_section
from rundown.policy.document import decode_node
from rundown.policy.load import builtin_document, profiles_of


def check_document(path: Path, shown: str, kind: LayerKind) -> tuple[Diagnostic, ...]:
    """Returns all that is wrong with a document, and as warnings what it says in vain above the built-in
    default. Of `package.json` and `pyproject.toml` only rundown's section counts."""
    content, _, problem = read_content(path, shown, None, None)
    if problem is not None:
        return (problem,)
    node, problems = read_section(content, shown)
    if node is None:
        return problems
    decoded, problems = decode_node(node, kind)
    if decoded is None:
        return problems
    unknown: list[Diagnostic] = []
    below = () if decoded.document.extends == "none" else (builtin_document(),)
    stack = (decoded, *profiles_of(decoded, unknown), *below)
    return (*unknown, *advise_stack(stack, tuple(item.layer("") for item in stack)))
