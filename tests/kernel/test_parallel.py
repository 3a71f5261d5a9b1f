"""Several steps at once with one launcher, as an agent's independent calls are."""

import threading

import pytest
from msgspec.structs import replace

from rundown.model.policy import Allowed, Envelope
from rundown.model.request import ExecutionRequest
from rundown.model.sandbox import SandboxPlan
from rundown.sandbox.launcher import Launcher
from rundown.sandbox.plan import plan_sandbox
from rundown.sandbox.probe import probe_host
from rundown.sandbox.settings import LaunchSettings, ViewSettings
from rundown.sandbox.survey import survey
from tests.support.kernel import require_kernel

pytestmark = pytest.mark.kernel
VIEW = ViewSettings(root="/usr", home="/nonexistent")


@pytest.fixture(scope="module")
def host():
    found = probe_host()
    require_kernel(
        {name: getattr(found, name) for name in ("user_namespaces", "seccomp", "landlock_abi", "proc_mount")}
    )
    return found


@pytest.fixture
def launcher(host):
    with Launcher(host, grace_ns=200_000_000) as made:
        yield made


def _plan(facts, text: str, **envelope) -> SandboxPlan:
    request = ExecutionRequest(
        run_id="r", position="1", attempt=1, kind="sh", text=text, argv=("/bin/sh", "-c", text), cwd="/tmp",
        env_names=(), operations=(),
    )  # fmt: skip
    allowed = Allowed(request=request, rulings=(), envelope=Envelope(**envelope))
    settings = LaunchSettings(view=VIEW, env=(("PATH", "/usr/bin:/bin"),))
    plan = plan_sandbox(allowed, facts, survey(allowed.envelope, VIEW), settings)
    assert isinstance(plan, SandboxPlan)
    return plan


def _launch_all(launcher, plans):
    """Returns result and standard output of each, run at the same time."""
    found: list[tuple[object, bytes] | None] = [None] * len(plans)

    def run(number: int) -> None:
        output: list[bytes] = []
        result = launcher.launch(plans[number], lambda _, chunk: output.append(chunk))
        found[number] = (result, b"".join(output))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(plans))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_steps_side_by_side_keep_their_output_and_status_apart(host, launcher):
    plans = [_plan(host, f"seq {number} {number + 500}; sleep 0.05; exit {number}") for number in range(8)]
    found = _launch_all(launcher, plans)
    assert [result.status for result, _ in found] == list(range(8))
    assert [output for _, output in found] == [
        "".join(f"{line}\n" for line in range(number, number + 501)).encode() for number in range(8)
    ]


def test_steps_side_by_side_share_tmp_and_see_no_process_of_each_other(host, launcher):
    meet = "touch /tmp/$1; n=0; while [ ! -e /tmp/$2 ] && [ $n -lt 200 ]; do sleep 0.02; n=$((n+1)); done; ls /proc | grep -cE '^[0-9]+$'"
    plans = [_plan(host, f"set -- a b; {meet}"), _plan(host, f"set -- b a; {meet}")]
    found = _launch_all(launcher, plans)
    assert [int(output) <= 5 for _, output in found] == [True, True]
    assert [result.status for result, _ in found] == [0, 0]


def test_one_interrupt_ends_all_that_runs(host, launcher):
    plans = [_plan(host, "sleep 60") for _ in range(3)]
    stop = threading.Event()

    def interrupt() -> None:
        while not stop.wait(0.02):
            if len(launcher._running) == 3:
                launcher.interrupt()
                return

    thread = threading.Thread(target=interrupt)
    thread.start()
    found = _launch_all(launcher, plans)
    stop.set()
    thread.join()
    assert [result.ending for result, _ in found] == ["interrupted"] * 3


def test_a_launcher_that_was_dismissed_ends_what_starts_later(host):
    with Launcher(host) as dismissed:
        dismissed.dismiss()
        found = _launch_all(dismissed, [_plan(host, "sleep 60")])
    assert [result.ending for result, _ in found] == ["interrupted"]


def test_steps_of_different_recipes_side_by_side_get_what_they_need(host, launcher):
    usual = _plan(host, "grep -cv net0: /proc/net/dev")
    shared = _plan(host, "ls /proc | grep -cE '^[0-9]+$'", host=("pid",))
    strict = _plan(host, "echo ran", enforce_run="tree")
    found = _launch_all(launcher, [usual, shared, strict] * 3)
    assert [output.strip() for _, output in found[::3]] == [b"3"] * 3
    assert all(int(output) > 5 for _, output in found[1::3])
    assert [output.strip() for _, output in found[2::3]] == [b"ran"] * 3


def test_a_sink_that_fails_ends_the_step_and_not_the_launcher(host, launcher):
    def broken(stream: str, chunk: bytes) -> None:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        launcher.launch(_plan(host, "echo x; sleep 60"), broken)
    assert launcher.launch(_plan(host, "exit 3"), lambda stream, chunk: None).status == 3


def test_what_a_step_leaves_in_tmp_can_be_read_by_rundown(host, launcher):
    import os

    launcher.launch(_plan(host, "echo kept > /tmp/.rd/outputs/NAME"), lambda stream, chunk: None)
    tmp = launcher.open_tmp()
    found = os.open(".rd/outputs/NAME", os.O_RDONLY, dir_fd=tmp)
    assert os.read(found, 100) == b"kept\n"
    os.close(found)
    os.close(tmp)
    assert launcher.launch(_plan(host, "cat /tmp/.rd/outputs/NAME"), lambda stream, chunk: None).status == 0


def test_a_plan_that_asks_for_an_unknown_place_fails_before_anything_runs(host, launcher):
    plan = replace(_plan(host, "touch /tmp/ran"), cwd="/nowhere/at/all")
    failed = launcher.launch(plan, lambda stream, chunk: None)
    assert (
        failed.stage,
        launcher.launch(_plan(host, "test -e /tmp/ran"), lambda stream, chunk: None).status,
    ) == ("cwd", 1)
