"""FOR loops and the values that feed them, through the real program."""

import json
import os

import pytest

from tests.support.project import rundown
from tests.support.runs import kinds, log_of, reports, standings

pytestmark = pytest.mark.kernel

SAY = "say.runbook.md"


@pytest.fixture
def project(tmp_path):
    place = tmp_path / "project"
    (place / ".rundown").mkdir(parents=True, mode=0o700)
    return place


def write(project, text: str, front: str = "") -> None:
    """Writes the runbook SAY: front matter lines, then text below a title."""
    (project / SAY).write_text((f"---\n{front}\n---\n" if front else "") + f"# Say\n\n{text}")


def loop(words: str, *, block: str = "", substeps: str = "") -> str:
    """A looping step whose first substep says its variable and number."""
    nested = "".join(f"  - {line}\n" for line in block.splitlines())
    body = '```sh\necho "said {{v}} {{Index}}" >> "$RD_WORK_PATH/said"\n```\n'
    return f"## 1. All\n- FOR {words}\n{nested}\n{substeps or f'### 1.1 {{{{v}}}}{chr(10)}{body}'}"


def run(project, *words: str, **variables: str):
    return rundown(project, "run", SAY, "--non-interactive", *words, environment=variables)


def said(project) -> list[str]:
    """Returns what the loop's steps said, without the word `said`."""
    file = project / ".rundown/work/said"
    return [line.removeprefix("said ") for line in file.read_text().splitlines()] if file.exists() else []


# --- ranges and sources --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("v IN 3", ["1 1", "2 2", "3 3"]),
        ("v IN 5 TO 3", ["5 5", "4 4", "3 3"]),
        ("v IN {{From}} TO {{To}}", ["2 2", "3 3"]),
        ("v IN {{Names}}", ["a b 1", '{"k": [1]} 2', "7 3"]),
        ("v IN 2 TO 9 OF {{Names}}", ['{"k": [1]} 2', "7 3"]),
        ("v IN {{Nothing}}", []),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_loop_goes_over_a_range_or_over_a_list(words, expected, project):
    write(project, loop(words), "inputs: [Names, From, To, Nothing]")
    names = json.dumps(["a b", {"k": [1]}, 7])
    given = ("--input", "From=2", "--input-json", "To=3", "--input-json", f"Names={names}")
    ran = run(project, *given, "--input-json", "Nothing=[]")
    assert (ran.returncode, said(project)) == (0, expected), ran.stdout + ran.stderr


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("x.json", '["one", {"k": 1}]', ["one 1", '{"k": 1} 2']),
        ("x.jsonl", '"one"\n\n{"k": 1}\n', ["one 1", '{"k": 1} 2']),
        ("x.txt", "one\n\n$(touch x) `id`\n-n\n", ["one 1", "$(touch x) `id` 2", "-n 3"]),
        ("x.json", "[]", []),
    ],
)
def test_a_file_is_read_item_by_item_and_every_item_is_data(name, content, expected, project):
    write(project, loop("v IN {{Source}}"), "inputs: [Source]")
    (project / name).write_text(content)
    ran = run(project, "--input", f"Source=file:{name}")
    assert (ran.returncode, said(project)) == (0, expected), ran.stdout + ran.stderr
    assert not (project / "x").exists()


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("file:gone.json", "parse-failure"),
        ("file:object.json", "parse-failure"),
        ("file:bad.jsonl", "parse-failure"),
        ("file:page.md", "type-mismatch"),
        ("file:../outside.txt", "policy-violation"),
        ("file:link.txt", "policy-violation"),
        ("file:pipe.txt", "policy-violation"),
        ("file:.env.json", "policy-violation"),
        ("no file", "type-mismatch"),
    ],
)
def test_a_source_that_cannot_be_read_stops_the_run_with_a_code_and_is_never_an_empty_loop(
    source, code, project
):
    write(project, loop("v IN {{Source}}"), "inputs: [Source]")
    (project.parent / "outside.txt").write_text("secret\n")
    (project / "link.txt").symlink_to(project.parent / "outside.txt")
    (project / "object.json").write_text('{"a": 1}')
    (project / "bad.jsonl").write_text("nonsense\n")
    (project / ".env.json").write_text("[1]")
    os.mkfifo(project / "pipe.txt")
    ran = run(project, "--input", f"Source={source}", "--deny-read", ".env.json")
    end = log_of(project, SAY)[-1]
    assert (ran.returncode, end["status"], end["code"], said(project)) == (1, "stopped", code, []), end
    assert code in ran.stdout


