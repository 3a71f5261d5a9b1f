"""Run directories: private, in the right place, never through a link."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from rundown.errors import RecordError
from rundown.record.rundir import RunDirectory
from tests.support.ordinary import as_ordinary_user, give_to_ordinary_user
from tests.support.records import START_NS, a_place


def _modes(path: Path) -> dict[str, str]:
    found = {".": path, **{str(below.relative_to(path)): below for below in path.rglob("*")}}
    return {name: stat.filemode(below.lstat().st_mode) for name, below in found.items()}


def _refusal(act: Callable[[], object]) -> str:
    with pytest.raises(RecordError) as caught:
        act()
    (diagnostic,) = caught.value.diagnostics
    return diagnostic.code


def test_a_run_is_private_and_kept_out_of_version_control(tmp_path: Path) -> None:
    place = a_place(tmp_path)
    old = os.umask(0)
    try:
        with RunDirectory.create(place, now_ns=START_NS) as rundir, rundir.open_output("2.1", 1) as output:
            rundir.write_file("contract.json", b"{}")
            output.write(b"x")
    finally:
        os.umask(old)
    run = f"runs/{rundir.run_id}"
    modes = _modes(place.root / ".rundown")
    assert modes == {
        ".": "drwxr-xr-x",
        ".gitignore": "-rw-r--r--",
        "runs": "drwx------",
        run: "drwx------",
        f"{run}/contract.json": "-rw-------",
        f"{run}/output": "drwx------",
        f"{run}/output/2.1.1.log": "-rw-------",
    }
    assert "/runs/\n" in (place.root / ".rundown/.gitignore").read_text()


def test_what_a_project_has_below_rundown_stays(tmp_path: Path) -> None:
    place = a_place(tmp_path)
    (place.root / ".rundown").mkdir()
    (place.root / ".rundown/.gitignore").write_text("mine")
    (place.root / ".rundown/runs").mkdir(mode=0o755)
    with RunDirectory.create(place, now_ns=START_NS) as rundir:
        assert rundir.notice is None
    assert _modes(place.root / ".rundown")["runs"] == "drwx------"
    assert (place.root / ".rundown/.gitignore").read_text() == "mine"


@pytest.mark.parametrize("link", [".rundown", ".rundown/runs"])
def test_a_linked_place_is_refused_for_writing_and_reading(tmp_path: Path, link: str) -> None:
    place = a_place(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    (place.root / link).parent.mkdir(exist_ok=True)
    (place.root / link).symlink_to(tmp_path / "elsewhere")
    assert _refusal(lambda: RunDirectory.create(place, now_ns=START_NS)) == "record/place-is-link"
    assert _refusal(lambda: RunDirectory.open(place, "last")) == "record/place-is-link"
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_linked_run_is_not_opened(tmp_path: Path) -> None:
    place = a_place(tmp_path)
    with RunDirectory.create(place, now_ns=START_NS) as rundir:
        pass
    rundir.path.rename(tmp_path / "elsewhere")
    rundir.path.symlink_to(tmp_path / "elsewhere")
    assert _refusal(lambda: RunDirectory.open(place, rundir.run_id)) == "record/run-not-opened"


@pytest.mark.parametrize("run_id", ["..", "", "/etc", "019c0000-0000-7000-8000-0000000000aa"])
def test_only_runs_are_opened(tmp_path: Path, run_id: str) -> None:
    assert _refusal(lambda: RunDirectory.open(a_place(tmp_path), run_id)) == "record/run-not-opened"


def test_a_named_place_is_used_alone(tmp_path: Path) -> None:
    place = replace(a_place(tmp_path), runs_dir=tmp_path / "mine/runs")
    with RunDirectory.create(place, now_ns=START_NS) as rundir:
        assert rundir.path == tmp_path / "mine/runs" / rundir.run_id
    RunDirectory.open(place, rundir.run_id).close()
    assert not (place.root / ".rundown").exists()


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    with RunDirectory.create(a_place(tmp_path), now_ns=START_NS) as rundir:
        rundir.write_file("receipt.json", b"old")
        rundir.write_file("receipt.json", b"new")
        assert (rundir.read_file("receipt.json"), sorted(os.listdir(rundir.path))) == (
            b"new",
            ["output", "receipt.json"],
        )
        assert _refusal(lambda: rundir.read_file("absent")) == "record/file-not-read"


_CREATE = """
    import sys, pathlib
    sys.path.insert(0, ".")
    from rundown.errors import RecordError
    from rundown.record.place import RunsPlace
    from rundown.record.rundir import RunDirectory

    folder = pathlib.Path(sys.argv[1])
    place = RunsPlace(root=folder / "project", state_home=folder / "state")
    try:
        with RunDirectory.create(place, now_ns=0) as rundir:
            print(rundir.path.parent.relative_to(folder), rundir.notice and rundir.notice.code)
        RunDirectory.open(place, rundir.run_id).close()
    except RecordError as error:
        print(*(item.code for item in error.diagnostics))
