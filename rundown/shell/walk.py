"""Goes through a text in the order in which it runs, and hands every simple command on.

Keeps two clocks apart: what is surely defined when a command runs (`Scope`), and what holds for the text as
a whole (`Values`), which is judged when everything was seen.

Longer than 350 lines because a script, its words and the text within them call each other in a circle.
"""

import heapq
from collections.abc import Callable, Sequence

from rundown.model.request import Capability
from rundown.shell import arguments, launch
from rundown.shell.commands import Reader, read
from rundown.shell.cursor import Budget, Dialect, UnreadableError
from rundown.shell.files import redirected
from rundown.shell.ledger import Ledger
from rundown.shell.options import unknown
from rundown.shell.scope import Scope, Shell
from rundown.shell.tree import (
    Arithmetic,
    Assignment,
    Compound,
    Function,
    Inner,
    Item,
    Parameter,
    Place,
    Redirection,
    Script,
    Simple,
    Substitution,
    Word,
)
from rundown.shell.values import EVALUATED_WHEN_SET, Values, assigned_names, expression, read_names
from rundown.shell.variables import danger

_REPLACES_COMMANDS = frozenset(["BASH_ALIASES", "BASH_CMDS"])
_LINE_OF_TRACE = frozenset(["PS4"])
MAX_EXPRESSION = 2000
"""Characters of an expression that are still looked at."""
NESTED_LEVELS = 8
"""What a text within a text counts of `MAX_LEVELS`."""


