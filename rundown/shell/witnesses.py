"""The two witnesses beside the exact reader: what either of them takes for a command must be allowed too.

Text of plain words, operators, plain quotes and plain variables has one reading, so they are not asked about it: no
comments, here-documents, substitutions, arithmetic, backslashes or parentheses are in it.
"""

import re
from collections.abc import Iterable

from rundown.model.request import Capability, Operation
from rundown.shell import builtins, witness_tree
from rundown.shell.cursor import Budget
from rundown.shell.ledger import Ledger
from rundown.shell.tree import Item, Script
from rundown.shell.witness_tree import Seen

_NAME = r"[A-Za-z_][A-Za-z0-9_]*+"
_VARIABLE = rf"\$(?:{_NAME}|\{{{_NAME}\}})"
_PLAIN = re.compile(
    r"(?:[A-Za-z0-9_./:=@%+,|;&>!?*~^{}\[\] \t\n-]++"
    rf"|{_VARIABLE}|'[^'\\\n]*+'"
    rf'|"(?:[^"\\`$\n]++|{_VARIABLE})*+")*+'
)


def hear(text: str, script: Script, ledger: Ledger, budget: Budget) -> str | None:
    """Adds to the ledger what the witnesses see and the exact reader does not.

    Returns why tree-sitter cannot read the text, neither as a whole nor line by line; None if it can.
    """
    if _PLAIN.fullmatch(text):
        return None
    sight = witness_tree.look(text.encode("utf-8"))
    starts = {ledger.place(start, start)[0] for start in budget.starts}
    error = None
    if sight.error is None:
        _add(ledger, budget, sight.commands, starts, "tree-sitter")
    else:
        error = _by_pieces(text, script, ledger, budget, starts)
    from rundown.shell import witness_bashlex  # builds its tables when it is loaded, for most of 0.1 s

    seen = [
        Seen(value=item.value, text=item.text, span=ledger.place(*item.span))
        for item in witness_bashlex.look(text)
    ]
    _add(ledger, budget, seen, starts, "bashlex")
    return error


def _by_pieces(text: str, script: Script, ledger: Ledger, budget: Budget, starts: set[int]) -> str | None:
    """Asks about each line's commands by themselves; what is still not readable becomes unparseable."""
    error: str | None = None
    for start, end in _pieces(script.items, len(text)):
        piece = text[start:end]
        sight = witness_tree.look(piece.encode("utf-8"))
        if sight.error is None:
            offset = ledger.place(start, start)[0]
            shifted = [
                Seen(value=item.value, text=item.text, span=(item.span[0] + offset, item.span[1] + offset))
                for item in sight.commands
            ]
            _add(ledger, budget, shifted, starts, "tree-sitter")
        else:
            error = error or sight.error
            ledger.piece(start, end, sight.error)
    return error


def _pieces(items: Iterable[Item], end: int) -> list[tuple[int, int]]:
    starts = [item.command.start for item in items if item.opens_line] or [0]
    return list(zip(starts, [*starts[1:], end], strict=True))


def _add(ledger: Ledger, budget: Budget, seen: Iterable[Seen], starts: set[int], witness: str) -> None:
    for item in seen:
        name = item.value
        if name is None:
            if item.span[0] not in starts and item.text not in budget.names:
                ledger.unknown_at(item.span, item.text, f"seen as a command by {witness} only")
        elif (
            name and name not in budget.names and name not in builtins.EVERY and name not in builtins.RESERVED
        ):
            ledger.add(
                Operation(
                    capability=Capability.RUN,
                    resource=name,
                    argv=(name,),
                    span=item.span,
                    note=f"seen as a command by {witness} only",
                )
            )
