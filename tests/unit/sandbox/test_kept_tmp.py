"""What steps left in their private /tmp, copied out as data."""

import os
from pathlib import Path

import pytest

from rundown.sandbox.kept_tmp import copy_tmp

OWN = frozenset({".rd"})


def _copy(source: Path, target: Path) -> None:
    opened = os.open(source, os.O_RDONLY | os.O_DIRECTORY)
    try:
        copy_tmp(opened, str(target), OWN)
    finally:
        os.close(opened)


def test_files_folders_and_links_are_copied_and_nothing_else(tmp_path):
    source, target = tmp_path / "tmp", tmp_path / "kept"
    (source / "a/b").mkdir(parents=True)
    (source / ".rd/outputs").mkdir(parents=True)
    (source / "a/b/file").write_bytes(b"\0data")
    (source / "a/run").write_text("#!/bin/sh")
    (source / "a/run").chmod(0o6755)
    (source / "link").symlink_to("/etc/passwd")
    (source / "folder-link").symlink_to("/etc")
    os.mkfifo(source / "fifo")
    _copy(source, target)
    found = sorted(str(path.relative_to(target)) for path in target.rglob("*"))
    assert found == ["a", "a/b", "a/b/file", "a/run", "folder-link", "link"]
    assert ((target / "a/b/file").read_bytes(), os.readlink(target / "link")) == (b"\0data", "/etc/passwd")
    assert ((target / "a/run").stat().st_mode & 0o7777, target.stat().st_mode & 0o777) == (0o755, 0o700)


def test_what_is_there_is_never_touched(tmp_path):
    (tmp_path / "tmp").mkdir()
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept/mine").write_text("kept")
    with pytest.raises(FileExistsError):
        _copy(tmp_path / "tmp", tmp_path / "kept")
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["mine"]
