"""Runs that a CI runner started: what it reads, what it gets, and that steps cannot speak to it."""

import json
import re
import signal
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from tests.support.patience import RUN_SECONDS, wait_until
from tests.support.project import commit_all, rundown
from tests.support.running import Running, only_run

pytestmark = pytest.mark.kernel

BOOK = """# Two things

## 1. Say it

```sh
printf '::set-ou'; printf 'tput name=a::b\\n'
printf '50%%\\r::add-mask::x\\n' >&2
printf '\\033[0Ksection_start:1:a\\r\\033[0K##[group]b\\n'
echo said
```

## 2. Count it
- PASS CONTINUE
- FAIL STOP

```sh
echo counted | tac
```

## 3. Number it

```sh
echo "password=$RD_INPUT_token" | nl; exit 3
```
"""
GITHUB = {"CI": "true", "GITHUB_ACTIONS": "true"}
OBEYED = re.compile(r"(?m)^\s*::(?!group::|endgroup::|error )|##\[|section_start:1:a")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    place = tmp_path / "project"
    place.mkdir()
    (place / "two.runbook.md").write_text(BOOK)
    commit_all(place, "Start")
    return place


def suite_of(path: Path) -> list[tuple[str | None, list[str]]]:
    return [
        (case.get("name"), [part.tag for part in case])
        for case in ElementTree.parse(path).getroot().iter("testcase")
    ]


# --- what is missing ---------------------------------------------------------------------------------------


def test_what_is_missing_is_printed_once_as_flags_and_as_a_policy_under_which_the_run_passes(
    project: Path,
) -> None:
    ran = rundown(project, "run", "two.runbook.md", "--non-interactive", "--until", "2")
    assert ran.returncode == 3, ran.stderr
    assert ran.stderr.count("--allow-run tac --allow-run nl") == 1
    document = ran.stderr.partition("that --policy names:\n")[2]
    (project.parent / "p.yaml").write_text(document)
    again = rundown(
        project, "run", "two.runbook.md", "--non-interactive", "--until", "2", "--policy", "../p.yaml"
    )
    assert again.returncode == 0, again.stdout + again.stderr


def test_a_dry_run_lists_it_runs_nothing_and_records_nothing(project: Path) -> None:
    dry = rundown(project, "run", "two.runbook.md", "--dry-run")
    assert (dry.returncode, "run tac (step 2)" in dry.stdout, "run nl (step 3)" in dry.stdout) == (
        3,
        True,
        True,
    )
    assert not (project / ".rundown").exists()
    fine = rundown(project, "run", "two.runbook.md", "--dry-run", "--allow-run", "tac,nl")
    assert (fine.returncode, fine.stdout) == (0, "✓ nothing would be asked for, nothing denied\n")


def test_a_dry_run_of_one_step_is_about_that_step(project: Path) -> None:
    codes = {
        step: rundown(project, "run", "two.runbook.md", "--dry-run", "--only", step).returncode
        for step in "123"
    }
    assert codes == {"1": 0, "2": 3, "3": 3}


def test_a_dry_run_as_json_is_one_object(project: Path) -> None:
    dry = json.loads(rundown(project, "run", "two.runbook.md", "--dry-run", "--json").stdout)
    assert (dry["outcome"], [(item["resource"], item["steps"]) for item in dry["asks"]], dry["denials"]) == (
        "deny",
        [("run tac", ["2"]), ("run nl", ["3"])],
        [],
    )


@pytest.mark.parametrize(
    "words", [["--dry-run"], ["--yes", "--until", "2"], ["--allow-run", "tac,nl"]], ids=" ".join
)
def test_a_suggested_policy_makes_flags_unnecessary(words: list[str], project: Path) -> None:
    place = project.parent / "suggested.yaml"
    rundown(project, "run", "two.runbook.md", "--non-interactive", "--suggest-policy", place, *words)
    ran = rundown(project, "run", "two.runbook.md", "--non-interactive", "--policy", place)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert [entry for entry in place.read_text().split("\n") if entry.startswith("      - ")] == [
        "      - tac",
        "      - nl",
    ]


def test_a_suggested_policy_opens_the_directory_of_files_that_are_to_be_made(project: Path) -> None:
    (project / "new.runbook.md").write_text("# N\n\n## 1. N\n\n```sh\necho a > a.txt; echo b > b.txt\n```\n")
    place = project.parent / "suggested.yaml"
    first = rundown(project, "run", "new.runbook.md", "--non-interactive", "--suggest-policy", place)
    assert (first.returncode, (project / "a.txt").exists()) == (3, False)
    ran = rundown(project, "run", "new.runbook.md", "--non-interactive", "--policy", place)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert place.read_text().count("      - ") == 1


