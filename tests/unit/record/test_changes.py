"""What a step changed: found by looking, never by running anything or following anybody's links."""

import hashlib
import os
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rundown.model.event import ChangesUnseen, FileChanged
from rundown.record.changes import FileChange, Settled, Watch, compare
from rundown.record.rundir import RunDirectory
from rundown.record.snapshot import Folder, Limits, Look, Snapshot
from rundown.record.walk import take_snapshot
from rundown.redact.redactor import Redactor
from tests.support.records import TickingClock, a_run, memory_folder


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
    watch = Watch(time.time_ns)
    watch.begin((f"{tree}/",))
    act()
    settled = watch.settle("1", 1, rundir, (redactor or Redactor({})).redact_bytes)
    assert settled.unseen == ()
    return settled.changes


def _look(tree: Path, now_ns: int = 0, *, after_step: bool = False, **limits: int) -> Look:
    return Look(trees=(str(tree),), now_ns=now_ns, after_step=after_step, limits=Limits(**limits))


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
    before = take_snapshot(_look(tree, 2 * time.time_ns()))
    while (tmp_path / "clock").write_bytes(b"") or _changed_at(tmp_path / "clock") <= _changed_at(tree / "a"):
        pass  # the kernel's tick has to go on
    (tree / "a").write_bytes(b"new")
    os.utime(tree / "a", ns=(1, 1))
    (change,) = compare(before, take_snapshot(_look(tree, 2 * time.time_ns()), before))
    assert (change.before, change.after) == (_sha(b"old"), _sha(b"new"))


def _changed_at(path: Path) -> int:
    return path.stat().st_ctime_ns


def test_a_file_changed_within_one_tick_of_the_look_is_read_again(tree: Path) -> None:
    (tree / "a").write_bytes(b"old")
    facts = (tree / "a").stat()
    look = _look(tree, facts.st_ctime_ns)
    before = take_snapshot(look)
    found = before.folders[str(tree)]
    assert (found.is_recent, found.files["a"].is_recent) == (True, True)
    forged, settled = _forged(before, tree, is_recent=True), _forged(before, tree, is_recent=False)
    assert dict(take_snapshot(look, forged).marks()) == {f"{tree}/a": _sha(b"old")}
    assert dict(take_snapshot(look, settled).marks()) == {f"{tree}/a": "sha256:0"}


def _forged(snapshot: Snapshot, tree: Path, *, is_recent: bool) -> Snapshot:
    """The snapshot with another mark for the file `a`, and a folder that needs no second listing."""
    folder = snapshot.folders[str(tree)]
    entry = folder.files["a"]._replace(mark="sha256:0", is_recent=is_recent)
    return Snapshot(folders={str(tree): Folder(folder.identity, False, {"a": entry}, ())})


@pytest.mark.parametrize("is_old", [False, True])
def test_names_that_come_and_go_are_seen_in_folders_old_and_new(
    is_old: bool, tree: Path, rundir: RunDirectory
) -> None:
    for name in ("kept", "removed", "replaced"):
        (tree / "a" / name).mkdir(parents=True)
        (tree / "a" / name / "file").write_bytes(b"x")
    clock = (lambda: 2 * time.time_ns()) if is_old else time.time_ns
    watch = Watch(clock)
    watch.begin((str(tree),))
    (tree / "a/removed/file").unlink()
    (tree / "a/removed").rmdir()
    (tree / "a/replaced/file").rename(tree / "a/replaced/other")
    (tree / "a/kept/new").write_bytes(b"y")
    (tree / "a/kept/file").write_bytes(b"z")
    found = [
        (os.path.relpath(item.path, tree), item.before, item.after)
        for item in watch.settle("1", 1, rundir, bytes).changes
    ]
    assert found == [
        ("a/kept/file", _sha(b"x"), _sha(b"z")),
        ("a/kept/new", None, _sha(b"y")),
        ("a/removed/file", _sha(b"x"), None),
        ("a/replaced/file", _sha(b"x"), None),
        ("a/replaced/other", None, _sha(b"x")),
    ]


