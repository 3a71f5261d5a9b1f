"""A control group from the person's service manager: asked for only where a limit needs it.

What a service manager does is simulated with plain files and a stand-in for `systemd-run`: machines that run
tests have none. What is real is that a run goes on, limits or not, whatever comes of it.
"""

import os
import shutil
from pathlib import Path

import pytest
from msgspec.structs import replace

from rundown.model.policy import Allowed, Envelope, Limits
from rundown.model.request import ExecutionRequest
from rundown.model.sandbox import HostFacts, SandboxPlan
from rundown.sandbox.cgroup import Hierarchy
from rundown.sandbox.launcher import Launcher
from rundown.sandbox.plan import plan_sandbox
from rundown.sandbox.probe import probe_host
from rundown.sandbox.scope import scope_words, take_delegation
from rundown.sandbox.settings import LaunchSettings, ViewSettings
from rundown.sandbox.survey import survey

HOST = HostFacts(
    kernel="6.18", machine="x86_64", uid=1000, gid=1000, landlock_abi=7, seccomp=True, user_namespaces=True,
    namespaces_as_root=False, proc_mount=True, cgroup="none",
)  # fmt: skip


@pytest.fixture
def runtime(tmp_path):
    """A runtime directory with a service manager's folder, and programs of its name."""
    (tmp_path / "run/systemd").mkdir(parents=True)
    for name in ("systemd-run", "env"):
        (tmp_path / name).write_text("")
        (tmp_path / name).chmod(0o755)
    return {"XDG_RUNTIME_DIR": str(tmp_path / "run"), "API_TOKEN": "secret"}


@pytest.mark.parametrize(
    ("limits", "controllers", "asked"),
    [
        (Limits(), (), False),
        (Limits(timeout_ns=1, open_files=5), (), False),
        (Limits(memory_bytes=1 << 30), (), True),
        (Limits(memory_bytes=1 << 30), ("memory", "pids"), False),
        (Limits(cpu=1.5), ("memory", "pids"), True),
    ],
)
def test_a_scope_is_asked_for_only_where_a_limit_needs_it(runtime, limits, controllers, asked, tmp_path):
    words = scope_words(replace(HOST, cgroup_controllers=controllers), limits, runtime, str(tmp_path))
    assert bool(words) is asked


def test_the_words_carry_the_managers_address_in_and_nothing_on(runtime, tmp_path):
    words = scope_words(HOST, Limits(pids=5), runtime, str(tmp_path))
    assert words == (
        f"{tmp_path}/env", f"XDG_RUNTIME_DIR={tmp_path}/run", f"{tmp_path}/systemd-run",
        "--user", "--scope", "--quiet", "--collect", "--property=Delegate=yes", "--", f"{tmp_path}/env", "-i",
    )  # fmt: skip


def test_nothing_is_asked_for_without_a_manager(runtime, tmp_path):
    shutil.rmtree(Path(runtime["XDG_RUNTIME_DIR"], "systemd"))
    assert scope_words(HOST, Limits(pids=5), runtime, str(tmp_path)) == ()
    assert scope_words(HOST, Limits(pids=5), {}, str(tmp_path), str(tmp_path)) == ()


def test_a_manager_is_found_without_a_session_that_names_it(runtime, tmp_path):
    (tmp_path / "1000/systemd").mkdir(parents=True)
    words = scope_words(HOST, Limits(pids=5), {}, str(tmp_path), str(tmp_path))
    assert words[:3] == (f"{tmp_path}/env", f"XDG_RUNTIME_DIR={tmp_path}/1000", f"{tmp_path}/systemd-run")


def _mounts(point: Path) -> str:
    return f"30 24 0:26 / {point} rw,nosuid shared:4 - cgroup2 cgroup2 rw\n"


def test_a_delegated_scope_gets_a_leaf_for_the_server_and_hands_its_controllers_down(tmp_path):
    scope = tmp_path / "user.slice/run-r1.scope"
    scope.mkdir(parents=True)
    (scope / "cgroup.controllers").write_text("cpuset cpu memory pids\n")
    (scope / "cgroup.subtree_control").write_text("")
    found = take_delegation("0::/user.slice/run-r1.scope\n", _mounts(tmp_path), 4711)
    assert found == (Hierarchy(version="v2", directory=str(scope), controllers=("cpu", "memory", "pids")),)
    assert (scope / "rundown-server/cgroup.procs").read_text() == "4711"
    assert (scope / "cgroup.subtree_control").read_text() == "+pids"  # the last one written


@pytest.mark.parametrize(
    "groups", ["0::/user.slice/session-1.service\n", "12:pids:/x.scope\n", "", "0::/gone.scope\n"]
)
def test_what_is_no_delegated_scope_gives_no_groups(groups, tmp_path):
    assert take_delegation(groups, _mounts(tmp_path), 4711) == ()


def _true(host: HostFacts) -> SandboxPlan:
    view = ViewSettings(root="/usr", home="/nonexistent")
    request = ExecutionRequest(
        run_id="r", position="1", attempt=1, kind="argv", text="", argv=("/bin/sh", "-c", "exit 6"), cwd="/tmp",
        env_names=(), operations=(),
    )  # fmt: skip
    allowed = Allowed(request=request, rulings=(), envelope=Envelope(limits=Limits(memory_bytes=1 << 30)))
    plan = plan_sandbox(allowed, host, survey(allowed.envelope, view), LaunchSettings(view=view, env=()))
    assert isinstance(plan, SandboxPlan)
    return plan


@pytest.mark.kernel
@pytest.mark.parametrize("words", [("/bin/false",), ("/no/such/systemd-run",), ("/usr/bin/env", "-i")])
def test_a_run_goes_on_where_the_scope_fails_or_gives_nothing(words):
    host = replace(probe_host(), cgroup="none", cgroup_controllers=())
    if not host.user_namespaces:
        pytest.skip("this host has no user namespaces")
    with Launcher(host, scope=words) as launcher:
        plan = _true(launcher.host)
        assert "sandbox/memory-per-process" in {gap.code for gap in plan.gaps}
        result = launcher.launch(plan, lambda stream, chunk: None)
    assert (getattr(result, "status", result), os.path.exists(words[0])) in ((6, True), (6, False))
