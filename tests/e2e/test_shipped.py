"""What ships beside the package for other machines: image, action, hook, template, unit. Each is read as its
service reads it, and what it runs is run."""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

from tests.support.patience import RUN_SECONDS
from tests.support.project import BIN, RUNDOWN, bare_environment, commit_all
from tests.support.sources import ROOT, tracked_files

BOOK = '# B\n\n## 1. Say\n\n```sh\necho "{{who}}"\n```\n\n## 2. Turn\n\n```sh\necho a | tac\n```\n'


def read(name: str) -> dict:
    return yaml.safe_load((ROOT / name).read_text())


@pytest.fixture
def project(tmp_path: Path) -> Path:
    place = tmp_path / "project"
    place.mkdir()
    (place / "b.runbook.md").write_text("---\ninputs: [who]\n---\n" + BOOK)
    commit_all(place, "Start")
    venv = tmp_path / "temp/rundown/bin"
    venv.mkdir(parents=True)
    (venv / "rundown").symlink_to(RUNDOWN)
    return place


def run_script(
    script: str, project: Path, environment: dict[str, str], *shell: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*(shell or ("bash", "--noprofile", "--norc", "-eo", "pipefail")), "-c", script],
        cwd=project,
        env={
            **bare_environment(project),
            "CI": "true",
            "RUNNER_TEMP": str(project.parent / "temp"),
            **environment,
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
        start_new_session=True,
    )


# --- the image -----------------------------------------------------------------------------------------------


def instructions() -> list[tuple[str, str]]:
    text = re.sub(r"(?m)^#.*\n", "", (ROOT / "Dockerfile").read_text()).replace("\\\n", " ")
    return [(line.split()[0], line.split(maxsplit=1)[1]) for line in text.splitlines() if line.strip()]


def test_the_image_is_pinned_small_and_not_roots() -> None:
    found = instructions()
    bases = [words.split()[0] for name, words in found if name == "FROM"]
    runs = " ".join(words for name, words in found if name == "RUN")
    assert all(":" in base and not base.endswith(":latest") and "slim" in base for base in bases)
    assert [words for name, words in found if name == "USER"][-1] not in ("root", "0")
    assert [words for name, words in found if name == "ENTRYPOINT"] == ['["rundown"]']
    assert not {"ADD", "MAINTAINER"} & {name for name, _ in found}
    assert "--no-install-recommends" in runs and "rm -rf /var/lib/apt/lists/*" in runs and "sudo" not in runs
    assert "--no-cache-dir" in runs


def test_the_image_is_a_concourse_resource() -> None:
    runs = " ".join(words for name, words in instructions() if name == "RUN")
    made = re.findall(r"ln -s /opt/rundown/bin/rundown (\S+)", runs)
    assert made == ["/usr/local/bin/rundown", "/opt/resource/check", "/opt/resource/in", "/opt/resource/out"]


def test_what_the_image_is_built_from_is_a_whole_package(tmp_path: Path) -> None:
    """The files that .dockerignore lets through build a wheel with everything that the checkout has."""
    allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    sent = [
        path
        for path in tracked_files()
        if any(path.relative_to(ROOT).is_relative_to(name) for name in allowed)
    ]
    for path in sent:
        target = tmp_path / "context" / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target)
    built = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=tmp_path / "context",
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("rundown/")}
    assert packed == {
        str(path.relative_to(ROOT)) for path in sent if path.relative_to(ROOT).parts[0] == "rundown"
    }


# --- the action ----------------------------------------------------------------------------------------------


def test_the_action_is_composite_and_no_input_is_part_of_a_script() -> None:
    action = read("action.yml")
    assert action["runs"]["using"] == "composite"
    for step in action["runs"]["steps"]:
        assert step["shell"] == "bash" and "${{" not in step["run"]
        assert subprocess.run(["bash", "-n"], input=step["run"], text=True).returncode == 0
    named = set(re.findall(r"inputs\.([a-z-]+)", str(action["runs"])))
    assert named == set(action["inputs"])
    assert [step["id"] for step in action["runs"]["steps"]] == ["namespaces", "install", "run"]


@pytest.mark.parametrize(("runner", "asked"), [("github-hosted", True), ("self-hosted", False), ("", False)])
@pytest.mark.parametrize("status", [0, 1], ids=["granted", "refused"])
def test_the_action_gives_user_namespaces_back_on_a_machine_that_is_the_jobs_own(
    runner: str, asked: bool, status: int, tmp_path: Path
) -> None:
    sudo = tmp_path / "bin/sudo"
    sudo.parent.mkdir()
    sudo.write_text(f'#!/bin/sh\nprintf "%s\\n" "$*" >> {tmp_path}/asked\nexit {status}\n')
    sudo.chmod(0o755)
    step = read("action.yml")["runs"]["steps"][0]
    environment = {"RUNNER_ENVIRONMENT": runner, "PATH": f"{sudo.parent}:{os.environ['PATH']}"}
    ran = run_script(step["run"], tmp_path, environment)
    said = (tmp_path / "asked").read_text() if asked else ""
    assert (ran.returncode, (tmp_path / "asked").exists()) == (0, asked), ran.stderr
    assert said == ("-n sysctl -q -w kernel.apparmor_restrict_unprivileged_userns=0\n" if asked else "")


