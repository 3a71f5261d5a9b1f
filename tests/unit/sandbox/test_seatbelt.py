"""The Seatbelt profile of a plan, as text, and the launcher around `sandbox-exec` with a stand-in for it."""

import os
import sys
import threading
import time
from pathlib import Path

import pytest
from msgspec.structs import replace

from rundown.model.policy import Allowed, Envelope, Limits
from rundown.model.request import ExecutionRequest
from rundown.model.sandbox import HostFacts, Mask, Refusal, SandboxPlan, Survey, Tree
from rundown.sandbox.plan import plan_sandbox
from rundown.sandbox.room import open_room
from rundown.sandbox.seatbelt import UnspeakableError, render_profile
from rundown.sandbox.seatbelt_launcher import SeatbeltLauncher
from rundown.sandbox.settings import LaunchSettings, ViewSettings
from tests.support.patience import PATIENCE_SECONDS

MAC = HostFacts(
    kernel="Darwin 24", machine="arm64", uid=501, gid=20, landlock_abi=0, seccomp=False, user_namespaces=False,
    namespaces_as_root=False, proc_mount=False, cgroup="none", seatbelt=True,
)  # fmt: skip
HOME = "/Users/ada"
SETTINGS = LaunchSettings(
    view=ViewSettings(root=f"{HOME}/app", home=HOME), env=(("A", "1"),), host_tmp="/private/var/tmp/run"
)
SURVEY = Survey(
    trees=(
        Tree(path="/usr", kind="dir", origin="system"),
        Tree(path=f"{HOME}/app", kind="dir"),
        Tree(path=f"{HOME}/app/dist", kind="dir", write=True),
        Tree(path=f"{HOME}/notes.txt", kind="file"),
    ),
    masks=(
        Mask(path=f"{HOME}/app/.env", kind="file", action="hide"),
        Mask(path=f"{HOME}/app/dist/a/hooks", kind="dir", action="pin"),
    ),
)


def _profile(survey=SURVEY, settings=SETTINGS, **envelope) -> list[str]:
    return render_profile(survey, settings, Envelope(**envelope)).splitlines()


def test_everything_is_denied_first_and_what_policy_hides_comes_last():
    lines = _profile()
    assert lines[:2] == ["(version 1)", "(deny default)"]
    opened = lines.index(f'(allow file-read* (subpath "{HOME}/app"))')
    written = lines.index(f'(allow file-write* (subpath "{HOME}/app/dist"))')
    hidden = lines.index(f'(deny file-read* file-write* (literal "{HOME}/app/.env"))')
    pinned = lines.index(f'(deny file-write* (subpath "{HOME}/app/dist/a/hooks"))')
    assert max(opened, written) < min(hidden, pinned)
    assert not [line for line in lines[max(hidden, pinned) :] if line.startswith("(allow")]


def test_the_home_directory_is_never_opened_as_a_whole():
    reading = [line for line in _profile() if line.startswith("(allow file-read*") and HOME in line]
    assert reading == [f'(allow file-read* (subpath "{HOME}/app"))', f'(allow file-read* (subpath "{HOME}/app/dist"))',
                       f'(allow file-read* (literal "{HOME}/notes.txt"))']  # fmt: skip
    assert f'(allow file-read-metadata (literal "{HOME}"))' in _profile()


def test_the_ways_to_what_is_pinned_cannot_be_moved_away():
    lines = _profile()
    assert f'(deny file-write-unlink file-write-create (literal "{HOME}/app/dist/a"))' in lines
    assert f'(deny file-write-unlink file-write-create (literal "{HOME}/app/dist"))' in lines


def test_a_protected_name_is_denied_before_it_exists():
    assert f'(deny file-write* (subpath "{HOME}/app/.vscode"))' in _profile(protect=(f"{HOME}/app/.vscode",))


def test_nothing_leads_out_of_the_network_unless_the_step_says_so():
    closed, opened = _profile(), _profile(host=("net",))
    assert [line for line in closed if "network" in line] == [
        '(allow network-bind (local ip "localhost:*"))', "(deny network-outbound (remote unix-socket))",
    ]  # fmt: skip
    assert "(allow network*)" in opened


def test_only_programs_are_executed_under_enforce_run_tree():
    survey = replace(SURVEY, programs=("/usr/bin/git",))
    lines = _profile(survey, enforce_run="tree")
    assert [line for line in lines if "process-exec" in line] == [
        '(allow process-exec* (subpath "/usr/bin/git"))'
    ]
    assert "(allow process-exec*)" in _profile()


def test_paths_are_quoted_and_what_cannot_be_spelt_is_refused():
    odd = Survey(trees=(Tree(path='/p/a"b\\c)(', kind="dir"),))
    assert '(allow file-read* (subpath "/p/a\\"b\\\\c)("))' in _profile(odd)
    for name in ("/p/new\nline", "/p/\x00", "/p/\udcff"):
        with pytest.raises(UnspeakableError):
            _profile(Survey(trees=(Tree(path=name, kind="dir"),)))


def test_parentheses_balance_whatever_the_paths():
    for line in _profile(host=("net",), protect=("/a b", '/c"d'))[2:]:
        outside = "".join(line.replace("\\\\", "").replace('\\"', "").split('"')[::2])
        assert outside.count("(") == outside.count(")")


