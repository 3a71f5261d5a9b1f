"""A step reads what policy opens, and nothing else, whatever way it takes."""

import os
import stat
import threading
from pathlib import Path

import pytest

from tests.support.attacks import EVERYTHING, Attack, assert_only_outside, py, sh, table
from tests.support.kernel import World, deny
from tests.support.patience import PATIENCE_SECONDS, wait_until

pytestmark = pytest.mark.kernel


def _link(name: str, target: str):
    return lambda world: (world.root / name).symlink_to(target.replace("@OUTSIDE", str(world.outside)))


def _secret_in_home(world: World) -> None:
    (world.home / ".ssh").mkdir()
    (world.home / "of-the-person").touch()
    (world.home / ".ssh" / "id_ed25519").write_text("REACHED")


def _file_in_host_tmp(world: World) -> None:
    for directory in ("/tmp", "/var/tmp"):
        path = Path(directory, f"{world.base.name}.txt")
        path.write_text("REACHED")
        path.chmod(0o644)


@table(
    sh("a file outside", "cat @OUTSIDE/secret.txt"),
    sh("a file outside by a relative path", "cat ../../outside/secret.txt"),
    sh("a file outside through a symlink", "cat link", _link("link", "@OUTSIDE/secret.txt")),
    sh("a file outside through a symlinked directory", "cat dir/secret.txt", _link("dir", "@OUTSIDE")),
    sh("a file outside through a symlink made inside", "ln -sf @OUTSIDE/secret.txt dist/l && cat dist/l"),
    sh("a file outside through its own root", "cat /proc/self/root@OUTSIDE/secret.txt"),
    sh("a file outside through its parent's root", "cat /proc/$PPID/root@OUTSIDE/secret.txt", defences=EVERYTHING),
    sh("a file outside through its working directory", "cat /proc/self/cwd/../../outside/secret.txt"),
    sh("a file outside through the parent of the root", "cat /../../..@OUTSIDE/secret.txt"),
    sh("a file outside by tar", "tar -cf - @OUTSIDE/secret.txt | tar -xOf -"),
    sh("a file outside by copying", "cp @OUTSIDE/secret.txt dist/copy && cat dist/copy"),
    sh("a file outside by hard link", "rm -f dist/h; ln @OUTSIDE/secret.txt dist/h && cat dist/h"),
    sh("names outside", "ls @OUTSIDE | grep -q secret && echo REACHED"),
    sh("the size of a file outside", "stat -c %s @OUTSIDE/secret.txt && echo REACHED"),
    sh("whether a file outside is there", "test -e @OUTSIDE/secret.txt && echo REACHED"),
    sh("keys in the home directory", "cat ~/.ssh/id_ed25519", _secret_in_home),
    sh("names in the home directory", "ls -A ~ | grep -q of-the-person && echo REACHED", _secret_in_home),
    sh("the host's /tmp", "cat /tmp/rundown-world-*.txt", _file_in_host_tmp),
    sh("the host's /var/tmp", "cat @BASE.txt", _file_in_host_tmp),
    sh("the host's log files", "ls /var/log | grep -q . && echo REACHED"),
    sh("the host's /boot or /opt or /srv", "ls -d /boot /opt /srv && echo REACHED"),
    sh("the host's devices", "ls /dev | grep -qE 'vda|sda|kmsg|mem|cpu' && echo REACHED"),
    sh("the host's mounts", "grep -q ' /sys/fs/cgroup' /proc/self/mountinfo && echo REACHED"),
    sh("the host's control groups", "ls /sys/fs/cgroup | grep -q . && echo REACHED"),
    sh("the kernel's command line by /sys", "ls /sys/kernel | grep -q notes && echo REACHED"),
    sh("passwords of the host", "head -c1 /etc/shadow >/dev/null && echo REACHED", only="root"),
    sh("private keys of the host", "ls /etc/ssl/private >/dev/null && echo REACHED", only="root"),
    sh("kernel allocations", "grep -q . /proc/vmallocinfo && echo REACHED", only="root"),
    sh("kernel symbols", "grep -q ' _text$' /proc/kallsyms && echo REACHED"),
    sh("page flags", "head -c8 /proc/kpagecount >/dev/null && echo REACHED", only="root"),
    py("a file outside by openat from an outer directory", """
import os
fd = os.open("..", os.O_RDONLY); fd = os.open("..", os.O_RDONLY, dir_fd=fd)
print(open(os.open("outside/secret.txt", os.O_RDONLY, dir_fd=fd)).read())
"""),
    defences=("view", "landlock"),
)  # fmt: skip
def test_a_step_cannot_read(world, attack: Attack):
    assert_only_outside(world, attack)


