"""Functions: their bodies are gone through with what is surely there when they can first run."""

import heapq

from rundown.shell.cursor import Budget, Dialect
from rundown.shell.evaluation import Evaluation
from rundown.shell.ledger import Ledger
from rundown.shell.scope import Scope
from rundown.shell.tree import Function, Place


class Functions(Evaluation):
    """Keeps the functions of one shell. `exported`: names that other shells get as functions."""

    def __init__(self, ledger: Ledger, budget: Budget, dialect: Dialect) -> None:
        super().__init__(ledger, budget, dialect)
        self.bodies: dict[str, list[tuple[Function, Place | None, int]]] = {}
        self.exported: set[str] = set()
        self._calls: list[tuple[int, str]] = []
        self._called: dict[str, int] = {}
        self._entered: dict[tuple[str, int], int] = {}

    def define(self, function: Function, scope: Scope, *, certain: bool) -> None:
        """Notes a definition. The body is gone through when it is called, or at the end."""
        self.ledger.shadows[function.name] = None
        self.values.redefined.add(function.name)
        self.bodies.setdefault(function.name, []).append((function, self.ledger.origin, scope.now()))
        if certain and "/" not in function.name:
            self.shell.define(function.name)

    def call(self, name: str, scope: Scope) -> None:
        """Notes that a function may be called now."""
        self._called[name] = min(scope.now(), self._called.get(name, scope.now()))
        heapq.heappush(self._calls, (scope.now(), name))

    def all_functions(self) -> None:
        """Goes through all bodies, each with what is surely there at its first call (at its definition, if none).

        Earliest first: what a body calls cannot run before the body does. What another shell gets has nothing.
        """
        for name in self.exported:
            self._enter(name, 0)
        while True:
            while self._calls:
                time, name = heapq.heappop(self._calls)
                self._enter(name, time)
            waiting = [
                (name, self._called.get(name, defined))
                for name, bodies in self.bodies.items()
                for index, (_, _, defined) in enumerate(bodies)
                if (name, index) not in self._entered
            ]
            if not waiting:
                return
            for name, time in waiting:
                self._enter(name, time)

    def _enter(self, name: str, time: int) -> None:
        outer, where = self.ledger.origin, self.ledger.where
        for index, (function, origin, _) in enumerate(tuple(self.bodies.get(name, ()))):
            if self._entered.get((name, index), time + 1) > time:
                self._entered[name, index] = time
                self.ledger.origin = origin
                self.script(function.body, Scope(self.shell, None, time))
                self.ledger.where = where
        self.ledger.origin = outer
