"""`PersonHelm`: holds a run before its units, step by step, and hands on what the person orders.

Orders are given on the screen's thread and carried out on the engine's, where the machine checks them.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator

from textual.message import Message

from rundown.engine.course import Course
from rundown.engine.effects import Effect, Enter, Execute, LaunchChild, Wait
from rundown.engine.state import State
from rundown.model.diagnostic import Diagnostic
from rundown.model.event import Body
from rundown.model.runbook import AgentBody, CommandBody
from rundown.session.helm import misfit
from rundown.session.steering import Facts
from rundown.tui.messages import Held, Released, Remarked

_NO_TERMINAL = Diagnostic(
    code="tui/no-terminal",
    message="the next step is interactive, and a browser has no terminal to give it",
    fix="go on at a terminal: rundown resume",
)


class PersonHelm:
    """`stepping`: hold before each unit. What is noted goes on record before the next effect. `lends`: an
    interactive step can have the whole terminal; otherwise the run pauses before it."""

    def __init__(
        self, post: Callable[[Message], object], *, lends: Callable[[], bool] = lambda: True
    ) -> None:
        self._post = post
        self._lends = lends
        self._changed = threading.Condition()
        self._notes: deque[Body] = deque()
        self._orders: deque[Facts | None] = deque()
        self._passed = False
        self._closing = False
        self._pausing = False
        self.stepping = False

    def note(self, bodies: Iterable[Body]) -> None:
        """Puts facts on record that move nothing: grants given and taken back."""
        with self._changed:
            self._notes.extend(bodies)
            self._changed.notify()

    def order(self, facts: Facts | None) -> None:
        """Gives an order to a run that is held; None: let the unit run."""
        with self._changed:
            self._orders.append(facts)
            self._changed.notify()

    def pause(self) -> None:
        """Lets the run pause before its next effect."""
        with self._changed:
            self._pausing = True
            self._changed.notify()

    def close(self) -> None:
        """Lets the run pause before its next effect, now and from here on."""
        with self._changed:
            self._closing = True
            self._changed.notify()

    def begin(self) -> None:
        """Forgets orders that came too late for the run before."""
        with self._changed:
            self._orders.clear()
            self._pausing, self._passed = False, False

    def steer(self, course: Course, effect: Effect, state: State) -> Iterator[Body]:
        """Yields what the person ordered; holds the run where it is to be held."""
        if isinstance(effect, Enter):
            self._passed = False
        held = isinstance(effect, Execute | LaunchChild | Wait) and self.stepping and not self._passed
        if held and not self._has_word():
            self._post(Held(course, state))
        bodies = self._next(course, state, held=held)
        if held:
            self._post(Released())
        if not bodies and isinstance(effect, Execute) and not self._has_terminal(course, effect):
            self._post(Remarked(_NO_TERMINAL))
            raise KeyboardInterrupt
        yield from bodies

    def _has_terminal(self, course: Course, effect: Execute) -> bool:
        body = course.unit(effect.step, effect.substep).body
        wants = isinstance(body, CommandBody | AgentBody) and body.options.interactive
        return not wants or self._lends()

    def _has_word(self) -> bool:
        with self._changed:
            return bool(self._notes or self._orders or self._closing or self._pausing)

    def _next(self, course: Course, state: State, *, held: bool) -> tuple[Body, ...]:
        while True:
            with self._changed:
                if held:
                    self._changed.wait_for(
                        lambda: (
                            self._notes or self._orders or self._closing or self._pausing or not self.stepping
                        )
                    )
                if self._closing or self._pausing:
                    raise KeyboardInterrupt
                notes, order = tuple(self._notes), self._orders.popleft() if held and self._orders else None
                self._notes.clear()
            if notes:
                self._orders.extendleft([order] if order is not None else [])
                return notes
            if order is None:
                self._passed = held
                return ()
            bodies = tuple(order(state))
            problem = misfit(course, state, bodies)
            if problem is None:
                return bodies
            self._post(Remarked(problem))
