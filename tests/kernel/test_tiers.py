"""Hosts that lack something: what is left is used, what is lost is named, what cannot be enforced is refused.

The lack is made by changing what the probe found; what is left is real.
"""

import os
from collections.abc import Iterator

import pytest

from rundown.model.policy import Limits
from rundown.model.request import Capability
from tests.support.kernel import Driver, World, all_command_lines, deny, require_kernel
from tests.support.patience import PATIENCE_SECONDS

pytestmark = pytest.mark.kernel
NO_NAMESPACES = {"user_namespaces": False, "namespaces_as_root": False}
ESCAPES = (
    ("reading outside", "cat @OUTSIDE/secret.txt"),
    ("reading outside through a symlink", "ln -sf @OUTSIDE/secret.txt dist/l && cat dist/l"),
    (
        "reading outside through what lay under the root",
        "cat /../host@OUTSIDE/secret.txt || cat @OUTSIDE/secret.txt",
    ),
    ("writing in the project", "echo x > new.txt && echo REACHED; rm -f new.txt"),
    ("writing outside", "echo x > @OUTSIDE/new && echo REACHED"),
    (
        "removing in the project",
        "cp -p readme.txt dist/r && rm readme.txt && echo REACHED; cp -p dist/r readme.txt",
    ),
    ("a namespace", "unshare -r true && echo REACHED"),
    ("a process of the host", "kill -0 @DRIVER && echo REACHED"),
    ("memory of a process of the host", "head -c1 /proc/@DRIVER/environ > /dev/null && echo REACHED"),
    (
        "a link out of the project",
        "rm -f dist/hl; ln readme.txt dist/hl && echo x >> dist/hl && echo REACHED",
    ),
)


@pytest.fixture(
    scope="module",
    params=[
        "as root without user namespaces",
        "Landlock alone, root",
        "Landlock alone",
        "no Landlock",
        "no seccomp",
    ],
)
def tier(request: pytest.FixtureRequest) -> Iterator[Driver]:
    facts, identity = {
        "as root without user namespaces": ({"user_namespaces": False, "namespaces_as_root": True}, "root"),
        "Landlock alone, root": (NO_NAMESPACES, "root"),
        "Landlock alone": (NO_NAMESPACES, "ordinary"),
        "no Landlock": ({"landlock_abi": 0}, "ordinary"),
        "no seccomp": ({"seccomp": False}, "ordinary"),
    }[request.param]
    if identity == "root" and os.geteuid() != 0:
        pytest.skip("not root")
    probing = Driver(identity)
    require_kernel(probing.facts)
    probing.close()
    driver = Driver(identity, facts)
    driver.lacking = request.param  # type: ignore[attr-defined]
    yield driver
    driver.close()


@pytest.fixture
def lesser(tier: Driver) -> Iterator[World]:
    made = World(tier)
    yield made
    made.remove()


@pytest.mark.parametrize(("name", "text"), ESCAPES, ids=[name.replace(" ", "-") for name, _ in ESCAPES])
def test_each_tier_still_stops(lesser, name, text):
    text = text.replace("@OUTSIDE", str(lesser.outside)).replace("@DRIVER", str(lesser.driver.process.pid))
    outside = lesser.outside_step("/bin/sh", "-c", text)
    inside = lesser.shell(text)
    assert ("REACHED" in inside.text, inside.kind) == (False, "result"), inside
    if name != "memory of a process of the host" or lesser.driver.identity == "root":
        assert "REACHED" in outside.text, outside


def test_each_tier_runs_what_is_allowed(lesser):
    ended = lesser.shell(
        'cat readme.txt; echo x > dist/x; echo y > "$TMPDIR/y"; cat dist/x "$TMPDIR/y"; echo z > ~/z; cat ~/z'
    )
    assert ended.stdout == b"hello\nx\ny\nz\n"


def test_each_tier_has_a_terminal(lesser):
    ended = lesser.shell("test -t 1 && stty size < /dev/tty && echo y > /dev/tty", pty=True, size=(30, 100))
    assert ended.text.split() == ["30", "100", "y"], ended


