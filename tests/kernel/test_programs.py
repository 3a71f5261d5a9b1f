"""`enforce_run: tree`: nothing but the allowed programs runs, whoever starts it."""

import os
import shutil

import pytest

from tests.support.kernel import PYTHON

pytestmark = pytest.mark.kernel


def _only(world, *programs: str):
    return world.envelope(
        enforce_run="tree", programs=tuple(os.path.realpath(program) for program in programs)
    )


def test_an_allowed_program_runs_with_its_loader_and_others_do_not(world):
    envelope = _only(world, "/usr/bin/env")
    assert "A=1" in world.shell("env A=1", envelope).text.splitlines()
    ended = world.shell("/usr/bin/id; echo $?", envelope)
    assert (ended.text, b"Permission denied" in ended.stderr) == ("126", True)


@pytest.mark.parametrize(
    "starting",
    [
        "env id",
        "sh -c id",
        "exec id",
        "find readme.txt -exec id ';'",
        "cp /usr/bin/id /tmp/id && /tmp/id",
        "cp /usr/bin/id ~/id && ~/id",
        "cp /usr/bin/id dist/id && dist/id",
        "ln -sf /usr/bin/id /tmp/env && /tmp/env",
    ],
)
def test_no_way_round_starts_another_program(world, starting):
    envelope = _only(world, "/usr/bin/env", "/usr/bin/find", "/usr/bin/cp", "/usr/bin/ln")
    assert "uid=" not in world.shell(starting, envelope).text
    assert "uid=" in world.shell(starting).text


def test_a_file_in_memory_is_not_executed(world):
    text = "import os\nfd = os.memfd_create('x', 0)\nos.write(fd, open('/usr/bin/id', 'rb').read())\nos.execv(f'/proc/self/fd/{fd}', ['id'])"
    assert "uid=" in world.python(text).text
    assert "uid=" not in world.python(text, _only(world, PYTHON)).text


def test_a_script_brings_its_interpreter(world):
    script = world.write("tool", "#!/usr/bin/env python3\nprint('ran')\n", 0o755)
    ended = world.shell("./tool", _only(world, str(script)))
    assert ended.text == "ran", ended
    assert world.shell("./tool", _only(world, "/usr/bin/env")).status == 126


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_git_brings_its_companions(world):
    ended = world.shell(
        "git --exec-path >/dev/null; git init -q /tmp/repository && git -C /tmp/repository status --short && echo fine",
        _only(world, "/usr/bin/git"),
    )
    assert ended.text == "fine"
