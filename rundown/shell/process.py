"""What is remembered of one shell process while its text is gone through, and what is judged when all was seen."""

from collections.abc import Callable

from rundown.shell.cursor import Budget, Dialect
from rundown.shell.ledger import Ledger
from rundown.shell.scope import Scope, Shell
from rundown.shell.tree import Place, Placed, Word
from rundown.shell.values import EVALUATED_WHEN_SET, Values
from rundown.shell.variables import danger


class Process:
    """One shell process. Nested texts of the same shell share it; texts for other shells get their own.

    `disabled`: builtins that are switched off; `unset`: names that lose their function; "*" for any.
    `wrapped`: how many wrappers stand around what is looked at. `input`: the text that a here-document or
    here-string gives to the command that is looked at. `lost`: it is not known any more where this shell is.
    """

    def __init__(self, ledger: Ledger, budget: Budget, dialect: Dialect) -> None:
        self.ledger = ledger
        self.budget = budget
        self.dialect: Dialect = dialect
        self.values = Values(ledger.undashed)
        self.shell = Shell()
        self.wrapped = 0
        self.input: Word | None = None
        self.lost = False
        self.disabled: set[str] = set()
        self.unset: set[str] = set()
        self._late: list[tuple[Callable[[], bool], str, Place, str]] = []
        self._builtins: list[tuple[tuple[Word, ...], Place | None]] = []
        self._hidden: list[tuple[tuple[Word, ...], Place | None]] = []

    def when(self, harmless: Callable[[], bool], part: Placed, resource: str, note: str) -> None:
        """Notes something dynamic, unless `harmless` holds when everything was seen."""
        self._late.append((harmless, resource, self.ledger.place(part.start, part.end), note))

    def ran_builtin(self, words: tuple[Word, ...]) -> None:
        """Notes a builtin that ran; it was a program if the text switches that builtin off."""
        self._builtins.append((words, self.ledger.origin))

    def ran_function(self, words: tuple[Word, ...]) -> None:
        """Notes a function that ran; it was a program if the text removes that function."""
        self._hidden.append((words, self.ledger.origin))

    def dangerous(self, name: str, value: Word | None, part: Placed) -> None:
        """Notes that a variable is set, if that changes what is started."""
        why = danger(name, value)
        if why is not None:
            self.ledger.sets(name, part, f"`{name}` {why}")

    def uses(self, name: str, scope: Scope) -> None:
        """Notes that a variable is used; it comes from the parent unless the text surely set it before."""
        if not scope.has_variable(name):
            self.ledger.uses[name] = None

    def settle(self) -> None:
        """Judges what depends on the text as a whole."""
        self.values.closed = True
        self._settle_values()
        for harmless, resource, span, note in self._late:
            if not harmless():
                self.ledger.unknown_at(span, resource, note)
        for words, origin in self._builtins:
            if words[0].value in self.disabled or "*" in self.disabled:
                self.ledger.run_at(words, origin, "its builtin is switched off in this text")
        for words, origin in self._hidden:
            if words[0].value in self.unset or "*" in self.unset:
                self.ledger.run_at(words, origin, "its function is removed in this text")

    def _settle_values(self) -> None:
        values = self.values
        for name in values.evaluated | EVALUATED_WHEN_SET:
            given = values.words.get(name, ())
            unknown = name in values.others and name != "OPTIND"
            if unknown or not all(values.integer_result(word) for word in given):
                self.ledger.unknown_at((0, 0), name, f"what `{name}` is set to is evaluated")
        for name in values.references:
            if name in values.others or not all(_is_name(word) for word in values.words.get(name, ())):
                note = f"`{name}` is a name reference: its value is used as a name, and evaluated"
                self.ledger.unknown_at((0, 0), name, note)


def _is_name(word: Word) -> bool:
    return word.value is not None and word.value.isascii() and word.value.isidentifier()
