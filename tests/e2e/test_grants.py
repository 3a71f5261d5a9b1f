"""What a session remembers is listed and taken back from another terminal, while the run goes."""

import pytest

from tests.support.patience import wait_until
from tests.support.project import RUNDOWN, bare_environment, rundown
from tests.support.runs import kinds
from tests.support.terminal import Terminal

pytestmark = [pytest.mark.kernel, pytest.mark.terminal]

BOOK = "twice.runbook.md"
TOOL = "deploy-tool"
TEXT = f"""# Twice

## 1. Once

```sh
{TOOL}
```

## 2. Look at it

Well?

## 3. Again

```sh
{TOOL}
```
"""


@pytest.fixture
def project(tmp_path):
    place = tmp_path / "project"
    (place / ".rundown").mkdir(parents=True, mode=0o700)
    (place / BOOK).write_text(TEXT)
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / TOOL).write_text("#!/bin/sh\necho deployed\n")
    (tools / TOOL).chmod(0o755)
    return place


def test_a_grant_is_listed_and_taken_back_while_the_run_goes(project, tmp_path):
    environment = {key: value for key, value in bare_environment(project).items() if key != "LANG"}
    environment["PATH"] += f":{tmp_path / 'tools'}"
    words = [RUNDOWN, "run", BOOK, "--no-preflight", "--allow-read", tmp_path / "tools"]
    with Terminal(list(map(str, words)), cwd=project, environment=environment) as terminal:
        terminal.wait_question("deploy-tool")
        terminal.press("s")
        terminal.wait_question("How did it go?")
        listed = rundown(project, "grants", "--run", "last")
        assert listed.stdout.split()[:2] == ["run", TOOL]
        assert rundown(project, "grants", "--run", "last", "--forget", "other").stdout.startswith("0 taken")
        taken = rundown(project, "grants", "--run", "last", "--forget-all")
        assert taken.stdout.startswith("1 taken back")
        terminal.press("p")
        wait_until(lambda: len(kinds(project, BOOK, "GrantRevoked")) == 1, "the grant is gone")
        terminal.wait_question("deploy-tool")
        assert rundown(project, "grants", "--run", "last").stdout == "no grants in this session\n"
        terminal.press("n")
        assert terminal.wait_exit() == 3
    (revoked,) = kinds(project, BOOK, "GrantRevoked")
    assert revoked["origin"] == "another terminal"
    late = rundown(project, "grants", "--run", "last")
    assert (late.returncode, "is not going" in late.stderr) == (2, True)
