"""Scenarios in a runbook's front matter: what passes, what fails and says why, what they may not do."""

import json

import pytest

from tests.support.project import rundown
from tests.support.sources import ROOT

pytestmark = pytest.mark.kernel

TRY = "try.runbook.md"
BODY = """# Try

## 1. Hello {{Who}}
- FAIL STOP "no hello"

Say it.

## 2. Do

```sh
rundown echo -r fail -r pass "{{Who}}"
```
"""
GO = "rd run --prompted try.runbook.md"


@pytest.fixture
def project(tmp_path):
    place = tmp_path / "project"
    (place / ".rundown").mkdir(parents=True, mode=0o700)
    return place


def write(
    project, *commands: str, result: str | None = "COMPLETE", expect: object = None, body: str = BODY
) -> None:
    """Writes the runbook TRY with one scenario, `it`. YAML takes JSON as it is."""
    scenario = {"description": "one try", "commands": commands, "tags": ["smoke"]}
    scenario |= {"result": result} if result else {}
    scenario |= {"expect": expect} if expect else {}
    (project / TRY).write_text(f"---\nscenarios: {json.dumps({'it': scenario})}\n---\n{body}")


def tried(project, *words: str) -> tuple[int, str]:
    ran = rundown(project, "scenario", "run", TRY, *words)
    assert "Traceback" not in ran.stderr, ran.stderr
    return ran.returncode, ran.stdout


def test_scenarios_are_listed_and_shown(project):
    write(project, GO, "rd pass", "rd pass")
    assert rundown(project, "scenario", "ls", TRY).stdout.split() == ["it", "COMPLETE", "one", "try"]
    shown = json.loads(rundown(project, "scenario", "show", TRY, "it").stdout)
    assert (shown["name"], shown["commands"]) == ("it", [GO, "rd pass", "rd pass"])
    unknown = rundown(project, "scenario", "show", TRY, "that")
    assert (unknown.returncode, "has: it" in unknown.stderr) == (2, True)


@pytest.mark.parametrize(
    ("commands", "result", "expect"),
    [
        ([GO, "rd pass", "rundown yes"], "COMPLETE", None),
        ([GO, "rd fail"], "STOP", None),
        (["rd run try.runbook.md", "rd pass"], "STOP", None),
        (
            [f"RD_INPUT_Who=Ann {GO}", "rd complete"],
            "COMPLETE",
            {"entered": [{"at": "1", "description": "Hello Ann"}]},
        ),
        (
            [GO, "! rd goto 9", "rd stop"],
            "STOP",
            {"errors": [{"code": "engine/no-such-step", "command": "goto"}]},
        ),
        (
            [GO, "rd pass", "rd pass", "rd pass"],
            "COMPLETE",
            {"steps": [{"from": "1", "at": "2"}, {"from": "2", "at": "2"}]},
        ),
        (
            [
                'printf \'{"Who": "Bo"}\' > v.json',
                "test -s v.json",
                "! test -e w.json",
                f"{GO} --input Who=Bo",
                "rd complete",
            ],
            "COMPLETE",
            None,
        ),
    ],
    ids=["driven", "stopped", "automatic", "variable", "must fail", "surplus", "set-up"],
)
def test_a_scenario_that_goes_as_it_says_passes(commands, result, expect, project):
    write(project, *commands, result=result, expect=expect)
    assert tried(project) == (0, "✓ it\n1 scenario: 1 passed, 0 failed\n")


