"""How a step ended is told as it was: statuses, signals, output, limits, failures of stages."""

import os
import signal
from contextlib import suppress

import pytest

from rundown.model.policy import Limits
from tests.support.kernel import PYTHON, Driver, World, all_command_lines
from tests.support.patience import PATIENCE_SECONDS

pytestmark = pytest.mark.kernel


@pytest.mark.parametrize("first", range(0, 256, 64))
def test_every_exit_status_comes_through(world, first):
    statuses = [world.shell(f"exit {status}").status for status in range(first, first + 64, 7)]
    assert statuses == list(range(first, first + 64, 7))


@pytest.mark.parametrize(
    "name", ["HUP", "INT", "QUIT", "ABRT", "KILL", "USR1", "SEGV", "PIPE", "ALRM", "TERM", "XCPU"]
)
def test_a_signal_that_ended_it_comes_through(world, name):
    ended = world.shell(f"kill -{name} $$")
    assert (ended.ending, ended.status, ended.signal) == (
        "signalled",
        None,
        int(getattr(signal, f"SIG{name}")),
    )


def test_output_is_kept_apart_and_whole_beyond_what_a_pipe_holds(world):
    ended = world.python("import sys; sys.stdout.write('o' * 300000); sys.stderr.write('e' * 300000)")
    assert (ended.stdout, ended.stderr, ended.output_bytes) == (b"o" * 300000, b"e" * 300000, 600000)


def test_five_thousand_lines_come_in_order(world):
    assert world.shell("seq 5000").stdout == "".join(f"{line}\n" for line in range(1, 5001)).encode()


def test_no_output_is_no_output(world):
    ended = world.shell("true")
    assert (ended.stdout, ended.stderr, ended.output_bytes) == (b"", b"", 0)


def test_closed_streams_do_not_end_the_step(world):
    ended = world.shell("exec >&- 2>&-; sleep 0.05; exit 4")
    assert (ended.ending, ended.status) == ("exited", 4)


def test_bytes_that_are_not_text_come_through(world):
    every = bytes(range(256))
    assert world.python(f"import os; os.write(1, {every!r})").stdout == every


def test_output_beyond_the_cap_keeps_head_and_tail_and_says_how_much_was_cut(world):
    envelope = world.envelope(limits=Limits(output_bytes=4000))
    ended = world.shell("seq 5000; echo done; exit 3", envelope)
    assert (ended.status, ended.output_bytes, ended.output_cut_bytes) == (3, 23898, 19898)
    assert ended.stdout.startswith(b"1\n2\n3\n")
    assert b"[19898 bytes left out]" in ended.stdout
    assert ended.stdout.endswith(b"4999\n5000\ndone\n")


def test_standard_input_is_empty(world):
    assert world.shell("cat; echo read").text == "read"


def test_an_argument_is_handed_over_as_it_is(world):
    odd = "a b'c\"d\n$x `y` \\ \x01 é"
    assert (
        world.step(PYTHON, "-I", "-S", "-c", "import sys; sys.stdout.write(sys.argv[1])", odd).stdout
        == odd.encode()
    )


def test_a_text_too_long_for_one_argument_runs_as_a_script(world):
    text = "x=$(cat readme.txt)\n" + "# filling\n" * 20000 + 'echo "$x" "$0"'
    assert world.shell(text).text == "hello /proc/self/fd/9"


def test_a_program_that_is_not_there_is_a_failure_of_the_stage_exec(world):
    ended = world.step("no-such-program")
    assert (ended.kind, ended.stage, ended.errno, ended.detail) == (
        "failure", "exec", 2, "no-such-program: No such file or directory",
    )  # fmt: skip


@pytest.mark.parametrize(("name", "mode", "errno"), [("not-executable", 0o644, 13), ("no-format", 0o755, 8)])
def test_a_program_that_cannot_be_run_is_a_failure_of_the_stage_exec(world, name, mode, errno):
    path = world.write(name, "no program", mode)
    ended = world.step(str(path))
    assert (ended.kind, ended.stage, ended.errno) == ("failure", "exec", errno)


def test_a_working_directory_that_is_gone_is_a_failure_and_nothing_runs(world):
    ended = world.step("/bin/sh", "-c", "touch dist/ran", cwd=str(world.root / "nowhere"))
    assert (ended.kind, ended.stage, (world.root / "dist/ran").exists()) == ("failure", "mounts", False)


def test_a_time_out_ends_the_whole_tree(world):
    envelope = world.envelope(limits=Limits(timeout_ns=300_000_000))
    ended = world.shell("(setsid sleep 600 &); echo begun; sleep 600", envelope)
    assert (ended.ending, ended.text, ended.status, ended.signal) == ("timed-out", "begun", None, None)
    assert 0.3 <= ended.seconds < PATIENCE_SECONDS


def test_a_step_that_ignores_the_end_is_killed_after_the_grace(world):
    envelope = world.envelope(limits=Limits(timeout_ns=200_000_000))
    ended = world.shell("trap '' TERM INT HUP; echo begun; while :; do sleep 0.05; done", envelope)
    assert (ended.ending, ended.text, 0.45 <= ended.seconds < PATIENCE_SECONDS) == (
        "timed-out",
        "begun",
        True,
    )


def test_a_step_may_tidy_up_when_its_time_is_over(world):
    envelope = world.envelope(limits=Limits(timeout_ns=200_000_000))
    ended = world.shell("trap 'echo tidied; exit 1' TERM; echo begun; while :; do sleep 0.02; done", envelope)
    assert (ended.ending, ended.text) == ("timed-out", "begun\ntidied")


