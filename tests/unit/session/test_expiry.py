"""Past the end of its contract nothing of a run begins; what goes on is only its end."""

from collections.abc import Iterator

import pytest

from rundown.engine.course import Course
from rundown.engine.effects import Effect, Enter, Execute, Finish, Wait
from rundown.engine.state import State
from rundown.model.event import Body, EndForced, RunPaused
from rundown.session.expiry import Expiring, earliest, is_over

NOON = 1_790_000_000_000_000_000
EXECUTE = Execute(step="1", substep=None, iteration=None, attempt=1)
STATE = State(step="1")


class Inner:
    def steer(self, course: Course, effect: Effect, state: State) -> Iterator[Body]:
        yield EndForced(status="stopped", message="inner")


def steer(effect: Effect, *, after_ns: int, inner: Inner | None = None) -> list[Body]:
    helm = Expiring(earliest(NOON, 1_000), lambda: NOON + after_ns, inner)
    return list(helm.steer(None, effect, STATE))  # type: ignore[arg-type]


@pytest.mark.parametrize("effect", [EXECUTE, Wait(step="1", substep=None, why="prose")], ids=["run", "wait"])
def test_nothing_begins_past_the_end(effect: Effect) -> None:
    (pause,) = steer(effect, after_ns=1_000)
    assert isinstance(pause, RunPaused) and (pause.reason, pause.position) == ("expired", "1")


@pytest.mark.parametrize(
    "effect",
    [
        Enter(step="1", substep=None, iteration=None, attempt=1, title=""),
        Finish(status="completed", message="", code=""),
    ],
    ids=["enter", "finish"],
)
def test_a_unit_is_entered_and_a_run_ends_at_any_time(effect: Effect) -> None:
    assert steer(effect, after_ns=10_000) == []


def test_before_it_whoever_steers_inside_steers() -> None:
    assert (steer(EXECUTE, after_ns=0), steer(EXECUTE, after_ns=0, inner=Inner())) == (
        [],
        [EndForced(status="stopped", message="inner")],
    )


def test_the_nearest_end_counts_and_without_one_there_is_none() -> None:
    assert (earliest(NOON, None, 5_000, 2_000), earliest(NOON, None)) == (earliest(NOON, 2_000), None)
    assert (is_over(None, NOON), is_over(earliest(NOON, 1_000), NOON)) == (False, False)
