"""SIGKILL at random moments, of rundown and of all that it started: nothing lost, nothing run twice unasked.

`RUNDOWN_KILLS=500 pytest tests/e2e/test_random_kills.py -n 2` does it five hundred times; without the variable
it is done a few times, each time at other moments. A failure names its seed: `RUNDOWN_SEED=… pytest …`.
"""

import contextlib
import json
import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from rundown.record.chain import verify_lines
from tests.support.patience import PATIENCE_SECONDS
from tests.support.project import RUNDOWN, bare_environment, rundown

pytestmark = pytest.mark.kernel

KILLS = int(os.environ.get("RUNDOWN_KILLS", "8"))
SEED = int(os.environ.get("RUNDOWN_SEED", random.SystemRandom().randrange(1 << 32)))

# What a process does is known by unit, attempt and run: the same twice is a step that ran twice.
MARK = 'echo "$RD_RUN_ID $RD_STEP $RD_ATTEMPT {word}" >> "$RD_WORK_PATH/ran"'
BEGIN, END = MARK.format(word="begin"), MARK.format(word="end")
STEP = f"```sh\n{BEGIN}\nsleep 0.03\n{END}\n```\n"

LINE = "# Line\n\n" + "".join(f"## {number}. Step {number}\n\n{STEP}\n" for number in range(1, 6))
VALUES = f"""# Values

## 1. Hands on

- OUTPUTS
  - Word

```sh
{BEGIN}
echo kept > "$RD_OUTPUTS_Word"
{END}
```

## 2. Takes

```sh
{BEGIN}
test {{{{Word}}}} = kept
{END}
```
"""
TWICE = f"""# Twice

## 1. The second attempt passes
- PASS CONTINUE
- FAIL RETRY 3 STOP

```sh
{BEGIN}
test "$RD_ATTEMPT" -gt 1
{END}
```

## 2. Last

{STEP}"""
LOOP = f"""# Loop

## 1. Three times
- FOR n IN 1 TO 3

### 1.1 In it

{STEP}
## 2. Last

{STEP}"""
FAMILY = f"# Family\n\n## 1. Above\n\n{STEP}\n## 2. Below\n\n- line.runbook.md\n\n## 3. After\n\n{STEP}"
BOOKS = {"line": LINE, "values": VALUES, "twice": TWICE, "loop": LOOP, "family": FAMILY}


@pytest.mark.parametrize("number", range(KILLS))
def test_a_run_that_was_killed_anywhere_goes_on_as_if_nothing_had_been(number: int, tmp_path: Path) -> None:
    chance = random.Random(SEED + number)
    place = tmp_path / "project"
    (place / ".rundown/work").mkdir(parents=True)
    for name, text in BOOKS.items():
        (place / f"{name}.runbook.md").write_text(text)
    book = chance.choice(sorted(BOOKS))
    told = f"seed {SEED + number}, {book}"
    kill_somewhere(place, chance, "run", f"{book}.runbook.md", "--non-interactive")
    while chance.random() < 0.3 and has_begun(place):
        kill_somewhere(place, chance, "resume", "--non-interactive")
    doubts = bring_to_its_end(place, f"{book}.runbook.md", told)
    marks = place / ".rundown/work/ran"
    counted = Counter(marks.read_text().splitlines() if marks.exists() else ())
    assert [line for line, times in counted.items() if times > 1] == [], told
    for run in runs_of(place):
        lines = (run / "events.jsonl").read_bytes().split(b"\n")[:-1]
        contract = (run / "contract.json").read_bytes().removesuffix(b"\n")
        assert verify_lines(contract, lines) == (), told
        assert_each_unit_ran(lines, counted, doubts, told)
        if not (run / "receipt.json").exists():  # killed between the end and its receipt
            late = rundown(place, "resume", run.name, "--non-interactive")
            assert "it was made now" in late.stderr, f"{told}: {late.stderr}"
        checked = rundown(place, "verify", run.name)
        assert checked.returncode == 0, f"{told}: {checked.stderr}"


