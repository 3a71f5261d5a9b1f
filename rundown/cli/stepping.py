"""`StepByStep`: asks a person before each step of a run whether it shall begin."""

from collections.abc import Iterator

from rundown.engine.course import Course
from rundown.engine.effects import Effect, Enter, Execute, LaunchChild, Wait
from rundown.engine.state import State
from rundown.errors import PersonNeededError
from rundown.model.diagnostic import Diagnostic
from rundown.model.event import Body
from rundown.model.runbook import AgentBody, CommandBody, ReferenceBody
from rundown.session.orders import skip
from rundown.session.ports import Ahead, Prompter, Subject


class StepByStep:
    """A helm. Asks once for each unit that the run comes to, until the person lets the rest run."""

    def __init__(self, prompter: Prompter) -> None:
        self._prompter = prompter
        self._asks = True
        self._was_asked = False

    def steer(self, course: Course, effect: Effect, state: State) -> Iterator[Body]:
        """Yields a skip if the person wants one.

        Raises:
            KeyboardInterrupt: the run is to pause here.
        """
        if isinstance(effect, Enter):
            self._was_asked = False
        if not self._asks or self._was_asked or not isinstance(effect, Execute | LaunchChild | Wait):
            return
        self._was_asked = True
        match self._prompter.approach(_ahead(course, state)):
            case "rest":
                self._asks = False
            case "skip":
                yield from skip(course)(state)
            case "stop":
                raise KeyboardInterrupt
            case "run":
                pass


def _ahead(course: Course, state: State) -> Ahead:
    unit = course.unit(state.step, state.substep)
    match unit.body:
        case CommandBody() | AgentBody():
            text = unit.body.text
        case ReferenceBody():
            text = unit.body.path
        case _:
            text = ""
    return Ahead(position=state.position, subject=Subject(title=unit.title), text=text)


def step_by_step_helm(prompter: Prompter) -> StepByStep:
    """Returns who asks.

    Raises:
        PersonNeededError: nobody can be asked.
    """
    if not prompter.can_ask():
        raise PersonNeededError(
            Diagnostic(
                code="cli/nobody-to-step",
                message="--step-by-step needs a person at a terminal",
                why="nobody can be asked in this invocation",
                fix="run it without --step-by-step, or at a terminal",
            )
        )
    return StepByStep(prompter)