@pytest.fixture(autouse=True)
def _no_file_in_host_tmp(world):
    yield
    for directory in ("/tmp", "/var/tmp"):
        Path(directory, f"{world.base.name}.txt").unlink(missing_ok=True)


def test_a_step_reads_the_project_the_system_and_its_own_proc(world):
    ended = world.shell(
        "cat readme.txt; head -c4 /usr/bin/env | tail -c3; cat /proc/self/comm; ls -d / /proc/self/fd"
    )
    assert (ended.stdout, ended.status) == (b"hello\nELFcat\n/\n/proc/self/fd\n", 0)


@pytest.mark.parametrize("relative", [False, True], ids=["absolute", "relative"])
@pytest.mark.parametrize("place", ["dist", "dist/deep", "dist/deep/file"])
def test_a_symlink_put_into_the_way_between_survey_and_launch_stops_it(world, place, relative):
    world.write("dist/deep/file", "x")
    world.write("../../outside/deep/file", "REACHED")
    envelope = world.envelope(read_allow=(f"{world.root}/dist/deep/file",), write_allow=())
    target = str(world.outside) + place.removeprefix("dist")
    if relative:
        target = os.path.relpath(target, (world.root / place).parent)
    ended = world.shell("cat dist/deep/file", envelope, swap=[str(world.root / place), target])
    assert (ended.kind, ended.stage, ended.stdout) == ("failure", "mounts", b"")


def test_a_device_node_in_an_opened_tree_is_dead(world):
    if world.driver.identity != "root" or os.geteuid() != 0:
        pytest.skip("takes root to make one")
    os.mknod(world.root / "zero", 0o666 | stat.S_IFCHR, os.makedev(1, 5))
    text = "head -c1 zero | wc -c"
    assert (world.shell(text).text, world.outside_step("/bin/sh", "-c", text).text) == ("0", "1")


def test_a_read_glob_opens_the_files_that_it_means_now(world):
    world.write("../docs/a.md", "A")
    world.write("../docs/b.txt", "B")
    opened = world.envelope(read_allow=(f"{world.root}/**", f"{world.home}/docs/*.md"))
    ended = world.shell("cat ~/docs/a.md; ls ~/docs; cat ~/docs/b.txt", opened)
    assert (ended.stdout, ended.status) == (b"Aa.md\n", 1)


def test_a_tree_that_is_reached_through_a_symlink_is_not_opened_and_said_so(world):
    (world.root / "linked").symlink_to(world.outside)
    opened = world.envelope(read_allow=(f"{world.root}/**", f"{world.root}/linked/**"))
    ended = world.shell("cat linked/secret.txt", opened)
    assert (ended.stdout, ended.gaps) == (b"", ("sandbox/tree-is-symlink",))


@pytest.mark.parametrize(
    "place",
    [
        "secret.env",
        "deep/er/secret.env",
        "with space/secret.env",
        "new\nline/secret.env",
        "é/secret.env",
        "dist/secret.env",
    ],
)
def test_a_denied_file_in_an_opened_tree_is_hidden_wherever_it_lies(world, place):
    path = world.write(place, "REACHED")
    envelope = world.envelope(read_deny=(deny("**/secret.env"),))
    reading = f"import os, sys; print(open({str(path)!r}).read())"
    assert world.python(reading).text == "REACHED"
    ended = world.python(reading, envelope)
    assert (ended.text, "PermissionError" in ended.stderr.decode()) == ("", True)


def test_names_that_are_not_utf8_are_hidden_as_well(world):
    odd = os.path.join(os.fsencode(world.root), b"\xff\xfe.pem")
    with open(odd, "wb") as file:
        file.write(b"REACHED")
    world.give(world.base)
    envelope = world.envelope(read_deny=(deny("**/*.pem"),))
    ended = world.shell("cat ./*.pem", envelope)
    assert (ended.stdout, ended.kind, ended.status) == (b"", "result", 1)
    assert world.shell("cat ./*.pem").text == "REACHED"


def test_a_denied_directory_is_hidden_with_everything_below(world):
    world.write("keys/deep/k", "REACHED")
    envelope = world.envelope(read_deny=(deny("**/keys"),))
    assert world.shell("cat keys/deep/k; ls -A keys; true", envelope).stdout == b""
    assert world.shell("cat keys/deep/k").text == "REACHED"


