"""What a run left can be read, set aside and removed, and what is read is what was written."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from rundown.model.digest import canonical_json
from rundown.record.chain import first_prev, line_hash
from tests.support.project import RUNDOWN, bare_environment, commit_all, rundown
from tests.support.running import Running

pytestmark = pytest.mark.kernel

CHANGES = """# Changes

## 1. Write

```sh
echo hello > dist/page
echo kept > dist/kept
```

## 2. Part
### 2.1 Change

```sh
echo "$PAGE_KEY" > dist/page
```

### 2.2 Look

```sh
cat dist/page
```
"""
WAITS = "# Waits\n\n## 1. Wait\n\nDo it by hand.\n"
SECRET = "correct-horse-battery"


@pytest.fixture
def project(tmp_path):
    place = tmp_path / "project"
    (place / "dist").mkdir(parents=True)
    (place / "dist/page").write_text("before\n")
    for name, text in (("changes", CHANGES), ("waits", WAITS)):
        (place / f"{name}.runbook.md").write_text(text)
    commit_all(place, "Start")
    return place


def run(project: Path, name: str, *words: str, **environment: str) -> str:
    """Runs a runbook unattended; returns the run's id."""
    before = ids(project)
    rundown(project, "run", f"{name}.runbook.md", "--non-interactive", *words, environment=environment)
    (new,) = set(ids(project)) - set(before)
    return new


def ids(project: Path) -> list[str]:
    """The runs of a project, oldest first."""
    return sorted(path.name for path in project.glob(".rundown/runs/*") if path.is_dir())


def printed(project: Path, *words: str, status: int = 0) -> str:
    ran = rundown(project, *words)
    assert ran.returncode == status, ran.stdout + ran.stderr
    return ran.stdout if status == 0 else ran.stderr


# --- what changed --------------------------------------------------------------------------------


def test_a_diff_shows_what_each_step_changed_without_secrets(project):
    run(project, "changes", "--allow-env", "PAGE_KEY", PAGE_KEY=SECRET)
    page = f"{project}/dist/page"
    assert printed(project, "diff") == (
        f"# step 1\n--- /dev/null\n+++ b{project}/dist/kept\n@@ -0,0 +1 @@\n+kept\n"
        f"--- a{page}\n+++ b{page}\n@@ -1 +1 @@\n-before\n+hello\n"
        f"# step 2.1\n--- a{page}\n+++ b{page}\n@@ -1 +1 @@\n-hello\n+[REDACTED:PAGE_KEY]\n"
    )
    assert (project / "dist/page").read_text() == f"{SECRET}\n"


def test_a_diff_of_one_step_or_of_names_only(project):
    found = run(project, "changes", "--allow-env", "PAGE_KEY", PAGE_KEY=SECRET)
    dist = f"{project}/dist"
    assert printed(project, "diff", found, "--stat") == (
        f"1  created  {dist}/kept\n1  changed  {dist}/page\n2.1  changed  {dist}/page\n"
    )
    assert printed(project, "diff", found[-12:], "2", "--stat") == f"2.1  changed  {dist}/page\n"
    assert printed(project, "diff", "last", "2.2") == "nothing changed, as far as is on record\n"
    told = [json.loads(line) for line in printed(project, "diff", found, "1", "--json").splitlines()]
    assert [(item["path"], item["diff"]) for item in told] == [
        (f"{dist}/kept", "output/1.1.diff"),
        (f"{dist}/page", "output/1.1.diff"),
    ]


def test_a_diff_that_was_changed_is_not_shown(project):
    found = run(project, "changes", "--allow-env", "PAGE_KEY", PAGE_KEY=SECRET)
    (project / ".rundown/runs" / found / "output/1.1.diff").write_text("nothing happened\n")
    assert "error[record/file-differs]" in printed(project, "diff", found, status=6)


def test_what_could_not_be_seen_is_told(project):
    (project / "dist/tree").mkdir()
    (project / "deep.runbook.md").write_text(
        "# Deep\n\n## 1. Dig\n\n```sh\nd=dist/tree; for i in $(seq 140); do d=$d/d; done; mkdir -p $d\n```\n"
    )
    run(project, "deep", "--yes=all")
    ran = rundown(project, "diff")
    assert (ran.returncode, ran.stderr.count("warning[record/changes-unseen]")) == (0, 1), ran.stderr
    assert "changes not seen" in printed(project, "show")
    assert "changes-unseen" in printed(project, "verify")


def test_a_page_about_a_run_names_its_receipt_and_the_files_it_changed(project):
    found = run(project, "changes", "--allow-env", "PAGE_KEY", PAGE_KEY=SECRET)
    page = printed(project, "show").splitlines()
    assert f"  receipt  {project}/.rundown/runs/{found}/receipt.json" in page
    assert page[page.index("changed") + 1 :][:2] == ["  created  dist/kept", "  changed  dist/page"]


def test_stored_lines_are_printed_byte_for_byte(project):
    found = run(project, "changes")
    stored = (project / ".rundown/runs" / found / "events.jsonl").read_text()
    for words in (["--json"], ["--format", "json"], ["--json", "--follow"]):
        assert printed(project, "log", found, *words) == stored


# --- set aside -----------------------------------------------------------------------------------


