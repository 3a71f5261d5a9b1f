"""Parts of a runbook: where a run begins and ends, where its steps start, and what stands in for a step."""

import json
from pathlib import Path

import pytest

from tests.support.project import rundown

pytestmark = pytest.mark.kernel

BOOK = """# Parts

## 1. One

```sh
echo ran-1
```

## 2. Two

### 2.1 First

```sh
echo ran-2.1
```

### 2.2 Second

```sh
echo ran-2.2; test ! -e fail
```

## 3. Loop
- FOR 2

### 3.1 Each

```sh
echo ran-3.{{Index}}
```

## 4. Four
- PASS CONTINUE
- FAIL GOTO Mend

```sh
echo ran-4; test ! -e fail
```

## 5. Last

```sh
echo ran-5; pwd > "$RD_WORK_PATH/where"
```

## Mend

```sh
echo ran-Mend
```
"""
PARENT = """# Parent

## 1. By hand

A person does this, or another runbook.

## 2. After

```sh
echo after {{Made}}
```
"""
CHILD = """---
inputs: {who: {default: nobody}}
outputs: [Made]
---
# Child

## 1. Make
- OUTPUTS
  - Made
- PASS CONTINUE
- FAIL STOP

```sh
test {{who}} != bad && echo "made by $(echo {{who}})" > "$RD_OUTPUTS_Made"
```
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    place = tmp_path / "project"
    (place / ".rundown").mkdir(parents=True, mode=0o700)
    (place / "sub").mkdir()
    for name, text in (("parts", BOOK), ("parent", PARENT), ("child", CHILD)):
        (place / f"{name}.runbook.md").write_text(text)
    return place


def ran(project: Path, *words: str) -> tuple[int, str]:
    """Returns the exit code and the marks of the steps that ran."""
    done = rundown(project, *words, "--non-interactive")
    marks = [line.removeprefix("ran-") for line in done.stdout.splitlines() if line.startswith("ran-")]
    return done.returncode, " ".join(marks)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--from", "3"], (0, "3.1 3.2 4 5")),
        (["--from", "2.2", "--until", "3"], (0, "2.2 3.1 3.2")),
        (["--until", "2"], (0, "1 2.1 2.2")),
        (["--until", "2.1"], (0, "1 2.1")),
        (["--only", "1"], (0, "1")),
        (["--only", "2"], (0, "2.1 2.2")),
        (["--only", "2.2"], (0, "2.2")),
        (["--only", "3"], (0, "3.1 3.2")),
        (["--only", "5"], (0, "5")),
        (["--from", "Mend"], (0, "Mend")),
        (["--until", "5"], (0, "1 2.1 2.2 3.1 3.2 4 5")),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_run_is_the_part_that_was_named(words: list[str], expected: tuple[int, str], project: Path) -> None:
    assert ran(project, "run", "parts.runbook.md", *words) == expected


def test_a_part_whose_last_step_failed_is_no_success_wherever_the_runbook_would_go(project: Path) -> None:
    (project / "fail").touch()
    assert ran(project, "run", "parts.runbook.md", "--only", "4") == (1, "4")
    assert ran(project, "run", "parts.runbook.md", "--only", "2.2") == (1, "2.2")


def test_a_step_that_is_called_by_its_title_is_answered_with_its_id(project: Path) -> None:
    done = rundown(project, "run", "parts.runbook.md", "--from", "lsat")
    assert (done.returncode, "did you mean 5?" in done.stderr) == (2, True), done.stderr


@pytest.mark.parametrize("option", ["--from", "--until", "--only"])
def test_a_step_that_is_not_there_is_told_before_anything_runs(option: str, project: Path) -> None:
    done = rundown(project, "run", "parts.runbook.md", option, "Mendd")
    assert (done.returncode, "session/no-such-step" in done.stderr, "did you mean Mend?" in done.stderr) == (
        2,
        True,
        True,
    )
    assert not (project / ".rundown/runs").exists()


def test_where_a_run_ends_is_remembered_when_it_goes_on(project: Path) -> None:
    text = BOOK.replace("echo ran-1", "echo ran-1 | tac")
    (project / "parts.runbook.md").write_text(text)
    assert ran(project, "run", "parts.runbook.md", "--until", "2.1") == (3, "")
    assert ran(project, "resume", "--allow-run", "tac") == (0, "1 2.1")


def test_steps_start_where_it_was_said_and_nowhere_outside(project: Path) -> None:
    words = ("run", "parts.runbook.md", "--from", "5")
    assert rundown(project, *words, "--cwd", "sub").returncode == 0
    assert (project / ".rundown/work/where").read_text() == f"{project}/sub\n"
    for wrong in ("..", "/", "missing", "parts.runbook.md"):
        done = rundown(project, *words, "--cwd", wrong)
        assert (done.returncode, "cli/bad-directory" in done.stderr) == (2, True), wrong


# --- standing in ---------------------------------------------------------------------------------------------


def bodies(project: Path) -> list[dict[str, object]]:
    """The events of the oldest run."""
    path = min(project.glob(".rundown/runs/*/events.jsonl"))
    return [json.loads(line)["body"] for line in path.read_text().splitlines()]


def test_a_runbook_stands_in_for_the_step_that_waits_and_the_run_goes_on(project: Path) -> None:
    assert rundown(project, "run", "parent.runbook.md", "--non-interactive").returncode == 5
    done = rundown(
        project, "run", "child.runbook.md", "--step", "1", "--input", "who=me", "--non-interactive"
    )
    assert (done.returncode, "after made by me" in done.stdout) == (0, True), done.stdout + done.stderr
    finished = [body for body in bodies(project) if body["type"] == "StepFinished"]
    assert [(body["step"], body["result"], body["reported_by"]) for body in finished] == [
        ("1", "pass", "child"),
        ("2", "pass", "process"),
    ]


def test_a_child_that_stops_is_a_step_that_failed(project: Path) -> None:
    rundown(project, "run", "parent.runbook.md", "--non-interactive")
    done = rundown(
        project, "run", "child.runbook.md", "--step", "1", "--input", "who=bad", "--non-interactive"
    )
    assert (done.returncode, "after" in done.stdout) == (1, False), done.stdout + done.stderr


def test_a_child_that_waits_is_the_one_that_is_driven_next(project: Path) -> None:
    rundown(project, "run", "parent.runbook.md", "--non-interactive")
    begun = rundown(project, "run", "child.runbook.md", "--step", "1", "--prompted", "--non-interactive")
    assert (begun.returncode, "after" in begun.stdout) == (0, False), begun.stdout + begun.stderr
    done = rundown(project, "pass", "--non-interactive")
    assert [word in done.stdout for word in ("1 Make", "✓ 1 passed\n", "2 After")] == [True] * 3, done.stdout


def test_what_does_not_fit_leaves_the_parent_as_it_was(project: Path) -> None:
    rundown(project, "run", "parent.runbook.md", "--non-interactive")
    before = bodies(project)
    for words, code in (
        (["child.runbook.md", "--step", "2"], "engine/elsewhere"),
        (["parent.runbook.md", "--step", "1"], "session/not-linked"),
        (["child.runbook.md", "--step", "1", "--input-json", "who={"], "error["),
    ):
        done = rundown(project, "run", *words, "--non-interactive")
        assert (done.returncode, code in done.stderr) == (2, True), done.stderr
    assert bodies(project) == before


def test_without_a_run_that_waits_prompted_begins_there_and_nothing_else_does(project: Path) -> None:
    alone = rundown(project, "run", "parts.runbook.md", "--step", "4", "--non-interactive")
    assert (alone.returncode, "cli/no-parent" in alone.stderr) == (2, True)
    shown = rundown(project, "run", "parts.runbook.md", "--step", "4", "--prompted", "--non-interactive")
    assert (shown.returncode, "4 Four" in shown.stdout, "1 One" in shown.stdout) == (0, True, False), (
        shown.stdout
    )
