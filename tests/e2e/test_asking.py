"""At a terminal rundown asks for the inputs that are missing; secret ones are not shown."""

import pytest

from tests.support.project import RUNDOWN, bare_environment, rundown
from tests.support.runs import kinds, standings
from tests.support.terminal import Terminal

pytestmark = [pytest.mark.kernel, pytest.mark.terminal]

ASK = "ask.runbook.md"
TEXT = """---
inputs:
  Env: {description: where to, options: [staging, prod]}
  Tag: {pattern: 'v\\d+'}
  Pin: {secret: true}
required: [Env, Tag, Pin]
---
# Ask

## 1. {{Env}} {{Tag}}

Well?

## 2. Use

```sh
test "{{Pin}}" = "hush hush"
```
"""


@pytest.fixture
def project(tmp_path):
    place = tmp_path / "project"
    (place / ".rundown").mkdir(parents=True, mode=0o700)
    (place / ASK).write_text(TEXT)
    return place


def at_a_terminal(project, *words: str) -> Terminal:
    environment = {key: value for key, value in bare_environment(project).items() if key != "LANG"}
    return Terminal([RUNDOWN, *words], cwd=project, environment=environment)


def test_missing_inputs_are_asked_for_and_a_secret_again_when_the_run_goes_on(project):
    with at_a_terminal(project, "run", ASK) as terminal:
        terminal.wait_for("Env: where to")
        terminal.press("2")
        terminal.wait_for("Tag")
        terminal.type("1")
        terminal.press("Enter")
        terminal.wait_for("a value that fits v\\d+")
        terminal.press("BSpace")
        terminal.type("v1")
        terminal.press("Enter")
        terminal.wait_for("Pin")
        terminal.type("hush hush")
        terminal.press("Enter")
        terminal.wait_question("How did it go?   1 prod v1")
        terminal.press("l")
        assert (terminal.wait_exit(), "hush" in terminal.screen()) == (5, False)
    with at_a_terminal(project, "pass") as terminal:
        terminal.wait_for("Pin")
        terminal.type("hush hush")
        terminal.press("Enter")
        assert (terminal.wait_exit(), "hush" in terminal.screen()) == (0, False)
    assert standings(project) == [f"{ASK} completed"]


def test_an_input_may_be_asked_for_without_showing_it_whatever_the_runbook_says(project):
    with at_a_terminal(
        project, "run", ASK, "--input", "Env=prod", "--input", "Pin=x", "--input-secret", "Tag"
    ) as terminal:
        terminal.wait_for("Tag")
        terminal.type("v77")
        terminal.press("Enter")
        terminal.wait_question("How did it go?")
        terminal.press("l")
        terminal.wait_exit()
        assert "v77" not in terminal.screen()
    assert kinds(project, ASK, "StepStarted")[0]["title"] == "prod [REDACTED:Tag]"
    refused = rundown(project, "run", ASK, "--input-secret", "Tag")
    assert (refused.returncode, "session/nobody-to-ask" in refused.stderr) == (5, True), refused.stderr


def test_who_does_not_answer_is_told_what_is_missing(project):
    with at_a_terminal(project, "run", ASK) as terminal:
        for name in ("Env", "Tag", "Pin"):
            terminal.wait_for(name)
            terminal.press("C-c")
        assert (terminal.wait_exit(), terminal.screen().count("MISSING_REQUIRED_VARS")) == (2, 3)
    assert standings(project) == []
