"""Reading the commands of a scenario."""

import pytest

from rundown.engine.scenario_command import ScenarioCommand, read_command
from rundown.model.diagnostic import Diagnostic


@pytest.mark.parametrize(
    ("text", "argv"),
    [
        ("rd pass", ("pass",)),
        ("rundown run --prompted x.runbook.md", ("run", "--prompted", "x.runbook.md")),
        ("rd run x.runbook.md --input 'Name=a; b'", ("run", "x.runbook.md", "--input", "Name=a; b")),
        ('rd stop "a && b"', ("stop", "a && b")),
        ("rd pass --claim-id ${RUN_CLAIM_ID_1}", ("pass",)),
        ("rd pass --claim-id=${TOKEN} --json", ("pass", "--json")),
    ],
)
def test_rundown_gets_its_words_without_a_shell(text, argv):
    command = read_command(text)
    assert isinstance(command, ScenarioCommand)
    assert command.argv == argv


def test_a_leading_assignment_belongs_to_the_command():
    assert read_command("RD_INPUT_Name=x B='1 2' rd run a.runbook.md") == ScenarioCommand(
        text="RD_INPUT_Name=x B='1 2' rd run a.runbook.md",
        argv=("run", "a.runbook.md"),
        environment=(("RD_INPUT_Name", "x"), ("B", "1 2")),
        runbooks=("a.runbook.md",),
    )


def test_an_exclamation_mark_and_a_blank_expect_a_failure():
    assert read_command("! rd goto 9") == ScenarioCommand(
        text="rd goto 9", argv=("goto", "9"), must_fail=True
    )


def test_anything_else_is_for_the_shell():
    assert read_command("echo '[1]' > items.json && ls") == ScenarioCommand(
        text="echo '[1]' > items.json && ls"
    )


def test_files_that_the_workspace_needs_are_listed():
    command = read_command("rd run a.runbook.md b/c.runbook.md --input-file v/x.yaml --var-file=y.yaml")
    assert isinstance(command, ScenarioCommand)
    assert (command.runbooks, command.input_files) == (
        ("a.runbook.md", "b/c.runbook.md"),
        ("v/x.yaml", "y.yaml"),
    )


@pytest.mark.parametrize(
    "text",
    [
        "rd pass && rd pass",
        "rd pass; rd pass",
        "rd status | grep 1",
        "rd run a.runbook.md > out",
        "rd pass &",
        "rd stop $(date)",
        'rd stop "`date`"',
        "rd run /etc/a.runbook.md",
        "rd run ../a.runbook.md",
        "rd run a.runbook.md --input-file /etc/passwd",
        "rd run a.runbook.md --input-file=a/../../b",
        "rd stop 'open",
    ],
)
def test_a_command_that_hides_or_leaves_is_refused(text):
    command = read_command(text)
    assert isinstance(command, Diagnostic)
    assert command.code == "scenario/bad-command"
