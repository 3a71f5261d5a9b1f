"""A run is held before its units, and goes on as the person says; on two threads, as it is."""

import threading
from pathlib import Path

import pytest
from textual.message import Message

from rundown.engine.state import State
from rundown.model.event import GrantRevoked, Jumped, StepFinished
from rundown.session.orders import jump, report
from rundown.tui.helm import PersonHelm
from rundown.tui.messages import Held, Remarked
from tests.support.bench import Bench
from tests.support.patience import PATIENCE_SECONDS
from tests.support.tui import PULL

TWO = """# Two

## 1. First

```sh
git one
```

## 2. Second

```sh
git two
```
"""
INTERACTIVE = """# One

## 1. First

```sh interactive
git one
```
"""


class Run:
    """A run under a helm, on a thread of its own."""

    def __init__(self, folder: Path, text: str = TWO, *, lends: bool = True) -> None:
        self.told: list[Message] = []
        self._held = threading.Semaphore(0)
        self.helm = PersonHelm(self._post, lends=lambda: lends)
        self.bench = Bench(text, folder)
        self.state: State | None = None
        self.interrupted = False
        self._thread = threading.Thread(target=self._work, daemon=True)

    def _post(self, message: Message) -> None:
        self.told.append(message)
        if isinstance(message, Held):
            self._held.release()

    def _work(self) -> None:
        try:
            self.state = self.bench.run(helm=self.helm)
        except KeyboardInterrupt:
            self.interrupted = True

    def begin(self) -> None:
        self._thread.start()

    def wait_held(self) -> str:
        assert self._held.acquire(timeout=PATIENCE_SECONDS)
        return [item for item in self.told if isinstance(item, Held)][-1].state.position

    def end(self) -> list[str]:
        """Returns what ran."""
        self._thread.join(PATIENCE_SECONDS)
        assert not self._thread.is_alive()
        return [body.position for body in self.bench.log.bodies if type(body).__name__ == "ProcessEnded"]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path)


def test_without_stepping_nothing_is_held(run):
    run.begin()
    assert (run.end(), run.told) == (["1", "2"], [])


def test_stepping_holds_before_each_unit_until_it_is_let_run(run):
    run.helm.stepping = True
    run.begin()
    for position in ("1", "2"):
        assert run.wait_held() == position
        run.helm.order(None)
    assert run.end() == ["1", "2"]


def test_an_order_is_carried_out_instead_of_the_unit(run):
    run.helm.stepping = True
    run.begin()
    run.wait_held()
    run.helm.order(report(passed=True))
    assert run.wait_held() == "2"
    run.helm.order(None)
    assert run.end() == ["2"]
    assert StepFinished(step="1", result="pass", reported_by="person") in run.bench.log.bodies


def test_what_does_not_fit_is_said_and_the_run_stays_held(run):
    run.helm.stepping = True
    run.begin()
    run.wait_held()
    run.helm.order(jump("9"))
    run.helm.order(jump("2"))
    assert run.wait_held() == "2"
    run.helm.order(None)
    assert run.end() == ["2"]
    assert [type(item) for item in run.told if isinstance(item, Remarked)] == [Remarked]
    assert [body for body in run.bench.log.bodies if isinstance(body, Jumped)] == [Jumped(step="2")]


def test_notes_go_on_record_while_the_run_is_held_and_it_stays_held(run):
    run.helm.stepping = True
    run.begin()
    run.wait_held()
    fact = GrantRevoked(grant=PULL.grants[0], origin="person")
    run.helm.note((fact,))
    assert run.wait_held() == "1"
    assert fact in run.bench.log.bodies
    run.helm.stepping = False
    run.helm.order(None)
    assert run.end() == ["1", "2"]


@pytest.mark.parametrize("how", ["pause", "close"])
def test_a_held_run_that_is_to_pause_is_interrupted_there(how, run):
    run.helm.stepping = True
    run.begin()
    run.wait_held()
    getattr(run.helm, how)()
    assert (run.end(), run.interrupted) == ([], True)


def test_where_no_terminal_can_be_lent_an_interactive_step_does_not_begin(tmp_path):
    run = Run(tmp_path, INTERACTIVE, lends=False)
    run.begin()
    assert (run.end(), run.interrupted) == ([], True)
    assert [item.item.code for item in run.told if isinstance(item, Remarked)] == ["tui/no-terminal"]