@pytest.mark.kernel
@pytest.mark.parametrize(
    ("args", "code", "summary"),
    [("--allow-run\ntac", 0, "completed"), ("", 3, "paused")],
    ids=["allowed", "denied"],
)
def test_the_actions_run_step_runs_reports_and_ends_as_the_run_does(
    args: str, code: int, summary: str, project: Path
) -> None:
    files = {f"GITHUB_{name}": str(project.parent / name) for name in ("OUTPUT", "STEP_SUMMARY")}
    given = {
        "runbook": "b.runbook.md",
        "inputs": "who=a; echo $(id) `id`",
        "args": args,
        "junit": "out/j.xml",
    }
    (step,) = (item for item in read("action.yml")["runs"]["steps"] if item.get("id") == "run")
    environment = {
        name: re.sub(r"\$\{\{ inputs\.([a-z-]+) \}\}", lambda match: given.get(match[1], ""), value)
        for name, value in step["env"].items()
    }
    ran = run_script(step["run"], project, {**environment, **files, "GITHUB_ACTIONS": "true"})
    assert ran.returncode == code, ran.stdout + ran.stderr
    assert Path(files["GITHUB_OUTPUT"]).read_text() == f"exit-code={code}\njunit=out/j.xml\n"
    assert "a; echo $(id) `id`" in ran.stdout
    assert (project / "out/j.xml").is_file() and summary in Path(files["GITHUB_STEP_SUMMARY"]).read_text()


# --- the hook, the template, the unit ------------------------------------------------------------------------


def test_the_hook_checks_the_files_that_it_is_given(project: Path) -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert {"id", "name", "entry", "language", "files"} <= hook.keys() and hook["language"] == "python"
    (project / "bad.runbook.md").write_text("# Only a title\n")
    chosen = [path.name for path in sorted(project.iterdir()) if re.search(hook["files"], path.name)]
    assert chosen == ["b.runbook.md", "bad.runbook.md"]
    ran = [run_script(f"{hook['entry']} {name}", project, {}).returncode for name in chosen]
    assert ran == [0, 2]


@pytest.mark.kernel
@pytest.mark.parametrize(
    ("options", "code"), [("--allow-run tac --input who=you", 0), ("--input who=you", 3)]
)
def test_the_gitlab_template_runs_and_keeps_its_report(options: str, code: int, project: Path) -> None:
    (job,) = read("contrib/rundown.gitlab-ci.yml").values()
    assert set(job) <= {"image", "variables", "before_script", "script", "artifacts"}
    for line in (*job["before_script"], *job["script"]):
        assert subprocess.run(["sh", "-n"], input=line, text=True).returncode == 0
    given = {"RUNBOOK": "b.runbook.md", "RUNDOWN_OPTIONS": options, "GITLAB_CI": "true"}
    given["RUNDOWN_VENV"] = str(project.parent / "temp/rundown")
    ran = run_script("\n".join(job["script"]), project, {**job["variables"], **given}, "sh", "-e")
    assert ran.returncode == code, ran.stdout + ran.stderr
    assert (project / job["artifacts"]["reports"]["junit"]).is_file()
    assert job["artifacts"]["when"] == "always"


def test_the_unit_is_what_systemd_takes(tmp_path: Path) -> None:
    text = (ROOT / "contrib/rundown@.service").read_text()
    unit = tmp_path / "rundown@job.service"
    unit.write_text(text.replace("/usr/local/bin/rundown", str(RUNDOWN)))
    ran = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True)
    assert (ran.returncode, ran.stderr) == (0, "")
    settings = dict(
        line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#")
    )
    assert settings["User"] != "root" and settings["NoNewPrivileges"] == "yes"
    # Each would take away what confines the steps. Source: systemd.exec(5).
    assert not {"RestrictNamespaces", "ProtectProc", "ProtectKernelTunables", "ProcSubset"} & set(settings)


def test_the_units_command_line_is_one_that_rundown_knows(project: Path) -> None:
    text = (ROOT / "contrib/rundown@.service").read_text()
    command = re.search(r"(?m)^ExecStart=(.+)$", text)
    assert command is not None
    state = project.parent / "state"
    (state / "lib").mkdir(parents=True)
    words = (
        command[1]
        .replace("/usr/local/bin/rundown", str(RUNDOWN))
        .replace("/etc/rundown/runbooks/%i", str(project / "b"))
    )
    words = words.replace("/etc/rundown/ci.yaml", str(ROOT / "policies/ci.yaml")).replace(
        "/var/lib/rundown/%i", str(state / "lib")
    )
    ran = run_script(
        f"{words.replace('/var/lib/rundown', str(state))} --input who=you",
        project,
        {"PATH": f"{BIN}:{os.defpath}"},
    )
    assert ran.returncode in (0, 3), ran.stdout + ran.stderr
    assert (state / "runs").is_dir()
