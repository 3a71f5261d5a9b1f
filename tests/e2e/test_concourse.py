"""The resource, called as Concourse calls it: by the names in /opt/resource, JSON in, JSON out."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.patience import RUN_SECONDS
from tests.support.project import RUNDOWN, bare_environment, commit_all
from tests.support.sources import ROOT

pytestmark = pytest.mark.kernel

PAIRS = json.loads((ROOT / "tests/e2e/concourse/pairs.json").read_text())
HELLO = """---
inputs:
  name: {default: world}
outputs: ["greeting 'hello {{name}}'"]
---
# Hello

## 1. Greet
- PASS COMPLETE "greeted {{name}}"

```sh
echo hello {{name}}
```
"""


class Concourse:
    """A worker with one resource type: three programs, each call in a directory of its own."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self.resource = place / "opt/resource"
        self.resource.mkdir(parents=True)
        for name in ("check", "in", "out"):
            (self.resource / name).symlink_to(RUNDOWN)
        (place / "project").mkdir()
        (place / "project/hello.runbook.md").write_text(HELLO)
        commit_all(place / "project", "Start")
        (place / "build").mkdir()
        self.names = {"project": str(place / "project"), "store": str(place / "store")}

    def call(self, name: str, request: object, folder: str | None = None) -> subprocess.CompletedProcess[str]:
        """Runs one of the three as Concourse does: the request on standard input, the directory as argument."""
        target = self._place / "build" / (folder or "")
        if folder == "fetched":
            shutil.rmtree(target, ignore_errors=True)
            target.mkdir()
        if folder == "project":
            shutil.copytree(self._place / "project", target, dirs_exist_ok=True)
        return subprocess.run(
            [str(self.resource / name), *([str(target)] if folder else [])],
            input=json.dumps(request),
            cwd="/",
            env=bare_environment(self._place / "worker"),
            capture_output=True,
            text=True,
            timeout=RUN_SECONDS,
            start_new_session=True,
        )

    def filled(self, value: object) -> object:
        """Returns a recorded value with the names of this place in it."""
        text = json.dumps(value)
        for name, known in self.names.items():
            text = text.replace(f"{{{name}}}", known)
        return json.loads(text)

    def learn(self, wanted: object, found: object) -> None:
        """Takes the digests that a response is the first to name."""
        if isinstance(wanted, list) and isinstance(found, list):
            for one, other in zip(wanted, found, strict=True):
                self.learn(one, other)
        elif isinstance(wanted, dict) and isinstance(found, dict):
            for key in wanted.keys() & found.keys():
                self.learn(wanted[key], found[key])
        elif isinstance(wanted, str) and wanted.startswith("{") and wanted[1:-1] not in self.names:
            self.names[wanted[1:-1]] = str(found)


@pytest.fixture
def worker(tmp_path: Path) -> Concourse:
    return Concourse(tmp_path)


def like(wanted: object, found: object) -> bool:
    if wanted == "<any>":
        return found is not None
    if isinstance(wanted, dict) and isinstance(found, dict):
        return wanted.keys() == found.keys() and all(like(wanted[key], found[key]) for key in wanted)
    if isinstance(wanted, list) and isinstance(found, list):
        return len(wanted) == len(found) and all(map(like, wanted, found))
    return wanted == found


def test_each_recorded_request_gets_its_response(worker: Concourse) -> None:
    wrong = []
    for pair in PAIRS:
        ran = worker.call(pair["as"], worker.filled(pair["request"]), pair.get("folder"))
        if ran.returncode == 0:
            worker.learn(pair.get("response"), json.loads(ran.stdout))
        answered = json.loads(ran.stdout) if ran.stdout else None
        fits = ran.returncode == pair.get("status", 0) and like(worker.filled(pair.get("response")), answered)
        fits = fits and all(text in ran.stderr for text in pair.get("says", []))
        for name, content in pair.get("files", {}).items():
            fits = fits and (Path(ran.args[1]) / name).read_text() == content
        if not fits:
            wrong.append(f"{pair['what']}: {ran.returncode}\n{ran.stdout}\n{ran.stderr}")
    assert wrong == []
    assert worker.names["hello"] != worker.names["other"]


def test_in_runs_nothing_and_believes_no_stored_byte_that_was_changed(worker: Concourse) -> None:
    source = worker.filled({"runbook": "{project}/hello.runbook.md", "store": "{store}"})
    (version,) = json.loads(worker.call("check", {"source": source}).stdout)
    runs = sorted(os.listdir(Path(worker.names["store"]) / "runs"))
    assert worker.call("in", {"source": source, "version": version}, "fetched").returncode == 0
    assert sorted(os.listdir(Path(worker.names["store"]) / "runs")) == runs
    (stored,) = (Path(worker.names["store"]) / "results").iterdir()
    (stored / "response.txt").write_text("something else\n")
    ran = worker.call("in", {"source": source, "version": version}, "fetched")
    assert (ran.returncode, ran.stdout, "concourse/no-such-result" in ran.stderr) == (1, "", True)


def test_a_version_that_carries_its_result_needs_no_store_and_is_checked_as_well(worker: Concourse) -> None:
    source = worker.filled({"runbook": "{project}/hello.runbook.md", "store": "{store}", "carry": True})
    (version,) = json.loads(worker.call("check", {"source": source}).stdout)
    elsewhere = {"source": {"store": str(worker.resource / "none")}, "version": version}
    ran = worker.call("in", elsewhere, "fetched")
    assert (ran.returncode, (Path(ran.args[1]) / "response.txt").read_text()) == (0, "hello world\n"), (
        ran.stderr
    )
    forged = {**version, "ref": "sha256:" + "0" * 64}
    assert worker.call("in", {**elsewhere, "version": forged}, "fetched").returncode == 1


@pytest.mark.parametrize(
    "request_text",
    [
        "",
        "{",
        "[]",
        '{"source": 1}',
        '{"source": {}}',
        "\x00",
        '{"source": {"timeout": "soon", "runbook": "x"}}',
        '{"source": {"runbook": "x", "inputs": {"deep": ' + "[" * 100_000 + "]" * 100_000 + "}}}",
    ],
    ids=lambda text: text[:40],
)
def test_a_bad_request_is_an_error_without_a_traceback(request_text: str, worker: Concourse) -> None:
    ran = subprocess.run(
        [str(worker.resource / "check")],
        input=request_text,
        cwd="/",
        env=bare_environment(worker.resource),
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
    )
    is_told = "error[" in ran.stderr and "error[cli/internal]" not in ran.stderr
    assert (ran.returncode, ran.stdout, "Traceback" in ran.stderr, is_told) == (1, "", False, True)


def test_a_store_that_cannot_be_made_is_an_error_like_any_other(worker: Concourse) -> None:
    source = {"runbook_text": "# T\n\n## 1. T\n\n```sh\ntrue\n```\n", "store": "/proc/none"}
    ran = worker.call("check", {"source": source})
    assert (ran.returncode, ran.stdout, "error[" in ran.stderr) == (1, "", True)


@pytest.mark.parametrize("words", [[], ["/no/such/directory"]], ids=["none", "missing"])
def test_in_and_out_want_their_directory(words: list[str], worker: Concourse) -> None:
    for name in ("in", "out"):
        ran = subprocess.run(
            [str(worker.resource / name), *words],
            input="{}",
            env=bare_environment(worker.resource),
            capture_output=True,
            text=True,
            timeout=RUN_SECONDS,
        )
        assert (ran.returncode, "concourse/no-directory" in ran.stderr) == (1, True)
