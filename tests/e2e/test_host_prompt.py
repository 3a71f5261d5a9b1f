"""A running step wants to reach a host while it prints: the question holds its output back, and goes on."""

import json
import signal

import pytest

from tests.support.project import RUNDOWN, bare_environment, commit_all
from tests.support.terminal import Terminal

pytestmark = [pytest.mark.kernel, pytest.mark.terminal]

BOOK = """# Reach

## 1. Print and reach

```bash
python3 client.py
```
"""
CLIENT = """\
import threading, time, urllib.request
def talk():
    for number in range(1, 4001):
        print("line", number, flush=True)
        if number % 40 == 0:
            time.sleep(0.01)
talker = threading.Thread(target=talk)
talker.start()
try:
    urllib.request.urlopen("http://api.example.invalid/")
except OSError:
    pass
talker.join()
print("GOES ON")
"""


@pytest.fixture
def project(tmp_path):
    place = tmp_path / "project"
    place.mkdir()
    (place / "reach.runbook.md").write_text(BOOK)
    (place / "client.py").write_text(CLIENT)
    commit_all(place, "Start")
    return place


@pytest.fixture
def terminal(project):
    words = [RUNDOWN, "run", "reach.runbook.md", "--no-preflight"]
    with Terminal(words, cwd=project, environment=bare_environment(project), rows=40) as shown:
        yield shown


def answers(project) -> list[list[str]]:
    (run,) = (path for path in (project / ".rundown/runs").iterdir() if path.is_dir())
    read = [json.loads(line)["body"] for line in (run / "events.jsonl").read_text().splitlines()]
    return [body["answers"] for body in read if body["type"] == "QuestionAsked"]


@pytest.mark.parametrize(
    ("key", "answer"),
    [
        ("y", "allow once"),
        ("s", "allow for this session"),
        ("n", "deny once"),
        ("Enter", "deny once"),
        ("C-c", "deny once"),
    ],
)
def test_an_answer_lets_the_step_go_on_with_all_its_output(key, answer, terminal, project):
    asked = terminal.wait_question("Connection wanted")
    assert "api.example.invalid  port 80" in asked
    before = terminal.screen()
    assert terminal.screen() == before
    terminal.press(key)
    assert terminal.wait_exit(60) == 0, terminal.screen()
    shown = terminal.screen()
    lines = [line for line in shown.split("\n") if line.startswith("│ line ")]
    assert lines == [f"│ line {number}" for number in range(1, 4001)]
    assert f"◆ reach api.example.invalid:80: {answer}" in shown
    assert "│ GOES ON" in shown
    assert answers(project) == [[answer]]


def test_a_signal_while_the_question_stands_ends_the_step_and_restores_the_terminal(terminal, project):
    terminal.wait_question("Connection wanted")
    terminal.signal(signal.SIGTERM)
    assert terminal.wait_exit() == 130, terminal.screen()
    assert "paused at step 1 (interrupted)" in terminal.screen()
    assert answers(project) == [["deny once"]]
