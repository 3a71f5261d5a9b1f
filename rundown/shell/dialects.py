"""Which grammars a text may be read by.

`sh` is dash on some systems and bash in POSIX mode on others. Text in which the two differ is read by both grammars, and
what either reading finds is in the set.
"""

import re

from rundown.shell.cursor import Dialect

_DIFFERS = re.compile(
    r"""\$['"\[]|[<>]\(|<<<|\(\(|\[\[|&>|>&[^0-9\s-]|\|&|;&|[?*+@!]\(|\+=|\]=|=\(|\$\{![A-Za-z_]"""
    r"""|(?<!\$)\{[^{}\s]+\}|\{[A-Za-z_][A-Za-z0-9_]*\}[<>]|\b(?:function|coproc|select|time)\b"""
)
"""Source: bash(1), what POSIX XCU 2 does not have; dash(1)."""


def readings(text: str, dialect: Dialect) -> tuple[Dialect, ...]:
    """Returns the grammars, the dialect's own first."""
    if dialect == "sh" and _DIFFERS.search(text):
        return "sh", "bash"
    return (dialect,)
