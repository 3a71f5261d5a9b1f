"""`Extraction`: everything that a text, or an argv, is known to be able to start, touch and reach.

A value only. It says what was found, never whether that may happen.
"""

from msgspec import Struct

from rundown.model.request import Operation

UNPARSEABLE = "<unparseable>"


class Extraction(Struct, frozen=True, kw_only=True):
    """What was found, in the order of the text.

    `operations` have `resolved=None`; every executable is there, its kind says how sure that is.
    `variables`: names that the text takes from its parent (used, and not surely set before), sorted.
    `unparseable`: why the text could not be read, in words; then `operations` holds the one unparseable
    executable and what could be read all the same.
    `shadows`: names that the text defines as function or alias, sorted: there they are not the program.
    """

    operations: tuple[Operation, ...] = ()
    variables: tuple[str, ...] = ()
    unparseable: str | None = None
    shadows: tuple[str, ...] = ()
