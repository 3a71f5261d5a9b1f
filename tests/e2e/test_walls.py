"""What a step cannot touch, seen from the person's side of the whole program."""

import threading

import pytest

from tests.support.patience import wait_until
from tests.support.project import RUNDOWN, bare_environment, commit_all, git, rundown
from tests.support.terminal import Terminal

pytestmark = pytest.mark.kernel


@pytest.fixture
def project(tmp_path):
    place = tmp_path / "project"
    place.mkdir()
    (place / ".env").write_text("PASSWORD=hunter2\n")
    (place / "open.txt").write_text("open\n")
    commit_all(place, "Start")
    return place


def run_text(project, text: str, *words: str):
    (project / "try.runbook.md").write_text(f"# Try\n\n## 1. Try\n\n```bash\n{text}\n```\n")
    return rundown(project, "run", "try.runbook.md", "--non-interactive", *words)


def test_a_file_in_the_hosts_tmp_is_neither_read_nor_written_though_the_text_names_it(project, tmp_path):
    outside = tmp_path / "outside"  # pytest's directories lie below the host's temporary directory
    outside.write_text("host\n")
    ran = run_text(project, f'mkdir -p "$(dirname {outside})"\ncat < {outside}\necho step >> {outside}\n')
    assert ("host" in ran.stdout.splitlines(), outside.read_text()) == (False, "host\n"), (
        ran.stdout + ran.stderr
    )


def test_the_records_of_runs_are_not_visible(project):
    run_text(project, "echo first run")
    ran = run_text(project, "find . -path './.rundown/runs/*' -print; echo looked")
    seen = [line for line in ran.stdout.splitlines() if line.startswith("./.rundown")]
    assert (seen, "looked" in ran.stdout) == ([], True), ran.stdout + ran.stderr


def test_a_secret_file_is_denied_by_name_and_hidden_from_what_no_text_shows(project):
    named = run_text(project, "cat < .env")
    assert (named.returncode, "hunter2" in named.stdout) == (3, False), named.stdout + named.stderr
    found = run_text(project, "grep -rs hunter[2] . ; cat .[e]nv; cat open.txt")
    assert ("hunter2" in found.stdout, "open" in found.stdout) == (False, True), found.stdout + found.stderr


def test_what_restrains_a_step_is_not_a_steps_to_change(project):
    (project / ".rundownrc.yaml").write_text("version: 1\ndefault: {run: {deny: [tac]}}\n")
    targets = ".rundownrc.yaml try.runbook.md .git/hooks/pre-commit .git/config"
    before = {name: (project / name).read_bytes() for name in (".rundownrc.yaml", ".git/config")}
    run_text(
        project,
        f"for target in {targets}; do python3 -c \"import sys; open(sys.argv[1], 'a').write('[core]pager=x')\" \"$target\"; done",
        "--allow-write",
        ".",
    )
    after = {name: (project / name).read_bytes() for name in before}
    assert after == before
    assert not (project / ".git/hooks/pre-commit").exists()
    assert (project / "try.runbook.md").read_text().endswith("done\n```\n")


def test_a_background_process_does_not_outlive_its_step(project):
    ran = run_text(project, '(sleep 1; echo late > "$RD_WORK_PATH/late") & echo started')
    after = run_text(project, 'sleep 1.5; ls "$RD_WORK_PATH"')
    assert (ran.returncode, after.returncode, (project / ".rundown/work/late").exists()) == (0, 0, False)


@pytest.mark.terminal
def test_a_program_that_closes_its_output_before_it_ends_is_not_killed(project):
    text = "".join(f"## {number}. Show\n\n```bash\ncat open.txt\n```\n\n" for number in range(1, 31))
    (project / "many.runbook.md").write_text("# Many\n\n" + text)
    with Terminal(
        [RUNDOWN, "run", "many.runbook.md"], cwd=project, environment=bare_environment(project)
    ) as terminal:
        assert terminal.wait_exit() == 0, terminal.screen()


def test_a_denied_name_that_a_step_makes_is_moved_away_reported_and_pauses_the_run(project):
    (project / "dist").mkdir()
    text = "python3 -c \"open('dist/.e'+'nv', 'w').write('planted')\"\n"
    ran = run_text(project, text)
    (run,) = (project / ".rundown/runs").iterdir()
    assert (ran.returncode, (project / "dist/.env").exists()) == (3, False), ran.stdout + ran.stderr
    assert "paused at step 1 (violation): against policy: write " in ran.stdout
    assert [path.read_text() for path in (run / "quarantine").iterdir()] == ["planted"]
    shown = rundown(project, "show").stdout
    assert f"{project}/dist/.env: moved to {run}/quarantine/0000-.env" in shown
    again = rundown(project, "resume", "--non-interactive")
    assert (again.returncode, "1 passed" in again.stdout) == (0, True), again.stdout + again.stderr


def test_exec_says_what_a_command_did_against_policy_and_fails(project):
    (project / "dist").mkdir()
    text = "open('dist/.e'+'nv', 'w').write('planted')"
    ran = rundown(project, "exec", "--non-interactive", "--", "python3", "-c", text)
    assert (ran.returncode, (project / "dist/.env").exists()) == (126, False), ran.stderr
    assert f"against policy: write {project}/dist/.env, moved to " in ran.stderr


def test_branches_are_tracked_and_pushed_while_what_git_runs_is_put_back(project, tmp_path):
    (tmp_path / "origin.git").mkdir()
    git(tmp_path / "origin.git", "init", "--quiet", "--bare")
    git(project, "remote", "add", "origin", str(tmp_path / "origin.git"))
    text = (
        "git push --quiet --set-upstream origin main\ngit branch --track other main\n"
        "git config user.email a@example.org\npython3 -c \"open('.git/config', 'a').write('[core]\\n\\tfsmonitor = evil\\n')\"\n"
    )
    ran = run_text(project, text, "--allow-write", str(tmp_path / "origin.git"))
    assert (ran.returncode, ran.stdout.count("against policy")) == (0, 1), ran.stdout + ran.stderr
    assert f"{project}/.git/config: core.fsmonitor, put back" in ran.stdout
    config = git(project, "config", "--local", "--list").splitlines()
    assert {
        "branch.main.remote=origin",
        "branch.other.merge=refs/heads/main",
        "user.email=a@example.org",
    } <= set(config)
    assert not [line for line in config if "fsmonitor" in line]
    assert git(tmp_path / "origin.git", "rev-parse", "main") == git(project, "rev-parse", "main")


def test_a_step_that_plants_a_policy_in_a_project_file_plants_nothing(project):
    planted = '{"rundown": {"version": 1, "default": {"run": {"allow": ["rm"]}}}}'
    text = f"cat > package.json <<'E'\n{planted}\nE\n"
    ran = run_text(project, text, "--allow-write", ".")
    assert ("its rundown section" in ran.stdout, (project / "package.json").exists()) == (True, False), (
        ran.stdout
    )


def test_why_rundown_itself_ended_a_step_is_said(project):
    (project / "dist").mkdir()
    begun = project / "dist/begun"

    def replace_when_begun() -> None:
        wait_until(begun.exists, "the step began")
        (project / "new").write_text("PASSWORD=other\n")
        (project / "new").rename(project / ".env")

    outside = threading.Thread(target=replace_when_begun)
    outside.start()
    ran = run_text(project, "touch dist/begun; sleep 30")
    outside.join()
    reason = f"{project}/.env was replaced from outside while policy hid it"
    assert (ran.returncode, f"(interrupted): {reason}" in ran.stdout) == (130, True), ran.stdout + ran.stderr
    assert reason in rundown(project, "show").stdout
