"""A step writes where policy says, and what is protected stays as it was."""

import subprocess

import pytest

from rundown.model.request import Capability
from tests.support.attacks import Attack, assert_only_outside, py, sh, table
from tests.support.kernel import PYTHON, World, deny

pytestmark = pytest.mark.kernel
W = Capability.WRITE


def _attributes(world: World) -> None:
    (world.root / "readme.txt").chmod(0o666)


@table(
    sh("a new file in the project", "echo x > new.txt && echo REACHED"),
    sh("more to a file of the project", "echo x >> readme.txt && echo REACHED"),
    sh("a file of the project cut to nothing", "truncate -s 0 readme.txt && echo REACHED"),
    sh("a new directory", "mkdir sub && echo REACHED; rmdir sub"),
    sh("a new symlink", "ln -s readme.txt sl && echo REACHED; rm -f sl"),
    sh("a new hard link", "ln readme.txt hl && echo REACHED; rm -f hl"),
    sh("a new fifo", "mkfifo ff && echo REACHED; rm -f ff"),
    sh("a file removed", "cp -p readme.txt keep; rm readme.txt && echo REACHED; mv keep readme.txt"),
    sh("a file renamed", "mv readme.txt other && echo REACHED; mv other readme.txt"),
    sh("another mode", "chmod 600 readme.txt && echo REACHED; chmod 644 readme.txt"),
    sh("another time", "touch -d 2001-01-01 readme.txt && echo REACHED"),
    sh("an extended attribute", "setfattr -n user.x -v y readme.txt 2>/dev/null && echo REACHED || python3 -c 'import os; os.setxattr(\"readme.txt\", \"user.x\", b\"y\"); print(\"REACHED\")'"),
    sh("a file moved into the writable tree", "cp readme.txt r2; mv r2 dist/r2 && echo REACHED; rm -f r2"),
    sh("a file swapped with a hard link in the writable tree", "rm -f dist/hl; ln readme.txt dist/hl && echo x >> dist/hl && echo REACHED"),
    sh("a file outside", "echo x > @OUTSIDE/new && echo REACHED"),
    sh("a file outside through a symlink made inside", "ln -sf @OUTSIDE/via dist/out; echo x > dist/out && test -e @OUTSIDE/via && echo REACHED"),
    sh("a file outside by leaving the writable tree", "echo x > dist/../../../outside/up && echo REACHED"),
    sh("a start-up file of the shell", "echo x >> ~/.bashrc && grep -q marker ~/.bashrc && echo REACHED", lambda world: (world.home / ".bashrc").write_text("marker\\n")),
    sh("a system file", "touch /usr/rundown-was-here && echo REACHED; rm -f /usr/rundown-was-here", only="root"),
    sh("a file of /etc", "touch /etc/rundown-was-here && echo REACHED; rm -f /etc/rundown-was-here", only="root"),
    sh("the host's /run", "touch /run/rundown-was-here && ls -A /run | grep -qvx rundown-was-here && echo REACHED; rm -f /run/rundown-was-here", only="root"),
    sh("a sysctl", "cat /proc/sys/kernel/hostname > /proc/sys/kernel/hostname && echo REACHED", only="root"),
    sh("another sysctl", "v=$(cat /proc/sys/vm/swappiness); echo $v > /proc/sys/vm/swappiness && echo REACHED", only="root"),
    sh("the core pattern", "v=$(cat /proc/sys/kernel/core_pattern); echo \"$v\" > /proc/sys/kernel/core_pattern && echo REACHED", only="root"),
    sh("an interrupt's affinity", "v=$(cat /proc/irq/default_smp_affinity); echo $v > /proc/irq/default_smp_affinity && echo REACHED", only="root"),
    sh("the state of a processor", "ls /sys/devices/system/cpu/cpu1/online && echo 1 > /sys/devices/system/cpu/cpu1/online && echo REACHED", only="root"),
    py("a file of the project by an fd opened for reading", """
import os
fd = os.open("readme.txt", os.O_RDONLY)
open(f"/proc/self/fd/{fd}", "a").write("x"); print("REACHED")
""", _attributes),
    py("a file of the project by mapping it", """
import mmap, os
fd = os.open("readme.txt", os.O_RDWR); m = mmap.mmap(fd, 5); m[0:1] = b"H"; m.flush(); print("REACHED")
"""),
    py("a file of the project by fallocate", """
import os
os.posix_fallocate(os.open("readme.txt", os.O_WRONLY), 0, 100); print("REACHED")
"""),
    defences=("view", "landlock"),
)  # fmt: skip
def test_a_step_cannot_write(world, attack: Attack):
    assert_only_outside(world, attack)


def test_a_step_writes_in_its_trees_its_tmp_and_its_home_and_only_the_trees_reach_the_host(world):
    ended = world.shell(
        "echo a > dist/a; echo b > /tmp/b-of-step; echo c > ~/c; cat dist/a /tmp/b-of-step ~/c"
    )
    assert ended.stdout == b"a\nb\nc\n"
    assert (world.root / "dist/a").read_text() == "a\n"
    assert not (world.home / "c").exists()


def test_tmp_and_home_last_as_long_as_the_run_and_are_one_place_under_both_names(world):
    world.shell("echo kept > /tmp/kept; echo home > ~/kept")
    assert (
        world.shell("cat /var/tmp/kept ~/kept; ls -d /tmp/.rd/outputs").stdout
        == b"kept\nhome\n/tmp/.rd/outputs\n"
    )


