"""What a step changed: found by looking, never by running anything or following anybody's links."""

import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from rundown.model.event import FileChanged
from rundown.record.changes import Watch, compare
from rundown.record.rundir import RunDirectory
from rundown.record.snapshot import Limits, Snapshot, take_snapshot
from rundown.redact.redactor import Redactor
from tests.support.records import a_run


def _sha(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "project/venv/tree"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def rundir(tmp_path: Path) -> RunDirectory:
    return a_run(tmp_path)


def _settle(
    tree: Path, rundir: RunDirectory, act: Callable[[], object], redactor: Redactor | None = None
) -> tuple[FileChanged, ...]:
    """What `act` changes in `tree`, as a step at position 1 would."""
    watch = Watch((f"{tree}/",), time.time_ns)
    watch.begin()
    act()
    assert watch.skipped == {}
    return watch.settle("1", 1, rundir, (redactor or Redactor({})).redact_bytes)


def _marks(found: tuple[FileChanged, ...], tree: Path) -> list[tuple[str, str | None, str | None]]:
    return [(os.path.relpath(item.path, tree), item.before, item.after) for item in found]


def test_new_changed_and_removed_files_are_told_with_their_digests(tree: Path, rundir: RunDirectory) -> None:
    for name in ("changed", "removed", "same", "touched"):
        (tree / name).write_bytes(b"old\n")

    def act() -> None:
        (tree / "below").mkdir()
        (tree / "below/new").write_bytes(b"new\n")
        (tree / "changed").write_bytes(b"new\n")
        (tree / "removed").unlink()
        os.utime(tree / "touched", ns=(1, 1))

    found = _settle(tree, rundir, act)
    assert _marks(found, tree) == [
        ("below/new", None, _sha(b"new\n")),
        ("changed", _sha(b"old\n"), _sha(b"new\n")),
        ("removed", _sha(b"old\n"), None),
    ]
    assert {item.diff for item in found} == {"output/1.1.diff"}
    assert rundir.read_file("output/1.1.diff").decode() == (
        f"--- /dev/null\n+++ b{tree}/below/new\n@@ -0,0 +1 @@\n+new\n"
        f"--- a{tree}/changed\n+++ b{tree}/changed\n@@ -1 +1 @@\n-old\n+new\n"
        f"--- a{tree}/removed\n+++ /dev/null\n@@ -1 +0,0 @@\n-old\n"
    )


def test_nothing_changed_leaves_no_diff(tree: Path, rundir: RunDirectory) -> None:
    (tree / "a").write_bytes(b"x")
    assert _settle(tree, rundir, lambda: None) == ()
    assert os.listdir(rundir.path / "output") == []


def test_a_change_that_keeps_size_and_time_is_found(tree: Path, tmp_path: Path) -> None:
    (tree / "a").write_bytes(b"old")
    os.utime(tree / "a", ns=(1, 1))
    before = take_snapshot((str(tree),), 2 * time.time_ns())
    while (tmp_path / "clock").write_bytes(b"") or _changed_at(tmp_path / "clock") <= _changed_at(tree / "a"):
        pass  # the kernel's tick has to go on
    (tree / "a").write_bytes(b"new")
    os.utime(tree / "a", ns=(1, 1))
    (change,) = compare(before, take_snapshot((str(tree),), 2 * time.time_ns(), before))
    assert (change.before, change.after) == (_sha(b"old"), _sha(b"new"))


def _changed_at(path: Path) -> int:
    return path.stat().st_ctime_ns


def test_a_file_changed_within_one_tick_of_the_look_is_read_again(tree: Path) -> None:
    (tree / "a").write_bytes(b"old")
    facts = (tree / "a").stat()
    before = take_snapshot((str(tree),), facts.st_ctime_ns)
    entry = before.entries[f"{tree}/a"]
    forged = Snapshot(entries={f"{tree}/a": entry._replace(mark="sha256:0")}, texts={}, skipped={})
    assert take_snapshot((str(tree),), facts.st_ctime_ns, forged).entries[f"{tree}/a"].mark == _sha(b"old")
    settled = Snapshot(
        entries={f"{tree}/a": entry._replace(mark="sha256:0", is_recent=False)}, texts={}, skipped={}
    )
    assert take_snapshot((str(tree),), facts.st_ctime_ns, settled).entries[f"{tree}/a"].mark == "sha256:0"


def test_links_are_told_and_never_followed(tree: Path, rundir: RunDirectory, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/secret").write_bytes(b"secret")

    def act() -> None:
        (tree / "folder").symlink_to(tmp_path / "outside")
        (tree / "file").symlink_to(tmp_path / "outside/secret")
        (tree / "loop").symlink_to("loop")

    assert _marks(_settle(tree, rundir, act), tree) == [
        ("file", None, f"symlink:{tmp_path}/outside/secret"),
        ("folder", None, f"symlink:{tmp_path}/outside"),
        ("loop", None, "symlink:loop"),
    ]


def test_a_tree_that_became_a_link_is_gone_and_not_followed(
    tree: Path, rundir: RunDirectory, tmp_path: Path
) -> None:
    (tree / "a").write_bytes(b"x")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/b").write_bytes(b"y")

    def act() -> None:
        tree.rename(tmp_path / "moved")
        tree.symlink_to(tmp_path / "outside")

    assert _marks(_settle(tree, rundir, act), tree) == [
        (".", None, f"symlink:{tmp_path}/outside"),
        ("a", _sha(b"x"), None),
    ]


def test_what_is_no_file_is_told_and_never_opened(tree: Path, rundir: RunDirectory) -> None:
    assert _marks(_settle(tree, rundir, lambda: os.mkfifo(tree / "pipe")), tree) == [
        ("pipe", None, "special:fifo")
    ]


def test_names_that_are_no_text_are_told(tree: Path, rundir: RunDirectory) -> None:
    found = _settle(tree, rundir, lambda: Path(os.fsdecode(os.fsencode(tree) + b"/\xff\n")).write_bytes(b"x"))
    assert _marks(found, tree) == [("\udcff\n", None, _sha(b"x"))]
    assert f"+++ b{tree}/\\xff\\x0a\n".encode() in rundir.read_file("output/1.1.diff")


def test_secrets_are_out_of_the_stored_diff(tree: Path, rundir: RunDirectory) -> None:
    found = _settle(
        tree,
        rundir,
        lambda: (tree / "a").write_bytes(b"k=hunter2hunter2\n"),
        Redactor({"A_KEY": "hunter2hunter2"}),
    )
    assert rundir.read_file(found[0].diff).splitlines()[-1] == b"+k=[REDACTED:A_KEY]"


@pytest.mark.parametrize(
    ("content", "end"), [(b"\0\1", b" nothing -> sha256:"), (b"x" * 200_000, b" nothing -> sha256:")]
)
def test_what_is_no_short_text_has_one_line_in_the_diff(
    tree: Path, rundir: RunDirectory, content: bytes, end: bytes
) -> None:
    _settle(tree, rundir, lambda: (tree / "a").write_bytes(content))
    (line,) = rundir.read_file("output/1.1.diff").splitlines()
    assert line.startswith(f"{tree}/a:".encode() + end)


def test_a_large_file_from_before_is_not_read_but_what_the_step_wrote_is(tree: Path) -> None:
    (tree / "a").write_bytes(b"large before")
    limits = Limits(file_bytes=4)
    before = take_snapshot((str(tree),), 0, limits=limits)
    (tree / "a").write_bytes(b"large after it")
    (change,) = compare(before, take_snapshot((str(tree),), 0, before, limits))
    assert (change.before, change.after) == ("unread:12", _sha(b"large after it"))


def test_changes_below_a_folder_of_a_tool_are_told_as_one(tree: Path, rundir: RunDirectory) -> None:
    def act() -> None:
        for name in ("node_modules/a", "node_modules/b/c", "src/x", ".git/objects/1"):
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            (tree / name).write_bytes(b"x")

    found = _marks(_settle(tree, rundir, act), tree)
    assert [(path, before, str(after)[:12]) for path, before, after in found] == [
        (".git", None, "tree:sha256:"),
        ("node_modules", None, "tree:sha256:"),
        ("src/x", None, "sha256:" + _sha(b"x")[7:12]),
    ]


def test_very_many_changes_are_told_by_folder(tree: Path, rundir: RunDirectory) -> None:
    def act() -> None:
        (tree / "out/deep").mkdir(parents=True)
        for number in range(300):
            (tree / f"out/deep/{number}").write_bytes(b"x")
        (tree / "alone").write_bytes(b"x")

    found = _marks(_settle(tree, rundir, act), tree)
    assert [(path, str(after)[:7]) for path, _, after in found] == [("alone", "sha256:"), ("out", "tree:sh")]
    assert rundir.read_file("output/1.1.diff").count(b"+++ b") == 301


def test_what_others_changed_between_steps_is_not_put_down_to_a_step(
    tree: Path, rundir: RunDirectory
) -> None:
    watch = Watch((str(tree),), time.time_ns)
    watch.begin()
    assert watch.settle("1", 1, rundir, bytes) == ()
    (tree / "other").write_bytes(b"x")
    watch.begin()
    (tree / "step").write_bytes(b"y")
    assert [Path(item.path).name for item in watch.settle("2", 1, rundir, bytes)] == ["step"]


def test_what_cannot_be_looked_at_is_named(tree: Path) -> None:
    deep = tree / "/".join(["d"] * 5)
    deep.mkdir(parents=True)
    (deep / "file").write_bytes(b"x")
    snapshot = take_snapshot((str(tree), str(tree / "absent/tree")), 0, limits=Limits(depth=3))
    assert (snapshot.entries, snapshot.skipped) == ({}, {f"{tree}/d/d/d": "more than 3 folders deep"})
    (tree / "a").write_bytes(b"")
    (tree / "b").write_bytes(b"")
    limited = take_snapshot((str(tree),), 0, limits=Limits(entries=1))
    assert (list(limited.entries), limited.skipped) == ([f"{tree}/a"], {"…": "more than 1 files"})


def test_a_single_file_can_be_watched(tree: Path, rundir: RunDirectory) -> None:
    watch = Watch((f"{tree}/a",), time.time_ns)
    watch.begin()
    (tree / "a").write_bytes(b"x")
    (tree / "b").write_bytes(b"x")
    assert _marks(watch.settle("1", 1, rundir, bytes), tree) == [("a", None, _sha(b"x"))]
