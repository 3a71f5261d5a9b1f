"""A run as a person reads it: from the events, and from nothing else."""

import re

import pytest
from msgspec.structs import replace

from rundown.model.event import (
    Body,
    ChildStarted,
    EndForced,
    Jumped,
    LaunchFailed,
    LaunchRequested,
    ModelUsed,
    ProcessEnded,
    RunFinished,
    RunPaused,
    RunResumed,
    RunStarted,
    StepFinished,
    StepStarted,
)
from rundown.model.sandbox import Gap, ProcessResult, StageFailure
from rundown.render.style import Style
from rundown.render.terminal import TerminalReader, describe_ending, describe_usage

SECOND = 1_000_000_000


def started(position: str, title: str = "", attempt: int = 1) -> StepStarted:
    step, _, substep = position.partition(".")
    return StepStarted(step=step, substep=substep or None, attempt=attempt, title=title)


def finished(position: str, result: str, by: str = "process", note: str = "") -> StepFinished:
    step, _, substep = position.partition(".")
    return StepFinished(step=step, substep=substep or None, result=result, reported_by=by, note=note)  # type: ignore[arg-type]


def ended(position: str, duration_ns: int = SECOND, **changes: object) -> ProcessEnded:
    result = ProcessResult(**({"ending": "exited", "status": 0, "duration_ns": duration_ns} | changes))  # type: ignore[arg-type]
    return ProcessEnded(
        request="sha256:r", position=position, result=result, output="output/1.log", output_digest="sha256:o"
    )


def launched(position: str, *gaps: Gap) -> LaunchRequested:
    return LaunchRequested(request="sha256:r", position=position, plan="sha256:p", gaps=gaps)


def told(*bodies: Body, style: Style = Style(), total: int = 3) -> str:  # noqa: B008 - a frozen value
    reader = TerminalReader(style, total)
    return "".join(reader.read(body) for body in bodies)


GAP = Gap(code="sandbox/no-cgroup", message="limits of memory are not enforced")
WHOLE_RUN: tuple[Body, ...] = (
    RunStarted(
        run_id="r", runbook_file="a.md", runbook_digest="sha256:b", root="/p", rundown_version="0.1.0"
    ),
    started("1", "Build"),
    launched("1", GAP),
    ended("1", 3_400_000_000),
    finished("1", "pass"),
    started("2", "Test"),
    launched("2", GAP),
    ended("2", status=2, left_behind=2, output_cut_bytes=3 * 1024 * 1024),
    finished("2", "fail"),
    started("2", "Test", attempt=2),
    launched("2"),
    ended("2", 65 * SECOND),
    finished("2", "pass"),
    started("3.1", "Call the owner"),
    finished("3.1", "pass", "person", note="she knows"),
    RunFinished(status="completed", message="all well"),
)
TOLD = """
▶ 1 Build  [1/3]
⚠ not enforced here: limits of memory are not enforced [sandbox/no-cgroup]
✓ 1 passed  3.4 s

▶ 2 Test  [2/3]
· 2 background processes were ended with the step
· 3.0 MiB of output were cut from the middle
✗ 2 failed  exit status 2, 1.0 s

↻ 2 Test  attempt 2  [2/3]
✓ 2 passed  1 m 05 s

▶ 3.1 Call the owner  [3/3]
✓ 3.1 passed  reported by a person, she knows

────────────────────────────────────────────────────────────
✓ 1    Build                                       3.4 s
✓ 2    Test                                     1 m 06 s  (2 attempts)
✓ 3.1  Call the owner
✓ completed: all well
"""


def test_a_whole_run_is_told() -> None:
    assert told(*WHOLE_RUN) == TOLD


def test_colour_changes_nothing_but_colour() -> None:
    painted = told(*WHOLE_RUN, style=Style(color=True))
    assert (re.sub(r"\x1b\[[0-9;]*m", "", painted), "\x1b[" in painted) == (TOLD, True)


def test_without_unicode_it_is_ascii_and_has_the_same_lines() -> None:
    plain = told(*WHOLE_RUN, style=Style(unicode=False))
    assert (plain.isascii(), plain.count("\n")) == (True, TOLD.count("\n"))
    assert plain.splitlines()[1] == "> 1 Build  [1/3]"


def test_the_table_fits_a_narrow_terminal() -> None:
    title = "A step with a title that is longer than the terminal is wide"
    table = told(
        *(started("1", title), ended("1"), finished("1", "pass")),
        *(started("2", "漢字" * 30), ended("2"), finished("2", "pass")),
        RunFinished(status="completed"),
        style=Style(width=30),
    ).split("─" * 30)[1]
    assert table.splitlines()[1] == "✓ 1  A step with …    1.0 s"
    assert max(len(line) for line in table.splitlines()) <= 30


def test_a_table_of_one_step_is_not_worth_its_lines() -> None:
    assert told(started("1", "A"), finished("1", "pass"), RunFinished(status="completed")) == (
        "\n▶ 1 A  [1/3]\n✓ 1 passed\n\n✓ completed\n"
    )