def test_each_tier_moves_files_between_directories(lesser):
    ended = lesser.shell(
        "mkdir -p dist/a/b && echo x > dist/a/b/f && mv -T dist/a/b/f dist/a/f && ln dist/a/f dist/g && cat dist/g"
    )
    assert (ended.text, ended.stderr) == ("x", b"")
    renamed = lesser.python("import os; os.rename('dist/a/f', 'dist/h'); print(sorted(os.listdir('dist')))")
    assert renamed.text == "['a', 'g', 'h']"


def test_each_tier_leaves_no_process_behind(lesser):
    mark = f"102{os.getpid()}"
    ended = lesser.shell(f"(setsid sleep {mark} &); sleep 0.05; exit 5")
    assert (ended.status, ended.left_behind) == (5, 1)
    assert mark not in all_command_lines()


def test_each_tier_with_a_view_keeps_its_skeleton_as_it_is(lesser):
    if "alone" in lesser.driver.lacking:
        pytest.skip("there is no view")
    assert (
        lesser.shell("touch /new /etc/new /var/new /dev/new; ls -d /new /etc/new /var/new /dev/new").stdout
        == b""
    )


def test_each_tier_hides_a_denied_file_and_keeps_its_neighbours(lesser):
    lesser.write("sub/.env", "REACHED")
    lesser.write("sub/other", "other")
    ended = lesser.shell(
        "cat sub/other sub/.env readme.txt; ls sub", lesser.envelope(read_deny=(deny("**/.env"),))
    )
    assert (b"REACHED" in ended.stdout, ended.stdout.startswith(b"otherhello\n")) == (False, True)


def test_each_tier_hides_a_denied_directory(lesser):
    lesser.write("keys/k", "REACHED")
    lesser.write("other/o", "other")
    ended = lesser.shell("cat other/o keys/k; ls keys", lesser.envelope(read_deny=(deny("**/keys"),)))
    assert ended.stdout == b"other"


def test_each_tier_ends_a_step_in_time(lesser):
    limits = Limits(timeout_ns=200_000_000)
    ended = lesser.shell(
        "trap '' TERM; (setsid sleep 600 &); while :; do sleep 0.05; done", lesser.envelope(limits=limits)
    )
    assert (ended.ending, ended.seconds < PATIENCE_SECONDS) == ("timed-out", True)


GAPS = {
    "as root without user namespaces": set(),
    "Landlock alone, root": {"sandbox/modes-changeable", "sandbox/names-visible", "sandbox/no-pid-namespace", "sandbox/no-sockets", "sandbox/processes-visible", "sandbox/tmp-on-disk"},
    "Landlock alone": {"sandbox/modes-changeable", "sandbox/names-visible", "sandbox/no-pid-namespace", "sandbox/no-sockets", "sandbox/processes-visible", "sandbox/tmp-on-disk"},
    "no Landlock": set(),
    "no seccomp": set(),
}  # fmt: skip


def test_each_tier_names_its_gaps(lesser):
    assert set(lesser.shell("true").gaps) == GAPS[lesser.driver.lacking]


def test_landlock_alone_keeps_a_name_in_a_writable_tree_and_lets_its_siblings_be_written(lesser):
    if "alone" not in lesser.driver.lacking:
        pytest.skip("the view hides it, and lets what stands beside it be created")
    lesser.write("dist/hooks/h", "kept")
    lesser.write("dist/objects/o", "old")
    rules = (deny("**/hooks/**", Capability.WRITE),)
    ended = lesser.shell(
        "cat hooks/h; for f in hooks/h hooks/new new objects/o objects/new; do"
        " (echo x > $f) 2>/dev/null && echo wrote $f; done; (mv hooks aside; mv objects hooks) 2>/dev/null",
        lesser.envelope(write_deny=rules), cwd=str(lesser.root / "dist"),
    )  # fmt: skip
    assert (ended.text, "sandbox/narrowed-tree" in ended.gaps) == (
        "keptwrote objects/o\nwrote objects/new",
        True,
    )
    assert sorted(path.name for path in (lesser.root / "dist").iterdir()) == ["hooks", "objects"]
    assert (lesser.root / "dist/hooks/h").read_text() == "kept"


