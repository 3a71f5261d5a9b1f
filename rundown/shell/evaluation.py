"""What the shell does with words before it runs anything: expansions, arithmetic, assignments, redirections."""

from abc import abstractmethod

from rundown.shell import arguments
from rundown.shell.files import redirected
from rundown.shell.process import Process
from rundown.shell.scope import Scope
from rundown.shell.tree import (
    Arithmetic,
    Assignment,
    Inner,
    Parameter,
    Placed,
    Redirection,
    Script,
    Substitution,
    Word,
)
from rundown.shell.values import assigned_names, expression, read_names

MAX_EXPRESSION = 2000
"""Characters of an expression that are still looked at."""
_REPLACES_COMMANDS = frozenset(["BASH_ALIASES", "BASH_CMDS"])


class Evaluation(Process):
    """Goes through everything that is expanded or evaluated."""

    @abstractmethod
    def script(self, script: Script, scope: Scope) -> None:
        """Goes through commands."""

    @abstractmethod
    def expanded(self, text: str, part: Placed, scope: Scope, note: str) -> None:
        """Goes through text that is expanded as if it stood in double quotes."""

    def word(self, word: Word, scope: Scope) -> None:
        """Goes through what a word expands."""
        for inner in word.inner:
            self.inner(inner, scope)

    def inner(self, inner: Inner, scope: Scope) -> None:
        """Goes through one expansion."""
        if isinstance(inner, Substitution):
            where = self.ledger.where
            self.script(inner.script, scope.inner())
            self.ledger.where = where
        elif isinstance(inner, Arithmetic):
            self.arithmetic(inner, scope)
        else:
            self.parameter(inner, scope)

    def parameter(self, inner: Parameter, scope: Scope) -> None:
        """Goes through `${…}`."""
        name = inner.name
        if name[0].isalpha() or name[0] == "_":
            self.uses(name, scope)
        if inner.subscript is not None:
            self.subscript(name, inner.subscript, scope, walk=False)
        for part in inner.inner:
            self.inner(part, scope)
        if inner.indirect:
            self.ledger.unknown(inner, f"${{!{name}}}", "the value is used as a name, and evaluated")
        if inner.operator == "@P":
            self.ledger.unknown(inner, f"${{{name}@P}}", "the value is expanded once more")
        if inner.operator in ("=", ":="):
            self.dangerous(name, None, inner)
            self.values.operand(name, inner)
            scope.assign(name)

    def arithmetic(self, part: Arithmetic, scope: Scope, *, walk: bool = True) -> None:
        """Goes through an expression, and has it judged at the end. `walk`: through what it expands, too."""
        if walk:
            for inner in part.inner:
                self.inner(inner, scope)
        if len(part.bare) > MAX_EXPRESSION:
            self.ledger.unknown(part, "$((…))", "a very long expression")
            return
        for name in read_names(part.bare):
            self.uses(name, scope)
        for name in assigned_names(part.bare):
            self.values.integers.add(name)
            self.dangerous(name, None, part)
            scope.assign(name)
        self.when(
            lambda: self.values.harmless(part),
            part,
            part.bare.replace("\0", "$…").strip() or "$((…))",
            "arithmetic evaluates the values of names, and these are not surely integers",
        )

    def subscript(self, name: str, part: Arithmetic, scope: Scope, *, walk: bool = True) -> None:
        """Goes through a subscript: an expression, or a key if the array surely is associative."""
        if walk:
            for inner in part.inner:
                self.inner(inner, scope)
        if scope.has_variable(f"{name}[]"):
            self.when(
                lambda: name not in self.values.unset_arrays,
                part,
                f"{name}[…]",
                "a subscript is evaluated if the array is not associative any more",
            )
        else:
            self.arithmetic(part, scope, walk=False)

    def test(self, operator: str, word: Word, scope: Scope) -> None:
        """Notes operands of `[[ ]]` that are evaluated."""
        if operator in ("-v", "-R"):
            arguments.tested_name(self, word)
        elif operator.startswith("-"):
            self.arithmetic(expression(word), scope, walk=False)

    def assignment(self, assignment: Assignment, scope: Scope) -> None:
        """Goes through an assignment."""
        name = assignment.name
        if assignment.subscript is not None:
            self.subscript(name, assignment.subscript, scope)
        if name in _REPLACES_COMMANDS:
            self.ledger.unknown(assignment, name, f"`{name}` replaces commands")
        if assignment.elements is not None:
            self.elements(name, assignment.elements, scope)
        elif assignment.value is not None:
            self.word(assignment.value, scope)
            self.gives(name, assignment.value, scope)
            if assignment.append:
                self.values.integers.add(name)
        self.dangerous(name, assignment.value, assignment)

    def elements(self, name: str, elements: tuple[Word | Assignment, ...], scope: Scope) -> None:
        """Goes through `(…)` of an array assignment; elements with a subscript have no name of their own."""
        if not scope.has_variable(f"{name}[]"):
            self.values.unset_arrays.add(name)
        self.values.arrays.add(name)
        self.values.integers.add(name)
        for element in elements:
            if isinstance(element, Assignment) and element.subscript is not None:
                self.subscript(name, element.subscript, scope)
            value = element.value if isinstance(element, Assignment) else element
            if value is not None:
                self.word(value, scope)
                self.gives(name, value, scope)

    def gives(self, name: str, value: Word, scope: Scope) -> None:
        """Notes a value that a variable is given. Source: bash(1), `PS4` is expanded before every traced command,
        and its backslashes are decoded before that."""
        self.values.give(name, value)
        if name == "PS4":
            if value.value is not None and "\\" not in value.value:
                self.expanded(value.value, value, scope, f"`{name}`")
            else:
                self.ledger.unknown(value, value.raw, f"`{name}` is expanded before every command")

    def redirection(self, redirection: Redirection, scope: Scope) -> None:
        """Goes through a redirection."""
        self.word(redirection.target, scope)
        if redirection.variable:
            self.dangerous(redirection.variable, None, redirection)
            self.values.integers.add(redirection.variable)
            if redirection.subscript is not None:
                self.subscript(redirection.variable, redirection.subscript, scope)
        if redirection.operator == ">&" and redirection.descriptor in ("", "1"):
            self.expanded_twice(redirection.target)
        redirected(self.ledger, redirection)

    def expanded_twice(self, target: Word) -> None:
        """`>&WORD`: bash makes `&>WORD` of it after it has expanded the word, and expands it again (seen in 5.2)."""
        note = "the target of `>&` is expanded twice"
        if target.value is None:
            self.when(lambda: self.values.integer_word(target), target, target.raw, note)
        elif set(target.value) & set("$`("):
            self.ledger.unknown(target, target.raw, note)