def test_a_shell_in_a_failed_steps_sandbox_is_no_end_of_the_step() -> None:
    shell = ended("1~shell", 90 * SECOND, status=7, left_behind=1)
    shown = told(started("1"), ended("1", status=2), shell, finished("1", "fail"))
    assert shown.splitlines()[2:] == [
        "· 1 background process was ended with the step",
        "✗ 1 failed  exit status 2, 1.0 s",
    ]


def test_loops_count_on_beyond_the_units_of_the_runbook() -> None:
    bodies = [StepStarted(step="1", substep="1", iteration=place) for place in (1, 2)]
    assert told(*bodies, total=1) == "\n▶ 1.1.1  [1/1]\n\n▶ 1.2.1  [2/2]\n"


@pytest.mark.parametrize(
    ("body", "line"),
    [
        (RunFinished(status="stopped", message="no way"), "■ stopped: no way"),
        (RunFinished(status="stopped", code="source-drift", message="x"), "■ stopped: x [source-drift]"),
        (RunPaused(reason="denied", position="2", detail="run rm"), "⏸ paused at step 2 (denied): run rm"),
        (RunPaused(reason="interrupted", position="2"), "⏸ paused at step 2 (interrupted)"),
    ],
)
def test_an_end_says_why(body: Body, line: str) -> None:
    assert told(body) == f"\n{line}\n"


def test_a_resumed_run_says_what_changed_and_where_it_goes_on() -> None:
    pause = RunPaused(reason="interrupted", position="1")
    reader = TerminalReader(Style(), 3)
    for body in (started("1", "Build"), ended("1", ending="interrupted", status=None), pause):
        reader.read(body)
    assert reader.read(RunResumed(changes=("runbook", "policy"))) == (
        "⚠ changed since the run began: runbook, policy\n"
    )
    assert reader.read(finished("1", "pass", "person")) == (
        "\n▶ 1 Build  [1/3]\n✓ 1 passed  reported by a person\n"
    )


@pytest.mark.parametrize("sent", [Jumped(step="1"), EndForced(status="stopped")])
def test_where_a_run_would_have_gone_on_is_not_said_if_a_person_sends_it_elsewhere(sent: Body) -> None:
    reader = TerminalReader(Style(), 3)
    pause = RunPaused(reason="interrupted", position="1")
    for body in (started("1", "Build"), pause, RunResumed()):
        reader.read(body)
    assert (reader.read(sent), reader.read(started("1", "Build", attempt=2))) == (
        "",
        "\n↻ 1 Build  attempt 2  [1/3]\n",
    )


def test_a_child_is_named() -> None:
    child = ChildStarted(position="1", run_id="c", reference="other.runbook.md")
    assert told(child) == "· runs other.runbook.md\n"


def test_a_stage_that_failed_is_told_by_the_pause_that_follows() -> None:
    failure = StageFailure(stage="mount", errno=1, detail="refused")
    assert told(LaunchFailed(request="r", position="1", failure=failure)) == ""


HOSTILE = "a\x1b[2Jb\u202ec\nd"


@pytest.mark.parametrize(
    "body",
    [
        started("1", HOSTILE),
        finished("1", "fail", note=HOSTILE),
        launched("1", Gap(code="x/y", message=HOSTILE)),
        RunPaused(reason="denied", position="1", detail=HOSTILE),
        RunFinished(status="stopped", message=HOSTILE),
        ChildStarted(position="1", run_id="c", reference=HOSTILE),
    ],
    ids=lambda body: type(body).__name__,
)
def test_no_text_from_outside_draws_on_the_terminal(body: Body) -> None:
    text = told(body)
    assert "a\\x1b[2Jb<U+202E>c\\nd" in text
    assert [char for char in text if char != "\n" and not char.isprintable()] == []


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"ending": "exited", "status": 3}, "exit status 3"),
        ({"ending": "signalled", "signal": 9}, "killed by signal 9"),
        ({"ending": "timed-out"}, "timed out"),
        ({"ending": "out-of-memory"}, "out of memory"),
        ({"ending": "interrupted"}, "interrupted"),
    ],
)
def test_every_ending_has_its_words(changes: dict[str, object], text: str) -> None:
    assert describe_ending(ProcessResult(duration_ns=1, **changes)) == text  # type: ignore[arg-type]


def test_what_an_agent_asked_of_its_model_is_told_in_a_line():
    used = ModelUsed(
        position="1",
        kind="claude",
        host="api.example",
        models=("m",),
        requests=1,
        input_tokens=7,
        cost_usd=0.5,
    )
    assert describe_usage(used) == "m: 1 request, 7 tokens in, 0 out, 0.50 US dollars"
    assert describe_usage(replace(used, models=(), requests=2, cost_usd=None, refused=("x",))) == (
        "api.example: 2 requests, 7 tokens in, 0 out; refused 1 of other kinds"
    )
