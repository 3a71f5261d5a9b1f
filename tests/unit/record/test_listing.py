"""Runs at a glance."""

import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from rundown.errors import InvalidInputError, RecordError
from rundown.model.event import Body, RunFinished, RunPaused, StepStarted
from rundown.record.chain import contract_bytes
from rundown.record.listing import RunEntry, list_runs, open_run, outermost_contract, read_contract
from rundown.record.log import EventLog
from rundown.record.place import RunsPlace
from rundown.record.rundir import RunDirectory
from tests.support.records import START_NS, TickingClock, a_contract, a_place


def _make(place: RunsPlace, now_ns: int, *bodies: Body) -> RunDirectory:
    with RunDirectory.create(place, now_ns=now_ns) as rundir:
        contract = a_contract(rundir.run_id, str(place.root))
        with EventLog.create(rundir, contract, TickingClock()) as log:
            for body in bodies:
                log.append(body)
    return rundir


def test_runs_are_listed_newest_first_with_how_they_stand(tmp_path: Path) -> None:
    place = a_place(tmp_path)
    long_line = StepStarted(step="1", title="x" * 300_000)
    made = [
        _make(place, START_NS + 1, RunFinished(status="completed")),
        _make(place, START_NS + 10**6, StepStarted(step="1"), RunFinished(status="stopped")),
        _make(place, START_NS + 2 * 10**6, RunPaused(reason="denied", position="1")),
        _make(place, START_NS + 3 * 10**6, StepStarted(step="1"), long_line),
        _make(place, START_NS + 4 * 10**6),
    ]
    with (made[3].path / "events.jsonl").open("ab") as stream:
        stream.write(b'{"torn')
    common = {"runbook_file": "deploy.runbook.md", "started_at": "2026-09-21T13:33:20.000000Z"}
    facts = [
        {"state": "completed", "events": 1, "last_at": "2026-09-21T14:13:20.000000Z"},
        {"state": "stopped", "events": 2, "last_at": "2026-09-21T14:13:20.001000Z"},
        {"state": "paused", "events": 1, "last_at": "2026-09-21T14:13:20.000000Z", "reason": "denied"},
        {"state": "interrupted", "events": 2, "last_at": "2026-09-21T14:13:20.001000Z"},
        {"state": "empty"},
    ]
    expected = [
        RunEntry(run_id=run.run_id, path=run.path, **common, **fact)  # type: ignore[arg-type]
        for run, fact in zip(made, facts, strict=True)
    ]
    assert list_runs(place) == tuple(reversed(expected))


def test_a_run_that_is_being_written_is_active(tmp_path: Path) -> None:
    place = a_place(tmp_path)
    with (
        RunDirectory.create(place, now_ns=START_NS) as rundir,
        EventLog.create(rundir, a_contract(rundir.run_id), TickingClock()) as log,
    ):
        log.append(RunPaused(reason="waiting", position="1"))
        assert [entry.state for entry in list_runs(place)] == ["active"]
    assert [entry.state for entry in list_runs(place)] == ["paused"]


@pytest.mark.parametrize(("name", "content"), [("contract.json", b"{"), ("events.jsonl", b"nothing\n")])
def test_a_run_that_cannot_be_read_is_damaged(tmp_path: Path, name: str, content: bytes) -> None:
    place = a_place(tmp_path)
    run = _make(place, START_NS, StepStarted(step="1"))
    (run.path / name).write_bytes(content)
    assert [entry.state for entry in list_runs(place)] == ["damaged"]


def test_a_run_without_a_contract_is_empty(tmp_path: Path) -> None:
    place = a_place(tmp_path)
    RunDirectory.create(place, now_ns=START_NS).close()
    assert [entry.state for entry in list_runs(place)] == ["empty"]


def test_other_things_in_the_place_are_no_runs(tmp_path: Path) -> None:
    place = a_place(tmp_path)
    place.project_runs.mkdir(parents=True)
    (place.project_runs / "notes").mkdir()
    (place.project_runs / "x.json").touch()
    assert list_runs(place) == ()


def test_in_the_state_home_only_runs_of_the_project_are_seen(tmp_path: Path) -> None:
    place = a_place(tmp_path)
    kept = replace(place, runs_dir=place.state_runs)
    ours = _make(kept, START_NS, StepStarted(step="1"))
    _make(replace(kept, root=tmp_path / "another"), START_NS + 10**6, StepStarted(step="1"))
    assert [entry.run_id for entry in list_runs(place)] == [ours.run_id]
    with open_run(place, None) as opened:
        assert opened.path == ours.path


def test_the_run_that_was_meant_is_opened(tmp_path: Path) -> None:
    place = a_place(tmp_path)
    with pytest.raises(InvalidInputError, match="record/no-runs"):
        open_run(place, None)
    first = _make(place, START_NS)
    second = _make(place, START_NS + 10**6)
    for argument, expected in ((None, second), (first.run_id[-6:], first)):
        with open_run(place, argument) as opened:
            assert opened.run_id == expected.run_id


def test_a_run_whose_events_are_no_file_is_damaged_and_hides_no_other(tmp_path: Path) -> None:
    place = a_place(tmp_path)
    pipe, whole = _make(place, START_NS), _make(place, START_NS + 10**6, StepStarted(step="1"))
    (pipe.path / "events.jsonl").unlink()
    os.mkfifo(pipe.path / "events.jsonl")
    assert [(entry.run_id, entry.state) for entry in list_runs(place)] == [
        (whole.run_id, "interrupted"),
        (pipe.run_id, "damaged"),
    ]


def test_a_contract_of_another_run_is_none_of_this(tmp_path: Path) -> None:
    place = a_place(tmp_path)
    first, second = _make(place, START_NS), _make(place, START_NS + 10**6)
    (second.path / "contract.json").write_bytes((first.path / "contract.json").read_bytes())
    with RunDirectory.open(place, second.run_id) as rundir, pytest.raises(RecordError, match="not-read"):
        read_contract(rundir)


def test_the_outermost_of_parts_is_found_and_a_circle_of_them_refused(tmp_path: Path) -> None:
    place = a_place(tmp_path)
    outer = RunDirectory.create(place, now_ns=START_NS)
    inner = RunDirectory.create(place, now_ns=START_NS + 10**6)
    for rundir, parent in ((outer, None), (inner, outer.run_id)):
        contract = a_contract(rundir.run_id, str(place.root), parent_run=parent)
        EventLog.create(rundir, contract, TickingClock()).close()
    assert outermost_contract(place, inner.run_id).run_id == outer.run_id
    turned = a_contract(outer.run_id, str(place.root), parent_run=inner.run_id)
    outer.write_file("contract.json", contract_bytes(turned) + b"\n")
    with pytest.raises(RecordError, match="record/parts-in-a-circle"):
        outermost_contract(place, inner.run_id)
