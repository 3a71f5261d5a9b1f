"""How far a run has come, unit by unit: loops, substeps, children, what a person did, what was refused."""

from rundown.model.event import (
    Body,
    ChildStarted,
    DecisionMade,
    Jumped,
    ProcessEnded,
    RunFinished,
    RunPaused,
    RunResumed,
    StepFinished,
    StepStarted,
)
from rundown.model.sandbox import ProcessResult
from rundown.tui.progress import Progress
from rundown.tui.words import tell
from tests.support.tui import event, ran, read, started

TWO = """# Two

## 1. Parts

### 1.1 One

```sh
true
```

### 1.2 Two

```sh
true
```

## 2. Whole

```sh
true
```
"""


def told(*bodies: Body, deck: int = 1) -> Progress:
    progress = Progress(read(TWO).runbook)
    progress.open_run(deck, read(TWO).runbook, is_child=False)
    progress.read(deck, (event(seq, body) for seq, body in enumerate((started(), *bodies))))
    return progress


def states(progress: Progress) -> dict[str, str]:
    return {unit.key: unit.state for unit in progress.units}


def test_every_unit_is_there_before_anything_ran():
    assert states(told()) == {"1": "new", "1.1": "new", "1.2": "new", "2": "new"}


def test_a_step_is_as_far_as_its_substeps():
    one = told(*ran("1", "1", "One"))
    both = told(*ran("1", "1", "One"), *ran("1", "2", "Two", ms=300))
    assert (states(one)["1"], states(both)["1"], both.done) == ("running", "pass", (2, 3))
    assert both.find("1").duration_ns == 1_500_000_000


def test_a_failed_substep_fails_its_step_once_all_have_a_result():
    assert states(told(*ran("1", "1", "One", status=1), *ran("1", "2", "Two")))["1"] == "fail"


def test_a_round_of_a_loop_is_told_by_its_number_and_starts_its_times_anew():
    bodies = []
    for iteration in (1, 2):
        bodies += [
            StepStarted(step="1", substep="1", iteration=iteration, title="One"),
            ProcessEnded(
                request="sha256:1",
                position=f"1.{iteration}.1",
                result=ProcessResult(ending="exited", status=0, duration_ns=5),
                output="o",
                output_digest="sha256:3",
            ),
        ]
    progress = told(*bodies)
    assert (progress.find("1").note, progress.find("1.1").duration_ns) == ("round 2", 5)


def test_what_a_person_moved_the_run_away_from_was_skipped():
    progress = told(StepStarted(step="1", substep="1", title="One"), Jumped(step="2"))
    assert states(progress)["1.1"] == "skipped"


def test_a_refused_step_a_pause_and_going_on():
    begun = StepStarted(step="2", title="Whole")
    denial = DecisionMade(request="sha256:1", position="2", outcome="deny", rulings=())
    pause = RunPaused(reason="denied", position="2", detail="run rm")
    paused = told(begun, denial, pause)
    assert (paused.status, states(paused)["2"]) == ("paused", "denied")
    assert tell("rest", paused) == "Paused. Step 2 was refused: run rm. r tries again."
    assert told(begun, denial, pause, RunResumed()).status == "running"


def test_a_shell_beside_a_step_is_no_part_of_its_time():
    shell = ProcessEnded(
        request="sha256:1",
        position="2~shell",
        result=ProcessResult(ending="exited", status=0, duration_ns=9_000_000_000),
        output="o",
        output_digest="sha256:3",
    )
    assert told(*ran("2", None, "Whole")[:3], shell).find("2").duration_ns == 1_200_000_000


def test_the_steps_of_a_child_stand_below_the_unit_that_runs_it():
    progress = told(
        StepStarted(step="2", title="Whole"),
        ChildStarted(position="2", run_id="r2", reference="child.runbook.md"),
    )
    progress.open_run(2, read(TWO).runbook, is_child=True)
    progress.read(2, (event(5, body) for body in ran("2", None, "Whole")))
    progress.read(1, (event(6, StepFinished(step="2", result="pass", reported_by="child")),))
    found = states(progress)
    assert [key for key in found if "/" in key] == ["2/1", "2/1.1", "2/1.2", "2/2"]
    assert (found["2/2"], found["2"], progress.done) == ("pass", "pass", (1, 3))


def test_the_end_says_how_and_what():
    progress = told(*ran("2", None, "Whole"), RunFinished(status="stopped", message="enough"))
    assert (progress.status, tell("over", progress)) == (
        "stopped",
        "Stopped: enough. 1 step done; r starts anew.",
    )