def test_an_interrupt_ends_the_step(world):
    ended = world.shell("echo begun; sleep 600", interrupt_on="begun")
    assert (ended.ending, ended.text, ended.seconds < PATIENCE_SECONDS) == ("interrupted", "begun", True)


def test_a_file_grows_no_further_than_its_limit(world):
    envelope = world.envelope(limits=Limits(file_size_bytes=10_000))
    ended = world.shell("head -c 50000 /dev/zero > dist/big", envelope)
    assert ((world.root / "dist/big").stat().st_size, ended.status) == (10_000, 128 + signal.SIGXFSZ)


def test_no_more_files_are_open_than_the_limit(world):
    envelope = world.envelope(limits=Limits(open_files=20))
    text = "import os\nn = 0\ntry:\n  while True: os.dup(0); n += 1\nexcept OSError: print(n < 20)"
    assert world.python(text, envelope).text == "True"


def test_a_fork_bomb_stays_bounded(world):
    envelope = world.envelope(limits=Limits(pids=40, timeout_ns=600_000_000_000))
    text = """
import os, time
made = 0
try:
    while made < 200:
        if os.fork() == 0: time.sleep(600)
        made += 1
except OSError as error: print(error.errno, made < 40)
"""
    ended = world.python(text, envelope)
    assert (ended.text, ended.seconds < PATIENCE_SECONDS) == ("11 True", True)


def test_memory_is_bounded_and_the_ending_has_a_name(world):
    envelope = world.envelope(limits=Limits(memory_bytes=100 << 20))
    ended = world.python("x = bytearray(400 << 20); print('got it')", envelope)
    if "memory" in world.driver.facts["cgroup_controllers"]:
        assert (ended.ending, ended.text) == ("out-of-memory", "")
    else:
        assert (ended.status, ended.text, "sandbox/memory-per-process" in ended.gaps) == (1, "", True)


def test_tmp_is_bounded():
    driver = Driver("root" if os.geteuid() == 0 else "ordinary", tmp_bytes=1 << 20)
    world = World(driver)
    try:
        ended = world.shell("head -c 3000000 /dev/zero > /tmp/big; stat -c %s /tmp/big")
        assert b"No space left" in ended.stderr, ended
        assert 0 < int(ended.text) <= 1 << 20, ended
    finally:
        driver.close()
        world.remove()


def test_a_terminal_is_the_steps_own(world):
    ended = world.shell(
        "tty <&1; stty size <&1; test -t 1 -a -t 2 && ! test -t 0 && echo both; ps -o tty= -p $$",
        pty=True,
        size=[33, 101],
    )
    assert ended.stdout.replace(b"\r\n", b"\n") == b"/dev/pts/0\n33 101\nboth\npts/0\n"


def test_without_a_terminal_there_is_none(world):
    assert world.shell("test -t 1 || test -t 2 || (: < /dev/tty) 2>/dev/null || echo none").text == "none"


def test_one_steps_killed_launch_leaves_the_next_one_working(world):
    world.shell("kill -9 -1")
    assert world.shell("echo fine").text == "fine"


def test_a_killed_fork_server_is_a_clear_failure_not_a_hang():
    driver = Driver("root" if os.geteuid() == 0 else "ordinary")
    world = World(driver)
    try:
        assert world.shell("echo first").text == "first"
        for pid in _children(driver.process.pid):
            os.kill(pid, signal.SIGKILL)
        ended = world.shell("echo second")
        assert (ended.kind, ended.stage, ended.stdout) == ("failure", "zygote", b"")
        assert "fork server" in ended.detail
    finally:
        driver.close()
        world.remove()


def _children(parent: int) -> list[int]:
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            with suppress(OSError), open(f"/proc/{name}/stat") as file:
                if int(file.read().rpartition(")")[2].split()[1]) == parent:
                    found.append(int(name))
    return found


def test_a_step_that_wants_ten_gigabytes_gets_none_and_the_next_one_runs(world):
    envelope = world.envelope(limits=Limits(memory_bytes=200 << 20))
    ended = world.python("x = bytearray(10 << 30); print('got it')", envelope)
    named = ended.ending == "out-of-memory" or (ended.status == 1 and b"MemoryError" in ended.stderr)
    assert (named, ended.text, world.shell("echo fine").text) == (True, "", "fine"), ended


def test_endless_output_is_cut_and_ends_in_time(world):
    envelope = world.envelope(limits=Limits(output_bytes=10_000, timeout_ns=300_000_000))
    ended = world.shell("yes", envelope)
    assert (ended.ending, ended.output_cut_bytes > 0, len(ended.stdout) < 11_000) == ("timed-out", True, True)
    assert world.shell("echo fine").text == "fine"


def test_a_real_fork_bomb_ends_in_time_with_all_it_made(world):
    if world.driver.identity == "root" and "pids" not in world.driver.facts["cgroup_controllers"]:
        pytest.skip("root has no limit of processes here, and says so as a gap")
    mark = f"105{os.getpid()}"
    envelope = world.envelope(limits=Limits(pids=60, timeout_ns=500_000_000))
    ended = world.shell(f"b() {{ sleep {mark} & b & b; }}; b", envelope)
    assert (ended.ending in ("timed-out", "exited", "signalled"), ended.seconds < PATIENCE_SECONDS) == (
        True,
        True,
    ), ended
    assert (mark in all_command_lines(), world.shell("echo fine").text) == (False, "fine")


def test_a_filled_disk_is_the_steps_own_trouble(world):
    envelope = world.envelope(limits=Limits(file_size_bytes=1 << 20))
    ended = world.shell("cat /dev/zero > /tmp/fill; ls -l /tmp/fill | wc -l; rm /tmp/fill", envelope)
    assert (ended.text, world.shell("echo x > /tmp/x && cat /tmp/x").text) == ("1", "x")
