"""Finds the project root and its git directory. Source: docs/policy.md, "project root"."""

import os
import stat
from pathlib import Path

from msgspec import Struct

from rundown.errors import InvalidInputError
from rundown.model.diagnostic import Diagnostic


class Project(Struct, frozen=True, kw_only=True):
    """Real paths. `gitdir` None: no git. `runbook` is the file's path below the root, or as written."""

    root: str
    gitdir: str | None
    common_gitdir: str | None
    runbook: str


def find_project(runbook: Path | None, cwd: Path, home: Path, wanted_root: Path | None = None) -> Project:
    """Returns the project of a runbook (None: standard input or `exec`).

    Raises:
        InvalidInputError: the root would be `/`, the home directory or one that everybody may write.
    """
    start = runbook.resolve().parent if runbook is not None else cwd.resolve()
    if wanted_root is not None:
        root = wanted_root.resolve()
        if not root.is_dir():
            raise InvalidInputError(_bad_root(root, "it is no directory", "name an existing directory"))
    else:
        root = _nearest(start, home.resolve()) or start
        _require_usable(root, home.resolve())
    if any("\ud800" <= char <= "\udfff" for char in str(root)):
        raise InvalidInputError(_bad_root(root, "its path is no UTF-8", "rename the folder"))
    gitdir, common = _git_directories(root)
    shown = "" if runbook is None else _below(runbook.resolve(), root)
    return Project(root=str(root), gitdir=gitdir, common_gitdir=common, runbook=shown)


def current_branch(gitdir: str | None) -> str:
    """Returns the branch that is checked out, "" without one. Source: gitrepository-layout(5), HEAD."""
    try:
        text = Path(gitdir, "HEAD").read_bytes()[:4096].decode("utf-8").strip() if gitdir is not None else ""
    except (OSError, UnicodeDecodeError):
        return ""
    return text.removeprefix("ref: refs/heads/") if text.startswith("ref: refs/heads/") else ""


def _nearest(start: Path, home: Path) -> Path | None:
    for folder in (start, *start.parents):
        if (folder / ".git").exists() or ((folder / ".rundown").is_dir() and folder != home):
            return folder
    return None


def _require_usable(root: Path, home: Path) -> None:
    if root == Path("/"):
        raise InvalidInputError(_bad_root(root, "it is the root of the file system", "--root DIR"))
    if root == home:
        raise InvalidInputError(
            _bad_root(
                root,
                "it is the home directory: every file of yours would belong to the project",
                "put the runbook in a folder of its own, or name the root: --root DIR",
            )
        )
    if root.stat().st_mode & stat.S_IWOTH:
        raise InvalidInputError(
            _bad_root(
                root,
                "every user of this machine may write there",
                "put the runbook in a folder of its own, or name the root: --root DIR",
            )
        )


def _bad_root(root: Path, why: str, fix: str) -> Diagnostic:
    return Diagnostic(code="session/bad-root", message=f"{root} cannot be the project root", why=why, fix=fix)


def _git_directories(root: Path) -> tuple[str | None, str | None]:
    """Source: gitrepository-layout(5): `.git` may be a file `gitdir: PATH`; `commondir` names the shared."""
    entry = root / ".git"
    try:
        if entry.is_dir():
            gitdir = entry.resolve()
        elif entry.is_file():
            text = entry.read_text("utf-8", "surrogateescape")[:4096].strip()
            if not text.startswith("gitdir:"):
                return None, None
            gitdir = (root / text.removeprefix("gitdir:").strip()).resolve()
        else:
            return None, None
        common = gitdir / "commondir"
        shared = (gitdir / common.read_text("utf-8").strip()).resolve() if common.is_file() else gitdir
    except (OSError, UnicodeDecodeError):
        return None, None
    return str(gitdir), str(shared)


def _below(path: Path, root: Path) -> str:
    return os.path.relpath(path, root) if path.is_relative_to(root) else str(path)
