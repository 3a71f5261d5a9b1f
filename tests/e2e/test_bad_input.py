"""What is wrong is said whole, in one form, before anything runs."""

import re

import pytest

from tests.support.patience import processor_seconds
from tests.support.project import commit_all, rundown

MARKS = '```sh\necho ran >> "$RD_WORK_PATH/ran"\n```\n'
GOOD = f"# Good\n\n## 1. Leave a mark\n\n{MARKS}"

BAD_RUNBOOKS = {
    "empty": b"",
    "only a title": b"# Only a title\n",
    "binary": b"\x7fELF\x02\x01\x01\0\0\0\xff\xfe" * 64,
    "not UTF-8": b"# Caf\xe9\n\n" + GOOD.encode(),
    "unknown GOTO": f"{GOOD}\n## 2. Go\n- FAIL GOTO 9\n\n{MARKS}".encode(),
    "two blocks": f"{GOOD}\n{MARKS}".encode(),
    "invalid YAML": f"---\nname: [\n---\n{GOOD}".encode(),
    "a step that is a title": f"# 1. Build\n\n{MARKS}".encode(),
}


@pytest.fixture
def project(tmp_path):
    place = tmp_path / "project"
    place.mkdir()
    (place / "good.runbook.md").write_text(GOOD)
    commit_all(place, "Start")
    return place


def assert_refused(ran, status: int, project) -> str:
    """Returns what was told, once it is known to have the form of a diagnostic and nothing ran.

    The findings of `check` are its result and stand on standard output; elsewhere they go beside it.
    """
    told = ran.stdout if ran.args[1] == "check" else ran.stderr
    assert ran.returncode == status, ran.stdout + ran.stderr
    assert "Traceback" not in ran.stdout + ran.stderr
    assert codes_in(told) != [], ran.stdout + ran.stderr
    assert re.search(r"^  (why|fix): \S", told, re.MULTILINE), told
    assert not (project / ".rundown/work/ran").exists()
    return told


def codes_in(told: str) -> list[str]:
    """Returns the codes of all errors in the order they are told."""
    return re.findall(r"^error\[([a-z]+/[a-z0-9-]+)\]: \S", told, re.MULTILINE)


@pytest.mark.parametrize("content", BAD_RUNBOOKS.values(), ids=BAD_RUNBOOKS.keys())
@pytest.mark.parametrize("command", ["run", "check"])
def test_a_runbook_that_is_not_valid_is_refused_with_its_place(command, content, project):
    (project / "bad.runbook.md").write_bytes(content)
    ran = rundown(project, command, "bad.runbook.md")
    assert "--> bad.runbook.md" in assert_refused(ran, 2, project)


@pytest.mark.parametrize("command", ["run", "check"])
def test_a_file_that_is_not_there_is_named(command, project):
    ran = rundown(project, command, "missing.runbook.md")
    assert "missing.runbook.md" in assert_refused(ran, 2, project)


def test_a_directory_is_no_runbook(project):
    assert_refused(rundown(project, "run", "."), 2, project)


def test_every_problem_is_reported_at_once(project):
    text = "# Bad\n\n## 1. A\n\n```\nno language\n```\n\n## 3. B\n- PASS GOTO 9\n- FAIL JUMP\n"
    (project / "bad.runbook.md").write_text(text)
    ran = rundown(project, "run", "bad.runbook.md")
    assert len(set(codes_in(assert_refused(ran, 2, project)))) >= 4


def test_a_runbook_of_ten_megabytes_is_answered_in_seconds(project):
    (project / "big.runbook.md").write_bytes(GOOD.encode() + b"\nx" * 5_000_000)
    before = processor_seconds()
    assert_refused(rundown(project, "run", "big.runbook.md", fresh=True), 2, project)
    assert 0 < processor_seconds() - before < 5


BAD_POLICIES = {
    "unknown key": "version: 1\ndefault:\n  rum: {allow: [git]}\n",
    "wrong type": "version: 1\ndefault:\n  run: {allow: git}\n",
    "no YAML": "version: [1\n",
    "unknown placeholder": 'version: 1\ndefault:\n  read: {allow: ["{rep}/**"]}\n',
    "empty pattern": 'version: 1\ndefault:\n  run: {deny: [""]}\n',
}


@pytest.mark.parametrize("content", BAD_POLICIES.values(), ids=BAD_POLICIES.keys())
def test_an_invalid_project_policy_stops_the_run_with_its_place(content, project):
    (project / ".rundownrc.yaml").write_text(content)
    ran = rundown(project, "run", "good.runbook.md", "--trust-project")
    assert re.search(r"--> \S*\.rundownrc\.yaml:\d+:\d+", assert_refused(ran, 2, project))


def test_a_named_policy_that_is_not_there_stops_the_run(project):
    ran = rundown(project, "run", "good.runbook.md", "--policy", "nowhere.yaml")
    assert_refused(ran, 2, project)


@pytest.mark.parametrize(
    "words",
    [
        ["run"],
        ["run", "good.runbook.md", "--no-such-flag"],
        ["run", "good.runbook.md", "--allow-net="],
        ["rum", "good.runbook.md"],
        ["resume", "no-such-run"],
        ["run", "good.runbook.md", "--input", "NoEquals"],
    ],
    ids=" ".join,
)
def test_misuse_ends_with_2_and_says_what_to_do(words, project):
    ran = rundown(project, *words)
    assert (ran.returncode, ran.stdout, "Traceback" in ran.stderr) == (2, "", False), ran.stdout + ran.stderr
    assert ran.stderr.strip()
    assert not (project / ".rundown/work/ran").exists()


def test_a_mistyped_command_names_the_nearest(project):
    assert "`rundown run`" in rundown(project, "rum", "good.runbook.md").stderr


def test_the_good_runbook_of_these_tests_does_leave_its_mark(project):
    assert rundown(project, "run", "good.runbook.md").returncode == 0
    assert (project / ".rundown/work/ran").read_text() == "ran\n"
