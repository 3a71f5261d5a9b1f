"""Control groups: where they can be made, and what is written into them."""

import os
import subprocess

import pytest

from rundown.sandbox.cgroup import (
    GroupLimits,
    Hierarchy,
    StepGroups,
    can_make_group,
    find_hierarchies,
    find_own_hierarchies,
)
from rundown.sandbox.failure import LaunchError

V1_MOUNTS = """\
30 24 0:26 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755
31 30 0:27 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu
32 30 0:28 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
33 30 0:29 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids
34 30 0:30 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
"""
V1_OWN = "8:pids:/user/1\n4:memory:/\n1:cpu,cpuacct:/\n0::/\n"


def test_writable_v1_controllers_are_found_each_in_its_own_group():
    found = find_hierarchies(V1_OWN, V1_MOUNTS, lambda directory, v2: "cpu" not in str(directory))
    assert found == (
        Hierarchy(version="v1", directory="/sys/fs/cgroup/memory", controllers=("memory",)),
        Hierarchy(version="v1", directory="/sys/fs/cgroup/pids/user/1", controllers=("pids",)),
    )


def test_a_containers_mount_shows_a_subtree_of_the_hierarchy():
    mounts = "33 30 0:29 /docker/x /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n"
    found = find_hierarchies("8:pids:/docker/x/y\n", mounts, lambda directory, v2: True)
    assert [hierarchy.directory for hierarchy in found] == ["/sys/fs/cgroup/pids/y"]


@pytest.fixture
def unified(tmp_path):
    """A v2 tree in plain files: user.slice hands memory and pids down, the session has nothing to hand."""
    for name, handed_down in (
        ("", "cpu memory pids"),
        ("user.slice", "memory pids"),
        ("user.slice/session", ""),
    ):
        directory = tmp_path / name
        directory.mkdir(exist_ok=True)
        (directory / "cgroup.subtree_control").write_text(handed_down)
    return tmp_path


def test_in_v2_the_nearest_group_that_hands_controllers_down_is_used(unified):
    mounts = f"30 24 0:26 / {unified} rw - cgroup2 cgroup2 rw\n"
    found = find_hierarchies("0::/user.slice/session\n", mounts, lambda directory, v2: v2)
    assert found == (
        Hierarchy(version="v2", directory=f"{unified}/user.slice", controllers=("memory", "pids")),
    )


def test_in_v2_a_group_that_cannot_be_used_is_passed_over(unified):
    mounts = f"30 24 0:26 / {unified} rw - cgroup2 cgroup2 rw\n"
    found = find_hierarchies("0::/user.slice/session\n", mounts, lambda directory, v2: directory == unified)
    assert [hierarchy.directory for hierarchy in found] == [str(unified)]


def test_where_nothing_can_be_made_there_is_nothing():
    assert find_hierarchies(V1_OWN, V1_MOUNTS, lambda directory, v2: False) == ()
    assert find_hierarchies("", "", lambda directory, v2: True) == ()


@pytest.fixture
def unified_mount(tmp_path):
    """The real version 2 tree, mounted once more, and an empty group of the test's own in it."""
    point = tmp_path / "unified"
    point.mkdir()
    mounted = subprocess.run(["mount", "-t", "cgroup2", "none", str(point)], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"cgroup version 2 cannot be mounted here: {mounted.stderr.decode().strip()}")
    group = point / f"unit-{os.getpid()}"
    group.mkdir()
    try:
        yield group
    finally:
        group.rmdir()
        subprocess.run(["umount", str(point)], check=True)


def test_a_group_is_usable_only_if_a_process_can_really_be_moved_into_it(unified_mount):
    """Below a group with a threaded child new ones can be made, and nothing be moved into them, much as in a
    container that was given its host's tree. Source: the kernel's cgroup-v2 document, "Threads"."""
    assert can_make_group(unified_mount, True)
    threaded = unified_mount / "threaded"
    threaded.mkdir()
    try:
        (threaded / "cgroup.type").write_text("threaded")
        assert can_make_group(unified_mount, False) and not can_make_group(unified_mount, True)
        assert [path for path in unified_mount.iterdir() if path.is_dir()] == [threaded]
    finally:
        threaded.rmdir()


LIMITS = GroupLimits(memory_bytes=1 << 20, pids=7, cpu=1.5)


@pytest.mark.parametrize(
    ("version", "written"),
    [
        ("v2", {"pids.max": "7", "memory.max": "1048576", "cpu.max": "150000 100000", "memory.swap.max": "0", "memory.oom.group": "1", "memory.swappiness": "0"}),
        (
            "v1",
            {
                "pids.max": "7", "memory.limit_in_bytes": "1048576", "cpu.cfs_period_us": "100000", "cpu.cfs_quota_us": "150000",
                "memory.swap.max": "0", "memory.oom.group": "1", "memory.swappiness": "0",
            },
        ),
    ],
)  # fmt: skip
def test_limits_are_written_as_the_version_wants_them(tmp_path, version, written):
    hierarchy = Hierarchy(version=version, directory=str(tmp_path), controllers=("cpu", "memory", "pids"))
    with StepGroups((hierarchy,), "step", LIMITS):
        assert {path.name: path.read_text() for path in (tmp_path / "step").iterdir()} == written


def test_a_group_that_cannot_be_made_is_a_failure_of_that_stage_and_leaves_none_behind(tmp_path):
    good, bad = tmp_path / "good", tmp_path / "bad"
    good.mkdir()
    hierarchies = (
        Hierarchy(version="v1", directory=str(good), controllers=()),
        Hierarchy(version="v1", directory=str(bad), controllers=()),
    )
    with pytest.raises(LaunchError) as caught, StepGroups(hierarchies, "step", GroupLimits()):
        pass
    assert (caught.value.failure.stage, caught.value.failure.errno) == ("cgroup", 2)


@pytest.mark.skipif(not find_own_hierarchies(), reason="no control group can be made here")
def test_real_groups_hold_who_enters_and_are_gone_afterwards():
    hierarchies = find_own_hierarchies()
    name = f"rundown-unit-{os.getpid()}"
    with StepGroups(hierarchies, name, GroupLimits(pids=50)) as groups:
        entries = groups.open_entries()
        child = os.fork()
        if child == 0:
            for entry in entries.values():
                os.write(entry, b"0")
            with open("/proc/self/cgroup") as file:
                os._exit(0 if name in file.read() else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert groups.ran_out_of_memory() is False
        for entry in entries.values():
            os.close(entry)
    assert [hierarchy for hierarchy in hierarchies if os.path.exists(f"{hierarchy.directory}/{name}")] == []
