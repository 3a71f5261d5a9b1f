import os
from pathlib import Path

import pytest

from rundown.errors import InvalidInputError
from rundown.session.project import Project, find_project


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path.resolve() / "home"
    folder.mkdir()
    return folder


def test_the_nearest_folder_with_git_is_the_root(home: Path) -> None:
    repo = home / "repo"
    (repo / ".git").mkdir(parents=True)
    (repo / "ops").mkdir()
    git = str(repo / ".git")
    assert find_project(repo / "ops/a.runbook.md", home, home) == Project(
        root=str(repo), gitdir=git, common_gitdir=git, runbook="ops/a.runbook.md"
    )


def test_without_git_the_folder_of_the_runbook_is_the_root(home: Path) -> None:
    (home / "x").mkdir()
    assert find_project(home / "x/a.md", home, home) == Project(
        root=str(home / "x"), gitdir=None, common_gitdir=None, runbook="a.md"
    )


def test_a_worktree_knows_both_its_git_directories(home: Path) -> None:
    main, tree = home / "main/.git", home / "tree"
    (main / "worktrees/tree").mkdir(parents=True)
    (main / "worktrees/tree/commondir").write_text("../..\n")
    tree.mkdir()
    (tree / ".git").write_text(f"gitdir: {main}/worktrees/tree\n")
    found = find_project(tree / "a.md", home, home)
    assert (found.gitdir, found.common_gitdir) == (str(main / "worktrees/tree"), str(main))


@pytest.mark.parametrize("where", ["home", "world", "slash"])
def test_roots_that_open_too_much_are_refused(home: Path, where: str) -> None:
    world = home / "world"
    world.mkdir()
    os.chmod(world, 0o777)
    start = {"home": home, "world": world, "slash": Path("/")}[where]
    with pytest.raises(InvalidInputError) as caught:
        find_project(start / "a.md", home, home)
    assert [item.code for item in caught.value.diagnostics] == ["session/bad-root"]


def test_a_named_root_is_taken_as_it_is(home: Path) -> None:
    assert find_project(None, home, home, home).root == str(home)


def test_a_named_root_that_is_no_directory_is_refused(home: Path) -> None:
    with pytest.raises(InvalidInputError):
        find_project(None, home, home, home / "nope")
