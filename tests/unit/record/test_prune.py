"""Old runs go, those in use stay."""

from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

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


def _family(outer: str, inner: str) -> tuple[RunEntry, ...]:
    """A run of 0 s of age in state `outer`, its child in state `inner`, and a newer run of its own."""
    states = (outer, inner, "completed")
    entries = [replace(entry, state=state) for entry, state in zip(_ENTRIES, states, strict=False)]
    return (entries[0], replace(entries[1], parent_run=entries[0].run_id), entries[2])


@pytest.mark.parametrize(
    ("outer", "inner", "options", "gone"),
    [
        ("completed", "completed", {"keep": 1}, [1, 0]),
        ("completed", "completed", {"keep": 2}, []),
        ("paused", "completed", {"keep": 1}, []),
        ("active", "completed", {"keep": 0, "unfinished": True}, [2]),
        ("completed", "interrupted", {"keep": 1}, []),
        ("completed", "interrupted", {"keep": 1, "unfinished": True}, [1, 0]),
        ("completed", "completed", {"before_ms": started_ms(_ENTRIES[1].run_id)}, [1, 0]),
    ],
)
def test_a_run_that_is_part_of_another_goes_with_it(
    outer: str, inner: str, options: dict[str, int], gone: list[int]
) -> None:
    family = _family(outer, inner)
    assert choose_runs(family, **options) == tuple(family[at] for at in gone)  # type: ignore[arg-type]


def test_a_run_that_is_spared_stays_with_its_parts() -> None:
    family = _family("paused", "completed")
    assert choose_runs(family, unfinished=True, spared=family[0]) == (family[2],)


def test_runs_that_claim_to_be_each_others_part_go_like_any(tmp_path: Path) -> None:
    first, second, _ = _family("completed", "completed")
    knotted = (replace(first, parent_run=second.run_id), second)
    assert len(choose_runs(knotted)) == 2


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
