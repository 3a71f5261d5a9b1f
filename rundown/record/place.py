"""`RunsPlace`: where the runs of a project lie, opened so that a stranger's checkout cannot lead elsewhere.

Refuses a `.rundown` or `.rundown/runs` that is a symbolic link. One that belongs to another user, or that
cannot be written, is left alone: the runs then go to the state home, and `notice` says so.
"""

import errno
import os
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from rundown.errors import RecordError
from rundown.model.diagnostic import Diagnostic
from rundown.record.problems import READ_ONLY_ERRNOS, describe, record_problem

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
# With O_DIRECTORY a link gives ENOTDIR, without it ELOOP. Source: open(2).
_LINK_ERRNOS = frozenset({errno.ENOTDIR, errno.ELOOP})
_FOLDER_ITSELF = _FOLDER | os.O_NOFOLLOW
_IGNORED = b"# Written by rundown. Runs are not for version control.\n/runs/\n/work/\n/.gitignore\n"


class RunsPlace(Struct, frozen=True, kw_only=True):
    """What decides where runs lie. All paths absolute; `root` is the project's real path.

    `runs_dir` (`--runs-dir`) is used alone where it is given. `state_home` is the value of
    `$XDG_STATE_HOME` or its default.
    """

    root: Path
    state_home: Path
    runs_dir: Path | None = None

    @property
    def project_runs(self) -> Path:
        """Where a writable project keeps its runs."""
        return self.root / ".rundown" / "runs"

    @property
    def state_runs(self) -> Path:
        """Where the runs of projects that cannot be written lie; also the registry."""
        return self.state_home / "rundown" / "runs"


class OpenedPlace(Struct, frozen=True, kw_only=True):
    """An open directory that holds runs; the one who asked closes `fd`."""

    fd: int
    path: Path
    notice: Diagnostic | None = None


def open_for_writing(place: RunsPlace) -> OpenedPlace:
    """Returns the directory in which a new run may be made; makes what is missing, 0700.

    Raises:
        RecordError: a part is a symbolic link, or no place can be written.
    """
    if place.runs_dir is not None:
        return _own_directory(place.runs_dir)
    try:
        fd = _project_fd(place, make=True)
        _require_writable(fd)
        return OpenedPlace(fd=fd, path=place.project_runs)
    except PermissionError as error:
        notice = _moved_notice(place, str(error.strerror))
    except OSError as error:
        if error.errno not in READ_ONLY_ERRNOS:
            raise record_problem(
                "place-not-made", f"cannot make {place.project_runs}", why=describe(error), fix=_FIX
            ) from error
        notice = _moved_notice(place, describe(error))
    opened = _own_directory(place.state_runs)
    return OpenedPlace(fd=opened.fd, path=opened.path, notice=notice)


def open_for_reading(place: RunsPlace) -> tuple[OpenedPlace, ...]:
    """Returns every directory that may hold runs of the project; those that cannot be opened are left out.

    Raises:
        RecordError: `.rundown` or `.rundown/runs` is a symbolic link.
    """
    found = []
    if place.runs_dir is None:
        with suppress(OSError):
            found.append(OpenedPlace(fd=_project_fd(place, make=False), path=place.project_runs))
    path = place.runs_dir or place.state_runs
    with suppress(OSError):
        found.append(OpenedPlace(fd=os.open(path, _FOLDER), path=path))
    return tuple(found)


_FIX = "name another place with --runs-dir DIR"


def _project_fd(place: RunsPlace, *, make: bool) -> int:
    fd = os.open(place.root, _FOLDER)
    for name, ours in ((".rundown", False), ("runs", True)):
        try:
            below = _step_into(fd, name, make=make)
        except OSError as error:
            if error.errno in _LINK_ERRNOS:
                raise _not_a_folder(place, name) from error
            raise
        finally:
            os.close(fd)
        fd = below
        if make:
            _require_owner(fd, tighten=ours)
            if not ours:
                _write_gitignore(fd)
    return fd


def make_own_folder(root: Path) -> None:
    """Makes `.rundown` in a project whose runs lie elsewhere, for what steps write; leaves what is not ours,
    or cannot be made, as it is."""
    with suppress(OSError):
        fd = os.open(root, _FOLDER)
        try:
            below = _step_into(fd, ".rundown", make=True)
        finally:
            os.close(fd)
        _require_owner(below, tighten=False)
        _write_gitignore(below)
        os.close(below)


def _step_into(fd: int, name: str, *, make: bool) -> int:
    if make:
        with suppress(FileExistsError):
            os.mkdir(name, 0o700 if name == "runs" else 0o755, dir_fd=fd)
    return os.open(name, _FOLDER_ITSELF, dir_fd=fd)


def _require_owner(fd: int, *, tighten: bool) -> None:
    facts = os.fstat(fd)
    if facts.st_uid != os.geteuid():
        os.close(fd)
        raise PermissionError(0, f"it belongs to user {facts.st_uid}, not to you ({os.geteuid()})")
    if tighten and facts.st_mode & 0o077:
        os.fchmod(fd, 0o700)


def _require_writable(fd: int) -> None:
    if not os.access(".", os.W_OK | os.X_OK, dir_fd=fd, effective_ids=True):
        os.close(fd)
        raise PermissionError(0, "it cannot be written")


def _write_gitignore(fd: int) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with suppress(FileExistsError, PermissionError):
        handle = os.open(".gitignore", flags, 0o644, dir_fd=fd)
        try:
            os.write(handle, _IGNORED)
        finally:
            os.close(handle)


def _own_directory(path: Path) -> OpenedPlace:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        fd = os.open(path, _FOLDER)
        _require_owner(fd, tighten=False)
        _require_writable(fd)
    except OSError as error:
        why = describe(error) if error.errno else str(error.strerror)
        raise record_problem("place-not-made", f"cannot keep runs in {path}", why=why, fix=_FIX) from error
    return OpenedPlace(fd=fd, path=path)


def _not_a_folder(place: RunsPlace, name: str) -> RecordError:
    path = place.root / ".rundown" if name == ".rundown" else place.project_runs
    return record_problem(
        "place-is-link",
        f"{path} is a symbolic link or no directory",
        why="records are never written through a link that may have come with a checkout",
        fix=f"remove it, or {_FIX}",
    )


def _moved_notice(place: RunsPlace, why: str) -> Diagnostic:
    return Diagnostic(
        code="record/place-moved",
        severity="warning",
        message=f"runs of this project are kept in {place.state_runs}",
        why=f"{place.project_runs} cannot be used: {why}",
        fix="--runs-dir DIR names another place",
    )
