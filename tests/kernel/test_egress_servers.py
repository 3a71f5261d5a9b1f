"""Real servers of other protocols, reached by name: git's over ssh, PostgreSQL's."""

import getpass
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.internet import Done, Internet

pytestmark = pytest.mark.kernel

HOST = "tools.example.net"
CLUSTERS = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
DISTANT = "unrelated.example.org:443"


def _need_a_name(internet: Internet) -> None:
    if internet.identity == "ordinary" and os.geteuid() == 0:
        pytest.skip("these programs want a user with a name, and the one of this test has none")


def _step(internet: Internet, script: str, allow: str) -> Done:
    internet.write("servers.sh", script)
    return internet.step("sh", "servers.sh", allow=allow)


@pytest.fixture
def remote(internet: Internet) -> Iterator[str]:
    """A repository that sshd leads to."""
    _need_a_name(internet)
    if not Path("/usr/sbin/sshd").exists():
        pytest.skip("openssh-server is not installed; it would be one more server")
    for key in (internet.folder / "host_key", internet.project / "key"):
        if not key.exists():
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    keys = internet.project / "key.pub"
    (internet.folder / "sshd_config").write_text(
        f"HostKey {internet.folder}/host_key\nAuthorizedKeysFile {keys}\nStrictModes no\nUsePAM no\n"
        "PermitRootLogin yes\nPasswordAuthentication no\n"
    )
    alone = Path("/run/sshd")  # a directory that it wants as root, made by whoever starts it
    is_ours = os.geteuid() == 0 and not alone.exists()
    if is_ours:
        alone.mkdir()
    bare = internet.folder / "ssh.git"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(bare)], check=True)
    yield f"ssh://{getpass.getuser()}@{HOST}{bare}"
    if is_ours:
        alone.rmdir()


def test_git_clones_and_pushes_over_ssh(internet: Internet, remote: str):
    options = (
        "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o ConnectTimeout=10 -o LogLevel=ERROR"
    )
    script = f"""set -e
export GIT_SSH_COMMAND="ssh -i {internet.project}/key {options}"
git clone -q {remote} /tmp/clone
cd /tmp/clone
git switch -q -C main
git -c user.name=a -c user.email=a@example.org commit -q --allow-empty -m second
git push -q origin main
git ls-remote origin main | cut -f2
"""
    assert _step(internet, script, DISTANT).status != 0
    done = _step(internet, script, f"{HOST}:22")
    assert done.out == "refs/heads/main\n", done.err
    told = ["git", "-C", str(internet.folder / "ssh.git"), "log", "--format=%s", "main"]
    assert subprocess.run(told, capture_output=True, text=True, check=True).stdout == "second\n"


@pytest.fixture
def database(internet: Internet) -> Iterator[None]:
    """A cluster of PostgreSQL, which will not run as root."""
    _need_a_name(internet)
    if not CLUSTERS or shutil.which("psql") is None:
        pytest.skip("postgresql is not installed; it would be one more server")
    programs = CLUSTERS[-1].parent
    owner = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
    folder = Path(tempfile.mkdtemp(prefix="rundown-postgres-", dir="/var/tmp"))
    if owner:
        shutil.chown(folder, "postgres", "postgres")
    data = folder / "data"
    made = internet.run(*owner, str(programs / "initdb"), "-N", "-A", "trust", "-U", "ada", "-D", str(data))
    assert made.status == 0, made.err
    with (data / "pg_hba.conf").open("a") as file:
        file.write("host all all 0.0.0.0/0 trust\n")
    settings = f"-c listen_addresses=93.184.216.40 -c unix_socket_directories={folder} -c fsync=off"
    control = [*owner, str(programs / "pg_ctl"), "-s", "-D", str(data)]
    started = internet.run(*control, "-w", "-l", str(folder / "log"), "-o", settings, "start")
    assert started.status == 0, started.err
    yield
    internet.run(*control, "-m", "immediate", "stop")
    shutil.rmtree(folder)


def test_psql_asks_a_database(internet: Internet, database: None):
    words = f"host={HOST} user=ada dbname=postgres connect_timeout=10"
    script = f"psql '{words}' -Atc 'select sum(n) from generate_series(1, 100000) n'"
    refused = _step(internet, script, DISTANT)
    assert (refused.status != 0, refused.out) == (True, "")
    done = _step(internet, script, f"{HOST}:5432")
    assert done.out == "5000050000\n", done.err
