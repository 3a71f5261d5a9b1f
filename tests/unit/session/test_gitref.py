import os
import subprocess
from pathlib import Path

import pytest

from rundown.errors import InvalidInputError
from rundown.session.gitref import read_git_document


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    def git(*words: str) -> None:
        who = ("-c", "user.name=t", "-c", "user.email=t@localhost")
        subprocess.run(["git", *who, *words], cwd=tmp_path, check=True, capture_output=True)

    git("init", "-q", "-b", "main")
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies/ci.yaml").write_text("version: 1\n")
    git("add", ".")
    git("commit", "-qm", "Start")
    (tmp_path / "policies/ci.yaml").write_text("version: 1\ndefault: {mode: execute}\n")
    return tmp_path


def read(name: str, root: Path) -> bytes:
    return read_git_document(name, str(root), os.environ)


def test_the_committed_document_is_read_not_the_one_in_the_work_tree(repository: Path) -> None:
    assert read("git:main:policies/ci.yaml", repository) == b"version: 1\n"
    assert read("git:HEAD:policies/ci.yaml", repository) == b"version: 1\n"


@pytest.mark.parametrize(
    "name",
    [
        "git:",
        "git:main",
        "git:main:",
        "git::ci.yaml",
        "git:--textconv:ci.yaml",
        "git:main:/etc/passwd",
        "git:main:../ci.yaml",
        "git:main:policies",
        "git:main:gone.yaml",
        "git:gone:policies/ci.yaml",
    ],
)
def test_what_is_no_document_is_refused(repository: Path, name: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        read(name, repository)
    assert [item.code for item in caught.value.diagnostics] == ["session/no-git-document"]


def test_the_repository_cannot_make_git_run_a_program(repository: Path) -> None:
    trap = repository / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {repository}/sprung\n")
    trap.chmod(0o755)
    for key in ("core.fsmonitor", "core.pager", "core.sshCommand", "diff.external", "core.editor"):
        subprocess.run(["git", "config", key, str(trap)], cwd=repository, check=True)
    assert read("git:main:policies/ci.yaml", repository) == b"version: 1\n"
    assert not (repository / "sprung").exists()


def test_outside_a_repository_there_is_nothing_to_read(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError):
        read("git:main:ci.yaml", tmp_path)