def _plan(argv, settings=SETTINGS, survey=SURVEY, **limits) -> SandboxPlan | Refusal:
    request = ExecutionRequest(
        run_id="r",
        position="1",
        attempt=1,
        kind="argv",
        text="",
        argv=argv,
        cwd="/",
        env_names=(),
        operations=(),
    )
    allowed = Allowed(request=request, rulings=(), envelope=Envelope(limits=Limits(**limits)))
    return plan_sandbox(allowed, MAC, survey, settings)


def test_a_mac_is_planned_with_a_profile_its_tmp_and_its_gaps():
    plan = _plan(("true",))
    assert isinstance(plan, SandboxPlan)
    assert (plan.tier, plan.mounts, plan.landlock, plan.namespaces) == ("seatbelt", (), (), ())
    assert plan.profile.startswith("(version 1)\n(deny default)\n")
    assert dict(plan.env) == {"A": "1", "HOME": "/private/var/tmp/run/home"} | dict.fromkeys(
        ("TMPDIR", "TMP", "TEMP"), "/private/var/tmp/run"
    )
    assert {gap.code for gap in plan.gaps} == {
        "sandbox/processes-visible", "sandbox/no-process-group", "sandbox/tmp-on-disk", "sandbox/no-terminal",
    }  # fmt: skip


def test_strict_and_what_no_profile_can_spell_are_refused():
    strict = _plan(("true",), settings=replace(SETTINGS, wish="strict"))
    odd = _plan(("true",), survey=Survey(trees=(Tree(path="/p/new\nline", kind="dir"),)))
    assert isinstance(strict, Refusal) and isinstance(odd, Refusal)
    assert (strict.code, odd.code) == ("sandbox/gaps", "sandbox/deny-unenforced")


# --- the launcher; the stand-in checks how it is called and becomes the command --------------------------


@pytest.fixture
def room(tmp_path):
    stand_in = tmp_path / "sandbox-exec"
    stand_in.write_text(
        '#!/bin/sh\n[ "$1" = -p ] && case "$2" in "(version 1)"*) shift 2; exec "$@";; esac\nexit 71\n'
    )
    stand_in.chmod(0o755)
    with SeatbeltLauncher(MAC, grace_ns=200_000_000, program=str(stand_in)) as made:
        yield made


def _run(room, text: str, **limits):
    settings = replace(SETTINGS, env=(("PATH", "/usr/bin:/bin"),), host_tmp=room.host_tmp)
    plan = _plan(("/bin/sh", "-c", text), settings=settings, **limits)
    assert isinstance(plan, SandboxPlan)
    printed = {"stdout": b"", "stderr": b""}

    def take(stream, chunk):
        printed[stream] += chunk

    return room.launch(plan, take), printed


def test_a_mac_gets_the_launcher_of_macs():
    assert (type(open_room(MAC)).__name__, type(open_room(replace(MAC, seatbelt=False))).__name__) == (
        "SeatbeltLauncher", "Launcher",
    )  # fmt: skip


def test_output_and_status_come_through_and_tmp_is_private(room):
    result, printed = _run(room, 'echo out; echo err >&2; cd "$TMPDIR"; ls -a | tr "\\n" " "; exit 7')
    assert (result.ending, result.status, printed["stderr"]) == ("exited", 7, b"err\n")
    assert printed["stdout"] == b"out\n. .. .rd home "


def test_signals_limits_and_what_is_left_behind_are_as_elsewhere(room):
    killed, _ = _run(room, "kill -9 $$")
    cut, printed = _run(room, "seq 5000", output_bytes=4000)
    timed, _ = _run(room, "trap '' TERM; while :; do sleep 0.05; done", timeout_ns=200_000_000)
    begun = time.monotonic()
    held, _ = _run(room, "sleep 600 & exit 3")
    assert (killed.signal, cut.output_cut_bytes, timed.ending) == (9, 19893, "timed-out")
    assert (
        b"bytes left out" in printed["stdout"],
        held.status,
        time.monotonic() - begun < PATIENCE_SECONDS,
    ) == (
        True,
        3,
        True,
    )


def test_an_interrupt_ends_a_step(room):
    timer = threading.Thread(target=_interrupt_when_running, args=(room,))
    timer.start()
    result, _ = _run(room, "sleep 60")
    timer.join()
    assert result.ending == "interrupted"


def _interrupt_when_running(room):
    while not room.interrupt():
        pass


def test_a_missing_sandbox_exec_is_a_failure_and_nothing_runs(tmp_path):
    with SeatbeltLauncher(MAC, program=str(tmp_path / "none")) as room:
        failure, printed = _run(room, "echo ran")
    assert (failure.stage, failure.errno, printed["stdout"]) == ("exec", 2, b"")


def test_the_runs_directory_goes_with_it(room):
    with SeatbeltLauncher(MAC) as other:
        place = Path(other.host_tmp or "")
        fd = other.open_tmp()
        assert sorted(os.listdir(fd)) == [".rd", "home"]
        os.close(fd)
    assert not place.exists()


@pytest.mark.skipif(sys.platform != "darwin", reason="takes macOS")
def test_a_real_sandbox_exec_refuses_what_is_not_opened(tmp_path):
    with SeatbeltLauncher(MAC) as room:
        (Path.home() / ".rundown-test").write_text("REACHED")
        _, printed = _run(room, f"cat {Path.home()}/.rundown-test; echo ran")
    assert printed["stdout"] == b"ran\n"
