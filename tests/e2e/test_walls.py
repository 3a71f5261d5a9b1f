"""What a step cannot touch, seen from the person's side of the whole program."""

import pytest

from tests.support.project import RUNDOWN, bare_environment, commit_all, rundown
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
        f'for target in {targets}; do python3 -c "import sys; open(sys.argv[1], \'a\').write(chr(35))" "$target"; done',
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
