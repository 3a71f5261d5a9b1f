"""No capability, no way to gain one, and nothing of rundown's own leaks in."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.kernel import PYTHON

pytestmark = pytest.mark.kernel


def test_a_step_has_no_capability_and_cannot_gain_any(world):
    ended = world.shell("grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/self/status | tr -d '\\t'")
    nothing = "0" * 16
    expected = [f"Cap{name}:{nothing}" for name in ("Inh", "Prm", "Eff", "Bnd", "Amb")]
    assert ended.text.splitlines() == [*expected, "NoNewPrivs:1", "Seccomp:2"]


def test_init_has_no_capability_either_while_the_step_runs(world):
    # Init drops them right after it has let the command go.
    text = "until grep -q '^CapEff:.*0000000000000000$' /proc/1/status; do :; done; grep ^Cap /proc/1/status | cut -f2"
    assert set(world.shell(text).text.split()) == {"0" * 16}


def test_a_set_user_id_program_gains_nothing(world):
    if os.geteuid() != 0 or world.driver.identity != "ordinary":
        pytest.skip("takes root to make the program and somebody else to run it")
    program = world.root / "become"
    shutil.copy("/usr/bin/id", program)
    os.chown(program, 0, 0)
    program.chmod(0o4755)
    assert world.outside_step(str(program), "-u").text == "0"
    assert world.step(str(program), "-u").text != "0"


def test_a_program_with_file_capabilities_gains_nothing(world):
    if os.geteuid() != 0 or world.driver.identity != "ordinary":
        pytest.skip("takes root to make the program and somebody else to run it")
    program = world.root / "capable"
    shutil.copy(os.path.realpath(PYTHON), program)
    program.chmod(0o755)
    os.setxattr(program, "security.capability", bytes.fromhex("0100000202000000000000000000000000000000"))
    read = "print([line for line in open('/proc/self/status') if line.startswith('CapEff')][0].split()[1])"
    assert world.outside_step(str(program), "-I", "-S", "-c", read).text == "0000000000000002"
    ended = world.step(str(program), "-I", "-S", "-c", read)
    assert ended.text in ("", "0" * 16)


def test_only_three_fds_are_open(world):
    assert world.shell("ls /proc/self/fd | tr '\\n' ' '").text == "0 1 2 3"  # 3 is the listing itself
    assert world.python("import os; print(os.listdir('/proc/self/fd'))").text == "['0', '1', '2', '3']"


def test_inherited_fds_of_rundown_stay_outside(world):
    target = os.open(world.outside / "secret.txt", os.O_RDONLY)
    os.set_inheritable(target, True)
    try:
        assert world.shell(f"cat <&{target}; true").stdout == b""
    finally:
        os.close(target)


def test_the_environment_is_what_the_plan_says(world):
    ended = world.step("/usr/bin/env", env={"A": "1", "PATH": "/usr/bin:/bin"})
    assert sorted(ended.text.splitlines()) == [
        "A=1", f"HOME={world.home}", "PATH=/usr/bin:/bin", "TEMP=/tmp", "TMP=/tmp", "TMPDIR=/tmp",
    ]  # fmt: skip


def test_no_process_of_the_fork_server_carries_the_persons_environment(world):
    pids = [pid for pid in os.listdir("/proc") if pid.isdigit() and _parent(pid) == world.driver.process.pid]
    environments = [_environment(pid) for pid in pids] if os.geteuid() == 0 else []
    assert [text for text in environments if b"only-in-the-parent" in text] == []
    if os.geteuid() == 0:
        assert b"only-in-the-parent" in _environment(world.driver.process.pid)


def test_the_fork_server_cannot_be_read_by_the_same_user(world):
    server = next(
        pid for pid in os.listdir("/proc") if pid.isdigit() and _parent(pid) == world.driver.process.pid
    )
    ended = world.outside_step(
        "/bin/sh", "-c", f"cat /proc/{server}/environ /proc/{server}/mem >/dev/null && echo READ"
    )
    assert (ended.text, world.driver.identity) in (("", "ordinary"), ("", "root"), ("READ", "root"))


def _environment(pid: int | str) -> bytes:
    return Path(f"/proc/{pid}/environ").read_bytes()


def _parent(pid: str) -> int:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return int(file.read().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def test_signals_and_masks_are_as_a_program_expects(world):
    ended = world.shell("grep -E '^Sig(Blk|Ign)' /proc/self/status | cut -f2")
    assert set(ended.text.split()) == {"0" * 16}


def test_devices_work_and_are_few(world):
    ended = world.shell(
        "ls /dev; head -c2 /dev/zero | od -An -tx1; echo x > /dev/null; echo x > /dev/full || echo full; head -c1 /dev/urandom | wc -c"
    )
    assert ended.text.split() == [
        "fd", "full", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin", "stdout", "tty", "urandom", "zero",
        "00", "00", "full", "1",
    ]  # fmt: skip


def test_shared_memory_belongs_to_the_step(world):
    assert world.shell("echo x > /dev/shm/mine && ls /dev/shm").text == "mine"
    assert world.shell("ls /dev/shm").text == ""


def test_files_of_the_project_belong_to_whom_they_belong(world):
    ended = world.shell("stat -c %u readme.txt; id -u; id -g")
    owner = str((world.root / "readme.txt").stat().st_uid)
    assert ended.text.split() == [owner, owner, owner]


def test_root_may_write_in_a_project_of_somebody_else(world):
    if world.driver.identity != "root":
        pytest.skip("only root can")
    subprocess.run(["chown", "-R", "12345:12345", str(world.root)], check=True)
    (world.root / "dist").chmod(0o700)
    ended = world.shell(
        "echo x > dist/f && chown 12345 dist/f && stat -c %u dist/f; grep ^CapEff /proc/self/status | cut -f2"
    )
    assert ended.text.split() == ["12345", "000000000000000b"]


def test_core_dumps_are_off(world):
    assert world.shell("ulimit -c").text == "0"