def test_a_file_that_changes_between_two_items_stops_the_run(project):
    text = '```sh\necho more >> "$RD_WORK_PATH/x.txt"\n```\n'
    write(project, loop("v IN {{Source}}", substeps="### 1.1 It\n" + text), "inputs: [Source]")
    (project / ".rundown/work").mkdir()
    (project / ".rundown/work/x.txt").write_text("a\nb\n")
    assert run(project, "--input", "Source=file:.rundown/work/x.txt").returncode == 1
    assert (log_of(project, SAY)[-1]["code"], reports(project, SAY)) == ("source-drift", ["1.1.1 pass"])


def test_a_file_is_watched_and_its_permission_asked_again_when_the_run_goes_on(project):
    write(project, loop("v IN {{Source}}", substeps="### 1.1 It\n\nDone?\n"), "inputs: [Source]")
    (project / "x.txt").write_text("a\nb\nc\n")
    run(project, "--input", "Source=file:x.txt")
    assert rundown(project, "pass").returncode == 0
    refused = rundown(project, "pass", "--deny-read", "x.txt")
    assert (refused.returncode, log_of(project, SAY)[-1]["code"]) == (1, "policy-violation")
    run(project, "--input", "Source=file:x.txt")
    (project / "x.txt").write_text("a\nB\nc\n")
    assert (rundown(project, "pass").returncode, log_of(project, SAY)[-1]["code"]) == (1, "source-drift")


# --- words of a loop -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("handler", "expected", "end"),
    [
        ("- FAIL NEXT", ["1.1.1 pass", "1.1.2 pass", "1.2.1 fail", "1.3.1 pass", "1.3.2 pass"], "completed"),
        ("- FAIL BREAK", ["1.1.1 pass", "1.1.2 pass", "1.2.1 fail"], "completed"),
        ("- FAIL STOP", ["1.1.1 pass", "1.1.2 pass", "1.2.1 fail"], "stopped"),
        (
            "- FAIL GOTO 1 AT 3",
            ["1.1.1 pass", "1.1.2 pass", "1.2.1 fail", "1.3.1 pass", "1.3.2 pass"],
            "completed",
        ),
        (
            "- FAIL RETRY 1 CONTINUE",
            [
                "1.1.1 pass",
                "1.1.2 pass",
                "1.2.1 fail",
                "1.2.1 fail",
                "1.2.2 pass",
                "1.3.1 pass",
                "1.3.2 pass",
            ],
            "completed",
        ),
    ],
)
def test_next_break_and_the_others_leave_an_iteration_as_they_say(handler, expected, end, project):
    substeps = (
        f"### 1.1 One\n{handler}\n\n```sh\ntest {{{{v}}}} != 2\n```\n\n### 1.2 Two\n\n```sh\ntrue\n```\n"
    )
    write(project, loop("v IN 3", substeps=substeps))
    run(project)
    assert (reports(project, SAY), standings(project)) == (expected, [f"{SAY} {end}"])


def test_a_source_may_be_handed_on_by_a_step(project):
    before = '## 1. List\n- OUTPUTS\n  - Names\n\n```sh\necho \'["x", "y"]\' > "$RD_OUTPUTS_Names"\n```\n\n'
    write(project, before + loop("v IN {{Names}}").replace("## 1.", "## 2.").replace("### 1.1", "### 2.1"))
    ran = run(project)
    assert (ran.returncode, said(project)) == (0, ["x 1", "y 2"]), ran.stdout + ran.stderr


def test_a_source_that_nothing_can_supply_is_refused_at_launch(project):
    write(project, loop("v IN {{Names}}"))
    ran = run(project)
    assert (ran.returncode, "session/no-such-source" in ran.stderr) == (2, True), ran.stderr
    assert standings(project) == []


# --- inputs --------------------------------------------------------------------------------------

LAYERS = ["default", "config", "environment", "file", "text", "json"]


@pytest.mark.parametrize("strongest", LAYERS)
def test_an_input_has_the_value_of_the_strongest_source(strongest, project):
    write(
        project,
        '## 1. {{Who}}\n\n```sh\ntest "{{Who}}" = "{{Wanted}}"\n```\n',
        "inputs: {Who: {default: default}, Wanted: {}}",
    )
    given = LAYERS[: LAYERS.index(strongest) + 1]
    words, variables = ["--input", f"Wanted={strongest}"], {}
    if "config" in given:
        (project / ".rundown/config.yaml").write_text("Who: config\n")
    if "environment" in given:
        variables = {"RD_INPUT_Who": "environment"}
    if "file" in given:
        (project / "values.yaml").write_text("Who: file\n")
        words += ["--input-file", "values.yaml"]
    if "text" in given:
        words += ["--input", "Who=text"]
    if "json" in given:
        words += ["--input-json", 'Who="json"']
    ran = run(project, *words, **variables)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_values_of_a_file_are_the_text_that_is_written_there(project):
    write(project, "## 1. {{Day}} {{At}} {{Port}} {{On}} {{Version}} {{List}}\n\n```sh\ntrue\n```\n")
    (project / "values.yaml").write_text(
        "Day: 2026-01-31\nAt: 12:30:00\nPort: 8080\nOn: true\nVersion: 1.10\nList: [2026-01-31, 1.5, null]\n"
    )
    ran = run(project, "--input-file", "values.yaml")
    assert ran.returncode == 0, ran.stderr
    titles = [body["title"] for body in kinds(project, SAY, "StepStarted")]
    assert titles == ['2026-01-31 12:30:00 8080 true 1.10 ["2026-01-31", 1.5, null]']