MOVES = """
import os, sys
for top in sys.argv[1:]:
    os.makedirs(f"{top}/a/b"); open(f"{top}/a/b/f", "w").close()
    os.rename(f"{top}/a/b/f", f"{top}/a/f"); os.link(f"{top}/a/f", f"{top}/g"); os.rename(f"{top}/a/b", f"{top}/c")
    print(sorted(os.listdir(top)))
"""


def test_files_and_directories_move_and_link_between_directories_of_a_tree(world):
    tops = (f"{world.root}/dist/moves", "/tmp/moves", f"{world.home}/moves", "/dev/shm/moves")
    ended = world.step(PYTHON, "-I", "-S", "-c", MOVES, *tops)
    assert (ended.text.splitlines(), ended.stderr) == (["['a', 'c', 'g']"] * 4, b"")


def test_temporary_directories_are_always_the_runs_own(world):
    ended = world.shell('echo "$TMPDIR $TMP $TEMP"', env={"PATH": "/usr/bin:/bin", "TMPDIR": "/var/lib"})
    assert ended.text == "/tmp /tmp /tmp"


def _repository(world: World) -> None:
    git = ["git", "-c", "init.defaultBranch=main", "-c", "user.name=A", "-c", "user.email=a@example.org"]
    subprocess.run([*git, "init", "-q", str(world.root)], check=True)
    world.give(world.base)


def _of_repository(world: World):
    git = f"{world.root}/.git"
    return world.envelope(
        write_allow=(f"{world.root}/dist/**", f"{git}/**"),
        protect=(f"{git}/hooks", f"{git}/config", f"{git}/config.worktree"),
    )


COMMIT = "git -c user.name=A -c user.email=a@example.org"


def test_git_commits_while_hooks_and_configuration_stay_as_they_are(world):
    _repository(world)
    text = f"git add readme.txt && {COMMIT} commit -qm one && git log --format=%s && {COMMIT} tag v1 && git status --short"
    ended = world.shell(text, _of_repository(world))
    assert (ended.stdout, ended.status) == (b"one\n", 0)


@pytest.mark.parametrize(
    "text",
    [
        "echo x > .git/hooks/pre-commit",
        "echo x > .git/config",
        "rm .git/config",
        "rm -rf .git/hooks",
        "mv .git/hooks .git/hooks2",
        "mv .git .git2",
        "mv .git/config .git/c2",
        "git config core.pager evil",
        "ln -f readme.txt .git/hooks/post-checkout",
        "find .git -name '*.sample' -delete && touch .git/hooks/update",
        "chmod 777 .git/config",
        "cp /bin/true .git/hooks/pre-push",
    ],
)
def test_what_git_would_run_cannot_be_changed(world, text):
    _repository(world)
    before = {path: path.read_bytes() for path in (world.root / ".git").rglob("*") if path.is_file()}
    ended = world.shell(text, _of_repository(world))
    after = {path: path.read_bytes() for path in (world.root / ".git").rglob("*") if path.is_file()}
    assert (ended.status != 0, after) == (True, before)
    assert world.outside_step("/bin/sh", "-c", text).status == 0


def test_an_existing_match_of_a_write_deny_is_read_only_in_a_writable_tree(world):
    world.write("dist/a/.env", "kept")
    envelope = world.envelope(write_deny=(deny("**/.env", W),))
    ended = world.shell(
        "cat dist/a/.env; echo x > dist/a/.env; rm -f dist/a/.env; mv dist/a dist/b; echo y > dist/a/new",
        envelope,
    )
    assert (ended.text, (world.root / "dist/a/.env").read_text()) == ("kept", "kept")
    assert (world.root / "dist/a/new").read_text() == "y\n"


def test_the_other_names_of_a_write_denied_file_are_read_only_with_it(world):
    import os

    secret = world.write("dist/.env", "kept")
    os.link(secret, world.root / "dist/plain")
    world.shell("echo x > dist/plain", world.envelope(write_deny=(deny("**/.env", W),)))
    assert secret.read_text() == "kept"


def test_a_protected_tree_below_a_writable_one_is_read_only(world):
    world.write("dist/.vscode/tasks.json", "kept")
    envelope = world.envelope(protect=(f"{world.root}/dist/.vscode",))
    ended = world.shell(
        "echo x > dist/.vscode/tasks.json; echo x > dist/.vscode/new; mv dist/.vscode dist/v", envelope
    )
    assert (ended.status, sorted(path.name for path in (world.root / "dist").rglob("*"))) == (
        1,
        [".vscode", "tasks.json"],
    )


def test_a_deny_of_the_whole_writable_tree_makes_it_read_only(world):
    envelope = world.envelope(write_deny=(deny(f"{world.root}/dist", W),))
    assert world.shell("echo x > dist/x", envelope).status == 2


def test_renames_across_a_pinned_directory_say_exdev_and_mv_copies(world):
    world.write("dist/a/.env", "kept")
    world.write("dist/other", "moved")
    envelope = world.envelope(write_deny=(deny("**/.env", W),))
    text = "import os, errno\ntry: os.rename('dist/other', 'dist/a/other')\nexcept OSError as e: print(errno.errorcode[e.errno])"
    assert world.python(text, envelope).text == "EXDEV"
    assert world.shell("mv dist/other dist/a/other", envelope).status == 0
    assert (world.root / "dist/a/other").read_text() == "moved"