def test_a_stashed_run_is_out_of_the_way_until_it_is_popped(project):
    first = run(project, "waits")
    assert "is set aside" in printed(project, "stash")
    assert printed(project, "pass") == "no run is active here\n"
    assert "waiting, stashed" in printed(project, "ls")
    run(project, "waits")
    assert "error[record/stash-full]" in printed(project, "stash", status=2)
    assert "error[record/stash-other-active]" in printed(project, "pop", status=2)
    printed(project, "pass")
    assert [json.loads(line)["state"] for line in printed(project, "ls", "--json").splitlines()] == [
        "completed",
        "paused",
    ]
    assert f"run {first[-12:]} (waits.runbook.md, waiting) is the active one again" in printed(project, "pop")
    printed(project, "pass")
    assert [json.loads(line)["state"] for line in printed(project, "ls", "--json").splitlines()] == [
        "completed",
        "completed",
    ]


def test_with_no_run_there_is_nothing_to_set_aside_or_to_take_up(project):
    assert printed(project, "stash") == "no run is active here\n"
    assert printed(project, "pop") == "no run is set aside here\n"


# --- removed -------------------------------------------------------------------------------------


def test_old_runs_go_and_those_that_wait_stay(project):
    waiting, _, second = run(project, "waits"), run(project, "changes"), run(project, "changes")
    assert printed(project, "prune", "--keep", "1", "--dry-run").splitlines()[-1] == "1 would go, 2 kept"
    assert printed(project, "prune", "--keep", "1").splitlines()[-1] == "1 removed, 2 kept"
    assert ids(project) == [waiting, second]
    assert printed(project, "prune", "--older", "1").splitlines()[-1] == "0 removed, 2 kept"
    printed(project, "prune", "--all")
    assert ids(project) == [waiting]
    printed(project, "stash")
    printed(project, "prune", "--all", "--unfinished")
    assert ids(project) == [waiting]
    printed(project, "pop")
    printed(project, "prune", "--all", "--unfinished")
    assert ids(project) == []


def test_prune_wants_to_be_told_which(project):
    run(project, "changes")
    assert "--keep N" in printed(project, "prune", status=2)
    assert len(ids(project)) == 1


def test_a_run_that_goes_on_is_never_removed(project):
    (project / "long.runbook.md").write_text(
        '# Long\n\n## 1. Wait\n\n```sh\n: > "$RD_WORK_PATH/on"; sleep 600\n```\n'
    )
    with Running(project, "run", "long.runbook.md", "--non-interactive") as running:
        running.wait_for((project / ".rundown/work/on").exists, "the step")
        assert printed(project, "prune", "--all", "--unfinished") == "0 removed, 1 kept\n"
        assert len(ids(project)) == 1


# --- keys ----------------------------------------------------------------------------------------


def test_a_key_is_made_when_it_is_first_exported_and_stays_the_same(project):
    assert printed(project, "keys", "show").startswith("no key yet")
    exported = printed(project, "keys", "export")
    assert exported.startswith("-----BEGIN PUBLIC KEY-----\n")
    printed(project, "keys", "export", "--output", "me.pub")
    assert (project / "me.pub").read_text() == exported
    keyid = json.loads(printed(project, "keys", "show", "--json"))["keyid"]
    assert printed(project, "keys", "show").splitlines()[0] == f"key   {keyid}"
    assert "error[cli/not-written]" in printed(project, "keys", "export", "-o", "no/where.pub", status=2)


# --- what strangers and full disks leave ---------------------------------------------------------


def test_a_run_that_cannot_be_made_whole_leaves_nothing(project):
    (project / "large.runbook.md").write_text("# Large\n\n## 1. Read\n\n" + "Words.\n" * 20_000)
    words = (RUNDOWN, "run", "large.runbook.md", "--non-interactive")
    ran = subprocess.run(
        ["sh", "-c", 'ulimit -f 100 && exec "$@"', "sh", *words],
        cwd=project,
        env=bare_environment(project),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (ran.returncode, ids(project)) == (6, []), ran.stderr
    assert "record/file-not-written" in ran.stderr and "File too large (EFBIG)" in ran.stderr
    assert "why: " in ran.stderr and "fix: " in ran.stderr


@pytest.mark.parametrize("name", ["events.jsonl", "contract.json", "receipt.json", "output/1.1.log"])
def test_a_pipe_in_the_place_of_a_file_keeps_nobody_waiting(name, project):
    run_id = run(project, "changes", "--allow-write", "dist")
    (project / ".rundown/runs" / run_id / name).unlink()
    os.mkfifo(project / ".rundown/runs" / run_id / name)
    for words in (("ls",), ("show", run_id), ("verify", run_id), ("show", run_id, "--output", "1")):
        told = rundown(project, *words)
        assert told.returncode in (0, 6) and "internal" not in told.stderr, told.stderr
    assert "record/" in rundown(project, "verify", run_id).stderr


def test_a_strangers_run_that_is_its_own_part_is_read_to_an_end(project):
    run_id = run(project, "waits")
    folder = project / ".rundown/runs" / run_id
    contract = (folder / "contract.json").read_bytes().removesuffix(b"\n")
    prev, lines = first_prev(contract), []
    for line in (folder / "events.jsonl").read_bytes().splitlines():
        event = json.loads(line)
        if event["body"]["type"] == "RunPaused":
            event["body"] = {"type": "ChildStarted", "position": "1", "reference": "x", "run_id": run_id}
        lines.append(canonical_json({**event, "prev": prev}))
        prev = line_hash(lines[-1])
    (folder / "events.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
    printed(project, "show", run_id, "--html", "page.html")
    assert (project / "page.html").read_text().count("<h1>") == 1
