"""One runbook is one story: a person at a terminal, a CI job and a scenario leave the same events."""

import json
import re
from pathlib import Path

import pytest

from rundown.cli.scenario import _dispatch
from rundown.session.library import open_runbook
from rundown.session.scenarios import run_scenario
from tests.support.project import RUNDOWN, bare_environment, rundown
from tests.support.terminal import Terminal

pytestmark = [pytest.mark.kernel, pytest.mark.terminal]

BOOK = """---
outputs: [Made]
scenarios:
  all:
    commands: ["rundown run story.runbook.md --allow-run tac", "rundown pass --allow-run tac"]
    result: COMPLETE
---
# Story

## 1. Try twice
- PASS CONTINUE
- FAIL RETRY 1 STOP

```sh
echo attempt | tac && test "$RD_ATTEMPT" = 2
```

## 2. Make
- OUTPUTS
  - Made
- PASS CONTINUE
- FAIL GOTO 4

```sh
echo made > "$RD_OUTPUTS_Made"
```

## 3. Below
- below.runbook.md

## 4. Each
- FOR 2

### 4.1 One

```sh
echo {{Index}} {{Made}}
```

## 5. Look

A person looks.
"""
BELOW = "# Below\n\n## 1. Child\n\n```sh\ntrue\n```\n"
# What differs by nature: times, ids, digests that hold ids or the terminal's pty, and the coming and going of
# processes while a person is waited for.
_MOVING = {"HostProbed", "PolicyFrozen", "RunPaused", "RunResumed"}
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}|sha256:[0-9a-f]{64}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00")
# A terminal ends its lines with two bytes.
_BY_NATURE = {"duration_ns", "output_bytes"}


def lay_out(place: Path) -> Path:
    place.mkdir()
    (place / ".rundown").mkdir(mode=0o700)
    (place / "story.runbook.md").write_text(BOOK)
    (place / "below.runbook.md").write_text(BELOW)
    return place


def story(place: Path) -> list[list[object]]:
    """Returns the bodies of each run's events, without what differs by nature, the outermost run first."""
    told = []
    for path in sorted(place.glob(".rundown/runs/*/events.jsonl")):
        bodies = [json.loads(line)["body"] for line in path.read_text().splitlines()]
        told.append([plain(body, place) for body in bodies if body["type"] not in _MOVING])
    return told


def plain(value: object, place: Path) -> object:
    if isinstance(value, dict):
        return {key: plain(item, place) for key, item in value.items() if key not in _BY_NATURE}
    if isinstance(value, list):
        return [plain(item, place) for item in value]
    if isinstance(value, str):
        shown = (
            _TIME.sub("NOW", _ID.sub("#", value))
            .replace("/.rundown/runbooks/", "/")
            .replace(".rundown/runbooks/", "")
        )
        return shown.replace(str(place), "ROOT")
    return value


@pytest.fixture(scope="module")
def in_ci(tmp_path_factory: pytest.TempPathFactory) -> list[list[object]]:
    place = lay_out(tmp_path_factory.mktemp("ci") / "project")
    words = ("--allow-run", "tac")
    codes = [
        rundown(place, "run", "story.runbook.md", *words, environment={"CI": "true"}).returncode,
        rundown(place, "pass", *words, environment={"CI": "true"}).returncode,
    ]
    assert codes == [5, 0]
    return story(place)


def test_at_a_terminal_it_is_the_story_of_ci(in_ci: list[list[object]], tmp_path: Path) -> None:
    place = lay_out(tmp_path / "project")
    command = [RUNDOWN, "run", "story.runbook.md", "--no-preflight"]
    with Terminal(command, cwd=place, environment=bare_environment(place)) as terminal:
        terminal.wait_question("tac")
        terminal.press("s")
        terminal.wait_question("How did it go?")
        terminal.press("p")
        assert terminal.wait_exit() == 0
    asked = {"QuestionAsked", "GrantGiven"}
    found = [[body for body in run if body["type"] not in asked] for run in story(place)]
    assert outcomes(found) == outcomes(in_ci)
    assert without_decisions(found) == without_decisions(in_ci)


def test_as_a_scenario_it_is_the_story_of_ci_word_for_word(in_ci: list[list[object]], tmp_path: Path) -> None:
    source = lay_out(tmp_path / "source")
    opened = open_runbook("story.runbook.md", source)
    workspace = tmp_path / "project"
    workspace.mkdir()
    (scenario,) = opened.runbook.front.scenarios
    assert run_scenario(scenario, opened, workspace, _dispatch, unlimited=True) == ()
    assert without_decisions(story(workspace)) == without_decisions(in_ci)
    assert outcomes(story(workspace)) == outcomes(in_ci)


def outcomes(told: list[list[object]]) -> list[list[object]]:
    """What was decided in the end for each step, whether a flag or a person allowed it."""
    return [
        [
            (
                body["position"],
                body["outcome"],
                [ruling["operation"]["resource"] for ruling in body["rulings"]],
            )
            for body in run
            if body["type"] == "DecisionMade" and body["outcome"] != "ask"
        ]
        for run in told
    ]


def without_decisions(told: list[list[object]]) -> list[list[object]]:
    return [[body for body in run if body["type"] != "DecisionMade"] for run in told]
