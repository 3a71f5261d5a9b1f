"""`rundown check`: every problem of every file, with what each needs around it."""

import json

import pytest

from tests.support.patience import processor_seconds
from tests.support.project import rundown

GOOD = "# Good\n\n## 1. Do\n\n```sh\ntrue\n```\n"
BAD = "# Bad\n\n## 1. Do\n- PASS GOTO 9\n\n```\nno language\n```\n"


@pytest.fixture
def project(tmp_path):
    place = tmp_path / "project"
    (place / ".rundown").mkdir(parents=True, mode=0o700)
    return place


def lay(project, **files: str) -> None:
    """Writes runbooks; `a__b` is the file `a/b.runbook.md`."""
    for name, text in files.items():
        path = project / f"{name.replace('__', '/')}.runbook.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def checked(project, *words: str) -> tuple[int, list[dict]]:
    """Returns the exit code and the report of each file."""
    ran = rundown(project, "check", "--json", *words)
    return ran.returncode, [json.loads(line) for line in ran.stdout.splitlines()]


def codes(project, name: str) -> list[str]:
    """Returns the codes of the problems of one runbook."""
    _, (report,) = checked(project, f"{name}.runbook.md")
    return [item["code"] for item in report["diagnostics"]]


def test_a_directory_stands_for_every_runbook_below_it(project):
    lay(project, b=GOOD, a__c=GOOD, a__bad=BAD)
    (project / "a/readme.md").write_text("# No runbook\n")
    (project / ".hidden").mkdir()
    (project / ".hidden/x.runbook.md").write_text(BAD)
    (project / ".rundown/runbooks").mkdir()
    (project / ".rundown/runbooks/own.runbook.md").write_text(GOOD)
    code, reports = checked(project, ".", "b.runbook.md")
    assert (code, [(report["file"], report["valid"]) for report in reports]) == (
        2,
        [
            ("b.runbook.md", True),
            (".rundown/runbooks/own.runbook.md", True),
            ("a/bad.runbook.md", False),
            ("a/c.runbook.md", True),
        ],
    )


def test_a_directory_without_a_runbook_is_a_problem(project):
    (project / "empty").mkdir()
    code, (report,) = checked(project, "empty")
    assert (code, report["valid"]) == (2, False)


def test_the_text_ends_with_a_summary(project):
    lay(project, good=GOOD, bad=BAD)
    ran = rundown(project, "check", ".")
    assert (ran.returncode, ran.stdout.splitlines()[-1]) == (
        2,
        "✗ 2 files: 1 valid, 1 not; 2 errors, 0 warnings",
    )


def test_references_that_lead_nowhere_out_or_round_are_named(project):
    (project.parent / "outside.runbook.md").write_text(GOOD)
    lay(
        project,
        top=(
            "# Top\n\n## 1. All\n\n- good.runbook.md\n- gone.runbook.md\n- ../outside.runbook.md\n"
            "- bad.runbook.md\n- round.runbook.md\n- top.runbook.md\n- {{ Later }}\n"
        ),
        good=GOOD,
        bad=BAD,
        round="# Round\n\n## 1. Mid\n\n- mid.runbook.md\n",
        mid="# Mid\n\n## 1. Top\n\n- top.runbook.md\n",
    )
    code, (report,) = checked(project, "top.runbook.md")
    found = [
        (item["code"].removeprefix("session/"), item["span"]["line"])
        for item in report["diagnostics"]
        if item["code"].startswith("session/")
    ]
    assert (code, found) == (
        0,
        [
            ("unresolved-reference", 6),
            ("unresolved-reference", 7),
            ("unresolved-reference", 8),
            ("circular-reference", 9),
            ("unresolved-reference", 10),
        ],
    )


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("## 1. Say {{Nobody}}\n\nSo.\n", "syntax/undeclared-name"),
        ("## 1. A\n- PASS COMPLETE\n- FAIL STOP\n\nSo.\n\n## 2. B\n\nSo.\n", "syntax/unreachable"),
        ("## 1. A\n\n```sh\nif then\n```\n", "syntax/unreadable-shell"),
        ("## 1. A\n\n```sh\nfalse\ntrue\n```\n", "syntax/no-errexit"),
        ("## 1. A\n\n```sh\ntrue\nexport A=1\n```\n", "syntax/lost-at-end"),
        ("## 1. A\n\n```sh\nps aux\n```\n", "syntax/needs-host"),
        ("## First\n\nSo.\n\n## Second\n\nSo.\n", "syntax/nothing-numbered"),
    ],
)
def test_what_a_valid_runbook_gets_wrong_is_a_warning(text, code, project):
    lay(project, it=f"# It\n\n{text}")
    assert code in codes(project, "it")
    assert rundown(project, "check", "it.runbook.md").returncode == 0


@pytest.mark.parametrize(
    ("front", "text", "code"),
    [
        ("inputs: [x]", "```bash\necho \\{{x}}\n```", "syntax/unsafe-placeholder"),
        ("permissions: {nonsense: 1}", "So.", "policy/unknown-key"),
    ],
)
def test_what_a_run_would_refuse_is_an_error(front, text, code, project):
    lay(project, it=f"---\n{front}\n---\n# It\n\n## 1. Do\n\n{text}\n")
    assert set(codes(project, "it")) == {code}
    assert rundown(project, "check", "it.runbook.md").returncode == 2


def test_a_command_that_no_scenario_may_run_is_named(project):
    lay(project, it=f"---\nscenarios: {{s: {{commands: ['rd pass && rd fail'], result: STOP}}}}\n---\n{GOOD}")
    assert codes(project, "it") == ["scenario/bad-command"]


def test_annotations_stand_beside_the_text_and_cannot_be_broken_out_of(project):
    lay(project, bad="# Bad\n\n## 1. A,b::c\n- PASS GOTO 9%0A::error::x\n\nSo.\n")
    plain = rundown(project, "check", "bad.runbook.md").stdout
    marked = rundown(project, "check", "bad.runbook.md", "--github").stdout
    implied = rundown(project, "check", "bad.runbook.md", environment={"GITHUB_ACTIONS": "true"}).stdout
    lines = [line for line in marked.splitlines() if line not in plain.splitlines()]
    assert [line.partition(" ")[0] for line in lines] == ["::error"]
    assert lines[0].startswith("::error file=bad.runbook.md,line=4,col=")
    assert ("%250A" in lines[0], implied == marked) == (True, True)


def test_a_run_shows_only_the_warnings_that_say_it_does_something_else(project):
    text = "## 1. A\n- PASS: CONTINUE\n- FAIL STOP\n- FAIL CONTINUE\n\nPASS: STOP\n\n```sh\nfalse; export A=1\n```\n"
    lay(project, it=f"# It\n\n{text}")
    shown = rundown(project, "run", "it.runbook.md", "--non-interactive").stderr
    assert [
        name
        for name in ("colon", "lost-at-end", "side-twice", "not-a-transition")
        if f"syntax/{name}]" in shown
    ] == [
        "side-twice",
        "not-a-transition",
    ]


def test_a_thousand_files_are_checked_in_one_process_in_seconds(project):
    lay(project, **{f"r{number}": GOOD for number in range(1000)})
    before = processor_seconds()
    ran = rundown(project, "check", "--json", ".", fresh=True)
    reports = [json.loads(line) for line in ran.stdout.splitlines()]
    assert (ran.returncode, len(reports), {report["valid"] for report in reports}) == (0, 1000, {True})
    assert 0 < processor_seconds() - before < 10
