"""A run on one page; a run may have come with a checkout, so nothing of it draws on the terminal."""

from pathlib import Path

from msgspec.structs import replace

from rundown.cli.summary import render_standing, render_summary
from rundown.model.event import RunStarted, ViolationSeen
from rundown.model.sandbox import Gap, ProcessResult, StageFailure
from rundown.record import facts
from rundown.record.readings import Attempt, RunSummary, seen_from_outside, summarise
from rundown.render.style import Style

AT = "2026-01-02T03:04:05.000000Z"
STARTED = RunStarted(
    run_id="01a1feb0-c94a-7fda-b308-09a0704296dd",
    runbook_file="deploy.runbook.md",
    runbook_digest="sha256:d",
    root="/srv/app",
    rundown_version="0.1.0",
)
ENDED = ProcessResult(ending="exited", status=2, duration_ns=3_400_000_000)
WHOLE = RunSummary(
    run=STARTED,
    status="paused",
    started_at=AT,
    last_at="2026-01-02T03:05:10.000000Z",
    events=9,
    position="2.1",
    reason="waiting",
    attempts=(
        Attempt(
            position="1",
            number=1,
            title="Build",
            started_at=AT,
            result="fail",
            reported_by="process",
            process=ENDED,
            output="output/1.1.log",
        ),
        Attempt(
            position="1",
            number=2,
            title="Build",
            started_at=AT,
            result="pass",
            reported_by="person",
            note="it was me",
        ),
        Attempt(position="2.1", number=1, title="Deploy", started_at=AT, decision="deny"),
        Attempt(
            position="2.1",
            number=2,
            title="Deploy",
            started_at=AT,
            failure=StageFailure(stage="mount", errno=1, detail="refused"),
        ),
    ),
    asks=(facts.Ask(position="1", resource="run jo", answer="deny once", answered_by="person"),),
    denials=(facts.Denial(position="2.1", capability="run", resource="rm", why="built-in policy"),),
    gaps=(Gap(code="sandbox/no-cgroup", message="memory is not limited"),),
    violations=(ViolationSeen(position="1", capability="write", resource="/srv/app/.env", action="moved"),),
    changes=(facts.Change(path="/srv/app/dist/a", before=None, after="sha256:a"),),
    unseen=("/srv/app/huge",),
    network=(facts.Reach(host="h", port=443, outcome="blocked"),),
    variables={"Tag": '"v1"'},
    in_doubt=("3",),
)


def test_a_run_is_told_on_one_page() -> None:
    assert render_summary(WHOLE, Style(), Path("/srv/receipt.json")) == (
        "deploy.runbook.md  paused (waiting)\n"
        "  run      01a1feb0-c94a-7fda-b308-09a0704296dd\n"
        "  root     /srv/app\n"
        "  started  2026-01-02 03:04:05 UTC, 1 m 05 s to the last event\n"
        "  at step  2.1\n"
        "  receipt  /srv/receipt.json\n"
        "\n"
        "steps\n"
        "  ✗  1    Build  exit status 2, 3.4 s  output/1.1.log\n"
        "  ✓  1    Build (attempt 2)  by person, it was me\n"
        "  ⏸  2.1  Deploy  denied\n"
        "  ⏸  2.1  Deploy (attempt 2)  not launched: mount: refused\n"
        "\n"
        "asked\n"
        "  1  run jo: deny once (person)\n"
        "\n"
        "denied\n"
        "  2.1  run rm: built-in policy\n"
        "\n"
        "not enforced\n"
        "  memory is not limited [sandbox/no-cgroup]\n"
        "\n"
        "violations\n"
        "  1  write /srv/app/.env: moved\n"
        "\n"
        "changed\n"
        "  created  dist/a\n"
        "\n"
        "changes not seen\n"
        "  /srv/app/huge\n"
        "\n"
        "network\n"
        "  h:443 blocked\n"
        "\n"
        "values\n"
        '  Tag = "v1"\n'
        "\n"
        "in doubt\n"
        "  step 3: nobody saw its end\n"
    )


def test_a_run_that_never_began_is_a_run(tmp_path: Path) -> None:
    empty = RunSummary(run=None, status="running", started_at="", last_at="", events=0)
    assert render_summary(empty, Style()).splitlines()[0] == "a run that never began"


def test_many_changes_are_counted() -> None:
    changes = tuple(
        facts.Change(path=f"/srv/app/{n}", before="sha256:a", after="sha256:b") for n in range(25)
    )
    page = render_summary(replace(WHOLE, changes=changes), Style())
    assert "  … and 5 more: rundown diff --stat\n" in page


def test_a_standing_names_each_runbook_on_the_way_down() -> None:
    child = replace(WHOLE, run=replace(STARTED, runbook_file="child.runbook.md"), position="7")
    assert render_standing((WHOLE, child), Style()).splitlines()[-2:] == [
        "  in       child.runbook.md at step 7",
        "waits for a person: rundown pass   or: rundown fail",
    ]


def test_a_run_whose_process_died_is_said_to_be_interrupted() -> None:
    running = replace(WHOLE, status="running", reason="", run=replace(STARTED, runbook_file="died.md"))
    assert seen_from_outside(running, was_driven=True) == running
    died = seen_from_outside(running, was_driven=False)
    told = render_standing((died,), Style()).splitlines()
    assert (told[0], told[-1]) == (
        "died.md  interrupted",
        "its process died; go on: rundown resume 09a0704296dd",
    )


def test_of_a_run_that_never_began_nothing_else_is_told() -> None:
    empty = summarise(())
    assert render_standing((empty,), Style()) == "a run that never began\n"


HOSTILE = "x\x1b[2J\u202e"


def test_nothing_of_a_run_draws_on_the_terminal() -> None:
    hostile = RunSummary(
        run=replace(STARTED, run_id=HOSTILE, runbook_file=HOSTILE, root=HOSTILE),
        status="stopped",
        started_at=HOSTILE,
        last_at=AT,
        events=1,
        position=HOSTILE,
        reason=HOSTILE,
        message=HOSTILE,
        attempts=(
            Attempt(
                position=HOSTILE,
                number=1,
                title=HOSTILE,
                started_at=AT,
                result="fail",
                reported_by=HOSTILE,
                note=HOSTILE,
                failure=StageFailure(stage=HOSTILE, errno=1, detail=HOSTILE),
                output=HOSTILE,
            ),
        ),
        gaps=(Gap(code=HOSTILE, message=HOSTILE),),
        unseen=(HOSTILE,),
        variables={HOSTILE: HOSTILE},
        in_doubt=(HOSTILE,),
    )
    pages = render_summary(hostile, Style(), Path(HOSTILE)) + render_standing((hostile, hostile), Style())
    assert [char for char in pages if char != "\n" and not char.isprintable()] == []
