"""Goes through a text in the order in which it runs, and hands every simple command on.

Keeps two clocks apart: what is surely defined when a command runs (`Scope`), and what holds for the text as a whole
(`Values`), which is judged when everything was seen.
"""

from collections.abc import Callable, Sequence

from rundown.shell import launch
from rundown.shell.commands import Reader, read
from rundown.shell.cursor import Dialect, UnreadableError
from rundown.shell.dialects import readings
from rundown.shell.directories import MAY_MOVE, MOVERS, Course, Where, entered, leaves, may_move
from rundown.shell.functions import Functions
from rundown.shell.options import unknown
from rundown.shell.scope import Scope
from rundown.shell.tree import Compound, Function, Item, Placed, Redirection, Script, Simple, Word

_TEXTS = frozenset(["<<", "<<-", "<<<"])
_INPUTS = _TEXTS | {"<", "<>", "<&"}
NESTED_LEVELS = 8
"""What a text within a text counts of `MAX_LEVELS`."""


class Walker(Functions):
    """Goes through scripts."""

    def whole(self, script: Script) -> None:
        """Goes through a whole text, then through the functions it defines, then judges what is left."""
        outermost = Scope(self.shell)
        outermost.outermost = True
        where = self.ledger.where
        self.outermost_script(script, outermost)
        self.ledger.where = None if self.may_move() else where
        self.all_functions()
        self.settle()

    def outermost_script(self, script: Script, scope: Scope) -> None:
        """Goes through the outermost list. Only there a definition is certain, and only if nothing that can fail
        stands before it on its line: a failed expansion makes bash drop the rest of the line and go on."""
        clean = True
        branch: Scope | None = None
        course = Course(self.ledger.where)
        for item in script.items:
            clean = clean or item.opens_line
            if isinstance(item.command, Function):
                certain = clean and item.command.plain and not item.joint and not item.apart
                self.define(item.command, scope, certain=certain)
                continue
            clean = False
            branch, course = self.follow(item, scope, branch, course)
        self.ledger.where = course.end()

    def script(self, script: Script, scope: Scope) -> None:
        outer = self.ledger.origin
        if script.origin is not None and outer is None:
            self.ledger.origin = self.ledger.place(*script.origin)
        branch: Scope | None = None
        course = Course(self.ledger.where)
        for item in script.items:
            branch, course = self.follow(item, scope, branch, course)
        self.ledger.where = course.end()
        self.ledger.origin = outer

    def follow(
        self, item: Item, scope: Scope, branch: Scope | None, course: Course
    ) -> tuple[Scope | None, Course]:
        """Goes through one command, and keeps track of where it runs and where it leads."""
        if not item.joint:
            course = Course(course.end())
        where = self.ledger.where = None if self.lost else course.before(item)
        branch = self.item(item, scope, branch)
        moved = stays = self.ledger.where
        if item.piped or isinstance(item.command, Function):
            moved = stays = where
        elif isinstance(item.command, Simple):
            moved, stays = self.led(item.command, where)
        course.after(item, moved, stays, leaves=leaves(item.command, self.bodies))
        return branch, course

    def led(self, command: Simple, where: Where) -> tuple[Where, Where]:
        """Where a simple command that ran in `where` leads if it succeeds, and if it does not."""
        words = list(command.words)
        while len(words) > 1 and words[0].value in ("command", "builtin") and words[1].value:
            words.pop(0)
        name = words[0].value if words else ""
        if name in self.bodies or name is None or name in ("source", ".", "enable"):
            after = None if self.may_move() else where
            return after, after
        if name in MOVERS:
            return None if self.values.is_given("CDPATH") else entered(where, words), where
        if name == "eval":
            return self.ledger.where, self.ledger.where
        if name in ("alias", "shopt"):
            self.lost = self.lost or len(words) > 1
        elif name == "set":
            texts = [word.value for word in words]
            self.lost = self.lost or any(text is None or "P" in text or "physical" in text for text in texts)
        return where, where

    def may_move(self, besides: str = "") -> bool:
        """Whether anything in the text may change the directory. `besides`: a builtin that does not count."""
        return "" in self.budget.names or bool(self.budget.names & (MAY_MOVE - {besides}))

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
        if isinstance(item.command, Simple):
            self.simple(item.command, here)
        elif isinstance(item.command, Compound):
            self.compound(item.command, here)
        else:
            self.define(item.command, here, certain=False)
        return branch

    def compound(self, command: Compound, scope: Scope) -> None:
        """Goes through a compound command."""
        if command.kind in ("(", "coproc"):
            scope = scope.inner()
        where = self.ledger.where
        loses = command.kind not in ("(", "{") and may_move(command, self.bodies)
        if loses:
            self.ledger.where = None
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
        outer, self.input = self.input, _input_of(command.redirections, self.input)
        for block in command.blocks:
            inner = scope if block.certain else inner.inner()
            self.script(block.script, inner)
        self.input = outer
        if command.kind in ("(", "coproc"):
            self.ledger.where = where
        elif loses:
            self.ledger.where = None

    def loop_variable(self, command: Compound, scope: Scope) -> None:
        """Notes what a `for`, `select` or `coproc` sets."""
        name = command.variable
        self.dangerous(name, None, command)
        if command.kind == "for" and command.words:
            for word in command.words:
                self.values.give(name, word)
        elif command.kind == "coproc":
            self.values.integers.update((name, name + "_PID"))
        else:
            self.values.others.update((name, "REPLY"))
        scope.assign(name)

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
            outer, self.input = self.input, _input_of(command.redirections, self.input)
            launch.start(self, command.words, scope)
            if len(command.words) > 1 or command.words[0].value != "exec":
                self.input = outer

    def text(self, text: str, part: Placed, scope: Scope, note: str) -> None:
        """Goes through text that this very shell runs (`eval`, `trap`)."""
        self.nested(text, part, lambda script: self.script(script, scope.inner()), self.dialect, note)

    def child(self, text: str, part: Placed, dialect: Dialect, note: str) -> None:
        """Goes through text that another shell runs (`sh -c`)."""
        where = self.ledger.where
        for reading in readings(text, dialect):
            walker = Walker(self.ledger, self.budget, reading)
            walker.input = self.input
            self.nested(text, part, walker.whole, reading, note)
            self.ledger.where = where

    def nested(
        self, text: str, part: Placed, go: Callable[[Script], None], dialect: Dialect, note: str
    ) -> None:
        """Reads text within the text; what cannot be read becomes unparseable."""
        self._within(part, note, lambda: go(read(text, dialect, self.budget, self.ledger.origin)))

    def expanded(self, text: str, part: Placed, scope: Scope, note: str) -> None:
        def go() -> None:
            reader = Reader(text, self.dialect, self.budget)
            reader.origin = self.ledger.origin
            self.word(reader.body(len(text), expands=True), scope)

        self._within(part, note, go)

    def _within(self, part: Placed, note: str, go: Callable[[], None]) -> None:
        outer, levels, within = self.ledger.origin, self.budget.levels, self.ledger.within
        self.ledger.within = note
        self.ledger.origin = self.ledger.place(part.start, part.end)
        self.budget.levels += NESTED_LEVELS
        try:
            go()
        except UnreadableError as error:
            self.ledger.unparseable(f"{note}: {error.reason}")
        self.ledger.origin, self.budget.levels, self.ledger.within = outer, levels, within

    def alias_text(self, text: str, word: Word, scope: Scope) -> None:
        """Goes through text that gets more arguments where it is used. It must end in a command that takes them."""

        def go(script: Script) -> None:
            last = script.items[-1].command if script.items else None
            if not isinstance(last, Simple) or not last.words or last.end != len(text) or "<<" in text:
                self.ledger.unknown(word, word.raw, "text whose meaning depends on what follows it")
                return
            self.script(script, scope.inner())
            launch.start(self, (*last.words, unknown(last.words[-1])), scope)

        self.nested(text, word, go, self.dialect, "in text that stands for a name")

    def called_by_name(self, word: Word, scope: Scope) -> None:
        """Goes through what a word starts that is a command's name."""
        launch.start(self, (word, unknown(word)), scope)

    def program(self, words: Sequence[Word], note: str) -> None:
        """Notes a program that is started without regard to functions and builtins."""
        launch.program(self, words, note)

    def builtin(self, words: Sequence[Word], scope: Scope) -> None:
        """Notes what a builtin starts."""
        launch.builtin(self, words, scope)


def _input_of(redirections: Sequence[Redirection], outer: Word | None) -> Word | None:
    """The text that a command has for its standard input, None if that is no text. `outer`: what it is without
    a redirection."""
    inputs = [item for item in redirections if item.operator in _INPUTS and item.descriptor in ("", "0")]
    if not inputs:
        return outer
    return inputs[-1].target if inputs[-1].operator in _TEXTS else None