# --- what the runner reads -----------------------------------------------------------------------------------


def test_a_step_cannot_speak_to_the_runner_and_rundown_can(project: Path) -> None:
    ran = rundown(
        project, "run", "two.runbook.md", "--yes", environment={**GITHUB, "GITHUB_WORKSPACE": str(project)}
    )
    assert ran.returncode == 1, ran.stderr
    lines = ran.stdout.splitlines()
    assert [line for line in lines if line.startswith("::")] == [
        "::group::1 Say it",
        "::endgroup::",
        "::group::2 Count it",
        "::endgroup::",
        "::group::3 Number it",
        "::endgroup::",
        "::error file=two.runbook.md,line=20,col=4,title=run/step-failed::step 3 Number it failed. exit status 3",
    ]
    read = ran.stdout + ran.stderr
    assert OBEYED.search(read) is None, read
    assert ": :set-output name=a::b" in read and "## [group]b" in read


def test_a_problem_that_keeps_a_run_from_starting_is_annotated_at_its_line(project: Path) -> None:
    (project / "bad.runbook.md").write_text("# B\n\n## 1. A\n\n```\ntrue\n```\n")
    ran = rundown(project, "run", "bad.runbook.md", environment=GITHUB)
    (said,) = (line for line in ran.stderr.splitlines() if line.startswith("::"))
    assert (ran.returncode, said.partition("::")[2][:38]) == (
        2,
        "error file=bad.runbook.md,line=5,col=1,"[:38],
    )


@pytest.mark.parametrize("words", [["--raw-output"], ["--json"], ["--quiet"]], ids=" ".join)
def test_no_option_opens_the_way(words: list[str], project: Path) -> None:
    ran = rundown(project, "run", "two.runbook.md", "--yes", *words, environment=GITHUB)
    read = ran.stdout + ran.stderr
    assert OBEYED.search(read.replace("\x1b[0K", "")) is None, read


def test_the_bytes_of_one_command_are_data_for_whoever_says_so(project: Path) -> None:
    words = ["--", "printf", "::error::x\\r\\n##[a]s"]
    guarded = rundown(project, "exec", *words, environment=GITHUB)
    data = rundown(project, "exec", "--raw-output", *words, environment=GITHUB)
    # Text mode reads both ends of a line as one.
    assert (guarded.stdout, data.stdout) == (": :error::x\n## [a]s", "::error::x\n##[a]s"), data.stderr


def test_texts_of_the_runbook_do_not_speak_either(project: Path) -> None:
    (project / "rude.runbook.md").write_text(
        "# R\n\n## 1. Do it\n\n::add-mask::x\n\n  ::error::y ##[group]\n"
    )
    for words in (["run", "--prompted"], ["check"], ["run", "--dry-run"]):
        ran = rundown(project, *words, "rude.runbook.md", environment=GITHUB)
        assert OBEYED.search(ran.stdout + ran.stderr) is None, ran.stdout + ran.stderr
    assert OBEYED.search(rundown(project, "show", environment=GITHUB).stdout) is None


def test_gitlab_gets_sections_of_its_own(project: Path) -> None:
    ran = rundown(project, "run", "two.runbook.md", "--yes", environment={"CI": "true", "GITLAB_CI": "true"})
    # CR is kept as it is by what reads the pipe; universal newlines are not asked for.
    starts = re.findall(r"\x1b\[0Ksection_start:\d+:(step_\d)", ran.stdout)
    ends = re.findall(r"\x1b\[0Ksection_end:\d+:(step_\d)", ran.stdout)
    assert (starts, ends) == (["step_1", "step_2", "step_3"],) * 2
    assert "section_start:1:a" not in ran.stdout


def test_json_is_the_log_line_by_line_although_a_runner_reads_it(project: Path) -> None:
    ran = rundown(project, "run", "two.runbook.md", "--yes", "--json", environment=GITHUB)
    logged = (only_run(project) / "events.jsonl").read_text().splitlines()
    told = [json.loads(line) for line in ran.stdout.splitlines()]
    # Each line also says of which run it is.
    assert [{**event, "run_id": told[0]["run_id"]} for event in map(json.loads, logged)] == told


