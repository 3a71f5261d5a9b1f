import subprocess
from pathlib import Path

import pytest

from rundown.agents.launch import AgentLaunch, plan_agent
from rundown.model.diagnostic import Diagnostic, Span
from rundown.model.runbook import AgentBody

SPAN = Span(file="a.runbook.md", line=7)


def body(kind: str | None, text: str = "do it\n", **parameters: str) -> AgentBody:
    return AgentBody(kind=kind, text=text, span=SPAN, parameters=tuple(parameters.items()))


def run(launch: AgentLaunch | Diagnostic, **env: str) -> str:
    assert isinstance(launch, AgentLaunch)
    done = subprocess.run(
        ["sh", "-c", launch.script], capture_output=True, text=True, env={"PATH": "/usr/bin:/bin", **env}
    )
    assert done.returncode == 0
    return done.stdout


def test_the_command_agent_is_its_text_as_a_script() -> None:
    assert plan_agent(body("command", "echo hi\n")) == AgentLaunch(kind="command", script="echo hi\n")


def test_the_default_kind_fills_in() -> None:
    assert plan_agent(body(None), "command") == AgentLaunch(kind="command", script="do it\n")


def test_an_agent_without_a_kind_says_what_to_write() -> None:
    problem = plan_agent(body(None))
    assert isinstance(problem, Diagnostic)
    assert problem.code == "agents/no-kind"
    assert problem.span == SPAN


@pytest.mark.parametrize("kind", ["llm", "text"])
def test_kinds_that_are_not_there_yet_are_refused_by_name(kind: str) -> None:
    problem = plan_agent(body(kind))
    assert isinstance(problem, Diagnostic)
    assert problem.code == "agents/not-there-yet"
    assert f"`{kind}`" in problem.message


@pytest.mark.parametrize(
    "task", ["one\ntwo", "END_OF_TASK\n'; touch pwned; '", "$(touch pwned) `touch pwned` \\", "'\"${x}"]
)
def test_the_mock_appends_its_task_to_the_letter(tmp_path: Path, task: str) -> None:
    notes = tmp_path / "a b'c.txt"
    said = run(plan_agent(body("mock", task, file=str(notes))))
    assert notes.read_text() == task + "\n"
    assert said == "RESULT: PASS\n"
    assert sorted(tmp_path.iterdir()) == [notes]


def test_the_mock_tells_that_a_secret_is_there_and_never_its_value(tmp_path: Path) -> None:
    launch = plan_agent(body("mock", file=str(tmp_path / "n"), secret="API_TOKEN"))
    assert run(launch, API_TOKEN="hunter2hunter2") == "secret API_TOKEN: present\nRESULT: PASS\n"
    assert run(launch) == "secret API_TOKEN: absent\nRESULT: PASS\n"


def test_the_mock_reports_a_connection_that_is_refused(tmp_path: Path) -> None:
    launch = plan_agent(body("mock", file=str(tmp_path / "n"), connect="127.0.0.1:1"))
    assert run(launch) == "connection 127.0.0.1:1: refused\nRESULT: PASS\n"


def test_the_mock_fails_when_it_is_told_to(tmp_path: Path) -> None:
    launch = plan_agent(body("mock", file=str(tmp_path / "n"), fail="no tests"))
    assert run(launch) == "RESULT: FAIL no tests\n"


def test_an_unknown_parameter_of_the_mock_is_named() -> None:
    problem = plan_agent(body("mock", flie="x"))
    assert isinstance(problem, Diagnostic)
    assert problem.message == "the mock agent does not know `flie=`"