_FILES = st.dictionaries(
    st.sampled_from(["a", "b", "c/a", "c/b", "c/d/a", "e/a"]), st.sampled_from([b"", b"x", b"y", b"zz"])
)


@given(st.lists(_FILES, min_size=2, max_size=4))
@settings(max_examples=60, deadline=None)
def test_whatever_was_done_what_is_told_is_the_difference(states: list[dict[str, bytes]]) -> None:
    with memory_folder() as folder:
        tree, rundir, watch = folder / "tree", a_run(folder), Watch(time.time_ns, fresh_ns=10**9)
        for before, after in pairwise([{}, *states]):
            watch.begin((str(tree),))
            for name in before.keys() - after.keys():
                (tree / name).unlink()
            for name, content in after.items():
                if before.get(name) != content:
                    (tree / name).parent.mkdir(parents=True, exist_ok=True)
                    (tree / name).write_bytes(content)
            found = _marks(watch.settle("1", 1, rundir, bytes).changes, tree)
            names = sorted(before.keys() | after.keys())
            assert found == [
                (name, _mark(before, name), _mark(after, name))
                for name in names
                if before.get(name) != after.get(name)
            ]


def _mark(state: dict[str, bytes], name: str) -> str | None:
    return _sha(state[name]) if name in state else None


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
    before = take_snapshot(_look(tree, file_bytes=4))
    again = take_snapshot(_look(tree, file_bytes=4, after_step=True), before)
    (tree / "a").write_bytes(b"large after it")
    after = take_snapshot(_look(tree, file_bytes=4, after_step=True), before)
    assert compare(before, again) == ()
    assert compare(before, after) == (
        FileChange(path=f"{tree}/a", before="unread:12", after=_sha(b"large after it")),
    )


def test_a_file_too_large_to_be_read_at_all_is_told_by_its_size(tree: Path) -> None:
    before = take_snapshot(_look(tree))
    with (tree / "a").open("wb") as sparse:
        sparse.truncate(1 << 43)
    (change,) = compare(before, take_snapshot(_look(tree, after_step=True), before))
    assert (change.before, change.after) == (None, f"unread:{1 << 43}")


def test_what_a_tool_kept_before_is_not_read_and_a_change_of_it_is_seen_all_the_same(
    tree: Path, rundir: RunDirectory
) -> None:
    (tree / ".git").mkdir()
    (tree / ".git/index").write_bytes(b"before")
    (tree / ".git/config").write_bytes(b"same")
    before = take_snapshot(_look(tree))
    assert sorted(mark for _, mark in before.marks()) == ["unread:4", "unread:6"]
    (change,) = _settle(tree, rundir, lambda: (tree / ".git/index").write_bytes(b"after!"))
    assert (change.path, change.before != change.after) == (f"{tree}/.git", True)


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
    watch = Watch(time.time_ns)
    watch.begin((str(tree),))
    assert watch.settle("1", 1, rundir, bytes) == Settled()
    (tree / "other").write_bytes(b"x")
    watch.begin((str(tree),))
    (tree / "step").write_bytes(b"y")
    assert [Path(item.path).name for item in watch.settle("2", 1, rundir, bytes).changes] == ["step"]


def test_a_look_that_is_fresh_enough_stands_for_the_next_step(tree: Path, rundir: RunDirectory) -> None:
    watch = Watch(TickingClock(), fresh_ns=10**9)
    watch.begin((str(tree),))
    watch.settle("1", 1, rundir, bytes)
    (tree / "a").write_bytes(b"x")
    watch.begin((str(tree),))
    assert [Path(item.path).name for item in watch.settle("2", 1, rundir, bytes).changes] == ["a"]


