"""Each exit code of the table in docs/ci.md, from the program itself."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.project import RUNDOWN, bare_environment, rundown
from tests.support.running import Running
from tests.support.sources import ROOT

pytestmark = pytest.mark.kernel

STEP = "# B\n\n## 1. S\n\n```sh\n{}\n```\n"
WAITS = "# W\n\n## 1. S\n\nA person does this.\n"
LONG = ': > "$RD_WORK_PATH/started"; sleep 600'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    place = tmp_path / "project"
    (place / ".rundown").mkdir(parents=True)
    books = {"fine": STEP.format("true"), "fails": STEP.format("false"), "asks": STEP.format("echo a | tac")}
    for name, text in {**books, "waits": WAITS, "bad": "# B\n", "long": STEP.format(LONG)}.items():
        (place / f"{name}.runbook.md").write_text(text)
    return place


def run(*words: str) -> Callable[[Path], int]:
    return lambda project: rundown(project, *words, environment={"CI": "true"}).returncode


def on_a_bare_host(project: Path) -> int:
    """Neither namespaces nor Landlock: nothing could be confined."""
    words = ("no-userns", "no-landlock") if os.geteuid() != 0 else ("ordinary", "no-userns", "no-landlock")
    lesser = [sys.executable, str(ROOT / "tests/support/lesser_host.py"), *words, "--"]
    # Not below pytest's own folder, which every session closes to others.
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        Path(folder).chmod(0o755)
        place = Path(shutil.copytree(project, Path(folder) / "project"))
        environment = bare_environment(place, {"CI": "true"})
        Path(environment["HOME"]).chmod(0o777)
        done = subprocess.run([*lesser, str(RUNDOWN), "run", "fine.runbook.md"], cwd=place, env=environment)
    return done.returncode


def forged(project: Path) -> int:
    run("run", "fine.runbook.md")(project)
    (log,) = project.glob(".rundown/runs/*/events.jsonl")
    key = project / "key.pub"
    key.write_text(rundown(project, "keys", "export").stdout)
    log.write_text(log.read_text().replace('"completed"', '"stopped"'))
    return rundown(project, "verify", log.with_name("receipt.json"), "--key", key, "--log", log).returncode


def interrupted(project: Path) -> int:
    with Running(project, "run", "long.runbook.md", environment={"CI": "true"}) as running:
        running.wait_for((project / ".rundown/work/started").exists, "the step")
        return running.end(signal.SIGINT)[0]


def reported(project: Path) -> int:
    run("run", "waits.runbook.md")(project)
    return run("pass")(project)


CODES: dict[str, tuple[int, Callable[[Path], int]]] = {
    "complete": (0, run("run", "fine.runbook.md")),
    "waits by its own wish": (0, run("run", "waits.runbook.md", "--prompted")),
    "reported": (0, reported),
    "nothing would be asked": (0, run("run", "fine.runbook.md", "--dry-run")),
    "stopped": (1, run("run", "fails.runbook.md")),
    "out of time": (1, run("run", "long.runbook.md", "--timeout", "500ms")),
    "no such option": (2, run("run", "fine.runbook.md", "--nope")),
    "not valid": (2, run("run", "bad.runbook.md")),
    "no such policy": (2, run("run", "fine.runbook.md", "--policy", "none.yaml")),
    "denied": (3, run("run", "asks.runbook.md")),
    "would be denied": (3, run("run", "asks.runbook.md", "--dry-run")),
    "no sandbox": (4, on_a_bare_host),
    "a person is needed": (5, run("run", "waits.runbook.md")),
    "does not verify": (6, forged),
    "interrupted": (130, interrupted),
}


@pytest.mark.parametrize("name", CODES)
def test_each_ending_has_the_code_that_is_documented(name: str, project: Path) -> None:
    code, ends = CODES[name]
    assert ends(project) == code


def test_every_documented_code_is_tried() -> None:
    documented = re.findall(r"(?m)^\| (\d+) \|", (ROOT / "docs/ci.md").read_text())
    assert sorted({code for code, _ in CODES.values()}) == [int(code) for code in documented]
