"""Old runs go, those in use stay."""

from collections.abc import Callable
from pathlib import Path

import pytest

from rundown.errors import RecordError
from rundown.record.ids import new_run_id, started_ms
from rundown.record.listing import RunEntry, list_runs
from rundown.record.log import EventLog
from rundown.record.prune import choose_runs, remove_run
from rundown.record.registry import Registry
from rundown.record.rundir import RunDirectory
from tests.support.records import START_NS, TickingClock, a_contract, a_place

_STATES = ("completed", "stopped", "active", "paused", "interrupted", "empty", "damaged")
_ENTRIES = tuple(
    RunEntry(run_id=new_run_id(START_NS + age * 10**9), path=Path("/"), state=state)  # type: ignore[arg-type]
    for age, state in enumerate(_STATES)
)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, ["damaged", "empty", "stopped", "completed"]),
        ({"unfinished": True}, ["damaged", "empty", "interrupted", "paused", "stopped", "completed"]),
        ({"keep": 2}, ["stopped", "completed"]),
        ({"before_ms": started_ms(_ENTRIES[1].run_id)}, ["completed"]),
        ({"keep": 1, "before_ms": started_ms(_ENTRIES[6].run_id)}, ["empty", "stopped", "completed"]),
        ({"keep": 10}, []),
    ],
)
def test_runs_go_by_age_and_count(options: dict[str, int], expected: list[str]) -> None:
    assert [entry.state for entry in choose_runs(_ENTRIES, **options)] == expected  # type: ignore[arg-type]


def _code(act: Callable[[], object]) -> str:
    with pytest.raises(RecordError) as caught:
        act()
    return caught.value.diagnostics[0].code


def test_a_removed_run_is_gone_from_place_and_registry(tmp_path: Path) -> None:
    place = a_place(tmp_path)
    registry = Registry(place.state_home)
    with RunDirectory.create(place, now_ns=START_NS) as rundir:
        with EventLog.create(rundir, a_contract(), TickingClock()) as log:
            registry.register(rundir, log.head, at_rest=False)
            assert _code(lambda: remove_run(place, rundir.run_id)) == "record/log-busy"
        with rundir.open_output("1", 1) as output:
            output.write(b"x")
    remove_run(place, rundir.run_id)
    assert (list_runs(place), registry.find(rundir.run_id), rundir.path.exists()) == ((), None, False)
    assert _code(lambda: remove_run(place, rundir.run_id)) == "record/run-not-opened"