def test_every_missing_input_is_named_at_once_with_its_options(project):
    front = (
        "inputs:\n  Env: {options: [staging, prod], description: where to}\n  Tag: {}\nrequired: [Env, Tag]"
    )
    write(project, "## 1. Go\n\n```sh\ntrue\n```\n", front)
    ran = run(project)
    assert (ran.returncode, ran.stderr.count("MISSING_REQUIRED_VARS"), standings(project)) == (2, 2, [])
    assert [
        part
        for part in ("where to", "--input Env=staging   (one of: staging, prod)", "--input Tag=VALUE")
        if part not in ran.stderr
    ] == []


@pytest.mark.parametrize(
    "words",
    [
        ("--input", "Env=test"),
        ("--input", "Tag=1"),
        ("--input", "Step=1"),
        ("--input", "a b=1"),
        ("--input", "Env"),
        ("--input-json", "Env={"),
        ("--input-file", "gone.yaml"),
        ("--input-file", "list.yaml"),
    ],
    ids=" ".join,
)
def test_a_value_that_does_not_fit_is_misuse(words, project):
    (project / "list.yaml").write_text("- a\n")
    front = (
        "inputs:\n  Env: {options: [staging, prod], default: prod}\n  Tag: {pattern: 'v\\d+', default: v1}"
    )
    write(project, "## 1. Go\n\n```sh\ntrue\n```\n", front)
    ran = run(project, *words)
    assert (ran.returncode, "Traceback" in ran.stderr, standings(project)) == (2, False, []), ran.stderr


# --- secret inputs -------------------------------------------------------------------------------

SECRET = "correct horse, battery"
VAULT = """## 1. Open {{Pin}}

Type {{Pin}}.

## 2. Use {{Pin}}
- FAIL STOP "{{Pin}} is wrong"

```sh
printf 'pin %s\\n' "{{Pin}}"; test "{{Pin}}" = "$(cat expected)" && exit 1
```
"""


@pytest.mark.parametrize("secret", [SECRET, "p~n9"], ids=["long", "short"])
def test_a_secret_input_is_data_for_its_step_and_is_on_no_record(secret, project):
    write(
        project,
        VAULT.replace(
            "printf 'pin %s\\n' \"{{Pin}}\"; ", "" if len(secret) < 8 else "printf 'pin %s\\n' \"{{Pin}}\"; "
        ),
        "inputs: {Pin: {secret: true}}\nrequired: [Pin]",
    )
    (project / "expected").write_text(secret)
    first = run(project, "--input", f"Pin={secret}")
    lost = rundown(project, "pass")
    assert (first.returncode, lost.returncode, "session/secret-lost" in lost.stderr) == (5, 5, True)
    last = rundown(project, "pass", environment={"RD_INPUT_Pin": secret})
    assert (last.returncode, standings(project)) == (1, [f"{SAY} stopped: [REDACTED:Pin] is wrong"]), (
        last.stdout
    )
    kept = [path for path in project.rglob("*") if path.is_file() and path.name != "expected"]
    assert [path for path in kept if secret in path.read_text(errors="replace")] == []
    assert secret not in first.stdout + first.stderr + last.stdout + last.stderr


def test_a_secret_never_becomes_part_of_a_text(project):
    write(project, "## 1. Use\n\n```sh\nsh -c 'echo {{Pin}}'\n```\n", "inputs: {Pin: {secret: true}}")
    ran = run(project, "--input", "Pin=plainword")
    notes = [body["note"] for body in kinds(project, SAY, "StepFinished")]
    assert (ran.returncode, "secret" in notes[0]) == (1, True), notes


def test_only_secrets_are_given_to_a_run_that_has_begun(project):
    write(project, "## 1. Wait\n\nWell?\n", "inputs: [Env]")
    run(project, "--input", "Env=a")
    refused = rundown(project, "pass", "--input", "Env=b")
    assert (refused.returncode, "session/input-is-fixed" in refused.stderr) == (2, True), refused.stderr