RUDE = """# Rude

## 1. Write

```sh
python3 -c "open('dist/OUTPUT', 'a').write('bad')" || echo kept out
python3 -c "import os; os.rename('dist', 'gone')" || echo kept out
python3 -c "import os; os.unlink('dist/OUTPUT')" || echo kept out
python3 -c "open('dist/other', 'a').write('good')"
env | grep '^GITHUB_' || echo no such variables
```
"""


def test_the_files_a_runner_obeys_are_out_of_reach_even_in_a_tree_that_steps_may_write(project: Path) -> None:
    (project / "dist").mkdir()
    files = {f"GITHUB_{name}": str(project / "dist" / name) for name in ("OUTPUT", "STEP_SUMMARY")}
    for path in files.values():
        Path(path).touch()
    (project / "rude.runbook.md").write_text(RUDE)
    words = ["run", "rude.runbook.md", "--yes=all", "--allow-write", "."]
    ran = rundown(project, *words, environment={**GITHUB, **files})
    assert (ran.returncode, ran.stdout.count("kept out"), "no such variables" in ran.stdout) == (
        0,
        3,
        True,
    ), ran.stdout
    assert ((project / "dist/other").read_text(), Path(files["GITHUB_OUTPUT"]).read_text()) == ("good", "")
    assert "rude&#46;runbook&#46;md" in Path(files["GITHUB_STEP_SUMMARY"]).read_text()


def test_by_flags_that_name_it_a_step_may_write_the_runners_file(project: Path) -> None:
    output = project.parent / "output"
    output.touch()
    (project / "out.runbook.md").write_text(
        '# O\n\n## 1. Write\n\n```sh\necho a=b >> "$GITHUB_OUTPUT"\n```\n'
    )
    words = ["--allow-env", "GITHUB_OUTPUT", "--allow-write", str(output)]
    environment = {**GITHUB, "GITHUB_OUTPUT": str(output)}
    closed = rundown(project, "run", "out.runbook.md", environment=environment)
    opened = rundown(project, "run", "out.runbook.md", *words, environment=environment)
    assert (closed.returncode, opened.returncode, output.read_text()) == (3, 0, "a=b\n"), opened.stderr


# --- what is said, and for how long --------------------------------------------------------------------------


def test_quiet_says_nothing_of_a_run_that_completes_and_what_failed_of_another(project: Path) -> None:
    fine = rundown(project, "run", "two.runbook.md", "--yes", "--quiet", "--until", "2")
    assert (fine.returncode, fine.stdout, fine.stderr) == (0, "", "")
    wrong = rundown(project, "run", "two.runbook.md", "--yes", "--quiet")
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert "error[run/step-failed]: step 3 Number it failed" in wrong.stderr
    assert "said" not in wrong.stderr and "counted" not in wrong.stderr


def test_the_time_of_a_run_ends_the_step_and_the_run(project: Path) -> None:
    (project / "slow.runbook.md").write_text(
        "# S\n\n## 1. Wait\n- PASS CONTINUE\n- FAIL RETRY 3\n\n```sh\nsleep 60\n```\n\n## 2. Never\n\n```sh\ntrue\n```\n"
    )
    ran = rundown(project, "run", "slow.runbook.md", "--timeout", "4s", "--junit", "j.xml")
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "stopped: the time of the run (--timeout) is over" in ran.stdout
    assert suite_of(project / "j.xml") == [("1 Wait", ["failure"]), ("2 Never", ["skipped"])]


# --- reports, however it ends --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "status", "cases"),
    [
        (["--yes"], 1, [("1 Say it", ["system-out"]), ("2 Count it", ["system-out"]), ("3 Number it", ["failure", "system-out"])]),
        ([], 3, [("1 Say it", ["system-out"]), ("2 Count it", ["error"]), ("3 Number it", ["skipped"])]),
        (["--policy", "none.yaml"], 2, [("the run could not start", ["error"])]),
    ],
    ids=["stopped", "denied", "not started"],
)  # fmt: skip
def test_a_report_is_written_however_a_run_ends(
    words: list[str], status: int, cases: list[tuple[str, list[str]]], project: Path
) -> None:
    ran = rundown(project, "run", "two.runbook.md", "--non-interactive", "--junit", "out/junit.xml", *words)
    assert (ran.returncode, suite_of(project / "out/junit.xml")) == (status, cases), ran.stderr


