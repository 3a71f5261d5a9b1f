"""Only runs that were started here are resumed, and only from where they were left."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from rundown.errors import RecordError
from rundown.model.event import RunPaused, StepStarted
from rundown.record.log import EventLog
from rundown.record.registry import Registered, Registry
from rundown.record.rundir import RunDirectory
from tests.support.ordinary import as_ordinary_user
from tests.support.records import TickingClock, a_contract, a_place, a_run


def _run(folder: Path, *, at_rest: bool) -> tuple[RunDirectory, Registry]:
    rundir, registry = a_run(folder), Registry(folder / "state")
    with EventLog.create(rundir, a_contract(), TickingClock()) as log:
        log.append(StepStarted(step="1"))
        log.append(RunPaused(reason="waiting", position="1"))
        assert registry.register(rundir, log.head, at_rest=at_rest) is None
        assert registry.is_ours(rundir.run_id, log.head)
    return rundir, registry


def _add(rundir: RunDirectory) -> None:
    with EventLog.open(rundir, TickingClock()) as log:
        log.append(StepStarted(step="9"))


def _refusal(act: Callable[[], EventLog]) -> str:
    with pytest.raises(RecordError) as caught:
        act()
    return caught.value.diagnostics[0].code


def test_a_run_that_was_left_at_rest_goes_on_from_there(tmp_path: Path) -> None:
    rundir, registry = _run(tmp_path, at_rest=True)
    with registry.resume(rundir, TickingClock()) as log:
        entry = registry.find(rundir.run_id)
        assert entry == Registered(run_id=rundir.run_id, path=str(rundir.path), head=log.head, at_rest=True)


def test_nothing_may_have_been_added_to_a_run_at_rest(tmp_path: Path) -> None:
    rundir, registry = _run(tmp_path, at_rest=True)
    _add(rundir)
    assert _refusal(lambda: registry.resume(rundir, TickingClock())) == "record/not-ours"
    EventLog.open(rundir, TickingClock()).close()  # its lock was let go


def test_a_run_whose_process_died_may_have_gone_on(tmp_path: Path) -> None:
    rundir, registry = _run(tmp_path, at_rest=False)
    _add(rundir)
    with registry.resume(rundir, TickingClock()) as log:
        assert log.head.count == 3


@pytest.mark.parametrize("at_rest", [True, False])
def test_a_run_that_was_cut_back_is_refused(tmp_path: Path, at_rest: bool) -> None:
    rundir, registry = _run(tmp_path, at_rest=at_rest)
    path = rundir.path / "events.jsonl"
    path.write_bytes(path.read_bytes().splitlines(keepends=True)[0])
    assert _refusal(lambda: registry.resume(rundir, TickingClock())) == "record/log-damaged"


def test_a_run_that_came_with_a_checkout_is_not_resumed(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    rundir, _ = _run(tmp_path / "theirs", at_rest=True)
    place = a_place(tmp_path)
    shutil.copytree(rundir.path, place.project_runs / rundir.run_id)
    with RunDirectory.open(place, rundir.run_id) as copied:
        assert (
            _refusal(lambda: Registry(place.state_home).resume(copied, TickingClock())) == "record/not-ours"
        )


def test_a_forgotten_or_damaged_entry_makes_a_run_foreign(tmp_path: Path) -> None:
    rundir, registry = _run(tmp_path, at_rest=True)
    (tmp_path / f"state/rundown/runs/{rundir.run_id}.json").write_bytes(b"{")
    assert registry.find(rundir.run_id) is None
    registry.forget(rundir.run_id)
    registry.forget(rundir.run_id)
    assert (registry.find(rundir.run_id), registry.find("../x")) == (None, None)


def test_a_run_that_cannot_be_registered_says_so(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("shared")
    for path in (folder, *list(folder.parents)[:2]):
        path.chmod(0o755)
    text = """
        import sys, pathlib
        sys.path.insert(0, ".")
        from rundown.record.chain import Head
        from rundown.record.registry import Registry
        from rundown.record.rundir import RunDirectory

        rundir = RunDirectory("019c0000-0000-7000-8000-0000000000aa", pathlib.Path("/nowhere"), -1)
        warning = Registry(pathlib.Path(sys.argv[1])).register(rundir, Head(count=0, hash=""), at_rest=True)
        print(warning.code, warning.severity)
    """
    folder.chmod(0o555)
    assert as_ordinary_user(text, str(folder)) == "record/not-registered warning\n"