class Walker:
    """One shell process. Nested texts of the same shell share it; texts for other shells get their own."""

    def __init__(self, ledger: Ledger, budget: Budget, dialect: Dialect) -> None:
        self.ledger = ledger
        self.budget = budget
        self.dialect = dialect
        self.values = Values()
        self.shell = Shell()
        self.bodies: dict[str, list[tuple[Function, Place | None, int]]] = {}
        self.calls: list[tuple[int, str]] = []
        self.called: dict[str, int] = {}
        self.entered: dict[tuple[str, int], int] = {}
        self.wrapped = 0
        self.late: list[tuple[Callable[[], bool], str, Place, str]] = []
        self.builtin_calls: list[tuple[tuple[Word, ...], Place | None]] = []
        self.disabled: set[str] = set()
        self.hidden: list[tuple[tuple[Word, ...], Place | None]] = []
        self.unset: set[str] = set()
        self.exported: set[str] = set()

    # -- whole texts -------------------------------------------------------------------------------------------------

    def whole(self, script: Script) -> None:
        """Goes through a whole text, then through the functions it defines, then judges what could not be judged."""
        outermost = Scope(self.shell)
        outermost.outermost = True
        self.outermost_script(script, outermost)
        self.functions()
        self.settle()

    def outermost_script(self, script: Script, scope: Scope) -> None:
        """Goes through the outermost list. Only there a definition is certain, and only if nothing that can fail
        stands before it on its line: a failed expansion makes bash drop the rest of the line and go on."""
        clean = True
        branch: Scope | None = None
        for item in script.items:
            clean = clean or item.opens_line
            if isinstance(item.command, Function):
                certain = clean and item.command.plain and not item.joint and not item.apart
                self.define(item.command, scope, certain=certain)
                continue
            clean = False
            branch = self.item(item, scope, branch)

    def text(self, text: str, start: int, end: int, scope: Scope, note: str) -> None:
        """Goes through text that this very shell runs (`eval`, `trap`)."""
        self.nested(text, (start, end), lambda script: self.script(script, scope.inner()), self.dialect, note)

    def child(self, text: str, start: int, end: int, dialect: Dialect, note: str) -> None:
        """Goes through text that another shell runs (`sh -c`)."""
        self.nested(text, (start, end), Walker(self.ledger, self.budget, dialect).whole, dialect, note)

    def nested(
        self, text: str, span: tuple[int, int], go: Callable[[Script], None], dialect: Dialect, note: str
    ) -> None:
        """Reads text within the text; what cannot be read becomes unparseable."""
        outer = self.ledger.origin
        place = self.ledger.origin = self.ledger.place(*span)
        levels = self.budget.levels
        try:
            self.budget.levels += NESTED_LEVELS
            go(read(text, dialect, self.budget, place))
        except UnreadableError as error:
            reason = f"{note}: {error.reason}" if note else error.reason
            self.ledger.unparseable(reason)
        self.budget.levels = levels
        self.ledger.origin = outer

    def expanded(self, text: str, start: int, end: int, scope: Scope, note: str) -> None:
        """Goes through text that the shell expands as if it stood in double quotes (`PS4`, `compgen -W`)."""

        def parts() -> Script:
            reader = Reader(text, self.dialect, self.budget)
            reader.origin = self.ledger.origin
            word = reader.body(len(text), expands=True)
            self.word(word, scope)
            return Script(items=())

        outer = self.ledger.origin
        self.ledger.origin = self.ledger.place(start, end)
        levels = self.budget.levels
        try:
            self.budget.levels += NESTED_LEVELS
            parts()
        except UnreadableError as error:
            self.ledger.unparseable(f"{note}: {error.reason}")
        self.budget.levels = levels
        self.ledger.origin = outer

    def alias_text(self, text: str, word: Word, scope: Scope) -> None:
        """Goes through text that gets more arguments where it is used. It must end in a command that takes them."""

        def go(script: Script) -> None:
            last = script.items[-1].command if script.items else None
            if not isinstance(last, Simple) or not last.words or last.end != len(text) or "<<" in text:
                self.ledger.unknown(
                    word.raw, word.start, word.end, "text whose meaning depends on what follows it"
                )
                return
            self.script(script, scope.inner())
            launch.start(self, (*last.words, unknown(last.words[-1])), scope)

        self.nested(text, (word.start, word.end), go, self.dialect, "in text that stands for a name")

    def called_by_name(self, word: Word, scope: Scope) -> None:
        """Goes through what a word starts that is a command's name."""
        launch.start(self, (word, unknown(word)), scope)

    def program(self, words: Sequence[Word], note: str) -> None:
        """Notes a program that is started without regard to functions and builtins."""
        launch.program(self, words, note)

    def builtin(self, words: Sequence[Word], scope: Scope) -> None:
        """Notes what a builtin starts."""
        launch.builtin(self, words, scope)

    # -- lists and compound commands ---------------------------------------------------------------------------------

    def script(self, script: Script, scope: Scope) -> None:
        """Goes through a list that is not the outermost one."""
        outer = self.ledger.origin
        if script.origin is not None and outer is None:
            self.ledger.origin = self.ledger.place(*script.origin)
        branch: Scope | None = None
        for item in script.items:
            if isinstance(item.command, Function):
                self.define(item.command, scope, certain=False)
            else:
                branch = self.item(item, scope, branch)
        self.ledger.origin = outer

    def item(self, item: Item, scope: Scope, branch: Scope | None) -> Scope | None:
        """Goes through one command; returns the scope of what stands behind `&&`."""
        if item.joint == "&&":
            here = branch = branch or scope.inner()
        elif item.joint == "||":
            here, branch = scope.inner(), scope.inner()
        else:
            here, branch = scope, None
        if item.apart:
            here = here.inner()
        command = item.command
        if isinstance(command, Simple):
            self.simple(command, here)
        elif isinstance(command, Compound):
            self.compound(command, here)
        else:
            self.define(command, scope, certain=False)
        return branch

    def compound(self, command: Compound, scope: Scope) -> None:
        """Goes through a compound command."""
        if command.kind in ("(", "coproc"):
            scope = scope.inner()
        for redirection in command.redirections:
            self.redirection(redirection, scope)
        for word in command.words:
            self.word(word, scope)
        for part in command.arithmetic:
            self.arithmetic(part, scope)
        for operator, word in command.tests:
            self.test(operator, word, scope)
        if command.variable:
            self.loop_variable(command, scope)
        inner = scope
        for block in command.blocks:
            inner = scope if block.certain else inner.inner()
            self.script(block.script, inner)

    def loop_variable(self, command: Compound, scope: Scope) -> None:
        """Notes what a `for`, `select` or `coproc` sets."""
        name = command.variable
        self.dangerous(name, None, command.start, command.end)
        if command.kind == "for" and command.words:
            for word in command.words:
                self.values.give(name, word)
        elif command.kind == "coproc":
            self.values.integers.update((name, name + "_PID"))
        else:
            self.values.others.update((name, "REPLY"))
        scope.assign(name)

    def test(self, operator: str, word: Word, scope: Scope) -> None:
        """Notes operands of `[[ ]]` that are evaluated."""
        if operator in ("-v", "-R"):
            arguments.tested_name(self, word)
        elif operator.startswith("-"):
            self.arithmetic(expression(word), scope, walk=False)

    # -- functions ---------------------------------------------------------------------------------------------------

    def define(self, function: Function, scope: Scope, *, certain: bool) -> None:
        """Notes a definition. The body is gone through when it is called, or at the end."""
        self.ledger.shadows[function.name] = None
        self.values.redefined.add(function.name)
        self.bodies.setdefault(function.name, []).append((function, self.ledger.origin, scope.now()))
        if certain and "/" not in function.name:
            self.shell.define(function.name)

    def call(self, name: str, scope: Scope) -> None:
        """Notes that a function may be called now."""
        self.called[name] = min(scope.now(), self.called.get(name, scope.now()))
        heapq.heappush(self.calls, (scope.now(), name))

    def functions(self) -> None:
        """Goes through all bodies, each with what is surely there at its first call (at its definition, if none).

        Earliest first: what a body calls cannot run before the body does.
        """
        for name in self.exported:
            self.enter(name, 0)
        while True:
            while self.calls:
                time, name = heapq.heappop(self.calls)
                self.enter(name, time)
            waiting = [
                (name, self.called.get(name, defined))
                for name, bodies in self.bodies.items()
                for index, (_, _, defined) in enumerate(bodies)
                if (name, index) not in self.entered
            ]
            if not waiting:
                return
            for name, time in waiting:
                self.enter(name, time)

    def enter(self, name: str, time: int) -> None:
        """Goes through the bodies of that name, but for those that were gone through for as early a time."""
        outer = self.ledger.origin
        for index, (function, origin, _) in enumerate(tuple(self.bodies.get(name, ()))):
            if self.entered.get((name, index), time + 1) > time:
                self.entered[name, index] = time
                self.ledger.origin = origin
                self.script(function.body, Scope(self.shell, None, time))
        self.ledger.origin = outer

    def settle(self) -> None:
        """Judges what depends on the text as a whole."""
        self.values.closed = True
        for name in self.values.evaluated | EVALUATED_WHEN_SET:
            words = self.values.words.get(name, ())
            if (name in self.values.others and name != "OPTIND") or not all(
                self.values.integer_result(word) for word in words
            ):
                self.ledger.everywhere(name, f"what `{name}` is set to is evaluated")
        for name in self.values.references:
            if name in self.values.others or not all(
                _is_name(word) for word in self.values.words.get(name, ())
            ):
                self.ledger.everywhere(
                    name, f"`{name}` is a name reference: its value is used as a name, and evaluated"
                )
        for harmless, resource, place, note in self.late:
            if not harmless():
                self.ledger.unknown_at(resource, place, note)
        for called, origin in self.builtin_calls:
            if called[0].value in self.disabled or "*" in self.disabled:
                self.ledger.run_at(called, origin, "its builtin is switched off in this text")
        for called, origin in self.hidden:
            if called[0].value in self.unset or "*" in self.unset:
                self.ledger.run_at(called, origin, "its function is removed in this text")

    # -- simple commands ---------------------------------------------------------------------------------------------

    def simple(self, command: Simple, scope: Scope) -> None:
        """Goes through a simple command: what it expands, sets and redirects, and what it starts."""
        for redirection in command.redirections:
            self.redirection(redirection, scope)
        for assignment in command.assignments:
            self.assignment(assignment, scope)
            if not command.words:
                scope.assign(assignment.name)
        for array in command.arrays:
            self.assignment(array, scope)
        for word in command.words:
            if word.inner:
                self.word(word, scope)
        if command.words:
            launch.start(self, command.words, scope)

    def redirection(self, redirection: Redirection, scope: Scope) -> None:
        """Goes through a redirection."""
        self.word(redirection.target, scope)
        if redirection.variable:
            self.dangerous(redirection.variable, None, redirection.start, redirection.end)
            self.values.integers.add(redirection.variable)
            if redirection.subscript is not None:
                self.subscript(redirection.variable, redirection.subscript, scope)
        if redirection.operator == ">&" and redirection.descriptor in ("", "1"):
            self.expanded_twice(redirection.target, scope)
        redirected(self.ledger, redirection, bash=True)

    def expanded_twice(self, target: Word, scope: Scope) -> None:
        """`>&WORD`: bash makes `&>WORD` of it after it has expanded the word, and expands it again (seen in 5.2)."""
        if target.value is None:
            self.when(
                lambda: self.values.integer_word(target),
                target.raw,
                target.start,
                target.end,
                "the target of `>&` is expanded twice",
            )
        elif "$" in target.value or "`" in target.value or "(" in target.value:
            self.ledger.unknown(target.raw, target.start, target.end, "the target of `>&` is expanded twice")

    def assignment(self, assignment: Assignment, scope: Scope) -> None:
        """Goes through an assignment; an element of an array has no name and is judged with it."""
        name = assignment.name
        if assignment.subscript is not None:
            self.subscript(name, assignment.subscript, scope)
        if name in _REPLACES_COMMANDS:
            self.ledger.unknown(name, assignment.start, assignment.end, f"`{name}` replaces commands")
        if assignment.elements is not None:
            if not scope.has_variable(f"{name}[]"):
                self.values.unset_arrays.add(name)
            self.values.arrays.add(name)
            self.elements(name, assignment.elements, scope)
        elif assignment.value is not None:
            self.word(assignment.value, scope)
            self.gives(name, assignment.value, scope)
            if assignment.append:
                self.values.appended(name)
        if name:
            self.dangerous(name, assignment.value, assignment.start, assignment.end)

    def elements(self, name: str, elements: tuple[Word | Assignment, ...], scope: Scope) -> None:
        """Goes through `(…)` of an array assignment."""
        self.values.integers.add(name)
        for element in elements:
            if isinstance(element, Word):
                self.word(element, scope)
                self.gives(name, element, scope)
            else:
                if element.subscript is not None:
                    self.subscript(name, element.subscript, scope)
                if element.value is not None:
                    self.word(element.value, scope)
                    self.gives(name, element.value, scope)

    def gives(self, name: str, value: Word, scope: Scope) -> None:
        """Notes a value that a variable is given."""
        self.values.give(name, value)
        if name in _LINE_OF_TRACE:
            if value.value is not None and "\\" not in value.value:
                self.expanded(value.value, value.start, value.end, scope, f"`{name}`")
            else:
                self.ledger.unknown(
                    value.raw, value.start, value.end, f"`{name}` is expanded before every command"
                )

    def dangerous(self, name: str, value: Word | None, start: int, end: int) -> None:
        """Notes that a variable is set that changes what is started."""
        why = danger(name, value)
        if why is not None:
            self.ledger.touch(Capability.ENV, name, start, end, f"`{name}` {why}")

    def when(self, harmless: Callable[[], bool], resource: str, start: int, end: int, note: str) -> None:
        """Notes something dynamic, unless `harmless` holds when everything was seen."""
        self.late.append((harmless, resource, self.ledger.place(start, end), note))

    # -- words -------------------------------------------------------------------------------------------------------

    def word(self, word: Word, scope: Scope) -> None:
        """Goes through what a word expands."""
        for inner in word.inner:
            self.inner(inner, scope)

    def inner(self, inner: Inner, scope: Scope) -> None:
        """Goes through one expansion."""
        if isinstance(inner, Substitution):
            self.script(inner.script, scope.inner())
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
            self.ledger.unknown(
                f"${{!{name}}}", inner.start, inner.end, "the value is used as a name, and evaluated"
            )
        if inner.operator == "@P":
            self.ledger.unknown(f"${{{name}@P}}", inner.start, inner.end, "the value is expanded once more")
        if inner.operator in ("=", ":="):
            self.dangerous(name, None, inner.start, inner.end)
            self.values.operand(name, inner)
            scope.assign(name)

    def uses(self, name: str, scope: Scope) -> None:
        """Notes that a variable is used; it comes from the parent unless the text surely set it before."""
        if not scope.has_variable(name):
            self.ledger.uses[name] = None

    def arithmetic(self, part: Arithmetic, scope: Scope, *, walk: bool = True) -> None:
        """Goes through an expression, and has it judged at the end."""
        if walk:
            for inner in part.inner:
                self.inner(inner, scope)
        if len(part.bare) > MAX_EXPRESSION:
            self.ledger.unknown("$((…))", part.start, part.end, "a very long expression")
            return
        for name in read_names(part.bare):
            self.uses(name, scope)
        for name in assigned_names(part.bare):
            self.values.integers.add(name)
            self.dangerous(name, None, part.start, part.end)
            scope.assign(name)
        self.when(
            lambda: self.values.harmless(part),
            part.bare.replace("\0", "$…").strip() or "$((…))",
            part.start,
            part.end,
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
                f"{name}[…]",
                part.start,
                part.end,
                "a subscript is evaluated once the array was removed",
            )
        else:
            self.arithmetic(part, scope, walk=False)


def _is_name(word: Word) -> bool:
    return word.value is not None and word.value.isascii() and word.value.isidentifier()
