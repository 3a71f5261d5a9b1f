"""The walk for denies: what it finds, and what it need not look at again."""

import os
import time

import pytest

from rundown.sandbox import walk
from rundown.sandbox.patterns import Matcher, Verdict
from rundown.sandbox.walk import Hit, WalkMemory, find_hits, find_linked, find_names_of
from tests.support.kernel import deny

ENV = Verdict("hide", "**/.env")


def _matcher():
    return Matcher([deny("**/.env")], [deny("**/pinned")])


def _settle(top):
    """Returns when no change could go unseen within the clock's grain any more."""
    places = [top, *(path for path in top.rglob("*") if path.is_dir())]
    while time.time_ns() - max(path.stat().st_ctime_ns for path in places) < 110_000_000:
        pass


def _hits(top, memory=None):
    return sorted(
        (hit.path.removeprefix(f"{top}/"), hit.kind, hit.verdict)
        for hit in find_hits(str(top), _matcher(), memory or WalkMemory())
    )


def test_every_match_is_found_and_nothing_below_a_hidden_one(tmp_path):
    for name in ("a/.env", "b/c/.env", "d/.env/x/.env", "e/f"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    assert _hits(tmp_path) == [("a/.env", "file", ENV), ("b/c/.env", "file", ENV), ("d/.env", "dir", ENV)]


def test_below_a_pinned_directory_hidden_ones_are_still_found(tmp_path):
    (tmp_path / "pinned").mkdir()
    (tmp_path / "pinned/.env").write_text("")
    assert _hits(tmp_path) == [("pinned", "dir", Verdict("pin", "**/pinned")), ("pinned/.env", "file", ENV)]


def test_symlinks_are_not_followed_and_not_matched(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real/.env").write_text("")
    (tmp_path / "link").symlink_to("real")
    (tmp_path / ".env").symlink_to("real/.env")
    assert _hits(tmp_path) == [("real/.env", "file", ENV)]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every directory")
def test_a_directory_that_cannot_be_read_is_hidden_whole(tmp_path):
    (tmp_path / "closed").mkdir(mode=0)
    assert [path for path, _, _ in _hits(tmp_path)] == ["closed"]


def test_a_top_that_is_gone_has_no_hits(tmp_path):
    assert _hits(tmp_path / "gone") == []


def test_an_unchanged_directory_is_not_read_again_and_a_changed_one_is(tmp_path, monkeypatch):
    for name in ("a", "b", "b/c"):
        (tmp_path / name).mkdir()
    _settle(tmp_path)
    memory = WalkMemory()
    read: list[str] = []
    real = os.scandir
    monkeypatch.setattr(walk.os, "scandir", lambda path: read.append(path) or real(path))
    find_hits(str(tmp_path), _matcher(), memory)
    assert len(read) == 4
    read.clear()
    assert (find_hits(str(tmp_path), _matcher(), memory), read) == ([], [])
    (tmp_path / "b/c/.env").write_text("")
    assert [hit.path for hit in find_hits(str(tmp_path), _matcher(), memory)] == [f"{tmp_path}/b/c/.env"]
    assert read == [f"{tmp_path}/b/c"]


def test_a_directory_that_may_still_change_unseen_is_not_remembered(tmp_path):
    memory = WalkMemory()
    find_hits(str(tmp_path), _matcher(), memory)
    status = tmp_path.stat()
    assert memory.recall(str(tmp_path), status.st_ctime_ns, (status.st_dev, status.st_ino)) is None


def test_other_rules_forget_everything(tmp_path):
    _settle(tmp_path)
    memory = WalkMemory()
    memory.matcher("rules", _matcher)
    find_hits(str(tmp_path), _matcher(), memory)
    status = tmp_path.stat()
    key = (str(tmp_path), status.st_ctime_ns, (status.st_dev, status.st_ino))
    memory.matcher("rules", _matcher)
    assert memory.recall(*key) is not None
    memory.matcher("others", _matcher)
    assert memory.recall(*key) is None


def test_a_replaced_directory_is_read_again_though_its_time_is_the_same(tmp_path):
    (tmp_path / "a").mkdir()
    _settle(tmp_path)
    memory = WalkMemory()
    assert _hits(tmp_path, memory) == []
    (tmp_path / "a").rename(tmp_path / "gone")
    (tmp_path / "a").mkdir()
    (tmp_path / "a/.env").write_text("")
    _settle(tmp_path)
    assert [path for path, _, _ in _hits(tmp_path, memory)] == ["a/.env"]


def test_further_names_of_a_file_are_found(tmp_path):
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys/k").write_text("")
    (tmp_path / "single").write_text("")
    os.link(tmp_path / "keys/k", tmp_path / "other")
    inodes = find_linked([Hit(f"{tmp_path}/keys", "dir", ENV), Hit(f"{tmp_path}/single", "file", ENV)])
    assert len(inodes) == 1
    assert find_names_of(inodes, [str(tmp_path)], frozenset({f"{tmp_path}/keys"})) == [f"{tmp_path}/other"]
