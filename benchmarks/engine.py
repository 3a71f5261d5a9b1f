"""What a step costs the machine, in short and in long runs: `python -m benchmarks.engine`.

Prints the cost of one unit (entered and reported) for runs of 100 and 10,000 of them, and the ratio of the
two: it stays near 1 if nothing in the state grows with the run.
"""

import time
from collections.abc import Callable

from rundown.engine.course import Course, chart
from rundown.engine.effects import Effect, Enter, Execute, Finish
from rundown.engine.machine import apply, initial, next_effect
from rundown.model.event import Body, RunFinished, RunStarted, StepFinished, StepStarted
from rundown.syntax.parse import parse_runbook

SHORT, LONG = 100, 10_000
ROUNDS = 5
STARTED = RunStarted(
    run_id="r", runbook_file="bench.runbook.md", runbook_digest="sha256:0", root="/", rundown_version="0"
)


def steps(count: int) -> str:
    """Returns a runbook of steps in a row."""
    return "".join(f"## {number}\n\n```bash\ntrue\n```\n\n" for number in range(1, count + 1))


def iterations(count: int) -> str:
    """Returns a runbook whose one step loops and folds."""
    return f"## 1\n- FOR {count}\n- PASS ALL CONTINUE\n- FAIL ANY STOP\n\n### 1\n\n```bash\ntrue\n```\n"


def substeps(count: int) -> str:
    """Returns a runbook whose one step has many substeps, each of which defers."""
    each = "".join(f"### {number}\n\n```bash\ntrue\n```\n\n" for number in range(1, count + 1))
    return f"## 1\n- PASS ALL CONTINUE\n- FAIL ANY STOP\n\n{each}"


def self_jumps(count: int) -> str:
    """Returns a runbook whose one step jumps onto itself, as often as is allowed."""
    del count
    return "## 1\n- PASS GOTO 1\n\n```bash\ntrue\n```\n"


def seconds_per_unit(text: str, count: int) -> float:
    """Returns the best of several rounds."""
    runbook = parse_runbook(text.encode(), "bench.runbook.md").runbook
    assert runbook is not None
    course = chart(runbook)
    return min(_round(course, count) for _ in range(ROUNDS)) / count


def _round(course: Course, count: int) -> float:
    begun = time.perf_counter()
    state = apply(course, initial(course), STARTED)
    reports = 0
    while reports < count and (effect := next_effect(course, state)) is not None:
        body = _answer(effect)
        reports += isinstance(body, StepFinished)
        state = apply(course, state, body)
    taken = time.perf_counter() - begun
    assert reports == count
    return taken


def _answer(effect: Effect) -> Body:
    if isinstance(effect, Enter):
        return StepStarted(
            step=effect.step,
            substep=effect.substep,
            iteration=effect.iteration,
            attempt=effect.attempt,
            title=effect.title,
        )
    if isinstance(effect, Finish):
        return RunFinished(status=effect.status, message=effect.message, code=effect.code)
    assert isinstance(effect, Execute), effect
    return StepFinished(
        step=effect.step,
        substep=effect.substep,
        iteration=effect.iteration,
        result="pass",
        reported_by="process",
    )


def main() -> None:
    """Measures each shape and prints a table."""
    shapes: tuple[Callable[[int], str], ...] = (steps, iterations, substeps, self_jumps)
    print(f"{'shape':<12} {f'{SHORT} units':>14} {f'{LONG} units':>14} {'ratio':>7}")
    for shape in shapes:
        short, long = (seconds_per_unit(shape(count), count) for count in (SHORT, LONG))
        print(f"{shape.__name__:<12} {short * 1e6:>11.1f} µs {long * 1e6:>11.1f} µs {long / short:>7.2f}")


if __name__ == "__main__":
    main()
