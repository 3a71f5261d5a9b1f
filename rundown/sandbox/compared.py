"""Files of which a part may change: kept before a step, compared after it, the rest put back.

A repository's `.git/config`, and `package.json` and `pyproject.toml`, in which a policy document may stand.
Refuses to compare what is no plain file of a sensible size, or lies behind a symbolic link: such a file is
pinned like every other protected one.
"""

import json
import os
import stat
import tempfile
import tomllib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Final

from msgspec import Struct

from rundown.model.sandbox import Violation
from rundown.sandbox.gitchange import judge_git_config
from rundown.sandbox.late import quarantine

_LARGEST: Final = 4 << 20


class Kept(Struct, frozen=True, kw_only=True):
    """A file as it was; `content` None if there was none."""

    path: str
    content: bytes | None
    mode: int = 0o644


def is_comparable(path: str) -> bool:
    """Whether it can be put back: a plain file, or none, in a directory that is what it seems."""
    if os.path.realpath(os.path.dirname(path)) != os.path.dirname(path):
        return False
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return stat.S_ISREG(status.st_mode) and status.st_size <= _LARGEST and os.access(path, os.R_OK)


def keep(paths: Iterable[str]) -> tuple[Kept, ...]:
    """Returns those that can be compared, as they are now."""
    found = (_read(path) for path in paths if is_comparable(path))
    return tuple(item for item in found if item is not None)


def put_back(kept: Iterable[Kept], directory: str) -> Iterator[Violation]:
    """Puts back what may not change and yields what that was; nothing a step wrote is lost: files that are
    replaced whole are moved to `directory`."""
    for item in kept:
        now = _read(item.path)
        if now is not None and now.content == item.content:
            continue
        if item.path.endswith(("/package.json", "/pyproject.toml")):
            yield from _settle_section(item, now, directory)
        else:
            yield from _settle_git(item, now, directory)


def _settle_section(item: Kept, now: Kept | None, directory: str) -> Iterator[Violation]:
    before = _section(item.path, item.content)
    after = _section(item.path, now.content) if now is not None else "not a plain file"
    if before != after:
        yield _replace(item, directory, f"{item.path} (its rundown section)")


def _settle_git(item: Kept, now: Kept | None, directory: str) -> Iterator[Violation]:
    if now is None or now.content is None:
        if item.content is not None:
            yield _replace(item, directory, item.path)
        return
    texts = [_text(each.content) for each in (item, now)]
    if None in texts:
        yield _replace(item, directory, item.path)
        return
    judged = judge_git_config(*(text or "" for text in texts))
    if not judged.faults:
        return
    try:
        _write(item, judged.text.encode())
        action = "put back"
    except OSError as error:
        action = f"could not be put back: {error.strerror}"
    for name in judged.faults:
        yield Violation(capability="write", resource=f"{item.path}: {name}", action=action)


def _replace(item: Kept, directory: str, resource: str) -> Violation:
    """Moves what is there away and puts the earlier file in its place."""
    try:
        moved = quarantine(item.path, directory) if os.path.lexists(item.path) else ""
        if item.content is not None:
            _write(item, item.content)
    except OSError as error:
        action = f"could not be put back: {error.strerror}"
        return Violation(capability="write", resource=resource, action=action, pauses=True)
    action = "put back" if item.content is not None else "taken away"
    return Violation(
        capability="write",
        resource=resource,
        action=f"{action}; the step's lies at {moved}" if moved else action,
    )


def _write(item: Kept, content: bytes) -> None:
    """Whole or not at all; follows no symbolic link in the file's own place."""
    descriptor, temporary = tempfile.mkstemp(prefix=".rundown-", dir=os.path.dirname(item.path))
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
        os.chmod(temporary, item.mode)
        if os.geteuid() == 0:
            owner = os.stat(os.path.dirname(item.path))
            os.chown(temporary, owner.st_uid, owner.st_gid)
        os.rename(temporary, item.path)
    except OSError:
        with suppress(OSError):
            os.unlink(temporary)
        raise


def _read(path: str) -> Kept | None:
    """Returns None for what is no plain file."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return Kept(path=path, content=None)
    except OSError:
        return None
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or status.st_size > _LARGEST:
        os.close(descriptor)
        return None
    with open(descriptor, "rb") as file:
        return Kept(path=path, content=file.read(_LARGEST + 1), mode=stat.S_IMODE(status.st_mode))


def _text(content: bytes | None) -> str | None:
    """Returns the text, "" for no file, None for what is none."""
    try:
        text = (content or b"").decode("utf-8")
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def _section(path: str, content: bytes | None) -> object:
    """Returns the policy in it; None for none, and for a text that no reader of policies takes."""
    text = _text(content)
    try:
        if path.endswith(".json"):
            found = json.loads(text or "null")
            return found.get("rundown") if isinstance(found, dict) else None
        tool = tomllib.loads(text or "").get("tool")
        return tool.get("rundown") if isinstance(tool, dict) else None
    except (ValueError, RecursionError):
        return None
