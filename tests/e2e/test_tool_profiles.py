"""Each tool profile lets its real tool do its everyday work, where that tool is installed.

Nothing leaves this machine: what a profile opens to the network is tried with a server on loopback.
"""

import os
import shutil
import socket
import sysconfig
import tempfile
import threading

import pytest

from tests.support.patience import PATIENCE_SECONDS
from tests.support.project import rundown

pytestmark = pytest.mark.kernel

SYSTEM = "/usr/local/bin:/usr/bin:/bin"
UV_PROJECT = '[project]\nname = "a"\nversion = "0.1.0"\nrequires-python = ">=3.9"\n'
UV_LOCK = """\
version = 1
revision = 3
requires-python = ">=3.9"

[[package]]
name = "a"
version = "0.1.0"
source = { virtual = "." }
"""


@pytest.fixture
def project(tmp_path):
    place = tmp_path / "project"
    (place / ".rundown").mkdir(parents=True, mode=0o700)
    return place


@pytest.fixture
def uv():
    """A PATH of folders that no step can write, with uv on it: the system's, or a copy of the one at hand."""
    if shutil.which("uv", path=SYSTEM):
        yield SYSTEM
        return
    found = shutil.which("uv", path=f"{sysconfig.get_path('scripts')}:{os.environ.get('PATH', '')}")
    if found is None or os.geteuid() != 0:
        pytest.skip("needs uv, and root to put it where no step can write")
    with tempfile.TemporaryDirectory(dir="/opt") as folder:
        os.chmod(folder, 0o755)
        shutil.copy2(os.path.realpath(found), f"{folder}/uv")
        yield f"{folder}:{SYSTEM}"


def under(project, profile, text, *tools, path=SYSTEM, more=""):
    """Runs a text as a step under one profile and the built-in policy; skips where a tool is missing."""
    missing = [tool for tool in tools if shutil.which(tool, path=path) is None]
    if missing:
        pytest.skip(f"needs {', '.join(missing)} in the system's folders")
    (project / ".rundownrc.yaml").write_text(f"extends: [tool/{profile}]\n{more}")
    (project / "a.runbook.md").write_text(f"# A\n\n## 1. Work\n\n```sh\n{text}\n```\n")
    words = ("run", "a.runbook.md", "--non-interactive", "--trust-project")
    ran = rundown(project, *words, environment={"PATH": path})
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def test_npm_changes_its_package_and_runs_a_script_of_it(project):
    (project / "package.json").write_text('{"name": "a", "version": "1.0.0"}\n')
    text = "npm pkg set scripts.hi='node -p 6*7' && npm run --silent hi"
    assert "42" in under(project, "npm", text, "npm", "node")


def test_pip_sees_what_is_installed_and_a_virtual_environment_is_made(project):
    text = "python3 -m venv --without-pip .venv && pip --version"
    told = under(project, "pip", text, "pip", "python3")
    assert (project / ".venv/pyvenv.cfg").is_file()
    assert "pip " in told


def test_cargo_builds_and_runs_a_crate(project):
    (project / "src").mkdir()
    (project / "src/main.rs").write_text('fn main() { println!("{}", 6 * 7); }\n')
    (project / "Cargo.toml").write_text('[package]\nname = "a"\nversion = "0.1.0"\nedition = "2021"\n')
    (project / "Cargo.lock").write_text('version = 3\n\n[[package]]\nname = "a"\nversion = "0.1.0"\n')
    assert "42" in under(project, "cargo", "cargo run --offline --quiet", "cargo", "rustc", "cc")


def test_uv_makes_an_environment_and_runs_python_in_it_from_a_lock(project, uv):
    (project / "pyproject.toml").write_text(UV_PROJECT)
    (project / "uv.lock").write_text(UV_LOCK)
    text = "uv venv --offline .venv && uv run --offline python -c 'import sys; print(sys.prefix)'"
    assert str(project / ".venv") in under(project, "uv", text, "uv", path=uv)


def test_uv_renames_a_new_lock_into_place_for_which_the_projects_directory_is_opened(project, uv):
    (project / "pyproject.toml").write_text(UV_PROJECT)
    more = 'default: {write: {allow: ["{repo}/**"]}}\n'
    under(project, "uv", "uv lock --offline", "uv", path=uv, more=more)
    assert (project / "uv.lock").read_text().startswith("version = 1\n")


def test_go_builds_a_module(project):
    (project / "go.mod").write_text("module a\n\ngo 1.19\n")
    (project / "main.go").write_text('package main\n\nfunc main() { println("hi") }\n')
    under(project, "go", "go build -o bin/a . && ls bin", "go")
    assert (project / "bin/a").is_file()


def test_psql_reaches_the_database_on_this_machine(project):
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind(("127.0.0.1", 5432))
        except OSError:
            pytest.skip("port 5432 is taken on this machine")
        server.listen()
        reached = threading.Event()

        def answer():
            client, _ = server.accept()
            with client:
                client.recv(64)
                reached.set()

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        under(project, "postgres", "psql -h localhost -d a -c 'select 1' || true", "psql")
        assert reached.wait(PATIENCE_SECONDS)
        thread.join()
