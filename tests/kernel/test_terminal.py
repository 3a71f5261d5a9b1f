"""Interactive steps: the person's keys reach the step's own terminal, and the person's comes back as it was."""

import os
import pty
import select
import shlex
import signal
import sys
import termios
import time
from pathlib import Path

import pytest

from tests.support.kernel import Driver, require_kernel
from tests.support.patience import PATIENCE_SECONDS

pytestmark = pytest.mark.kernel
DRIVER = Path(__file__).parents[1] / "support/interactive_driver.py"


@pytest.fixture(scope="module", autouse=True)
def _kernel():
    driver = Driver("root" if os.geteuid() == 0 else "ordinary")
    require_kernel(driver.facts)
    driver.close()


class Person:
    """Somebody at a terminal on which an interactive step runs."""

    def __init__(self, text: str, in_shell: bool = False) -> None:
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            if in_shell:
                os.execvp("bash", ["bash", "--norc", "--noprofile", "-i"])
            os.execv(sys.executable, [sys.executable, str(DRIVER), text])
        self.seen = b""
        self.settings = termios.tcgetattr(self.terminal)

    def type(self, keys: bytes) -> None:
        """Presses keys."""
        os.write(self.terminal, keys)

    def wait_for(self, text: bytes) -> None:
        """Reads until the text was seen after what was seen before."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while text not in self.seen:
            ready, _, _ = select.select([self.terminal], [], [], max(0, deadline - time.monotonic()))
            assert ready, self.seen
            try:
                self.seen += os.read(self.terminal, 4096)
            except OSError:
                break
        assert text in self.seen, self.seen
        self.seen = self.seen.partition(text)[2]

    def leave(self) -> None:
        """Ends everything."""
        os.close(self.terminal)
        try:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass


@pytest.fixture
def sit_down():
    people: list[Person] = []

    def start(text: str, in_shell: bool = False) -> Person:
        people.append(Person(text, in_shell))
        return people[-1]

    yield start
    for person in people:
        person.leave()


def test_keys_reach_the_step_and_its_answer_comes_back(sit_down):
    person = sit_down('read -r line; echo "got $line"; tty')
    person.type(b"hello\n")
    person.wait_for(b"got hello")
    person.wait_for(b"/dev/pts/0")
    person.wait_for(b"ended exited 0")


def test_ctrl_c_goes_to_the_step_alone(sit_down):
    person = sit_down("trap 'echo caught; exit 5' INT; echo ready; while :; do sleep 0.05; done")
    person.wait_for(b"ready")
    person.type(b"\x03")
    person.wait_for(b"caught")
    person.wait_for(b"ended exited 5")


def test_ctrl_d_ends_the_steps_input(sit_down):
    person = sit_down("cat; echo over")
    person.type(b"a line\n")
    person.wait_for(b"a line\r\na line")
    person.type(b"\x04")
    person.wait_for(b"over")


def test_a_program_may_have_its_terminal_raw(sit_down):
    person = sit_down(
        "stty raw -echo; echo ready; x=$(dd bs=1 count=1 2>/dev/null | od -An -tx1); stty sane; echo got $x"
    )
    person.wait_for(b"ready")
    person.type(b"\x03")
    person.wait_for(b"got 03")


def test_a_new_size_reaches_the_step(sit_down):
    person = sit_down("stty size; while [ \"$(stty size)\" = '24 80' ]; do sleep 0.02; done; stty size")
    person.wait_for(b"24 80")
    os.kill(person.pid, signal.SIGWINCH)
    person.wait_for(b"40 120")


def test_the_persons_terminal_is_as_it_was(sit_down):
    person = sit_down("echo ready; read -r x")
    person.wait_for(b"ready")
    assert termios.tcgetattr(person.terminal)[3] != person.settings[3]
    person.type(b"\n")
    person.wait_for(b"ended exited 0")
    assert termios.tcgetattr(person.terminal) == person.settings


def test_ctrl_z_suspends_rundown_with_the_step_frozen_and_both_go_on(sit_down):
    shell = sit_down("", in_shell=True)
    step = 'echo re""ady; n=0; while [ $n -lt 3 ]; do read -r line; echo "got $line"; n=$((n+1)); done'
    shell.type(f"{sys.executable} {DRIVER} {shlex.quote(step)}\n".encode())
    shell.wait_for(b"ready")
    shell.type(b"one\n")
    shell.wait_for(b"got one")
    shell.type(b"\x1a")
    shell.wait_for(b"Stopped")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (states := _states_of_steps(shell.pid)) <= {"T", "t"}:
        assert time.monotonic() < deadline, states
    shell.type(b"echo $((6 * 7))\n")
    shell.wait_for(b"42")
    shell.type(b"fg\n")
    shell.type(b"two\n")
    shell.wait_for(b"got two")
    shell.type(b"three\n")
    shell.wait_for(b"ended exited 0")


def _states_of_steps(ancestor: int) -> set[str]:
    """States of the shells below rundown."""
    parents: dict[int, tuple[int, str, str]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                text = Path(f"/proc/{name}/stat").read_text()
            except OSError:
                continue
            comm, _, rest = text.partition("(")[2].rpartition(")")
            parents[int(name)] = (int(rest.split()[1]), rest.split()[0], comm)

    def below(pid: int) -> bool:
        while pid in parents and pid > 1:
            pid = parents[pid][0]
            if pid == ancestor:
                return True
        return False

    found = {state for pid, (_, state, comm) in parents.items() if comm == "sh" and below(pid)}
    assert found
    return found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("echo re''ady; kill -9 $$", b"ended signalled"),
        ("echo re''ady; stty raw -echo; kill -9 $$", b"ended signalled"),
        ("echo re''ady; exec <&- >&- 2>&-; kill -SEGV $$", b"ended signalled"),
    ],
    ids=["killed", "killed while raw", "killed with everything closed"],
)
def test_the_persons_terminal_is_as_it_was_however_the_step_ends(sit_down, text, words):
    person = sit_down(text)
    person.wait_for(words)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while termios.tcgetattr(person.terminal) != person.settings:
        assert time.monotonic() < deadline


def test_colours_come_through_as_they_are(sit_down):
    person = sit_down(r"printf '\033[31mred\033[0m\n'; printf '\033[38;2;1;2;3mtrue\033[m\n'")
    person.wait_for(b"\x1b[31mred\x1b[0m")
    person.wait_for(b"\x1b[38;2;1;2;3mtrue\x1b[m")


def test_a_shell_inside_has_job_control(sit_down):
    text = "bash --norc --noprofile -i -c 'case $- in *m*) echo monitor-on;; esac; sleep 0.1 & fg %1; echo brought-back'"
    person = sit_down(text)
    person.wait_for(b"monitor-on")
    person.wait_for(b"brought-back")
    person.wait_for(b"ended exited 0")
