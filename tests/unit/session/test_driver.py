"""Durable, then believed, then shown: whatever fails, nothing is shown or launched that is not on record."""

from pathlib import Path

import pytest

from rundown.engine.machine import initial
from rundown.errors import RecordError, RundownError
from rundown.model.diagnostic import Diagnostic
from rundown.model.event import (
    Body,
    Event,
    LaunchRequested,
    OutputCaptured,
    ProcessEnded,
    RunPaused,
    StepFinished,
    StepStarted,
)
from rundown.session.driver import record
from rundown.session.ports import Answer, Choice
from tests.support.bench import Bench
from tests.support.fakes import MemoryLog, ScriptedLauncher, ScriptedPrompter

FULL = RecordError(Diagnostic(code="record/log-not-written", message="the disk is full"))
TWO_STEPS = """# Two

## 1. First

```sh
deploy-tool
```

## 2. Second

```sh
git status
```
"""
YES = (Answer(choice=Choice.ONCE),)
WHOLE = [
    "RunStarted",
    *("StepStarted", "DecisionMade", "QuestionAsked", "DecisionMade", "LaunchRequested", "ProcessEnded"),
    "StepFinished",
    *("StepStarted", "DecisionMade", "LaunchRequested", "ProcessEnded", "StepFinished"),
    "RunFinished",
]


def bench(folder: Path, log: MemoryLog | None = None) -> Bench:
    return Bench(TWO_STEPS, folder, prompter=ScriptedPrompter([YES]), log=log)


def names(log: MemoryLog) -> list[str]:
    return [type(body).__name__ for body in log.bodies]


def test_a_whole_run_is_on_record_shown_in_the_same_order_and_replays_to_the_same_state(
    tmp_path: Path,
) -> None:
    found = bench(tmp_path)
    state = found.run()
    assert (names(found.log), found.frontend.shown, found.replayed()) == (WHOLE, found.log.events, state)
    assert (state.lifecycle, len(found.launcher.launched)) == ("completed", 2)


@pytest.mark.parametrize("count", range(len(WHOLE)))
def test_wherever_the_disk_is_full_nothing_is_shown_or_launched_that_is_not_on_record(
    count: int, tmp_path: Path
) -> None:
    found = bench(tmp_path, MemoryLog(full_after=count, error=FULL))
    with pytest.raises(RecordError):
        found.run()
    launched = [body for body in found.log.bodies if isinstance(body, LaunchRequested)]
    assert (names(found.log), found.frontend.shown) == (WHOLE[:count], found.log.events)
    assert [plan.request_digest for plan in found.launcher.launched] == [body.request for body in launched]


def test_nobody_is_asked_before_the_request_is_on_record(tmp_path: Path) -> None:
    found = bench(tmp_path, MemoryLog(full_after=WHOLE.index("DecisionMade"), error=FULL))
    with pytest.raises(RecordError):
        found.run()
    assert found.prompter.questions == []


def test_a_front_end_that_fails_has_seen_nothing_that_is_not_on_record(tmp_path: Path) -> None:
    class GoneError(Exception): ...

    class Frail:
        def show(self, event: object) -> None:
            assert found.log.events[-1] is event
            if isinstance(found.log.bodies[-1], ProcessEnded):
                raise GoneError

        def output(self, stream: object, chunk: bytes) -> None: ...
        def present(self, task: str) -> None: ...

    found = bench(tmp_path)
    found.frontend = Frail()  # type: ignore[assignment]
    with pytest.raises(GoneError):
        found.run()
    assert names(found.log) == WHOLE[:7]


def test_a_fact_that_does_not_fit_is_not_on_record(tmp_path: Path) -> None:
    found = bench(tmp_path)
    wrong = StepFinished(step="2", result="pass", reported_by="process")
    facts = iter((found.started(), StepStarted(step="1"), wrong))
    with pytest.raises(RundownError):
        record(found.track, initial(found.course), facts)
    assert names(found.log) == ["RunStarted", "StepStarted"]


def test_what_comes_back_from_the_log_is_what_is_believed(tmp_path: Path) -> None:
    stored = OutputCaptured(position="1", name="Key", value='"[REDACTED:X]"', lost=True)

    class Redacting(MemoryLog):
        def append(self, body: Body) -> Event:
            return super().append(stored if isinstance(body, OutputCaptured) else body)

    text = "- OUTPUTS\n  - Key\n\n```sh\ngit status\n```\n"
    launcher = ScriptedLauncher(hands={"Key": "in plain"})
    found = Bench(text, tmp_path, log=Redacting(), launcher=launcher)
    state = found.run()
    assert (state, state.variables) == (found.replayed(), {"Key": '"[REDACTED:X]"'})


def test_a_pause_ends_the_loop_where_it_came(tmp_path: Path) -> None:
    found = Bench(TWO_STEPS, tmp_path, prompter=ScriptedPrompter(present=False))
    state = found.run()
    assert (state.lifecycle, state.position, found.log.bodies[-1], found.launcher.launched) == (
        "paused",
        "1",
        RunPaused(reason="denied", position="1", detail="run deploy-tool"),
        [],
    )


def test_a_step_that_cannot_be_launched_stops_nothing_of_what_is_on_record(tmp_path: Path) -> None:
    class Broken(ScriptedLauncher):
        def launch(self, planned: object, output: object, doors: object = None):
            raise OSError("no more processes")

    found = Bench(TWO_STEPS, tmp_path, prompter=ScriptedPrompter([YES]), launcher=Broken())
    with pytest.raises(OSError, match="no more processes"):
        found.run()
    assert (names(found.log), found.replayed().in_doubt) == (
        WHOLE[:6],
        (found.log.bodies[5].request,),  # type: ignore[union-attr]
    )
