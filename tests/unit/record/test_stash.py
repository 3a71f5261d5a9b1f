"""One run may be set aside, and comes back as it was."""

from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from rundown.errors import InvalidInputError, RecordError
from rundown.record.ids import new_run_id
from rundown.record.listing import RunEntry
from rundown.record.stash import Stash, find_active
from tests.support.records import START_NS, a_place


def _entry(age: int, state: str = "paused", parent: RunEntry | None = None) -> RunEntry:
    return RunEntry(
        run_id=new_run_id(START_NS + age * 10**9),
        path=Path("/"),
        state=state,  # type: ignore[arg-type]
        parent_run=parent.run_id if parent else None,
    )


OLD, NEW, DONE = _entry(1), _entry(2), _entry(3, "completed")


def _code(act: Callable[[], object]) -> str:
    with pytest.raises((InvalidInputError, RecordError)) as caught:
        act()
    return caught.value.diagnostics[0].code


@pytest.fixture
def stash(tmp_path: Path) -> Stash:
    return Stash(a_place(tmp_path))


def test_a_run_that_was_set_aside_is_not_the_active_one_until_it_comes_back(
    stash: Stash, tmp_path: Path
) -> None:
    assert stash.put([OLD, DONE]) == OLD
    again = Stash(a_place(tmp_path))
    assert (again.find([OLD, DONE]), find_active([OLD, DONE], OLD)) == (OLD, None)
    assert again.pop([OLD, DONE]) == OLD
    assert (stash.find([OLD, DONE]), find_active([OLD, DONE])) == (None, OLD)


def test_a_second_run_is_not_set_aside(stash: Stash) -> None:
    stash.put([OLD])
    assert _code(lambda: stash.put([OLD, NEW])) == "record/stash-full"
    assert stash.find([OLD, NEW]) == OLD


def test_a_run_does_not_come_back_while_another_is_active(stash: Stash) -> None:
    stash.put([OLD])
    assert _code(lambda: stash.pop([OLD, NEW])) == "record/stash-other-active"
    assert stash.pop([OLD, replace(NEW, state="stopped")]) == OLD


def test_a_run_that_a_process_drives_is_not_set_aside(stash: Stash) -> None:
    assert _code(lambda: stash.put([_entry(4, "active")])) == "record/stash-active"


@pytest.mark.parametrize("entries", [[], [DONE]], ids=["none", "ended"])
def test_with_nothing_active_nothing_is_set_aside(entries: list[RunEntry], stash: Stash) -> None:
    assert (stash.put(entries), stash.pop(entries)) == (None, None)


@pytest.mark.parametrize("later", [[NEW], [replace(OLD, state="completed"), NEW]], ids=["gone", "ended"])
def test_the_slot_is_free_again_when_its_run_is_no_more(later: list[RunEntry], stash: Stash) -> None:
    stash.put([OLD])
    assert (stash.find(later), stash.pop(later)) == (None, None)
    assert stash.put(later) == NEW


def test_a_run_is_set_aside_with_its_parts(stash: Stash) -> None:
    outer = _entry(1)
    parts = [outer, _entry(2, parent=outer), _entry(3, "completed", parent=outer)]
    assert stash.put(parts) == outer
    assert find_active(parts, outer) is None


def test_each_project_and_each_place_of_runs_has_a_slot_of_its_own(tmp_path: Path) -> None:
    place = a_place(tmp_path)
    others = [replace(place, root=tmp_path / "other"), replace(place, runs_dir=tmp_path / "runs")]
    Stash(place).put([OLD])
    assert [Stash(other).find([OLD]) for other in others] == [None, None]


def test_a_slot_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    place = a_place(tmp_path)
    (place.state_home / "rundown").write_bytes(b"in the way")
    assert _code(lambda: Stash(place).put([OLD])) == "record/not-stashed"


def test_a_slot_that_holds_nonsense_is_free(tmp_path: Path) -> None:
    place = a_place(tmp_path)
    Stash(place).put([OLD])
    (slot,) = (place.state_home / "rundown/stash").iterdir()
    for content in (b"", b"{}", b'{"root":"/x","run_id":"../../etc"}'):
        slot.write_bytes(content)
        assert Stash(place).find([OLD]) is None
