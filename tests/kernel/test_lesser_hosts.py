"""Hosts that really lack something, made so by the kernel's own means: the probe finds it, the rest holds.

`test_tiers.py` looks at more of what each tier still stops; here nothing is told to rundown but by its probe.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rundown.model.request import Capability
from tests.support.kernel import PATH, Driver, World, deny, require_kernel
from tests.support.patience import PATIENCE_SECONDS, RUN_SECONDS

pytestmark = pytest.mark.kernel
ROOT = Path(__file__).parents[2]
LESSER = ROOT / "tests/support/lesser_host.py"
LANDLOCK_ALONE = {
    "sandbox/no-user-namespaces", "sandbox/modes-changeable", "sandbox/names-visible", "sandbox/no-pid-namespace",
    "sandbox/no-sockets", "sandbox/processes-visible", "sandbox/tmp-on-disk",
}  # fmt: skip
HOSTS: dict[str, tuple[str, tuple[str, ...], set[str]]] = {
    "no user namespaces": ("ordinary", ("no-userns",), LANDLOCK_ALONE),
    "root of a container": ("root", ("root-without-userns",), {"sandbox/no-user-namespaces"}),
    "Landlock refused": ("ordinary", ("no-landlock",), {"sandbox/no-landlock"}),
    "Landlock kills": ("ordinary", ("killed-by-landlock",), {"sandbox/no-landlock"}),
    "no pidfd": ("ordinary", ("no-pidfd",), {"sandbox/no-pidfd"}),
    "no pidfd and no user namespaces": (
        "ordinary",
        ("no-pidfd", "no-userns"),
        {"sandbox/no-pidfd", *LANDLOCK_ALONE},
    ),
    "masked proc": ("ordinary", ("masked-proc",), {"sandbox/proc-shared"}),
}


@pytest.fixture(scope="module", params=HOSTS)
def host(request: pytest.FixtureRequest) -> Iterator[Driver]:
    if os.geteuid() != 0:
        pytest.skip("only root can make this host a lesser one and then be somebody else")
    identity, words, _ = HOSTS[request.param]
    plain = Driver(identity)
    require_kernel(plain.facts)
    plain.close()
    driver = Driver(identity, host=words)
    driver.name = request.param  # type: ignore[attr-defined]
    yield driver
    driver.close()


@pytest.fixture
def lesser(host: Driver) -> Iterator[World]:
    made = World(host)
    yield made
    made.remove()


def _gaps(lesser: World) -> set[str]:
    return HOSTS[lesser.driver.name][2]  # type: ignore[attr-defined]


def test_the_probe_finds_what_is_missing_and_says_what_helps(lesser):
    problems = {gap["code"]: gap["remedy"] for gap in lesser.driver.facts["problems"]}
    found = {code for code in problems if code not in ("sandbox/no-cgroup",)}
    assert found == {code for code in _gaps(lesser) if code in problems}
    assert found and all(problems[code] for code in found)


def test_a_step_runs_and_names_exactly_the_gaps(lesser):
    ended = lesser.shell("cat readme.txt; echo x > dist/x; cat dist/x; exit 3")
    assert (ended.stdout, ended.status, set(ended.gaps)) == (b"hello\nx\n", 3, _gaps(lesser)), ended


def test_strict_refuses(lesser):
    refused = lesser.shell("touch dist/ran", wish="strict")
    assert (refused.kind, (lesser.root / "dist/ran").exists()) == ("refusal", False)
    assert refused.code in ("sandbox/gaps", "sandbox/unavailable")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("reading outside", "cat @OUTSIDE/secret.txt"),
        ("writing in the project", "echo x > new.txt && echo REACHED; rm -f new.txt"),
        ("memory of a host process", "head -c1 /proc/@DRIVER/environ >/dev/null && echo REACHED"),
    ],
)
def test_what_is_left_still_stops(lesser, name, text):
    text = text.replace("@OUTSIDE", str(lesser.outside)).replace("@DRIVER", str(lesser.driver.process.pid))
    inside, outside = lesser.shell(text), lesser.outside_step("/bin/sh", "-c", text)
    assert ("REACHED" in inside.text, inside.kind) == (False, "result"), inside
    if not (name.startswith("memory") and lesser.driver.identity == "ordinary"):
        assert "REACHED" in outside.text, outside


def test_a_deny_inside_a_writable_tree_is_kept(lesser):
    lesser.write("dist/.env", "REACHED")
    ended = lesser.shell(
        "cat dist/.env; echo x > dist/.env; true",
        lesser.envelope(read_deny=(deny("**/.env"),), write_deny=(deny("**/.env", Capability.WRITE),)),
    )
    assert b"REACHED" not in ended.stdout
    assert (lesser.root / "dist/.env").read_text() == "REACHED"
    assert ended.kind == "result"
    assert ("sandbox/narrowed-tree" in ended.gaps) == ("sandbox/names-visible" in _gaps(lesser))


def test_nothing_outlives_a_step_and_time_holds(lesser):
    from rundown.model.policy import Limits
    from tests.support.kernel import all_command_lines

    mark = f"104{os.getpid()}"
    ended = lesser.shell(f"(setsid sleep {mark} &); sleep 0.05; exit 5")
    assert (ended.status, ended.left_behind >= 1, mark in all_command_lines()) == (5, True, False)
    limits = Limits(timeout_ns=200_000_000)
    ended = lesser.shell(
        f"trap '' TERM; (setsid sleep {mark} &); while :; do sleep 0.05; done", lesser.envelope(limits=limits)
    )
    assert (ended.ending, ended.seconds < PATIENCE_SECONDS, mark in all_command_lines()) == (
        "timed-out",
        True,
        False,
    )


def _as_lesser(words: tuple[str, ...], *command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": PATH, "HOME": str(cwd), "LANG": "C.UTF-8", "CI": "1"}
    return subprocess.run(
        [sys.executable, str(LESSER), *words, "--", str(Path(sys.executable).parent / "rundown"), *command],
        capture_output=True, text=True, cwd=cwd, env=environment, check=False, timeout=RUN_SECONDS,
    )  # fmt: skip


def test_doctor_says_as_data_what_a_run_puts_on_record(lesser):
    _, words, _ = HOSTS[lesser.driver.name]  # type: ignore[attr-defined]
    who = ("ordinary",) if lesser.driver.identity == "ordinary" else ()
    text = "# T\n\n## 1. S\n\n```sh\necho hi\n```\n"
    (lesser.root / "t.runbook.md").write_text(text)
    lesser.give(lesser.base)
    doctor = _as_lesser((*who, *words), "doctor", "--json", cwd=lesser.root)
    ran = _as_lesser((*who, *words), "run", "t.runbook.md", "--root", str(lesser.root), cwd=lesser.root)
    assert (doctor.returncode, ran.returncode) == (4, 0), ran.stdout + ran.stderr
    (log,) = (lesser.root / ".rundown/runs").glob("*/events.jsonl")
    bodies = [json.loads(line)["body"] for line in log.read_text().splitlines()]
    (probed,) = [body for body in bodies if body["type"] == "HostProbed"]
    assert probed["facts"] == json.loads(doctor.stdout)


def test_neither_wall_is_refused_by_default_and_runs_unconfined_only_on_wish():
    if os.geteuid() != 0:
        pytest.skip("only root can make this host a lesser one and then be somebody else")
    driver = Driver("ordinary", host=("no-userns", "no-landlock"))
    world = World(driver)
    try:
        refused = world.shell("touch dist/ran")
        assert (refused.kind, refused.code, (world.root / "dist/ran").exists()) == (
            "refusal",
            "sandbox/unavailable",
            False,
        )
        ended = world.shell("echo ran", wish="best")
        assert (ended.text, ended.gaps) == ("ran", ("sandbox/unconfined",))
    finally:
        driver.close()
        world.remove()


@pytest.mark.parametrize("abi", range(1, 7))
def test_an_older_landlock_still_confines_and_its_lacks_are_named(abi):
    driver = Driver("root" if os.geteuid() == 0 else "ordinary", {"landlock_abi": abi})
    world = World(driver)
    try:
        text = "cat readme.txt; echo x > dist/x; mkdir dist/a; mv dist/x dist/a/x 2>/dev/null || cp dist/x dist/a/x; cat dist/a/x"
        assert world.shell(text).stdout == b"hello\nx\n"
        ended = world.shell(f"cat {world.outside}/secret.txt; echo x > new.txt; : > readme.txt")
        assert (ended.stdout, (world.root / "new.txt").exists()) == (b"", False)
        assert (world.root / "readme.txt").read_text() == "hello\n"
    finally:
        driver.close()
        world.remove()
