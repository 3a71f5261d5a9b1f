"""A person steers between effects; what does not fit is seen before it is on record."""

from collections.abc import Iterator

from rundown.engine.course import Course
from rundown.engine.effects import Effect, Execute
from rundown.engine.machine import initial
from rundown.engine.state import State
from rundown.model.event import Body, Jumped, StepFinished
from rundown.session.helm import misfit
from rundown.session.orders import end, give, jump, report, skip
from rundown.session.steering import Facts
from tests.support.bench import Bench

THREE = """# Three

## 1. First

```sh
git one
```

## 2. Second

```sh
git two
```

## 3. Third

```sh
git three {{name}}
```
"""
PARTS = """# Parts

## 1. First

- PASS CONTINUE
- FAIL CONTINUE

### 1.1 One

```sh
git one
```

### 1.2 Two

```sh
git two
```

## 2. Loop
- FOR 1 TO 2

### 2.1 Round

```sh
git round
```
"""


class Ordered:
    """Does what is ordered for a position once, when it would be executed."""

    def __init__(self, orders: dict[str, Facts]) -> None:
        self._orders = orders

    def steer(self, course: Course, effect: Effect, state: State) -> Iterator[Body]:
        if isinstance(effect, Execute) and state.position in self._orders:
            yield from self._orders.pop(state.position)(state)


def launched(bench: Bench) -> list[str]:
    return [body.position for body in bench.log.bodies if type(body).__name__ == "ProcessEnded"]


def steer(text: str, folder, **orders: Facts) -> Bench:
    bench = Bench(text, folder, values={"name": "a"})
    bench.run(helm=Ordered({place.replace("_", "."): order for place, order in orders.items()}))
    return bench


def test_without_orders_everything_runs(tmp_path):
    assert launched(steer(THREE, tmp_path)) == ["1", "2", "3"]


def test_a_unit_counted_as_passed_does_not_run_and_the_run_goes_on(tmp_path):
    bench = Bench(THREE, tmp_path, values={"name": "a"})
    state = bench.run(helm=Ordered({"2": report(passed=True, note="by hand")}))
    assert (launched(bench), state.lifecycle) == (["1", "3"], "completed")
    assert StepFinished(step="2", result="pass", reported_by="person", note="by hand") in bench.log.bodies


def test_a_unit_counted_as_failed_takes_its_way_for_failures(tmp_path):
    bench = Bench(THREE, tmp_path, values={"name": "a"})
    assert bench.run(helm=Ordered({"2": report(passed=False)})).lifecycle == "stopped"
    assert launched(bench) == ["1"]


def test_a_skipped_unit_has_no_result(tmp_path):
    bench = Bench(THREE, tmp_path, values={"name": "a"})
    assert bench.run(helm=Ordered({"2": skip(bench.course)})).lifecycle == "completed"
    assert launched(bench) == ["1", "3"]
    assert [body for body in bench.log.bodies if isinstance(body, Jumped)] == [Jumped(step="3")]


def test_skipping_the_last_unit_completes_the_run(tmp_path):
    bench = Bench(THREE, tmp_path, values={"name": "a"})
    state = bench.run(helm=Ordered({"3": skip(bench.course)}))
    assert (state.lifecycle, launched(bench)) == ("completed", ["1", "2"])


def test_a_substep_and_an_iteration_are_skipped_by_themselves(tmp_path):
    bench = Bench(PARTS, tmp_path)
    state = bench.run(helm=Ordered({"1.1": skip(bench.course), "2.1.1": skip(bench.course)}))
    assert (state.lifecycle, launched(bench)) == ("completed", ["1.2", "2.2.1"])


def test_a_jump_leads_to_the_step_and_on_from_there(tmp_path):
    assert launched(steer(THREE, tmp_path, **{"2": jump("1")})) == ["1", "1", "2", "3"]


def test_an_end_ends_the_run(tmp_path):
    bench = Bench(THREE, tmp_path, values={"name": "a"})
    state = bench.run(helm=Ordered({"2": end(completed=False, message="enough")}))
    assert (state.lifecycle, launched(bench)) == ("stopped", ["1"])


def test_another_value_is_what_the_next_command_gets(tmp_path):
    bench = Bench(THREE, tmp_path, values={"name": "a"})
    bench.run(helm=Ordered({"3": give("name", "b")}))
    assert "b" in [value for plan in bench.launcher.launched for _, value in plan.env]


def test_what_does_not_fit_is_told_before_it_is_on_record(tmp_path):
    bench = Bench(THREE, tmp_path)
    nowhere = misfit(bench.course, initial(bench.course), (Jumped(step="9"),))
    assert nowhere is not None and nowhere.code.startswith("engine/")
    assert misfit(bench.course, initial(bench.course), ()) is None