def test_a_report_holds_no_secret(project: Path) -> None:
    secret = "s3cr3t-value-of-a-token"
    (project / "t.runbook.md").write_text(f"# T\n\n## 1. T\n\n```sh\necho {secret}; exit 1\n```\n")
    rundown(project, "run", "t.runbook.md", "--junit", "t.xml", environment={"X_TOKEN": secret})
    text = (project / "t.xml").read_text()
    assert secret not in text and "[REDACTED:X_TOKEN]" in text


def test_a_report_that_cannot_be_written_is_told_before_anything_runs(project: Path) -> None:
    ran = rundown(project, "run", "two.runbook.md", "--junit", "two.runbook.md/j.xml")
    assert (ran.returncode, "cli/no-report" in ran.stderr) == (2, True)
    assert not (project / ".rundown").exists()


def test_a_step_cannot_turn_a_report_elsewhere(project: Path) -> None:
    """It may write the folder; what it makes of it is not followed."""
    (project.parent / "private").mkdir()
    (project / "turn.runbook.md").write_text(
        "# T\n\n## 1. T\n\n```sh\npython3 -c \"import os, shutil; shutil.rmtree('out'); os.symlink('../private', 'out');"
        " os.symlink('../private/x', 'p.yaml')\"\n```\n"
    )
    words = ["--allow-write", ".", "--yes=all", "--junit", "out/junit.xml", "--suggest-policy", "p.yaml"]
    ran = rundown(project, "run", "turn.runbook.md", *words)
    assert (ran.returncode, (project / "out").is_symlink()) == (0, True), ran.stdout + ran.stderr
    assert (list((project.parent / "private").iterdir()), (project / "p.yaml").is_symlink()) == ([], False)


def test_going_on_with_a_run_reports_as_well(project: Path) -> None:
    rundown(project, "run", "two.runbook.md", "--non-interactive")
    words = [
        "--allow-run",
        "tac,nl",
        "--junit",
        "j.xml",
        "--suggest-policy",
        "../s.yaml",
        "--non-interactive",
    ]
    assert rundown(project, "resume", *words).returncode == 1
    assert [name for name, _ in suite_of(project / "j.xml")] == ["1 Say it", "2 Count it", "3 Number it"]
    assert "- tac" in (project.parent / "s.yaml").read_text()


def test_a_runner_that_ends_the_job_gets_log_receipt_and_report(project: Path) -> None:
    (project / "long.runbook.md").write_text(
        '# D\n\n## 1. Long\n\n```sh\n: > "$RD_WORK_PATH/started"\nsleep 600\n```\n\n## 2. After\n\n```sh\ntrue\n```\n'
    )
    with Running(project, "run", "long.runbook.md", "--junit", "j.xml", environment=GITHUB) as running:
        running.wait_for((project / ".rundown/work/started").exists, "the step")
        status, seconds, told = running.end(signal.SIGTERM)
    assert (status, seconds < 5) == (130, True), told
    run = only_run(project)
    last = json.loads((run / "events.jsonl").read_text().splitlines()[-1])["body"]
    assert (last["type"], last["reason"], (run / "receipt.json").is_file()) == (
        "RunPaused",
        "interrupted",
        True,
    )
    assert suite_of(project / "j.xml") == [("1 Long", ["error"]), ("2 After", ["skipped"])]


def test_twenty_runs_in_one_checkout_do_not_disturb_one_another(project: Path) -> None:
    (project / "many.runbook.md").write_text(
        '# M\n\n## 1. One\n\n```sh\necho "$RD_RUN_ID" > "/tmp/mine"; echo "$RD_RUN_ID" > "$RD_WORK_PATH/$RD_RUN_ID"\n```\n\n'
        '## 2. Two\n\n```sh\ntest "$(cat /tmp/mine 2>/dev/null || echo "$RD_RUN_ID")" = "$RD_RUN_ID"\n'
        'test "$(cat "$RD_WORK_PATH/$RD_RUN_ID")" = "$RD_RUN_ID"\n```\n'
    )
    running = [Running(project, "run", "many.runbook.md", "--non-interactive") for _ in range(20)]
    for one in running:
        one.__enter__()
    try:
        wait_until(lambda: all(one.has_ended() for one in running), "the end of all", RUN_SECONDS)
        codes = [one.wait() for one in running]
        assert codes == [0] * 20, next(one.told() for one in running if one.wait())
    finally:
        for one in running:
            one.__exit__(None, None, None)
    runs = [path for path in (project / ".rundown/runs").iterdir() if path.is_dir()]
    heads = [
        json.loads((path / "events.jsonl").read_text().splitlines()[-1])["body"]["type"] for path in runs
    ]
    assert heads == ["RunFinished"] * 20