def test_other_trees_are_looked_at_afresh(tree: Path, rundir: RunDirectory, tmp_path: Path) -> None:
    watch = Watch(TickingClock(), fresh_ns=10**9)
    (tmp_path / "named").mkdir()
    (tmp_path / "named/old").write_bytes(b"x")
    watch.begin((str(tree),))
    watch.settle("1", 1, rundir, bytes)
    watch.begin((str(tree), str(tmp_path / "named"), f"{tmp_path}/named/old"))
    (tmp_path / "named/new").write_bytes(b"x")
    assert [item.path for item in watch.settle("2", 1, rundir, bytes).changes] == [f"{tmp_path}/named/new"]


def test_what_is_ignored_is_left_out(tree: Path, rundir: RunDirectory) -> None:
    (tree / "records").mkdir()
    watch = Watch(time.time_ns, ignored=(f"{tree}/records",))
    watch.begin((str(tree),))
    (tree / "records/a").write_bytes(b"x")
    assert watch.settle("1", 1, rundir, bytes) == Settled()


def test_what_cannot_be_looked_at_is_named(tree: Path) -> None:
    deep = tree / "/".join(["d"] * 5)
    deep.mkdir(parents=True)
    (deep / "file").write_bytes(b"x")
    look = Look(trees=(str(tree), str(tree / "absent/tree")), now_ns=0, limits=Limits(depth=3))
    found = take_snapshot(look)
    assert dict(found.marks()) == {}
    assert found.skipped == {f"{tree}/d/d/d": "it lies more than 3 folders deep"}


def test_another_file_system_below_a_tree_is_not_entered() -> None:
    looked = take_snapshot(Look(trees=("/dev",), now_ns=0))
    assert looked.skipped["/dev/pts"] == "it lies in another file system"
    assert [path for path, _ in looked.marks() if path.startswith("/dev/pts/")] == []


def test_a_folder_that_became_a_link_is_one_change(tree: Path, rundir: RunDirectory) -> None:
    (tree / "node_modules").mkdir()
    (tree / "node_modules/a").write_bytes(b"x")

    def act() -> None:
        (tree / "node_modules/a").unlink()
        (tree / "node_modules").rmdir()
        (tree / "node_modules").symlink_to("elsewhere")

    (change,) = _settle(tree, rundir, act)
    assert (change.path, str(change.before)[:5], change.after) == (
        f"{tree}/node_modules",
        "tree:",
        "symlink:elsewhere",
    )


def test_a_folder_of_a_tool_that_holds_too_much_is_given_up_alone_and_for_good(
    tree: Path, rundir: RunDirectory
) -> None:
    (tree / "node_modules").mkdir()
    for number in range(6):
        (tree / f"node_modules/{number}").write_bytes(b"x")
    watch = Watch(time.time_ns, limits=Limits(entries=5))
    told = []
    for number in range(2):
        watch.begin((str(tree),))
        (tree / f"node_modules/{number}").unlink()
        (tree / f"own-{number}").write_bytes(b"x")
        settled = watch.settle("1", 1, rundir, bytes)
        told.append(([Path(item.path).name for item in settled.changes], settled.unseen))
    unseen = ChangesUnseen(
        position="1", path=f"{tree}/node_modules", why="it holds more than 5 names"
    )  # though now there are but four
    assert told == [(["own-0"], (unseen,)), (["own-1"], (unseen,))]


def test_a_tree_that_came_to_hold_too_much_has_no_made_up_changes(tree: Path, rundir: RunDirectory) -> None:
    (tree / "old").write_bytes(b"x")
    watch = Watch(time.time_ns, limits=Limits(entries=3))
    watch.begin((str(tree),))
    for number in range(4):
        (tree / f"new-{number}").write_bytes(b"x")
    unseen = ChangesUnseen(position="1", path=str(tree), why="it holds more than 3 names")
    assert watch.settle("1", 1, rundir, bytes) == Settled(unseen=(unseen,))


def test_a_single_file_can_be_watched(tree: Path, rundir: RunDirectory) -> None:
    watch = Watch(time.time_ns)
    watch.begin((f"{tree}/a",))
    (tree / "a").write_bytes(b"x")
    (tree / "b").write_bytes(b"x")
    assert _marks(watch.settle("1", 1, rundir, bytes).changes, tree) == [("a", None, _sha(b"x"))]