"""


@pytest.fixture
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that another user can reach, with a project, and a state home of that user."""
    folder = tmp_path_factory.mktemp("shared")
    for path in (folder, *list(folder.parents)[:3]):
        path.chmod(0o755)
    place = a_place(folder)
    give_to_ordinary_user(place.root)
    give_to_ordinary_user(place.state_home)
    return folder


def test_a_writable_project_keeps_its_runs(shared: Path) -> None:
    assert as_ordinary_user(_CREATE, str(shared)) == "project/.rundown/runs None\n"


def test_runs_of_a_read_only_project_go_to_the_state_home(shared: Path) -> None:
    (shared / "project").chmod(0o555)
    assert as_ordinary_user(_CREATE, str(shared)) == "state/rundown/runs record/place-moved\n"


def test_a_folder_of_ones_own_is_opened_again_for_its_owner(shared: Path) -> None:
    (shared / "project/.rundown/runs").mkdir(parents=True)
    for name in (".rundown/runs", ".rundown"):
        give_to_ordinary_user(shared / "project" / name)
        (shared / "project" / name).chmod(0o555)
    assert as_ordinary_user(_CREATE, str(shared)) == "project/.rundown/runs None\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="needs two users")
def test_runs_of_a_project_whose_rundown_belongs_to_another_go_to_the_state_home(shared: Path) -> None:
    (shared / "project/.rundown").mkdir()
    (shared / "project/.rundown").chmod(0o777)
    assert as_ordinary_user(_CREATE, str(shared)) == "state/rundown/runs record/place-moved\n"


def test_no_place_to_write_is_said(shared: Path) -> None:
    (shared / "project").chmod(0o555)
    (shared / "state").chmod(0o555)
    assert as_ordinary_user(_CREATE, str(shared)) == "record/place-not-made\n"


@pytest.mark.parametrize(
    "name", ["../other", "output/../../other", "/etc/passwd", "sub/x", "output/", "", "a\0b"]
)
def test_no_name_leads_out_of_a_run(tmp_path: Path, name: str) -> None:
    with RunDirectory.create(a_place(tmp_path), now_ns=START_NS) as rundir:
        (rundir.path.parent / "other").write_bytes(b"secret")
        assert _refusal(lambda: rundir.read_file(name)) == "record/file-not-read"


def test_a_linked_output_folder_is_not_read_through(tmp_path: Path) -> None:
    with RunDirectory.create(a_place(tmp_path), now_ns=START_NS) as rundir:
        (tmp_path / "1.1.log").write_bytes(b"secret")
        (rundir.path / "output").rmdir()
        (rundir.path / "output").symlink_to(tmp_path)
        assert _refusal(lambda: rundir.read_file("output/1.1.log")) == "record/file-not-read"
