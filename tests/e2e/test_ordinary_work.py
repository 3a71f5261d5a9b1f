"""Ordinary work under `policies/terminal.yaml`, through the real program: nothing is asked, nothing breaks.

What is not installed here is skipped and says so; the toolchains that every machine of ours has are not.
"""

import os
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.project import RUNDOWN, bare_environment, commit_all
from tests.support.sources import ROOT

pytestmark = pytest.mark.kernel
Run = Callable[..., str]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    place = tmp_path / "project"
    place.mkdir()
    (place / ".rundownrc.yaml").write_bytes((ROOT / "policies/terminal.yaml").read_bytes())
    (place / "a.txt").write_text("a\n")
    commit_all(place, "Start")
    return place


@pytest.fixture
def run(project: Path) -> Run:
    """Runs shell text as a step would be run; what would be asked fails the test."""

    def step(text: str, *, path: str = "", seconds: float = 120) -> str:
        environment = bare_environment(project)
        environment["PATH"] = f"{path}:{environment['PATH']}" if path else environment["PATH"]
        ended = subprocess.run(
            [str(RUNDOWN), "exec", "--non-interactive", "--trust-project", "--", "bash", "-ec", text],
            cwd=project, env=environment, capture_output=True, text=True, timeout=seconds, check=False,
        )  # fmt: skip
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    return step


def _need(name: str, hint: str) -> str:
    """Returns where a program is; skips without it."""
    found = shutil.which(
        name, path=f"{os.environ.get('PATH', '')}:{Path.home()}/.cargo/bin:/usr/local/go/bin"
    )
    if found is None:
        pytest.skip(f"{name} is not installed here ({hint}); its test is for machines that have it")
    return str(Path(found).parent)


def test_git_commits_branches_stashes_merges_and_collects(run, project):
    text = """
git config user.name Ada; git config user.email ada@example.org
git checkout --quiet -b topic; echo b >> a.txt; git commit --quiet --all --message two
echo c >> a.txt; git stash --quiet; git stash pop --quiet; git checkout --quiet a.txt
git checkout --quiet main; git merge --quiet topic; git tag v1; git gc --quiet; git worktree list | wc -l
git log --oneline | wc -l
"""
    assert run(text).split() == ["1", "2"]
    assert "Ada" in (project / ".git/config").read_text()


