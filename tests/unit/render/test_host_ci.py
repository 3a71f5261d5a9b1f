"""Ten lines on what a CI job gets."""

from msgspec.structs import replace

from rundown.model.sandbox import Gap, HostFacts
from rundown.render.host_ci import JobPlace, render_host_ci

FACTS = HostFacts(
    kernel="6.12", machine="x86_64", uid=0, gid=0, landlock_abi=6, seccomp=True, user_namespaces=True,
    namespaces_as_root=False, proc_mount=True, cgroup="v2", cgroup_controllers=("cpu",),
)  # fmt: skip
PLACE = JobPlace(runner="GitLab CI", container="docker", checkout="/builds/a", owner=0, writable=True)
GAPS = (
    Gap(code="sandbox/no-cgroup", message="no group", remedy="a group"),
    Gap(code="sandbox/no-user-namespaces", message="none here", remedy="allow them"),
    Gap(code="sandbox/old-landlock", message="it is old", remedy="a newer kernel"),
)


def test_a_host_that_lacks_nothing_says_so_in_ten_lines() -> None:
    lines = render_host_ci(FACTS, PLACE, "namespaces").splitlines()
    assert (len(lines), [line for line in lines if line.startswith("⚠")]) == (10, [])
    assert lines[-1] == "     to get the rest: nothing is to be done"


def test_what_is_missing_stands_in_its_line_and_what_helps_in_the_last() -> None:
    foreign = replace(PLACE, owner=1001, writable=False, runner="", container="")
    lines = render_host_ci(replace(FACTS, problems=GAPS), foreign, "landlock").splitlines()
    assert len(lines) == 10
    assert [line.split()[1] for line in lines if line.startswith("⚠")] == [
        "runner", "checkout", "steps", "user", "Landlock", "limits",
    ]  # fmt: skip
    assert "/builds/a belongs to uid 1001" in lines[2] and "records go to the state home" in lines[2]
    assert lines[-1] == "     to get the rest: allow them; a newer kernel; a group"
