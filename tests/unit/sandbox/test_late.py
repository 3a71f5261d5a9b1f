"""Denied names that came while a step ran: found whatever they are and however they were hidden."""

import os
from pathlib import Path

import pytest

from rundown.model.policy import Envelope
from rundown.model.request import Capability
from rundown.sandbox.late import DeniedNames, find_late, quarantine
from rundown.sandbox.settings import ViewSettings
from tests.support.kernel import deny


@pytest.fixture
def root(tmp_path):
    made = Path(os.path.realpath(tmp_path)) / "project"
    (made / "dist").mkdir(parents=True)
    return made


def _envelope(root, **changes):
    found = {
        "read_allow": (f"{root}/**",),
        "write_allow": (f"{root}/dist/**",),
        "read_deny": (deny("**/*.pem"),),
        "write_deny": (deny("**/.env", Capability.WRITE),),
        "protect": (f"{root}/dist/hooks", f"{root}/dist/.claude/settings*.json"),
    }
    return Envelope(**{**found, **changes})


class _Step:
    """Looks before and after."""

    def __init__(self, root, names=None, **changes):
        self._root, self._envelope = root, _envelope(root, **changes)
        self._names = names or DeniedNames()
        self._view = ViewSettings(
            root=str(root), home=str(root.parent / "home"), cache=str(root / "dist/cache")
        )
        self._before = self._names.look(self._envelope, self._view)

    def late(self):
        found = find_late(self._before, self._names.look(self._envelope, self._view))
        return [str(Path(path).relative_to(self._root)) for path in found]


def test_names_that_came_in_writable_trees_are_late_and_others_are_not(root):
    (root / "dist/.env").write_text("there before")
    step = _Step(root)
    (root / ".env").write_text("not in a writable tree")
    (root / "dist/sub").mkdir()
    (root / "dist/sub/.env").write_text("late")
    (root / "dist/hooks").mkdir()
    (root / "dist/.claude").mkdir()
    (root / "dist/.claude/settings.local.json").write_text("{}")
    (root / "dist/plain").write_text("allowed")
    assert step.late() == ["dist/.claude/settings.local.json", "dist/sub/.env"]
    (root / "dist/hooks/pre-push").write_text("#!/bin/sh")
    assert step.late() == ["dist/.claude/settings.local.json", "dist/hooks", "dist/sub/.env"]


def test_what_only_a_read_deny_is_about_may_be_made(root):
    step = _Step(root)
    (root / "dist/new.pem").write_text("a certificate")
    assert step.late() == []
    (root / "dist/dir.pem").mkdir()
    (root / "dist/dir.pem/.env").write_text("late")
    assert step.late() == ["dist/dir.pem/.env"]


def test_a_symbolic_link_of_a_denied_name_is_late_and_one_that_was_there_is_not(root):
    (root / "dist/old").mkdir()
    (root / "dist/old/.env").symlink_to("anywhere")
    step = _Step(root)
    (root / "dist/.env").symlink_to("elsewhere")
    (root / "dist/hooks").symlink_to("/tmp")
    assert step.late() == ["dist/.env", "dist/hooks"]


def test_a_link_that_was_there_and_became_a_file_is_late(root):
    (root / "dist/.env").symlink_to("anywhere")
    step = _Step(root)
    (root / "dist/.env").unlink()
    (root / "dist/.env").write_text("late")
    assert step.late() == ["dist/.env"]


def test_turning_a_directorys_time_back_hides_nothing(root):
    names = DeniedNames()
    (root / "dist/sub").mkdir()
    os.utime(root / "dist/sub", ns=(10**18, 10**18))
    while _Step(root, names).late() or not names._memory._seen.get(f"{root}/dist/sub"):
        pass  # until the directory counts as settled and is remembered
    step = _Step(root, names)
    (root / "dist/sub/.env").write_text("late")
    os.utime(root / "dist/sub", ns=(10**18, 10**18))
    assert step.late() == ["dist/sub/.env"]


def test_a_name_that_an_allow_gives_outright_is_not_late(root):
    step = _Step(root, write_allow=(f"{root}/dist/**", f"{root}/dist/.env"))
    (root / "dist/.env").write_text("wanted")
    assert step.late() == []


def test_what_lies_below_a_late_directory_or_one_that_was_denied_before_is_not_told_twice(root):
    (root / "dist/keep.env.d").mkdir()
    rules = (deny("**/*.d", Capability.WRITE), deny("**/.env", Capability.WRITE))
    step = _Step(root, write_deny=rules)
    (root / "dist/keep.env.d/.env").write_text("by somebody outside: a step could not")
    (root / "dist/new.d").mkdir()
    (root / "dist/new.d/.env").write_text("late with it")
    assert step.late() == ["dist/new.d"]


def test_a_new_directory_that_nobody_can_look_into_is_late(root):
    if os.geteuid() == 0:
        pytest.skip("root reads every directory")
    step = _Step(root)
    (root / "dist/closed").mkdir(mode=0)
    assert step.late() == ["dist/closed"]


def test_the_cache_is_left_alone(root):
    step = _Step(root, write_allow=(f"{root}/dist/cache/**",))
    (root / "dist/cache").mkdir()
    (root / "dist/cache/.env").write_text("a tool's own business")
    assert step.late() == []


def test_what_git_init_makes_is_no_fault_and_a_hook_that_would_run_is(root):
    step = _Step(root)
    (root / "dist/hooks").mkdir()
    (root / "dist/hooks/pre-push.sample").write_text("#!/bin/sh")
    assert step.late() == []
    (root / "dist/hooks/evil.sample").symlink_to("/tmp/evil")
    assert step.late() == ["dist/hooks"]


def test_quarantine_takes_files_directories_and_links_of_one_name_apart(root, tmp_path):
    for place, make in (("a", Path.touch), ("b", Path.mkdir), ("c", lambda path: path.symlink_to("nowhere"))):
        (root / "dist" / place).mkdir()
        make(root / "dist" / place / ".env")
    folder = str(tmp_path / "quarantine")
    moved = [quarantine(f"{root}/dist/{place}/.env", folder) for place in "abc"]
    assert moved == [f"{folder}/000{number}-.env" for number in range(3)]
    assert [Path(moved[0]).is_file(), Path(moved[1]).is_dir(), os.readlink(moved[2])] == [
        True,
        True,
        "nowhere",
    ]
    assert Path(folder).stat().st_mode & 0o777 == 0o700
