"""Runbooks that run runbooks: what is found, what is handed down and up, who is reached by a report."""

import subprocess

import pytest

from tests.support.patience import wait_until
from tests.support.project import RUNDOWN, bare_environment, rundown
from tests.support.runs import kinds, log_of, logs, reports, standings

pytestmark = pytest.mark.kernel

ECHO = "# Child\n\n## 1. Only\n\n```sh\necho child\n```\n"
WAITS = "# Waits\n\n## 1. Ask\n\nSure?\n\n## 2. Do\n\n```sh\nseq 2 | tac\n```\n"


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


def run(project, runbook: str, *words: str):
    return rundown(project, "run", f"{runbook}.runbook.md", "--non-interactive", *words)


# --- what a reference finds ----------------------------------------------------------------------


def test_a_reference_is_relative_to_the_file_then_a_name_below_the_projects_folders(project):
    lay(
        project,
        ops__top="# Top\n\n## 1. All\n\n- beside.runbook.md\n- deeper/lower.runbook.md\n- named.runbook.md\n",
        ops__beside=ECHO,
        ops__deeper__lower=ECHO,
        runbooks__any__named=ECHO,
        beside="# Not this one\n\n## 1. No\n\n```sh\nexit 1\n```\n",
    )
    assert run(project, "ops/top").returncode == 0
    started = [body["reference"] for body in kinds(project, "ops/top.runbook.md", "ChildStarted")]
    assert started == [
        "ops/beside.runbook.md",
        "ops/deeper/lower.runbook.md",
        "runbooks/any/named.runbook.md",
    ]


@pytest.mark.parametrize(
    ("reference", "why"),
    [
        ("gone.runbook.md", "no runbook"),
        ("../outside.runbook.md", "leads out of the project"),
        ("link.runbook.md", "leads out of the project"),
        ("top.runbook.md", "inside itself"),
        ("broken.runbook.md", "no step"),
        ("{{ Nobody }}", "without a value"),
        ("needs.runbook.md", "MISSING_REQUIRED_VARS: input `Target`"),
        ("picky.runbook.md", "none of its options"),
    ],
)
def test_a_reference_that_cannot_be_followed_stops_the_run_and_says_why(reference, why, project):
    (project.parent / "outside.runbook.md").write_text(ECHO)
    (project / "link.runbook.md").symlink_to(project.parent / "outside.runbook.md")
    lay(
        project,
        top=f"---\ninputs: [Nobody]\n---\n# Top\n\n## 1. Go\n- FAIL COMPLETE\n\n### 1.1 It\n- {reference}\n",
        broken="# Only a title\n",
        needs="---\ninputs: [Target]\nrequired: [Target]\n---\n" + ECHO,
        picky="---\ninputs: {Size: {options: [small, large]}}\n---\n" + ECHO,
    )
    ran = run(project, "top", "--input", "Size=huge")
    end = log_of(project, "top.runbook.md")[-1]
    assert (ran.returncode, end["status"], end["code"]) == (1, "stopped", "inline_launch_failed")
    assert (why in end["message"], "Traceback" in ran.stderr) == (True, False), end


def test_a_circle_of_references_stops_where_it_closes(project):
    lay(
        project,
        top="# Top\n\n## 1. Go\n\n- round.runbook.md\n",
        round="# Round\n\n## 1. Back\n\n- top.runbook.md\n",
    )
    assert run(project, "top").returncode == 1
    assert standings(project) == [
        "top.runbook.md stopped",
        "round.runbook.md stopped: `top.runbook.md` would run inside itself",
    ]


# --- what is handed down -------------------------------------------------------------------------


def test_a_child_sees_its_parents_values_place_and_context(project):
    lay(
        project,
        top=(
            "---\ninputs: [Who]\n---\n# Top\n\n## 1. Go\n- FOR city IN {{Cities}}\n\n### 1.1 It\n- child.runbook.md\n"
        ),
        child=(
            "---\ninputs: {Greeting: {default: hello}, Who: {default: nobody}}\n---\n# Child\n\n"
            "## 1. {{Greeting}} {{Who}} of {{city}} at {{context.parent.at}}, {{context.parent.index}}, "
            "{{context.parent.vars.Who}}, {{context.ancestors.0.step}}, {{context.vars.Greeting}}, {{Step}}\n\n"
            '```sh\ntest "$RD_CONTEXT_ID" = "{{ContextId}}" && test "$RD_RUN_ID" = "{{RunId}}" &&\n'
            'test "{{RunbookRef}}" = child.runbook.md && test "$RD_CONTEXT_ID" != "$RD_RUN_ID"\n```\n'
        ),
    )
    ran = run(project, "top", "--input", "Who=Ann", "--input-json", 'Cities=["Rome","Oslo"]')
    assert ran.returncode == 0, ran.stdout + ran.stderr
    titles = [body["title"] for log in logs(project)[1:] for body in log if body["type"] == "StepStarted"]
    assert titles == [
        "hello Ann of Rome at 1.1.1, 1, Ann, 1, hello, 1",
        "hello Ann of Oslo at 1.2.1, 2, Ann, 1, hello, 1",
    ]


