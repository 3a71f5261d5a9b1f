"""Many steps leave nothing behind. 10,000 of them: `python -m benchmarks.leaks`."""

import os
import subprocess
from pathlib import Path

import pytest

from benchmarks.leaks import grown, run_steps
from rundown.sandbox.cgroup import Hierarchy, sweep_groups
from rundown.sandbox.leftovers import open_locked, sweep_directories
from tests.support.kernel import Driver, World, require_kernel

pytestmark = pytest.mark.kernel


def test_hundreds_of_steps_of_every_kind_leave_nothing_behind():
    driver = Driver("root" if os.geteuid() == 0 else "ordinary")
    require_kernel(driver.facts)
    driver.close()
    before, after = run_steps(250)
    assert grown(before, after) == {}
    assert after["zombies"] <= before["zombies"]


def test_control_groups_of_a_killed_rundown_are_removed_and_those_of_a_living_one_are_not(tmp_path):
    ended = subprocess.Popen(["true"])
    ended.wait()
    names = (f"rundown-{ended.pid}-7f-1", f"rundown-{os.getpid()}-7f-1", "somebody-elses", "rundown-x")
    for name in names:
        (tmp_path / name).mkdir()
    sweep_groups((Hierarchy(version="v2", directory=str(tmp_path), controllers=("pids",)),))
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names[1:])


def test_a_directory_of_a_killed_rundown_is_removed_and_one_that_is_held_is_not(tmp_path):
    held, lock = open_locked("rundown-", tmp_path)
    left, other = open_locked("rundown-", tmp_path)
    os.close(other)
    (Path(left) / "home").mkdir()
    (tmp_path / "rundown-of-somebody").symlink_to("/etc")
    sweep_directories("rundown-", tmp_path)
    assert (Path(held).exists(), Path(left).exists(), (tmp_path / "rundown-of-somebody").is_symlink()) == (
        True,
        False,
        True,
    )
    os.close(lock)


def test_a_run_without_namespaces_sweeps_what_a_killed_one_left():
    no_namespaces = {"user_namespaces": False, "namespaces_as_root": False}
    killed = Driver("root" if os.geteuid() == 0 else "ordinary", no_namespaces)
    world = World(killed)
    place = Path(world.shell("echo $TMPDIR").text)
    killed.process.kill()
    killed.process.wait()
    world.remove()
    assert place.exists()
    following = Driver("root" if os.geteuid() == 0 else "ordinary", no_namespaces)
    world = World(following)
    try:
        assert (world.shell("echo ran").text, place.exists()) == ("ran", False)
    finally:
        following.close()
        world.remove()