def test_the_other_names_of_a_denied_file_are_hidden_with_it(world):
    secret = world.write(".env", "REACHED")
    os.link(secret, world.root / "plain.txt")
    (world.root / "sub").mkdir()
    os.link(secret, world.root / "sub" / "other")
    world.give(world.base)
    envelope = world.envelope(read_deny=(deny("**/.env"),))
    assert world.shell("cat .env plain.txt sub/other; true", envelope).stdout == b""
    assert world.shell("cat plain.txt sub/other").text == "REACHEDREACHED"


def test_a_file_in_a_denied_directory_is_hidden_under_its_other_names_too(world):
    secret = world.write("keys/k", "REACHED")
    os.link(secret, world.root / "plain.txt")
    envelope = world.envelope(read_deny=(deny("**/keys"),))
    assert world.shell("cat plain.txt; true", envelope).stdout == b""


def test_a_symlink_to_a_denied_file_shows_nothing(world):
    world.write(".env", "REACHED")
    (world.root / "link").symlink_to(".env")
    assert world.shell("cat link; true", world.envelope(read_deny=(deny("**/.env"),))).stdout == b""


def test_a_mask_cannot_be_taken_away_from_inside(world):
    world.write("dist/.env", "REACHED")
    envelope = world.envelope(read_deny=(deny("**/.env"),))
    text = "umount dist/.env; rm -f dist/.env; mv dist/.env dist/x; mv dist/* .; cat dist/.env dist/x; true"
    assert world.shell(text, envelope).stdout == b""


def test_a_directory_above_a_mask_cannot_be_moved_away(world):
    world.write("dist/conf/.env", "REACHED")
    envelope = world.envelope(read_deny=(deny(f"{world.root}/dist/conf/.env"),))
    assert world.shell("mv dist/conf dist/moved", envelope).status == 1
    assert world.shell("cat dist/moved/.env dist/conf/.env; true", envelope).stdout == b""
    assert (world.root / "dist/conf/.env").read_text() == "REACHED"


def test_a_hidden_file_that_is_replaced_from_outside_ends_the_step(world):
    secret = world.write(".env", "old")
    new = world.write("new", "REACHED")
    driver = threading.Thread(target=_replace_when, args=(world.root / "dist/begun", new, secret))
    driver.start()
    text = "touch dist/begun; while :; do cat .env && break; done 2>/dev/null; sleep 600"
    ended = world.shell(text, world.envelope(read_deny=(deny("**/.env"),)))
    driver.join()
    assert (ended.ending, ended.seconds < PATIENCE_SECONDS) == ("interrupted", True)


def _replace_when(begun: Path, new: Path, old: Path) -> None:
    wait_until(begun.exists)
    new.rename(old)


def test_an_exception_of_a_deny_stays_open(world):
    world.write("a/x.pem", "A")
    world.write("vendor/x.pem", "V")
    envelope = world.envelope(read_deny=(deny("**/*.pem", exceptions=(f"{world.root}/vendor/**",)),))
    assert world.shell("cat vendor/x.pem a/x.pem; true", envelope).text == "V"


def test_a_path_that_an_allow_names_stays_open_in_spite_of_a_glob(world):
    world.write(".env", "named")
    named = world.envelope(
        read_allow=(f"{world.root}/**", f"{world.root}/.env"), read_deny=(deny("**/.env"),)
    )
    assert world.shell("cat .env", named).text == "named"


def test_a_deny_of_a_system_file_is_enforced_too(world):
    envelope = world.envelope(read_deny=(deny("/etc/passwd"),))
    assert world.shell("cat /etc/passwd; true", envelope).stdout == b""
    assert world.shell("cat /etc/passwd").stdout != b""


def test_a_directory_that_cannot_be_read_is_denied_whole(world):
    if world.driver.identity == "root":
        pytest.skip("root reads every directory")
    world.write("closed/known", "REACHED")
    (world.root / "closed").chmod(0o111)
    envelope = world.envelope(read_deny=(deny("**/.env"),))
    assert world.shell("cat closed/known; true", envelope).stdout == b""
    assert world.outside_step("cat", "closed/known").text == "REACHED"


def test_a_whole_file_system_may_be_opened_and_denies_still_hold(world):
    envelope = world.envelope(read_allow=("/**",), read_deny=(deny(f"{world.root}/.env"),))
    world.write(".env", "SECRET")
    text = "ls -d /boot /var/log; cat readme.txt .env; ls /proc | grep -cE '^[0-9]+$'"
    ended = world.shell(text, envelope)
    *shown, processes = ended.stdout.split(b"\n")[:-1]
    assert (shown, int(processes) < 8) == ([b"/boot", b"/var/log", b"hello"], True)
