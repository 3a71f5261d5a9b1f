"""What is surely there when a command runs: variables that were set, functions that were defined.

Time is the number of things defined so far in this shell; a function's body sees what was there when it is first called.
"""


class Shell:
    """One shell process: what its outermost list defines, each with the time from which it is there."""

    def __init__(self) -> None:
        self.time = 0
        self.functions: dict[str, int] = {}
        self.assigned: dict[str, int] = {}

    def define(self, name: str) -> None:
        """A function is there from now on, whatever happens."""
        self.time += 1
        self.functions.setdefault(name, self.time)


class Scope:
    """A stretch of text that runs as a whole or not at all, at one time of a shell."""

    __slots__ = ("assigned", "outermost", "parent", "shell", "time")

    def __init__(self, shell: Shell, parent: "Scope | None" = None, time: int | None = None) -> None:
        self.shell = shell
        self.parent = parent
        self.time = time
        self.outermost = False
        self.assigned: set[str] = set()

    def inner(self) -> "Scope":
        """Returns a scope for text that may not run."""
        return Scope(self.shell, self, self.time)

    def assign(self, name: str) -> None:
        """A variable is set from here on."""
        if self.outermost:
            self.shell.time += 1
            self.shell.assigned.setdefault(name, self.shell.time)
        else:
            self.assigned.add(name)

    def now(self) -> int:
        """Returns the time at which this text runs, at the earliest."""
        return self.shell.time if self.time is None else self.time

    def has_function(self, name: str) -> bool:
        """Whether that function is surely defined."""
        since = self.shell.functions.get(name)
        return since is not None and since <= self.now()

    def has_variable(self, name: str) -> bool:
        """Whether that variable was surely set by this text."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.assigned:
                return True
            scope = scope.parent
        since = self.shell.assigned.get(name)
        return since is not None and since <= self.now()
