"""Finds and reads runbooks: by path, from standard input, or by name below the project's own folders."""

import difflib
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from rundown.errors import InvalidInputError
from rundown.model.diagnostic import Diagnostic
from rundown.model.runbook import Runbook
from rundown.syntax.parse import parse_runbook

_FOLDERS = (".rundown/runbooks", "runbooks")
_ENDING = ".runbook.md"
_MOST_BYTES = 4 * 1024 * 1024
STDIN = "<stdin>"


class Document(Struct, frozen=True, kw_only=True):
    """A runbook's bytes. `file` is the name shown to people; `path` None for standard input."""

    file: str
    path: Path | None
    content: bytes


class Opened(Struct, frozen=True, kw_only=True):
    """A valid runbook with the warnings about it."""

    document: Document
    runbook: Runbook
    warnings: tuple[Diagnostic, ...]


def read_document(argument: str, cwd: Path) -> Document:
    """Returns the bytes of what `argument` names: `-`, a path, or a name.

    Raises:
        InvalidInputError: there is none, it is no file, or it cannot be read.
    """
    if argument == "-":
        return Document(file=STDIN, path=None, content=sys.stdin.buffer.read(_MOST_BYTES + 1))
    path = cwd / argument
    if not os.path.exists(path):
        found = next(_named(argument, cwd), None)
        if found is None:
            raise InvalidInputError(_missing(argument, cwd))
        path = found
    if not is_unicode(str(path.resolve())):
        raise InvalidInputError(_unreadable(argument, "its path is no UTF-8, so no record could name it"))
    return Document(file=_shown(path, cwd), path=path, content=_read(path, argument))


def is_unicode(path: str) -> bool:
    """Returns whether a path can be written down; bytes that are no UTF-8 are lone surrogates in it."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def open_runbook(argument: str, cwd: Path) -> Opened:
    """Returns the runbook that `argument` names.

    Raises:
        InvalidInputError: it cannot be had, or is not valid (with every error).
    """
    return parse_document(read_document(argument, cwd))


def parse_document(document: Document) -> Opened:
    """Returns the runbook of a document.

    Raises:
        InvalidInputError: it is not valid; every error and warning is named.
    """
    parsed = parse_runbook(document.content, document.file)
    if parsed.runbook is None:
        raise InvalidInputError(*parsed.diagnostics)
    return Opened(document=document, runbook=parsed.runbook, warnings=parsed.diagnostics)


def known_runbooks(cwd: Path) -> Iterator[Path]:
    """Yields the runbooks below the project's own folders, nearest project first, sorted."""
    for folder in (cwd, *cwd.parents):
        for name in _FOLDERS:
            if os.path.isdir(folder / name):  # not: a folder of another user that cannot be entered
                yield from sorted((folder / name).rglob(f"*{_ENDING}"))
        if (folder / ".git").exists() or (folder / ".rundown").is_dir():
            return


def _named(argument: str, cwd: Path) -> Iterator[Path]:
    wanted = argument.removesuffix(_ENDING)
    if wanted.startswith(("/", ".")):
        return
    for path in known_runbooks(cwd):
        if str(path).removesuffix(_ENDING).endswith("/" + wanted):
            yield path


def _read(path: Path, argument: str) -> bytes:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(fd, "rb") as stream:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                raise InvalidInputError(_unreadable(argument, "it is no regular file"))
            return stream.read(_MOST_BYTES + 1)
    except IsADirectoryError as error:
        raise InvalidInputError(_unreadable(argument, "it is a directory")) from error
    except OSError as error:
        raise InvalidInputError(_unreadable(argument, error.strerror or str(error))) from error


def _missing(argument: str, cwd: Path) -> Diagnostic:
    paths = [*known_runbooks(cwd), *_beside(cwd / argument)]
    names = {name: path for path in paths for name in (path.name.removesuffix(_ENDING), path.name)}
    near = difflib.get_close_matches(Path(argument).name.removesuffix(_ENDING), names, n=1)
    places = ", ".join(f"{name}/" for name in _FOLDERS)
    return Diagnostic(
        code="session/no-such-runbook",
        message=f"there is no runbook `{argument}`",
        why=f"no such file, and no such name below {places}",
        fix=f"did you mean {_shown(names[near[0]], cwd)}?"
        if near
        else "name a file that ends in .runbook.md",
    )


def _beside(missing: Path) -> list[Path]:
    """The runbooks in the folder where one was looked for."""
    try:
        return sorted(missing.parent.glob(f"*{_ENDING}"))
    except (OSError, ValueError):
        return []


def _unreadable(argument: str, why: str) -> Diagnostic:
    fix = f"name a runbook in it: {argument.rstrip('/')}/NAME.runbook.md" if "directory" in why else ""
    return Diagnostic(
        code="session/unreadable-runbook", message=f"cannot read `{argument}`", why=why, fix=fix
    )


def _shown(path: Path, cwd: Path) -> str:
    return os.path.relpath(path, cwd) if path.is_relative_to(cwd) else str(path)
