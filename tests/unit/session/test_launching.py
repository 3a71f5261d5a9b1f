"""What a plan of this host's sandbox is made from; the sandbox room itself has tests of its own."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from msgspec.structs import replace

from rundown.model.policy import Allowed, Envelope, Outcome, Ruling
from rundown.model.request import ExecutionRequest
from rundown.model.sandbox import (
    HostFacts,
    LandlockRule,
    Mount,
    ProcessResult,
    SandboxPlan,
    SandboxWish,
    StageFailure,
)
from rundown.sandbox.doors import Doors
from rundown.sandbox.settings import ViewSettings
from rundown.session.captures import INSIDE, Capture
from rundown.session.launching import Launching, SandboxLauncher
from rundown.session.ports import OutputSink, Planned
from tests.support.policies import request, run

HOST = HostFacts(
    kernel="6.8",
    machine="x86_64",
    uid=1000,
    gid=1000,
    landlock_abi=7,
    seccomp=True,
    user_namespaces=True,
    namespaces_as_root=False,
    proc_mount=True,
    cgroup="none",
)
LANDLOCK_ONLY = replace(HOST, user_namespaces=False)
BARE = replace(LANDLOCK_ONLY, landlock_abi=0, seccomp=False)
ENDED = ProcessResult(ending="exited", status=0, duration_ns=1)


class Room:
    """Keeps what it is asked to launch."""

    def __init__(self, host_tmp: str | None = None) -> None:
        self.host_tmp = host_tmp
        self.launched: list[tuple[SandboxPlan, int | None, tuple[int, int] | None]] = []

    def launch(
        self,
        plan: SandboxPlan,
        sink: OutputSink,
        *,
        stdin_fd: int | None = None,
        size: tuple[int, int] | None = None,
        doors: Doors | None = None,
        started: Callable[[int], None] = lambda pid: None,
    ) -> ProcessResult | StageFailure:
        self.launched.append((plan, stdin_fd, size))
        sink("stdout", b"printed")
        return ENDED

    def prepare(self, plan: SandboxPlan) -> None: ...

    def interrupt(self) -> bool:
        return False

    def freeze(self, wanted: bool) -> None: ...


class Screen:
    """A terminal of a size, or none; descriptor 7 for interactive steps."""

    def __init__(self, size: tuple[int, int] | None = None) -> None:
        self._size = size

    def size(self) -> tuple[int, int] | None:
        return self._size

    def stdin(self, *, interactive: bool) -> int | None:
        return 7 if interactive else None


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "project").mkdir()
    return tmp_path / "project"


def variables(
    wanted: ExecutionRequest, names: tuple[str, ...], values: Mapping[str, str]
) -> tuple[tuple[str, str], ...]:
    return tuple(sorted({"NAMES": ",".join(names), **values}.items()))


def launcher(
    project: Path,
    host: HostFacts = HOST,
    wish: SandboxWish = "default",
    room: Room | None = None,
    screen: Screen = Screen(),  # noqa: B008 - it keeps nothing
) -> SandboxLauncher:
    launching = Launching(
        host=host,
        view=ViewSettings(root=str(project), home="/home/ada"),
        wish=wish,
        variables=variables,
        own_executables=("/opt/rundown/bin/rundown",),
        own_package="/opt/rundown/lib",
    )
    return SandboxLauncher(room or Room(), launching, screen)


def allowed(project: Path, executable: str = "/usr/bin/true", **envelope: object) -> Allowed:
    wanted = replace(request(run("tool", resolved=executable)), cwd=str(project))
    ruling = Ruling(operation=wanted.operations[0], outcome=Outcome.ALLOW)
    base: dict[str, object] = {"read_allow": (f"{project}/**",)}
    return Allowed(request=wanted, rulings=(ruling,), envelope=Envelope(**(base | envelope)))  # type: ignore[arg-type]


def plan_of(planned: Planned | StageFailure) -> SandboxPlan:
    assert isinstance(planned, Planned), planned
    return planned.plan


def test_a_plan_is_about_the_request_and_has_what_policy_lets_through(project: Path) -> None:
    wanted = allowed(project, env=("CI", "LANG"))
    plan = plan_of(launcher(project).plan(wanted, {"__rd_1": "value"}))
    found = dict(plan.env)
    assert (plan.request_digest, plan.argv, plan.cwd, found["NAMES"], found["__rd_1"], plan.tier) == (
        wanted.request.digest,
        wanted.request.argv,
        str(project),
        "CI,LANG",
        "value",
        "namespaces",
    )


def test_values_of_variables_have_no_part_in_a_plans_digest(project: Path) -> None:
    plans = [launcher(project).plan(allowed(project), {"__rd_1": value}) for value in ("a", "b")]
    assert [plan.digest for plan in plans if isinstance(plan, Planned)] == [plans[0].digest] * 2  # type: ignore[union-attr]


def test_what_cannot_be_planned_fails_at_the_stage_of_planning(project: Path) -> None:
    found = launcher(project, BARE).plan(allowed(project), {})
    assert isinstance(found, StageFailure)
    assert (found.stage, found.errno, "--no-sandbox" in found.detail) == ("plan", 0, True)


@pytest.mark.parametrize(("size", "pty"), [(None, False), ((24, 80), True)])
def test_a_step_has_a_terminal_where_its_output_goes_to_one(
    size: tuple[int, int] | None, pty: bool, project: Path
) -> None:
    assert plan_of(launcher(project, screen=Screen(size)).plan(allowed(project), {})).pty is pty


def test_a_plan_is_launched_with_the_terminals_size_and_input(project: Path) -> None:
    room, printed = Room(), []
    steps = launcher(project, room=room, screen=Screen((24, 80)))
    wanted = allowed(project)
    interactive = replace(wanted, request=replace(wanted.request, interactive=True))
    for each in (wanted, interactive):
        planned = steps.plan(each, {})
        assert isinstance(planned, Planned)
        assert steps.launch(planned, lambda stream, chunk: printed.append((stream, chunk))) == ENDED
    assert [(stdin, size) for _, stdin, size in room.launched] == [(None, (24, 80)), (7, (24, 80))]
    assert printed == [("stdout", b"printed")] * 2


def test_without_a_mount_namespace_the_runs_directory_on_the_host_is_its_tmp(project: Path) -> None:
    room = Room("/var/tmp/rundown-1")
    plan = plan_of(launcher(project, LANDLOCK_ONLY, "best", room).plan(allowed(project), {}))
    assert ({dict(plan.env)[name] for name in ("TMPDIR", "TMP", "TEMP")}, plan.tier) == (
        {"/var/tmp/rundown-1"},
        "landlock",
    )
    assert [rule for rule in plan.landlock if rule.path == "/var/tmp/rundown-1"] != []


@pytest.mark.parametrize(
    ("executable", "opened"),
    [("/opt/rundown/bin/rundown", ("/opt/rundown/lib",)), ("/usr/bin/true", ())],
)
def test_a_step_that_calls_rundown_may_read_its_code(
    executable: str, opened: tuple[str, ...], project: Path, tmp_path: Path
) -> None:
    package = tmp_path / "package"
    package.mkdir()
    launching = replace(launcher(project)._launching, own_package=str(package))
    steps = SandboxLauncher(Room(), launching, Screen())
    plan = plan_of(steps.plan(allowed(project, executable), {}))
    assert [rule.path for rule in plan.landlock if rule.path == str(package)] == [str(package)] * len(opened)


# --- values that steps hand on --------------------------------------------------------------------------


@pytest.fixture
def capture(tmp_path: Path) -> Capture:
    (tmp_path / "outputs").mkdir()
    return Capture(directory=tmp_path / "outputs", names=("Tag",))


def test_a_step_with_a_view_of_its_own_finds_its_files_at_a_fixed_place(
    project: Path, capture: Capture
) -> None:
    plan = plan_of(launcher(project).plan(allowed(project), {}, capture))
    assert (dict(plan.env)["RD_OUTPUTS_Tag"], plan.mounts[-1], plan.landlock[-1]) == (
        f"{INSIDE}/Tag",
        Mount(kind="bind", source=str(capture.directory), target=INSIDE, writable=True, executable=False),
        LandlockRule(path=INSIDE, write=True),
    )


@pytest.mark.parametrize(
    ("host", "wish", "words"),
    [(LANDLOCK_ONLY, "best", ()), (HOST, "none", ()), (HOST, "default", ("unconfined",))],
    ids=["landlock", "no sandbox", "unconfined"],
)
def test_a_step_without_one_finds_them_where_they_are(
    host: HostFacts, wish: SandboxWish, words: tuple[str, ...], project: Path, capture: Capture
) -> None:
    steps = launcher(project, host, wish, Room("/var/tmp/rundown-1"))
    plan = plan_of(steps.plan(allowed(project, host=words), {}, capture))
    assert (dict(plan.env)["RD_OUTPUTS_Tag"], [m for m in plan.mounts if m.target == INSIDE]) == (
        f"{capture.directory}/Tag",
        [],
    )