def test_landlock_alone_grants_nothing_behind_a_symlink_put_into_the_way(lesser):
    if "alone" not in lesser.driver.lacking:
        pytest.skip("see the test of the view")
    lesser.write("dist/deep/file", "x")
    lesser.write("../../outside/deep/file", "REACHED")
    opened = lesser.envelope(read_allow=(f"{lesser.root}/dist/deep/**",), write_allow=())
    swap = [str(lesser.root / "dist"), str(lesser.outside)]
    ended = lesser.shell(
        f"cat {lesser.root}/dist/deep/file {lesser.outside}/deep/file", opened, swap=swap, cwd="/usr"
    )
    assert (ended.kind, ended.stdout) == ("result", b"")


def test_landlock_alone_lets_no_socket_be_made(lesser):
    if "alone" not in lesser.driver.lacking:
        pytest.skip("other tiers have a network of their own")
    text = "import socket\nfor f in (1, 2, 10):\n  try: socket.socket(f); print('made')\n  except PermissionError: print('refused')"
    assert lesser.python(text).text.split() == ["refused"] * 3


def test_strict_refuses_where_anything_is_missing(lesser):
    refused = lesser.shell("true", wish="strict")
    expected = "result" if lesser.driver.lacking in ("no Landlock", "no seccomp") else "refusal"
    assert refused.kind == expected or refused.code in ("sandbox/gaps", "sandbox/unavailable")


@pytest.fixture(scope="module")
def bare() -> Iterator[World]:
    driver = Driver("ordinary", {**NO_NAMESPACES, "landlock_abi": 0, "seccomp": False})
    made = World(driver)
    yield made
    made.remove()
    driver.close()


def test_a_host_with_neither_is_refused_by_default_and_by_strict(bare):
    refusals = [bare.shell("touch dist/ran", wish=wish) for wish in ("default", "strict")]
    assert [(ended.kind, ended.code) for ended in refusals] == [("refusal", "sandbox/unavailable")] * 2
    assert not (bare.root / "dist/ran").exists()


@pytest.mark.parametrize("wish", ["best", "none"])
def test_a_host_with_neither_runs_unconfined_on_wish_and_says_so(bare, wish):
    ended = bare.shell(f"cat {bare.outside}/secret.txt; exit 6", wish=wish)
    assert (ended.text, ended.status, ended.gaps) == ("REACHED", 6, ("sandbox/unconfined",))


def test_an_unconfined_step_ends_as_a_confined_one_does(world):
    ended = world.shell(
        "(setsid sleep 1000 &); sleep 0.05; echo out; echo err >&2; kill -USR1 $$", wish="none"
    )
    assert (ended.stdout, ended.stderr, ended.signal, ended.left_behind) == (b"out\n", b"err\n", 10, 1)
    assert ended.gaps == ("sandbox/unconfined",)


def test_a_host_word_takes_away_just_that_isolation(world):
    shows = "import os; print(len([n for n in os.listdir('/proc') if n.isdigit()]) > 5, sum('net0:' not in line for line in open('/proc/net/dev')) - 2)"
    assert world.python(shows).text == "False 1"
    ended = world.python(shows, world.envelope(host=("pid",)))
    assert (ended.text, ended.gaps) == ("True 1", ("sandbox/host-pid",))
    ended = world.shell(
        f"cat {world.outside}/secret.txt; kill -0 {world.driver.process.pid}", world.envelope(host=("pid",))
    )
    assert (ended.stdout, ended.gaps) == (b"", ("sandbox/host-pid",))


def test_a_step_that_shares_the_hosts_processes_still_ends_its_own(world):
    mark = f"103{os.getpid()}"
    ended = world.shell(f"(setsid sleep {mark} &); sleep 0.05", world.envelope(host=("pid",)))
    assert (ended.status, ended.left_behind, mark in all_command_lines()) == (0, 1, False)


def test_an_unconfined_host_word_is_a_gap_and_runs_outside(world):
    ended = world.shell(f"cat {world.outside}/secret.txt", world.envelope(host=("unconfined",)))
    assert (ended.text, ended.gaps) == ("REACHED", ("sandbox/unconfined",))
