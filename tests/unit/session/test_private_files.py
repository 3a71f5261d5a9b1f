"""Private directories of running steps: gone with the step, swept after a kill, never taken from a living one."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from rundown.session.private_files import memory_folder, open_private, sweep
from rundown.session.secret_files import open_secret_files
from tests.support.sources import ROOT

HOLD = """
import sys
from pathlib import Path
from rundown.session.private_files import open_private
with open_private(Path(sys.argv[1]), "secrets") as directory:
    (directory / "KEY").write_text("left")
    print(directory, flush=True)
    sys.stdin.read()
"""


def test_a_directory_is_private_and_goes_with_its_step(tmp_path):
    with open_private(tmp_path / "live", "outputs") as directory:
        assert (directory.stat().st_mode & 0o777, sweep(tmp_path / "live")) == (0o700, 0)
        assert directory.is_dir()
    assert list((tmp_path / "live").iterdir()) == []


def test_what_a_killed_process_left_is_swept_and_what_a_living_one_uses_is_not(tmp_path):
    words = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(
        words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as living:
        assert living.stdout is not None
        directory = Path(living.stdout.readline().strip())
        (tmp_path / "outputs-of somebody").mkdir()
        (tmp_path / "notes").mkdir()
        assert (sweep(tmp_path), (directory / "KEY").read_text()) == (0, "left")
        os.kill(living.pid, signal.SIGKILL)
        living.wait()
        assert (sweep(tmp_path), directory.exists()) == (1, False)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["notes", "outputs-of somebody"]


def test_sweeping_what_is_not_there_is_fine(tmp_path):
    assert sweep(tmp_path / "never") == 0


def test_files_of_secrets_can_be_read_only(tmp_path):
    with open_secret_files(tmp_path, {"KEY": "caf\udcff"}) as files:
        assert files is not None
        file = files.directory / "KEY"
        assert (file.read_bytes(), file.stat().st_mode & 0o777) == (b"caf\xff", 0o400)
        assert files.variables("/run/secrets") == {"KEY": "/run/secrets/KEY"}
    with open_secret_files(tmp_path, {}) as files:
        assert files is None


def test_a_place_in_memory_is_used_only_if_it_is_our_own(tmp_path):
    uid, otherwise = os.getuid(), tmp_path / "otherwise"
    link, open_to_all, gone = tmp_path / "link", tmp_path / "open", tmp_path / "no/where"
    link.symlink_to(tmp_path)
    open_to_all.mkdir(mode=0o755)
    assert memory_folder((link, open_to_all, gone), uid, otherwise) == otherwise
    assert memory_folder((link, tmp_path / "new"), uid, otherwise) == tmp_path / "new"
    assert memory_folder((tmp_path / "new",), uid, otherwise) == tmp_path / "new"
    assert memory_folder((tmp_path / "new",), uid + 1, otherwise) == otherwise
