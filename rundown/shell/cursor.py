"""Where the reader stands in a text: position, bounds, and the ways to give up.

Refuses to guess: whatever it does not know for certain raises `UnreadableError`, and the text becomes unparseable.
"""

import re
from typing import Literal, NoReturn

Dialect = Literal["bash", "sh"]

MAX_LEVELS = 200
"""Nesting that is still read. A compound command counts 2, an operand 3, a substitution 4: each unit stands for at most
two and a half frames of the reader, which keeps it near half of Python's own limit of 1,000."""
MAX_COMMANDS = 10_000
MAX_WORDS = 100_000
"""Words and expansions."""
MAX_ARGUMENTS = 5_000
MAX_DOCUMENTS = 100
"""Here-documents that one line may ask for."""

_BLANKS = re.compile(r"(?:[ \t]|\\\n)*")
_COMMENT = re.compile(r"#[^\n]*")


class UnreadableError(Exception):
    """The text is not read any further. `reason` is for people; `position` a character offset."""

    def __init__(self, reason: str, position: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.position = position


class Budget:
    """What all readers of one text may use together; and what they saw: the names of commands, as values and as
    written, and where the commands of the outermost text begin."""

    def __init__(self) -> None:
        self.levels = 0
        self.substitutions = 0
        self.commands = 0
        self.words = 0
        self.names: set[str] = set()
        self.starts: set[int] = set()


class Cursor:
    """A text, a position in it, and the end up to which it is read."""

    def __init__(self, text: str, dialect: Dialect, budget: Budget) -> None:
        self.text = text
        self.end = len(text)
        self.position = 0
        self.bash = dialect == "bash"
        self.dialect: Dialect = dialect
        self.budget = budget

    def fail(self, reason: str, position: int | None = None) -> NoReturn:
        """Raises `UnreadableError`."""
        raise UnreadableError(reason, self.position if position is None else position)

    def descend(self, levels: int) -> None:
        """Enters so many levels of nesting; the caller leaves them with `ascend`. Raises: UnreadableError."""
        self.budget.levels += levels
        if self.budget.levels > MAX_LEVELS:
            self.fail(f"nested more than {MAX_LEVELS} levels deep")

    def ascend(self, levels: int) -> None:
        """Leaves what `descend` entered."""
        self.budget.levels -= levels

    def count_command(self) -> None:
        """Counts one command. Raises: UnreadableError beyond the bound."""
        self.budget.commands += 1
        if self.budget.commands > MAX_COMMANDS:
            self.fail(f"more than {MAX_COMMANDS} commands")

    def count_word(self) -> None:
        """Counts one word. Raises: UnreadableError beyond the bound."""
        self.budget.words += 1
        if self.budget.words > MAX_WORDS:
            self.fail(f"more than {MAX_WORDS} words")

    def peek(self, ahead: int = 0) -> str:
        """Returns the character that many places on, "" at the end."""
        index = self.position + ahead
        return self.text[index] if index < self.end else ""

    def at(self, token: str) -> bool:
        """Whether the text goes on with `token`."""
        return self.text.startswith(token, self.position, self.end)

    def skip_blanks(self) -> None:
        """Goes past blanks and line continuations. Source: bash `shellblank`: space and tab, nothing else."""
        match = _BLANKS.match(self.text, self.position, self.end)
        assert match is not None
        self.position = match.end()

    def skip_comment(self) -> None:
        """Goes past a comment, if one starts here. Only a line feed ends it; a carriage return does not."""
        match = _COMMENT.match(self.text, self.position, self.end)
        if match is not None:
            self.position = match.end()