def test_a_virtual_environment_takes_wheels_and_runs_pytest(run, project):
    wheel = project / "wheels/tiny-1.0-py3-none-any.whl"
    wheel.parent.mkdir()
    with zipfile.ZipFile(wheel, "w") as file:
        file.writestr("tiny.py", "X = 42\n")
        file.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        file.writestr(
            "tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        file.writestr("tiny-1.0.dist-info/RECORD", "")
    text = """
python3 -m venv .venv
.venv/bin/pip install --quiet --no-index --find-links wheels --disable-pip-version-check tiny
.venv/bin/python -c 'import tiny; print(tiny.X)'
"""
    assert run(text, path="/usr/bin").split() == ["42"]
    (project / "test_it.py").write_text("def test_it(tmp_path):\n    (tmp_path / 'x').write_text('y')\n")
    assert "1 passed" in run("pytest -q -p no:cacheprovider test_it.py; pytest -q test_it.py")


def test_python_forks_pools_serves_itself_and_has_a_database(run):
    text = """
python3 - <<'E'
import multiprocessing, sqlite3, socket, threading, asyncio, tempfile, concurrent.futures as futures
if __name__ == "__main__":
    with multiprocessing.Pool(2) as pool:
        print(pool.map(abs, [-1, -2]))
    with futures.ProcessPoolExecutor(2) as pool:
        print(list(pool.map(abs, [-3])))
    database = sqlite3.connect("dist.db"); database.execute("create table t (x)"); database.commit()
    server = socket.create_server(("localhost", 0))
    threading.Thread(target=lambda: server.accept()[0].sendall(b"hi")).start()
    print(socket.create_connection(server.getsockname()).recv(2).decode())
    async def run():
        process = await asyncio.create_subprocess_exec("echo", "sub", stdout=-1)
        print((await process.communicate())[0].decode().strip())
    asyncio.run(run())
    print(len(tempfile.mkdtemp()) > 0)
E
"""
    assert run(text).splitlines() == ["[1, 2]", "[3]", "hi", "sub", "True"]


def test_everyday_programs_work(run):
    text = """
seq 3 | sort -r | head -1; find . -name a.txt | xargs cat; tar -cf - a.txt | tar -tf -; gzip -c a.txt | gunzip
sed -i s/a/b/ a.txt; cat a.txt; awk '{print NR}' a.txt; mktemp -d | wc -l; test -w . && echo writable
(echo x > "$TMPDIR/x"; cat "$TMPDIR/x"); date +%Y | wc -c; id -u >/dev/null; timeout 5 true; diff a.txt a.txt && echo same
"""
    assert run(text).split() == ["3", "a", "a.txt", "a", "b", "1", "1", "writable", "x", "5", "same"]


def test_make_compiles(run, project):
    path = f"{_need('make', 'make')}:{_need('gcc', 'gcc')}"
    (project / "Makefile").write_text("x: x.c\n\tgcc -O2 -o x x.c && ./x\n")
    (project / "x.c").write_text('#include <stdio.h>\nint main(void) { puts("built"); return 0; }\n')
    assert "built" in run("make", path=path)


def test_npm_installs_a_package_and_keeps_its_lock(run, project):
    path = _need("npm", "nodejs, npm")
    package = project / "package"
    package.mkdir()
    (package / "package.json").write_text('{"name": "tiny", "version": "1.0.0", "main": "i.js"}')
    (package / "i.js").write_text("module.exports = 42\n")
    (project / "package.json").write_text('{"name": "p", "version": "1.0.0"}')
    text = """
tar -czf tiny.tgz package
npm install --offline --no-audit --no-fund --silent ./tiny.tgz
node -e 'console.log(require("tiny"))'
npm ls --silent >/dev/null
"""
    assert run(text, path=path).split() == ["42"]
    assert "tiny" in (project / "package.json").read_text()
    assert (project / "package-lock.json").exists()


def test_cargo_builds_and_tests(run, project):
    # rustup's own `cargo` looks for its settings in HOME, which is a test's own here.
    toolchains = sorted(Path.home().glob(".rustup/toolchains/*/bin"))
    path = str(toolchains[0]) if toolchains else _need("cargo", "rustup or cargo")
    (project / "src").mkdir()
    (project / "Cargo.toml").write_text('[package]\nname = "hello"\nversion = "0.1.0"\nedition = "2021"\n')
    (project / "src/main.rs").write_text('fn main() { println!("built"); }\n#[test]\nfn it() {}\n')
    assert "built" in run(
        "cargo build --quiet --offline; cargo test --quiet --offline; target/debug/hello", path=path
    )


def test_go_builds_and_tests(run, project):
    path = _need("go", "golang-go")
    (project / "go.mod").write_text("module example.org/hello\n\ngo 1.19\n")
    (project / "main.go").write_text('package main\n\nimport "fmt"\n\nfunc main() { fmt.Println("built") }\n')
    (project / "main_test.go").write_text(
        'package main\n\nimport "testing"\n\nfunc TestIt(t *testing.T) {}\n'
    )
    assert "built" in run("go build -o hello . && go test ./... >/dev/null && go vet . && ./hello", path=path)


def test_a_database_server_runs_within_a_step(run):
    _need("initdb", "postgresql")
    if os.geteuid() == 0:
        pytest.skip("PostgreSQL refuses to run as root; its test is for an ordinary user")
    text = """
initdb -D "$TMPDIR/pg" >/dev/null
pg_ctl -D "$TMPDIR/pg" -o "-k $TMPDIR" -l "$TMPDIR/log" -w start >/dev/null
psql -h 127.0.0.1 -d postgres -tc 'select 42'
pg_ctl -D "$TMPDIR/pg" stop >/dev/null
"""
    assert run(text).split() == ["42"]