@pytest.mark.parametrize(
    ("commands", "result", "expect", "why"),
    [
        ([GO, "rd fail"], "COMPLETE", None, ["expected COMPLETE, got STOP", "the run stopped: no hello"]),
        ([GO], "COMPLETE", None, ["no run ended", "the run is at 1 (waiting)", "rd pass"]),
        ([GO, "! rd pass"], "COMPLETE", None, ["`rd pass` was expected to fail and ended with 0"]),
        ([GO, "rd goto 9"], "STOP", None, ["expected to succeed and ended with 2", "there is no step 9"]),
        ([GO, "rd complete"], "COMPLETE", {"steps": [{"at": "2"}]}, ["no such transition", "seen: nothing"]),
        ([GO, "rd pass", "rd pass"], "COMPLETE", {"steps": [{"at": "9"}]}, ["seen: 1 PASS CONTINUE → 2;"]),
        ([GO, "rd stop"], "STOP", {"entered": [{"at": "2"}]}, ["no such unit", "seen: 1 Hello {{Who}}"]),
        ([GO, "rd stop"], "STOP", {"errors": [{"code": "X"}]}, ["no such error", "seen: nothing"]),
        (["test -e gone", GO], "STOP", None, ["`test -e gone` was expected to succeed and ended with 1"]),
        (["rd run other.runbook.md"], "STOP", None, ["`other.runbook.md` is needed and not there"]),
        ([f"{GO} && rd pass"], "COMPLETE", None, ["`&&` is for a shell"]),
        ([f"{GO} > out"], "COMPLETE", None, ["`>` is for a shell"]),
        (["rd run ../try.runbook.md"], "COMPLETE", None, ["lies outside"]),
        (["rd run /etc/x.runbook.md"], "COMPLETE", None, ["lies outside"]),
    ],
)
def test_a_scenario_that_goes_otherwise_fails_and_says_why(commands, result, expect, why, project):
    write(project, *commands, result=result, expect=expect)
    code, told = tried(project)
    assert (code, [part for part in ("✗ it", "1 failed", *why) if part not in told]) == (1, []), told


@pytest.mark.parametrize(
    "command",
    [
        "rd exec --allow-all -- touch @/escaped",
        f"{GO} --allow-all",
        f"{GO} --no-sandbox",
        f"{GO} --yes=all",
        f"{GO} --policy mine.yaml",
        f"{GO} --allow-write @",
        f"{GO} --allow-write=..",
        "rd trust",
        "sh -c 'touch @/escaped'",
    ],
)
def test_a_scenario_does_not_loosen_what_holds_it(command, project, tmp_path):
    write(project, command.replace("@", str(tmp_path)))
    assert (tried(project)[0], (tmp_path / "escaped").exists()) == (1, False)


def test_whoever_runs_scenarios_may_let_them_loosen_it(project):
    write(project, f"{GO} --no-sandbox", "rd complete")
    assert tried(project, "--allow-all")[0] == 0


def test_each_scenario_has_a_workspace_of_its_own_that_is_gone_afterwards(project, tmp_path):
    look = 'test "$(ls -A)" = .rundown && touch mark'
    scenarios = {name: {"commands": [look, GO, "rd stop"], "result": "STOP"} for name in ("first", "second")}
    (project / TRY).write_text(f"---\nscenarios: {json.dumps(scenarios)}\n---\n{BODY}")
    code, told = tried(project)
    assert (code, "2 passed" in told) == (0, True), told
    assert [path.name for path in project.iterdir()] in ([".rundown", TRY], [TRY, ".rundown"])
    assert list((project / ".rundown").iterdir()) == []
    state = project.parent / f"{project.name}.home"
    assert [path for path in state.rglob("*") if path.is_file()] == []


def test_children_and_neighbours_of_input_files_are_there(project):
    (project / "data").mkdir()
    (project / "data/values.yaml").write_text("Items: file:data/items.txt\n")
    (project / "data/items.txt").write_text("a\nb\n")
    (project / "parts").mkdir()
    (project / "parts/child.runbook.md").write_text(
        "# Child\n\n## 1. All\n- FOR v IN {{Items}}\n\n### 1.1 {{v}}\n\nDo.\n"
    )
    body = "# Try\n\n## 1. Go\n\n- parts/child.runbook.md\n"
    write(
        project,
        f"{GO} --input-file data/values.yaml",
        "rd pass",
        "rd pass",
        expect={"entered": [{"at": "1.2.1", "description": "b"}]},
        body=body,
    )
    code, told = tried(project)
    assert code == 0, told


@pytest.mark.parametrize(
    "runbook",
    [
        path.relative_to(ROOT)
        for path in sorted((ROOT / "runbooks").rglob("*.runbook.md"))
        if "\nscenarios:" in path.read_text()
    ],
    ids=str,
)
def test_the_scenarios_of_an_example_pass(runbook, project):
    ran = rundown(project, "scenario", "run", ROOT / runbook)
    assert (ran.returncode, " 0 failed" in ran.stdout) == (0, True), ran.stdout + ran.stderr
