"""`rundown exec` as a product of its own: status lines, explanation, profiles, redaction, exit codes."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from tests.support.project import RUNDOWN, bare_environment, commit_all, rundown

pytestmark = pytest.mark.kernel


@pytest.fixture
def project(tmp_path):
    place = tmp_path / "project"
    place.mkdir()
    (place / "open.txt").write_text("open\n")
    commit_all(place, "Start")
    return place


@contextmanager
def telling(project: Path, *words: str, **more: int) -> Iterator[tuple[subprocess.Popen[str], IO[str]]]:
    """Gives a started `exec`, and its status lines as they come; `more`: as for `Popen`."""
    reader, writer = os.pipe()
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more}
    with (
        open(reader) as status,
        subprocess.Popen(
            [str(RUNDOWN), "exec", "--non-interactive", "--json-status-fd", str(writer), *words],
            cwd=project,
            env=bare_environment(project),
            text=True,
            pass_fds=(writer,),
            **pipes,
        ) as process,
    ):
        os.close(writer)
        yield process, status


def run_with_status(project, *words: str) -> tuple[int, list[dict[str, object]], str]:
    """Returns exit code, the status lines, and standard output."""
    with telling(project, *words) as (process, status):
        lines = [json.loads(line) for line in status]
        printed, _ = process.communicate()
    return process.returncode, lines, printed


def test_start_and_end_are_told_as_json_lines(project):
    code, lines, printed = run_with_status(project, "--", "sh", "-c", "cat open.txt; exit 7")
    started, ended = lines
    assert (code, printed, started["event"], int(str(started["child-pid"])) > 1) == (
        7,
        "open\n",
        "started",
        True,
    )
    duration = ended.pop("duration-ms")
    assert ended == {"event": "ended", "exit-code": 7, "outcome": "exited", "status": 7, "signal": None}
    assert isinstance(duration, int)


def test_the_process_id_is_the_commands_as_the_host_sees_it(project):
    # It tells its own id inside; outside, the process of the id that is told runs the same program.
    with telling(project, "--", "cat", stdin=subprocess.PIPE) as (process, status):
        pid = json.loads(status.readline())["child-pid"]
        with open(f"/proc/{pid}/comm") as name:
            assert name.read() == "cat\n"
        assert process.stdin is not None
        process.stdin.close()
        assert json.loads(status.readline())["exit-code"] == 0
    assert process.wait() == 0


@pytest.mark.parametrize(
    ("words", "code", "ended"),
    [
        (("--", "rm", "x"), 1, {"outcome": "exited", "status": 1}),
        (("--", "bash", "-c", "rm x"), 126, {"outcome": "denied"}),
        (("--", "no-such-command"), 127, {"outcome": "not-started", "stage": "exec"}),
        (("--", "sh", "-c", "kill -9 $$"), 137, {"outcome": "signalled", "signal": 9}),
    ],
    ids=["typed", "denied", "not there", "killed"],
)
def test_each_ending_has_its_code_and_its_word(project, words, code, ended):
    found, lines, _ = run_with_status(project, *words)
    last = lines[-1]
    assert (found, last["exit-code"], {name: last[name] for name in ended}) == (code, code, ended)


def test_that_a_sandbox_was_ended_from_outside_is_said(project):
    with telling(project, "--", "sleep", "1000") as (process, status):
        command = json.loads(status.readline())["child-pid"]
        init = int(Path(f"/proc/{command}/stat").read_text().rpartition(")")[2].split()[1])
        os.kill(init, signal.SIGKILL)
        _, said = process.communicate()
    told = "warning[sandbox/ended]: its sandbox was ended from outside, and every process of it with it\n"
    assert (process.returncode, said, Path(f"/proc/{command}").exists()) == (137, told, False)


def test_what_a_limit_ended_and_what_ended_with_it_is_said(project):
    (project / "limits.yaml").write_text("version: 1\ndefault: {limits: {timeout: 1s}}\n")
    late = rundown(project, "exec", "--policy", "limits.yaml", "--", "sleep", "1000")
    assert (late.returncode, late.stderr.splitlines()) == (
        124,
        [
            "warning[sandbox/ended]: it was ended after 1.0 s, its limit of time",
            "  fix: in .rundownrc.yaml: default: {limits: {timeout: …}}",
        ],
    )
    left = rundown(project, "exec", "--allow-run", "sleep", "--", "sh", "-c", "sleep 1000 & exit 3")
    assert (left.returncode, left.stderr) == (
        3,
        "warning[sandbox/ended]: 1 background process ended with the command\n",
    )


def test_the_command_does_not_get_the_status_descriptor(project):
    code, lines, printed = run_with_status(project, "--", "sh", "-c", "ls /proc/self/fd")
    assert (code, printed.split(), len(lines)) == (0, ["0", "1", "2", "3"], 2)


@pytest.mark.parametrize("descriptor", ["77", "-1", "99999999999999999999"])
def test_a_descriptor_that_cannot_be_written_to_is_said_before_anything_runs(project, descriptor):
    ran = rundown(project, "exec", "--json-status-fd", descriptor, "--", "sh", "-c", "echo ran")
    assert (ran.returncode, "ran" in ran.stdout, "cannot be written to" in ran.stderr) == (2, False, True)


def test_explain_prints_decision_and_plan_and_runs_nothing(project):
    words = ("--allow-write", "made/**", "--", "bash", "-c", "touch made/x; echo $SECRET_VALUE; cat open.txt")
    ran = rundown(
        project, "exec", "--non-interactive", "--explain", "--allow-env", "SECRET_VALUE", *words,
        environment={"SECRET_VALUE": "hunter2-and-more"},
    )  # fmt: skip
    found = json.loads(ran.stdout)
    assert (ran.returncode, found["decision"], found["cwd"]) == (0, "allow", str(project)), ran.stderr
    assert found["plan"]["argv"] == ["bash", "-c", "touch made/x; echo $SECRET_VALUE; cat open.txt"]
    binds = {
        mount["target"]: mount["writable"] for mount in found["plan"]["mounts"] if mount["kind"] == "bind"
    }
    assert (binds[str(project)], binds[f"{project}/made"]) == (False, True)
    assert ("SECRET_VALUE" in found["plan"]["env"], "hunter2" in ran.stdout) == (True, False)
    assert not (project / "made").exists()


def test_explain_says_what_would_be_denied_and_what_would_help(project):
    ran = rundown(project, "exec", "--explain", "--", "bash", "-c", "kubectl get pods; ls")
    found = json.loads(ran.stdout)
    assert (ran.returncode, found["decision"], found["plan"]) == (126, "deny", None)
    (denied,) = [item for item in found["operations"] if item["outcome"] == "deny"]
    assert (denied["resource"], denied["fix"]["flag"]) == ("kubectl", "--allow-run kubectl")


def test_a_profile_opens_what_its_tool_needs(project):
    text = "touch package-lock.json && echo written"
    (project / "package-lock.json").touch()
    refused = rundown(project, "exec", "--non-interactive", "--", "sh", "-c", f"f() {{ {text}; }}; f")
    opened = rundown(
        project, "exec", "--non-interactive", "--profile", "npm", "--", "sh", "-c", f"f() {{ {text}; }}; f"
    )
    assert ("written" in refused.stdout, opened.stdout) == (False, "written\n"), opened.stderr
    both = ("--profile", "npm", "--profile", "cargo")
    text = text.replace("touch", "touch Cargo.lock")
    (project / "Cargo.lock").touch()
    opened = rundown(project, "exec", "--non-interactive", *both, "--", "sh", "-c", f"f() {{ {text}; }}; f")
    assert opened.stdout == "written\n", opened.stderr
    unknown = rundown(project, "exec", "--profile", "npm", "--profile", "nmp", "--", "true")
    assert (unknown.returncode, "cargo" in unknown.stderr) == (2, True)


OBEYED = {
    "claude": (".claude/settings.json", ".claude/hooks/x", ".claude.json"),
    "codex": (".codex/config.toml", ".codex/packages/x", ".codex/skills/x/SKILL.md"),
    "gemini": (".gemini/settings.json", ".gemini/extensions/x"),
    "opencode": (".config/opencode/opencode.json", ".config/opencode/plugin/x", ".cache/opencode/bin/rg"),
}


@pytest.mark.parametrize("tool", OBEYED)
def test_a_confined_agent_writes_nothing_that_it_would_obey_outside(project, tool):
    """Neither what is there already nor what is not; its own state it keeps."""
    home = project.parent / f"{project.name}.home"
    there, *_ = OBEYED[tool]
    (home / there).parent.mkdir(parents=True, exist_ok=True)
    (home / there).write_text("mine")
    state = f"{there.rpartition('/')[0]}/state.txt"
    text = "\n".join(
        f"mkdir -p ~/{os.path.dirname(name)}; echo x > ~/{name}" for name in (*OBEYED[tool], state)
    )
    ran = rundown(project, "exec", "--yes", "--profile", tool, "--", "sh", "-c", f"{text}; true")
    assert (home / state).read_text() == "x\n", ran.stderr
    kept = {name: (home / name).read_text() for name in OBEYED[tool] if (home / name).exists()}
    assert kept == {there: "mine"}, ran.stderr


def test_secrets_are_taken_out_of_what_is_piped_unless_it_is_said_otherwise(project):
    given = {"API_TOKEN": "tok-0123456789abcdef"}
    words = ("--allow-env", "API_TOKEN", "--", "printenv", "API_TOKEN")
    hidden = rundown(project, "exec", "--non-interactive", *words, environment=given)
    plain = rundown(project, "exec", "--non-interactive", "--no-redact", *words, environment=given)
    assert ("tok-0123" in hidden.stdout, "API_TOKEN" in hidden.stdout) == (False, True), hidden.stdout
    assert plain.stdout == "tok-0123456789abcdef\n", plain.stderr


def test_bytes_and_their_end_come_through_redaction_whole(project):
    text = "import sys; sys.stdout.buffer.write(bytes(range(256)) * 1000)"
    ran = subprocess.run(
        [str(RUNDOWN), "exec", "--non-interactive", "--", "python3", "-c", text],
        cwd=project, env=bare_environment(project, {"API_TOKEN": "tok-0123456789abcdef"}), capture_output=True, check=True,
    )  # fmt: skip
    assert ran.stdout == bytes(range(256)) * 1000


def test_the_private_tmp_is_kept_on_wish(project):
    words = (
        "--keep-tmp",
        "kept",
        "--",
        "sh",
        "-c",
        "mkdir /tmp/a && echo left > /tmp/a/file && ln -s file /tmp/a/link",
    )
    ran = rundown(project, "exec", "--non-interactive", *words)
    assert (ran.returncode, (project / "kept/a/file").read_text()) == (0, "left\n"), ran.stderr
    assert sorted(path.name for path in (project / "kept/a").iterdir()) == ["file", "link"]
    again = rundown(project, "exec", "--non-interactive", "--keep-tmp", "kept", "--", "true")
    assert (again.returncode, "sandbox/tmp-not-kept" in again.stderr) == (2, True), again.stderr
