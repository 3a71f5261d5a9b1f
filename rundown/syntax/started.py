"""A second look at data places: which of them are, by the extractor's own reading, what another program
starts or hands to a shell (`rsync -e`, `script -c`, `split --filter`).

The extractor's tables know far more programs than `command_words`; that one knows what is code to
interpreters, which start nothing.
"""

import re
from typing import Literal

import tree_sitter_bash
from tree_sitter import Language, Node, Parser

from rundown.model.request import Capability
from rundown.shell.extract import extract

_REFERENCE = re.compile(rb"\$\{__rd_([0-9]+)\}")


def started(text: str, dialect: Literal["bash", "sh"]) -> frozenset[int] | None:
    """Returns the numbers of the references `${__rd_N}` that are started, None if `text` cannot be read."""
    extraction = extract(text, dialect)
    if extraction.unparseable is not None:
        return None
    dynamic = [
        item.span
        for item in extraction.operations
        if item.capability is Capability.RUN and item.kind == "dynamic"
    ]
    if not dynamic:
        return frozenset()
    content = text.encode("utf-8", "surrogatepass")
    root = Parser(Language(tree_sitter_bash.language())).parse(content).root_node
    found = set()
    for match in _REFERENCE.finditer(content):
        start, end = _word(root, match.start(), match.end())
        if any(start <= first and last <= end for first, last in dynamic):
            found.add(int(match[1]))
    return frozenset(found)


def _word(root: Node, start: int, end: int) -> tuple[int, int]:
    """Returns the bytes of the command's word around `start` to `end`, these themselves if there is none."""
    node = root.descendant_for_byte_range(start, end)
    while node is not None and node.parent is not None:
        if node.parent.type == "command":
            return node.start_byte, node.end_byte
        node = node.parent
    return start, end