def test_a_child_is_prompted_if_its_parent_is_and_a_report_reaches_it(project):
    lay(
        project,
        top="# Top\n\n## 1. All\n\n- mid.runbook.md\n",
        mid="# Mid\n\n## 1. All\n\n- child.runbook.md\n",
    )
    lay(project, child=ECHO)
    assert rundown(project, "run", "top.runbook.md", "--prompted").returncode == 0
    assert standings(project) == [
        "top.runbook.md waiting at 1.1",
        "mid.runbook.md waiting at 1.1",
        "child.runbook.md waiting at 1",
    ]
    told = rundown(project, "status").stdout
    lines = (
        "top.runbook.md  paused (waiting)",
        "in       mid.runbook.md at step 1.1",
        "child.runbook.md at step 1",
    )
    assert [line for line in lines if line not in told] == []
    assert rundown(project, "pass").returncode == 0
    assert standings(project) == [
        "top.runbook.md completed",
        "mid.runbook.md completed",
        "child.runbook.md completed",
    ]
    assert kinds(project, "child.runbook.md", "LaunchRequested") == []
    assert rundown(project, "show").stdout.startswith("top.runbook.md  completed")


# --- what is handed up ---------------------------------------------------------------------------


def test_what_a_child_puts_out_is_the_parents_from_then_on(project):
    lay(
        project,
        top=(
            "---\noutputs: [Version]\n---\n# Top\n\n## 1. Go\n\n### 1.1 It\n- child.runbook.md\n\n"
            '## 2. {{Version}} {{Label}} {{Kept}}\n\n```sh\ntest "{{Version}}" = 1.2.3\n```\n'
        ),
        child=(
            "---\noutputs: [Version, \"Label 'v{{Version}}'\"]\n---\n# Child\n\n## 1. Do\n- OUTPUTS\n  - Version\n"
            '  - Kept\n\n```sh\necho 1.2.3 > "$RD_OUTPUTS_Version"; echo no > "$RD_OUTPUTS_Kept"\n```\n'
        ),
    )
    ran = run(project, "top")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    titles = [body["title"] for body in kinds(project, "top.runbook.md", "StepStarted")]
    assert titles[-1] == "1.2.3 v1.2.3 {{Kept}}"
    end = [
        body["value"] for body in kinds(project, "top.runbook.md", "OutputCaptured") if not body["position"]
    ]
    assert end == ['"1.2.3"']


@pytest.mark.parametrize(
    ("child", "handlers", "code", "line"),
    [
        ("STOP", "- FAIL CONTINUE", 0, "1.1 fail"),
        ("STOP", "- FAIL STOP", 1, "1.1 fail"),
        ("STOP", "", 1, "1.1 fail"),
        ('COMPLETE "well"', "- FAIL STOP", 0, "1.1 pass"),
    ],
)
def test_a_child_that_stops_is_a_fail_which_the_parents_handlers_take(child, handlers, code, line, project):
    lay(
        project,
        top=f"# Top\n\n## 1. Go\n\n### 1.1 It\n{handlers}\n- child.runbook.md\n",
        child=f"# Child\n\n## 1. Try\n- FAIL {child}\n\n```sh\nexit 1\n```\n",
    )
    assert run(project, "top").returncode == code
    assert reports(project, "top.runbook.md") == [line]


def test_a_retry_of_the_parent_launches_a_new_child(project):
    lay(
        project,
        top="# Top\n\n## 1. Go\n\n### 1.1 It\n- FAIL RETRY 2 STOP\n- child.runbook.md\n",
        child='# Child\n\n## 1. Try\n\n```sh\necho x >> "$RD_WORK_PATH/n"; test $(wc -l < "$RD_WORK_PATH/n") = 3\n```\n',
    )
    assert run(project, "top").returncode == 0
    assert reports(project, "top.runbook.md") == ["1.1 fail", "1.1 fail", "1.1 pass"]
    assert standings(project) == ["top.runbook.md completed"] + [
        f"child.runbook.md {end}" for end in ("stopped", "stopped", "completed")
    ]


