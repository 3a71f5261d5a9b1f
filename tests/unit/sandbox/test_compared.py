"""Files of which a part may change: the rest is put back, nothing a step wrote is lost."""

import json
import os
from pathlib import Path

import pytest

from rundown.model.sandbox import Violation
from rundown.sandbox.compared import is_comparable, keep, put_back

RULES = {"version": 1, "default": {"run": {"deny": ["tac"]}}}
GIT = "[core]\n\tbare = false\n"


@pytest.fixture
def root(tmp_path):
    return Path(os.path.realpath(tmp_path))


def _settle(root, path, before, after):
    """Returns what was found; `before` and `after` are texts, None for no file."""
    if before is not None:
        path.write_text(before)
    kept = keep((str(path),))
    if callable(after):
        after(path)
    elif after is None:
        path.unlink()
    else:
        path.write_text(after)
    return list(put_back(kept, str(root / "quarantine")))


def test_a_dependency_may_be_added_beside_the_policy(root):
    path = root / "package.json"
    after = json.dumps({"rundown": RULES, "dependencies": {"a": "1"}})
    assert _settle(root, path, json.dumps({"rundown": RULES}), after) == []
    assert path.read_text() == after


@pytest.mark.parametrize(
    "after",
    [
        json.dumps({"rundown": {"version": 1}}),
        json.dumps({"name": "x"}),
        "{ not json",
        None,
        lambda path: (path.unlink(), path.symlink_to("/etc/hostname")),
        lambda path: (path.unlink(), path.mkdir()),
    ],
    ids=["changed", "taken out", "broken", "removed", "a link", "a directory"],
)
def test_a_changed_policy_in_a_project_file_is_put_back(root, after):
    path = root / "package.json"
    before = json.dumps({"rundown": RULES})
    path.touch()
    path.chmod(0o640)
    (found,) = _settle(root, path, before, after)
    assert (found.resource, found.action.startswith("put back")) == (f"{path} (its rundown section)", True)
    assert (path.read_text(), path.is_symlink(), path.stat().st_mode & 0o777) == (before, False, 0o640)


def test_a_policy_that_a_step_plants_is_taken_away_with_its_file_and_kept(root):
    path = root / "pyproject.toml"
    planted = "[tool.rundown]\nversion = 1\n"
    (found,) = _settle(root, path, None, planted)
    assert (path.exists(), found.action) == (
        False,
        f"taken away; the step's lies at {root}/quarantine/0000-pyproject.toml",
    )
    assert (root / "quarantine/0000-pyproject.toml").read_text() == planted


def test_a_project_file_without_a_policy_may_change_and_go(root):
    path = root / "pyproject.toml"
    assert _settle(root, path, "[project]\n", "[project]\nname = 'x'\n") == []
    assert _settle(root, path, "[project]\n", None) == []


def test_gits_configuration_is_put_back_in_part_and_each_entry_is_named(root):
    path = root / "config"
    after = GIT + '[branch "a"]\n\tremote = b\n[core]\n\tpager = evil\n[alias]\n\tx = !evil\n'
    assert _settle(root, path, GIT, after) == [
        Violation(capability="write", resource=f"{path}: {name}", action="put back")
        for name in ("alias.x", "core.pager")
    ]
    assert path.read_text() == GIT + '[branch "a"]\n\tremote = b\n'


@pytest.mark.parametrize(
    "after",
    [
        None,
        lambda path: (path.unlink(), path.symlink_to("/tmp/evil")),
        lambda path: path.write_bytes(b"[core]\n\xff\0"),
    ],
    ids=["removed", "a link", "no text"],
)
def test_gits_configuration_is_put_back_whole_where_it_is_no_text(root, after):
    path = root / "config"
    (found,) = _settle(root, path, GIT, after)
    assert (path.read_text(), found.action.startswith("put back")) == (GIT, True)


def test_what_cannot_be_put_back_is_said_and_pauses(root):
    if os.geteuid() == 0:
        pytest.skip("root writes everywhere")
    path = root / "closed" / "package.json"
    path.parent.mkdir()

    def close(path):
        path.write_text("{}")
        path.parent.chmod(0o500)

    (found,) = _settle(root, path, json.dumps({"rundown": RULES}), close)
    path.parent.chmod(0o700)
    assert (found.pauses, found.action.startswith("could not be put back")) == (True, True)


def test_only_plain_files_in_directories_that_are_what_they_seem_are_compared(root):
    (root / "real").mkdir()
    (root / "link").symlink_to("real")
    (root / "real/config").symlink_to("elsewhere")
    (root / "large").write_bytes(b"x" * (5 << 20))
    os.mkfifo(root / "fifo")
    names = ("real/config", "link/none", "large", "fifo", "real", "none")
    assert [is_comparable(str(root / name)) for name in names] == [False] * 5 + [True]
