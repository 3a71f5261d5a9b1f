"""Finding and reading runbooks; whatever stands in the way is told, never raised as it is."""

import os
import sys
from pathlib import Path

import pytest

from rundown.errors import InvalidInputError
from rundown.model.diagnostic import Diagnostic
from rundown.session.library import STDIN, Document, known_runbooks, open_runbook, read_document

TEXT = b"# Title\n\n## 1. One\n\n```sh\ntrue\n```\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in (
        "repo/.git/HEAD",
        "repo/deploy.runbook.md",
        "repo/runbooks/ops/restart.runbook.md",
        "repo/.rundown/runbooks/restart.runbook.md",
        "repo/sub/runbooks/near.runbook.md",
        "runbooks/outside.runbook.md",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(TEXT)
    (tmp_path / "repo/sub/deeper").mkdir()
    return tmp_path / "repo"


def told(argument: str, cwd: Path) -> Diagnostic:
    with pytest.raises(InvalidInputError) as caught:
        read_document(argument, cwd)
    return caught.value.diagnostics[0]


@pytest.mark.parametrize(
    ("argument", "cwd", "file"),
    [
        ("deploy.runbook.md", ".", "deploy.runbook.md"),
        ("./deploy.runbook.md", ".", "deploy.runbook.md"),
        ("restart", ".", ".rundown/runbooks/restart.runbook.md"),
        ("restart.runbook.md", ".", ".rundown/runbooks/restart.runbook.md"),
        ("ops/restart", ".", "runbooks/ops/restart.runbook.md"),
        ("near", "sub/deeper", "../runbooks/near.runbook.md"),
        ("restart", "sub/deeper", "../../.rundown/runbooks/restart.runbook.md"),
    ],
)
def test_a_runbook_is_found_by_path_or_by_name(argument: str, cwd: str, file: str, project: Path) -> None:
    document = read_document(argument, project / cwd)
    assert document.path is not None
    assert (os.path.relpath(document.path, project / cwd), document.content) == (file, TEXT)


def test_what_lies_below_is_named_by_its_relative_path_and_the_rest_whole(project: Path) -> None:
    assert [read_document(name, project / "sub").file for name in ("near", "restart")] == [
        "runbooks/near.runbook.md",
        str(project / ".rundown/runbooks/restart.runbook.md"),
    ]


def test_names_are_looked_for_no_further_than_the_project(project: Path) -> None:
    assert told("outside", project / "sub").code == "session/no-such-runbook"


def test_the_nearest_names_come_first(project: Path) -> None:
    found = [str(path.relative_to(project)) for path in known_runbooks(project / "sub/deeper")]
    assert found == [
        "sub/runbooks/near.runbook.md",
        ".rundown/runbooks/restart.runbook.md",
        "runbooks/ops/restart.runbook.md",
    ]


def test_a_mistyped_name_is_answered_with_the_nearest(project: Path) -> None:
    assert told("restrat", project) == Diagnostic(
        code="session/no-such-runbook",
        message="there is no runbook `restrat`",
        why="no such file, and no such name below .rundown/runbooks/, runbooks/",
        fix="did you mean runbooks/ops/restart.runbook.md?",
    )


@pytest.mark.parametrize(
    ("argument", "near"),
    [
        ("restart.runbok.md", "runbooks/ops/restart.runbook.md"),
        ("deploy", "deploy.runbook.md"),
        ("deploi.runbook.md", "deploy.runbook.md"),
        ("sub/runbooks/nea.md", "sub/runbooks/near.runbook.md"),
        ("quite/another", ""),
    ],
)
def test_a_mistyped_ending_or_folder_is_answered_as_well(argument: str, near: str, project: Path) -> None:
    assert told(argument, project).fix == (
        f"did you mean {near}?" if near else "name a file that ends in .runbook.md"
    )


@pytest.mark.parametrize("argument", ["a" * 5000, "x\0y", "deploy.runbook.md/x", "../../nobody"])
def test_a_name_that_can_be_no_file_is_not_there(argument: str, project: Path) -> None:
    assert told(argument, project).code == "session/no-such-runbook"


def test_what_is_no_file_is_not_read(project: Path) -> None:
    os.mkfifo(project / "pipe.runbook.md")
    (project / "loop").symlink_to("loop")
    (project / os.fsdecode(b"x\xff.runbook.md")).write_bytes(TEXT)
    assert {
        name: (found.code, found.why, found.fix)
        for name in ("runbooks", "pipe.runbook.md", "/dev/null", os.fsdecode(b"x\xff.runbook.md"))
        if (found := told(name, project))
    } == {
        "runbooks": (
            "session/unreadable-runbook",
            "it is a directory",
            "name a runbook in it: runbooks/NAME.runbook.md",
        ),
        "pipe.runbook.md": ("session/unreadable-runbook", "it is no regular file", ""),
        "/dev/null": ("session/unreadable-runbook", "it is no regular file", ""),
        os.fsdecode(b"x\xff.runbook.md"): (
            "session/unreadable-runbook",
            "its path is no UTF-8, so no record could name it",
            "",
        ),
    }


def test_a_link_that_leads_to_itself_is_no_runbook(project: Path) -> None:
    (project / "loop").symlink_to("loop")
    assert told("loop", project).code == "session/no-such-runbook"


def test_a_dash_is_standard_input(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (project / "deploy.runbook.md").open() as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        assert read_document("-", project) == Document(file=STDIN, path=None, content=TEXT)


def test_a_runbook_that_is_not_valid_comes_with_every_problem(project: Path) -> None:
    (project / "bad.runbook.md").write_text("# T\n\n## 1. A\n\n- FAIL GOTO 9\n- PASS JUMP\n")
    with pytest.raises(InvalidInputError) as caught:
        open_runbook("bad.runbook.md", project)
    assert len(caught.value.diagnostics) >= 2
    assert {item.span.file for item in caught.value.diagnostics if item.span} == {"bad.runbook.md"}