def kill_somewhere(place: Path, chance: random.Random, *words: str) -> None:
    """Starts rundown and ends it and all below it by SIGKILL, at any moment of its life."""
    process = subprocess.Popen(
        [str(RUNDOWN), *words],
        cwd=place,
        env=bare_environment(place),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    begun, lines = time.monotonic(), chance.randrange(40)
    moment = begun + chance.uniform(0, 0.3)
    while process.poll() is None and (time.monotonic() < moment or events_of(place) < lines):
        if time.monotonic() > begun + PATIENCE_SECONDS:
            break
    for pid in [process.pid, *below(process.pid)]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait()


def bring_to_its_end(place: Path, book: str, told: str) -> set[tuple[str, str]]:
    """Resumes until the run is over; where a step is in doubt a person says that it passed. Returns the doubts,
    as run and position."""
    doubts: set[tuple[str, str]] = set()
    if not has_begun(place):
        ran = rundown(place, "run", book, "--non-interactive")
        assert ran.returncode == 0, f"{told}: {ran.stderr}"
        return doubts
    for _ in range(20):
        torn = {run.name for run in runs_of(place) if not (run / "events.jsonl").read_bytes().endswith(b"\n")}
        ran = rundown(place, "resume", "--non-interactive")
        for run_id in torn:
            assert run_id in ran.stderr and "was torn and is cut off" in ran.stderr, f"{told}: {ran.stderr}"
        if ran.returncode in (0, 2):
            assert ran.returncode == 0 or "there is no run to go on with" in ran.stderr, (
                f"{told}: {ran.stderr}"
            )
            return doubts
        assert ran.returncode == 5, f"{told}: {ran.returncode} {ran.stderr} {ran.stdout}"
        doubts |= {(run.name, body["position"]) for run in runs_of(place) for body in pauses(run)}
        passed = rundown(place, "pass", "--non-interactive")
        if passed.returncode in (0, 1):  # 1: a later step cannot have what the one in doubt did not hand on
            return doubts
        assert passed.returncode == 5, f"{told}: {passed.returncode} {passed.stderr} {passed.stdout}"
        doubts |= {(run.name, body["position"]) for run in runs_of(place) for body in pauses(run)}
    raise AssertionError(f"{told}: it does not come to an end")


def assert_each_unit_ran(
    lines: list[bytes], counted: Counter[str], doubts: set[tuple[str, str]], told: str
) -> None:
    """Every result of a process stands for one that ran to its end; only of one in doubt it is not known."""
    bodies = [json.loads(line)["body"] for line in lines]
    run_id, attempts = bodies[0]["run_id"], {}
    # What a step hands on is lost where a person's word stands for it: the next one cannot have it.
    lost = (run_id, "1") in doubts and any("Word" in line.decode() for line in lines if b"template" in line)
    expected = "stopped" if lost else "completed"
    assert (bodies[-1]["type"], bodies[-1]["status"]) == ("RunFinished", expected), told
    for body in bodies:
        if body["type"] == "StepStarted":
            parts = (body["step"], body["iteration"], body["substep"])
            attempts[".".join(str(part) for part in parts if part is not None)] = body["attempt"]
        if body["type"] == "StepFinished" and body["reported_by"] == "process" and body["result"] == "pass":
            parts = (body["step"], body["iteration"], body["substep"])
            position = ".".join(str(part) for part in parts if part is not None)
            end = f"{run_id} {position} {attempts[position]} end"
            assert counted[end] == 1, f"{told}: {end!r} in {sorted(counted)}"
        if body["type"] == "StepFinished" and body["reported_by"] == "person":
            parts = (body["step"], body["iteration"], body["substep"])
            position = ".".join(str(part) for part in parts if part is not None)
            assert (run_id, position) in doubts, f"{told}: nobody was asked about {position}"


def pauses(run: Path) -> Iterator[dict[str, str]]:
    for line in (run / "events.jsonl").read_bytes().split(b"\n")[:-1]:
        body = json.loads(line)["body"]
        if body["type"] == "RunPaused" and body["reason"] == "in-doubt":
            yield body


def runs_of(place: Path) -> list[Path]:
    """The runs that began, oldest first."""
    found = (place / ".rundown/runs").glob("*/events.jsonl")
    return sorted(path.parent for path in found if b"\n" in path.read_bytes())


def has_begun(place: Path) -> bool:
    return bool(runs_of(place))


def events_of(place: Path) -> int:
    return sum(path.read_bytes().count(b"\n") for path in (place / ".rundown/runs").glob("*/events.jsonl"))


def below(pid: int) -> list[int]:
    """The processes that a process started, and those that they did. Source: proc(5), task/TID/children."""
    found: list[int] = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = [int(word) for word in path.read_text().split()]
        except OSError:
            continue
        for child in children:
            found += [child, *below(child)]
    return found
