"""A step sees and touches its own processes, and none of them outlives it."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.attacks import EVERYTHING, Attack, py, sh, table
from tests.support.kernel import ORDINARY_UID, PYTHON, World, all_command_lines
from tests.support.patience import PATIENCE_SECONDS, wait_until

pytestmark = pytest.mark.kernel


class Victim:
    """A host process of the same user, which holds a secret."""

    def __init__(self, world: World) -> None:
        as_other = world.driver.identity == "ordinary" and os.geteuid() == 0
        user = {"user": ORDINARY_UID, "group": ORDINARY_UID, "extra_groups": ()} if as_other else {}
        self.process = subprocess.Popen(
            ["/bin/sh", "-c", "exec sleep 1000"],
            env={"VICTIM": "REACHED", "PATH": "/usr/bin:/bin"},
            cwd=world.outside,
            **user,
        )
        while b"sleep" not in Path(f"/proc/{self.process.pid}/cmdline").read_bytes():
            pass


@pytest.fixture
def victim(world) -> Iterator[Victim]:
    made = Victim(world)
    yield made
    made.process.kill()
    made.process.wait()


@table(
    sh("its environment", "tr '\\0' '\\n' < /proc/@PID/environ | grep VICTIM", defences=EVERYTHING),
    sh("its command line", "grep -q sleep /proc/@PID/cmdline && echo REACHED"),
    sh("its files", "cat /proc/@PID/cwd/secret.txt", defences=EVERYTHING),
    sh("the host through its root", "ls /proc/@PID/root/ >/dev/null && echo REACHED", defences=EVERYTHING),
    sh("its existence by signal 0", "kill -0 @PID && echo REACHED"),
    sh("its end", "kill -STOP @PID && kill -CONT @PID && echo REACHED"),
    sh("everything at once", "kill -0 -1 && test -d /proc/@PID && echo REACHED"),
    sh("its name in a list", "ps -eo pid,args | grep -q '^ *@PID ' && echo REACHED"),
    py("its priority", "import os; os.setpriority(os.PRIO_PROCESS, @PID, 5); print('REACHED')", defences=("pid", "view", "landlock", "privileges")),
    py("its limits", "import resource; resource.prlimit(@PID, resource.RLIMIT_CORE); print('REACHED')"),
    py("its processors", "import os; os.sched_setaffinity(@PID, os.sched_getaffinity(@PID)); print('REACHED')", defences=("pid", "view", "landlock", "privileges")),
    py("a handle of it", "import os; os.pidfd_open(@PID); print('REACHED')"),
    py("its memory by ptrace", """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
assert libc.ptrace(0x4206, @PID, 0, 0) == 0, os.strerror(ctypes.get_errno())  # PTRACE_SEIZE
print("REACHED")
""", defences=EVERYTHING),
    py("its memory by /proc", "open('/proc/@PID/mem', 'rb'); print('REACHED')", defences=EVERYTHING),
    defences=("pid", "view", "landlock"),
)  # fmt: skip
def test_a_host_process_cannot_be_reached_for(world, victim, attack: Attack):
    aimed = Attack(
        name=attack.name, text=attack.text.replace("@PID", str(victim.process.pid)), language=attack.language
    )
    inside = world.step(*aimed.argv(world))
    outside = world.outside_step(*aimed.argv(world))
    assert ("REACHED" in inside.text, "REACHED" in outside.text) == (False, True), (inside, outside)
    if attack.defences != EVERYTHING:
        weak = world.step(*aimed.argv(world), without=list(attack.defences))
        assert "REACHED" in weak.text, weak
    assert victim.process.poll() is None


def test_a_step_sees_its_own_processes_only(world):
    ended = world.python(
        "import os; print(sorted(int(name) for name in os.listdir('/proc') if name.isdigit()))"
    )
    assert ended.text == "[1, 2]"


def test_init_shows_neither_environment_nor_files_nor_secrets_in_its_command_line(world):
    ended = world.shell(
        "cat /proc/1/environ; readlink /proc/1/exe /proc/1/cwd /proc/1/fd/0; tr '\\0' ' ' < /proc/1/cmdline"
    )
    assert (ended.text.endswith("-I -S -X utf8 -"), ended.text.count("\n")) == (True, 0)
    assert b"only-in-the-parent" not in ended.stdout


@pytest.mark.parametrize("signal", ["KILL", "STOP", "TERM", "INT", "HUP", "USR1", "SEGV", "CHLD"])
def test_init_cannot_be_ended_from_inside(world, signal):
    assert world.shell(f"kill -{signal} 1; sleep 0.05; echo alive").text == "alive"


def test_init_cannot_be_traced_or_read(world):
    ended = world.python("""
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
print(libc.ptrace(0x4206, 1, 0, 0), end=" ")
for name in ("mem", "maps", "environ", "fd/0"):
    try: os.open(f"/proc/1/{name}", os.O_RDONLY); print("REACHED")
    except OSError as error: print(error.errno, end=" ")
""")
    assert ended.text == "-1 13 13 13 13"


@pytest.mark.parametrize(
    "leaving",
    [
        "sleep 1000 &",
        "setsid sleep 1000 &",
        "(setsid sleep 1000 &)",
        "nohup sleep 1000 >/dev/null 2>&1 &",
        "(sh -c 'setsid sh -c \"sleep 1000 & sleep 1000\" &')",
        "trap '' TERM HUP INT; sleep 1000 &",
    ],
)
def test_what_a_step_leaves_running_ends_with_it(world, leaving):
    mark = f"100{os.getpid()}"
    ended = world.shell(leaving.replace("1000", mark) + "\nsleep 0.05")
    assert (ended.ending, ended.left_behind > 0, ended.seconds < PATIENCE_SECONDS) == ("exited", True, True)
    assert mark not in all_command_lines()


def test_a_daemon_that_holds_the_output_does_not_hold_the_run(world):
    ended = world.shell("sleep 1000 & echo done")
    assert (ended.text, ended.seconds < PATIENCE_SECONDS, ended.left_behind) == ("done", True, 1)


def test_nothing_is_left_behind_by_a_step_that_leaves_nothing(world):
    assert world.shell("true").left_behind == 0


def test_a_killed_rundown_takes_its_step_with_it(world):
    mark = f"101{os.getpid()}"
    script = f"""
import sys; sys.path.insert(0, {str(Path(__file__).parents[2])!r})
from tests.support.kernel import Driver, World
driver = Driver({world.driver.identity!r}); world = World(driver)
print(driver.process.pid, world.base, flush=True)
world.shell("(setsid sleep {mark} &) ; touch dist/started; sleep {mark}")
"""
    starter = subprocess.Popen(
        [PYTHON if False else os.sys.executable, "-c", script], stdout=subprocess.PIPE, text=True
    )
    assert starter.stdout is not None
    pid, base = starter.stdout.readline().split()
    while not Path(base, "home/project/dist/started").exists():
        assert starter.poll() is None
    os.kill(int(pid), 9)
    wait_until(lambda: mark not in all_command_lines(), "the end of what the step started")
    starter.kill()
    starter.wait()
    subprocess.run(["rm", "-rf", base], check=True)