# --- children that come to rest ------------------------------------------------------------------


def test_a_child_that_waits_or_is_denied_pauses_its_parent_and_goes_on_with_it(project):
    lay(project, top="# Top\n\n## 1. All\n\n- waits.runbook.md\n\n## 2. After\n\n```sh\necho after\n```\n")
    lay(project, waits=WAITS)
    both = ("top.runbook.md", "waits.runbook.md")
    assert run(project, "top").returncode == 5
    assert standings(project) == [f"{both[0]} waiting at 1.1", f"{both[1]} waiting at 1"]
    denied = rundown(project, "pass", "--non-interactive")
    assert (denied.returncode, "--allow-run tac" in denied.stderr) == (3, True), denied.stderr
    assert standings(project) == [f"{both[0]} denied at 1.1", f"{both[1]} denied at 2"]
    assert rundown(project, "resume", "--non-interactive", "--allow-run", "tac").returncode == 0
    assert standings(project) == [f"{both[0]} completed", f"{both[1]} completed"]
    assert reports(project, both[0]) == ["1.1 pass", "2 pass"]


@pytest.mark.parametrize(("verb", "code", "end"), [("stop", 1, "stopped"), ("complete", 0, "completed")])
def test_an_end_ends_the_outermost_run_and_all_below_it(verb, code, end, project):
    lay(project, top="# Top\n\n## 1. All\n- FAIL CONTINUE\n\n- waits.runbook.md\n\n## 2. After\n\nGo on?\n")
    lay(project, waits=WAITS)
    run(project, "top")
    assert rundown(project, verb, "enough").returncode == code
    assert standings(project) == [f"top.runbook.md {end}: enough", f"waits.runbook.md {end}: enough"]


def test_a_jump_is_meant_for_the_child_and_one_that_does_not_fit_changes_nothing(project):
    lay(
        project,
        top="# Top\n\n## 1. All\n\n- waits.runbook.md\n\n## 2. After\n\nGo on?\n\n## 3. End\n\nWell?\n",
    )
    lay(project, waits=WAITS)
    rundown(project, "run", "top.runbook.md", "--prompted")
    before = logs(project)
    assert (rundown(project, "goto", "3").returncode, logs(project)) == (2, before)
    assert rundown(project, "goto", "2").returncode == 0
    assert standings(project) == ["top.runbook.md waiting at 1.1", "waits.runbook.md waiting at 2"]


def test_a_secret_of_the_parent_is_the_childs_and_must_be_given_again(project):
    lay(
        project,
        top="---\ninputs: {Pin: {secret: true}}\nrequired: [Pin]\n---\n# Top\n\n## 1. All\n\n- child.runbook.md\n",
        child='# Child\n\n## 1. Ask\n\nSure?\n\n## 2. Use\n\n```sh\ntest "{{Pin}}" = 1234\n```\n',
    )
    assert run(project, "top", "--input", "Pin=1234").returncode == 5
    lost = rundown(project, "pass")
    assert (lost.returncode, "session/secret-lost" in lost.stderr) == (5, True), lost.stderr
    assert rundown(project, "pass", "--input", "Pin=1234").returncode == 0
    assert standings(project) == ["top.runbook.md completed", "child.runbook.md completed"]
    assert '"1234"' not in "".join(file.read_text() for file in project.rglob("*.json*"))


def test_a_process_that_is_killed_right_after_its_childs_end_leaves_a_run_that_takes_it(project):
    words = "w" * 80_000  # more than a pipe holds, so that the process stands still once the end is on record
    lay(project, top="# Top\n\n## 1. All\n\n- child.runbook.md\n\n## 2. After\n\n```sh\necho after\n```\n")
    lay(
        project,
        child=f'# Child\n\n## 1. Do\n- PASS COMPLETE "{words}"\n\n```sh\necho once >> "$RD_WORK_PATH/n"\n```\n',
    )
    command = [str(RUNDOWN), "run", "top.runbook.md", "--non-interactive", "--json"]
    environment = bare_environment(project)
    with subprocess.Popen(
        command, cwd=project, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as standing_still:
        wait_until(lambda: log_of(project, "child.runbook.md")[-1]["type"] == "RunFinished")
        standing_still.kill()
    assert log_of(project, "top.runbook.md")[-1]["type"] == "ChildStarted"
    assert rundown(project, "resume", "--non-interactive").returncode == 0
    assert reports(project, "top.runbook.md") == ["1.1 pass", "2 pass"]
    assert (project / ".rundown/work/n").read_text() == "once\n"
