"""The sockets of a step's network that are handed to rundown are those of its own plan, made ahead or not."""

import os
import sys

import pytest
from msgspec.structs import replace

from rundown.model.policy import Allowed, Envelope
from rundown.model.request import ExecutionRequest
from rundown.model.sandbox import ProcessResult, SandboxPlan, StepNetwork
from rundown.sandbox.doors import Door
from rundown.sandbox.launcher import Launcher
from rundown.sandbox.plan import plan_sandbox
from rundown.sandbox.probe import probe_host
from rundown.sandbox.settings import LaunchSettings, ViewSettings
from rundown.sandbox.survey import survey
from tests.support.kernel import require_kernel

pytestmark = pytest.mark.kernel
VIEW = ViewSettings(root="/usr", home="/nonexistent")
KNOCK = """
import socket
for port in (7070, 8080, 9090):
    with socket.socket() as sock:
        print(port, sock.connect_ex(("203.0.113.9", port)) == 0)
"""


@pytest.fixture(scope="module")
def host():
    found = probe_host()
    require_kernel(
        {name: getattr(found, name) for name in ("user_namespaces", "seccomp", "landlock_abi", "proc_mount")}
    )
    return found


def _plan(facts, ports: tuple[int, ...]) -> SandboxPlan:
    argv = (os.path.realpath(sys.executable), "-I", "-S", "-c", KNOCK)
    request = ExecutionRequest(
        run_id="r", position="1", attempt=1, kind="argv", text="", argv=argv, cwd="/tmp",
        env_names=(), operations=(),
    )  # fmt: skip
    allowed = Allowed(request=request, rulings=(), envelope=Envelope())
    settings = LaunchSettings(view=VIEW, env=(("PATH", "/usr/bin:/bin"),))
    plan = plan_sandbox(allowed, facts, survey(allowed.envelope, VIEW), settings)
    assert isinstance(plan, SandboxPlan)
    return replace(plan, network=StepNetwork(ports=ports))


def test_each_step_has_listeners_at_the_ports_of_its_own_plan_whatever_was_opened_ahead(host):
    wanted = [(8080, 9090), (8080, 9090), (7070, 9090), (), (8080,), (7070, 8080, 9090)]
    with Launcher(host) as launcher:
        for ports in wanted:
            doors: list[Door] = []
            output: list[bytes] = []
            result = launcher.launch(
                _plan(host, ports), lambda _, chunk, to=output: to.append(chunk), doors=doors.extend
            )
            assert isinstance(result, ProcessResult), result
            assert sorted(door.kind for door in doors) == sorted(
                ["dns", "dns-tcp", "attempts"] + ["any"] * len(ports)
            )
            assert sorted(door.sock.getsockname()[1] for door in doors if door.kind == "any") == list(ports)
            for door in doors:
                door.sock.close()
            reached = "".join(f"{port} {port in ports}\n" for port in (7070, 8080, 9090))
            assert b"".join(output).decode() == reached
