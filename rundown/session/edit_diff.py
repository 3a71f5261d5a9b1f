"""What an agent's edit would change, as a unified diff for whoever is asked. Reads only what it must."""

import difflib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from rundown.agents.call import Change, ToolCall

_MOST_BYTES = 1 << 20
_MOST_LINES = 2000


def edit_diff(call: ToolCall, root: str) -> str:
    """Returns the diffs of all files of an edit, "" for another call. A file that is no text, or too large,
    is named and not shown."""
    return "".join(_one(change, root) for change in call.changes)


def _one(change: Change, root: str) -> str:
    path = os.path.join(root, change.path)
    name = os.path.relpath(path, root)
    if change.diff:
        return f"--- {name}\n+++ {name}\n{change.diff.rstrip()}\n"
    before = _read(path)
    if before is None:
        return f"--- {name}\n+++ {name}\n(it cannot be shown: no text, or too large)\n"
    after = change.whole if change.whole is not None else _replaced(before, change)
    old = "/dev/null" if not before and not os.path.lexists(path) else name
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), old, name, lineterm="")
    return "".join(f"{line}\n" for line in _bounded(lines))


def _replaced(text: str, change: Change) -> str:
    for item in change.replacements:
        count = -1 if item.everywhere else 1
        text = text.replace(item.old, item.new, count) if item.old else item.new + text
    return text


def _bounded(lines: Iterator[str]) -> Iterator[str]:
    for number, line in enumerate(lines):
        if number == _MOST_LINES:
            yield f"(more than {_MOST_LINES} lines)"
            return
        yield line


def _read(path: str) -> str | None:
    """The text of a file, "" if there is none, None for what cannot be shown."""
    try:
        fd = os.open(os.path.realpath(path), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return ""
    except OSError:
        return None
    with os.fdopen(fd, "rb") as stream:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            return None
        content = stream.read(_MOST_BYTES + 1)
    try:
        return content.decode() if len(content) <= _MOST_BYTES and b"\0" not in content else None
    except UnicodeDecodeError:
        return None


def read_instructions(root: str) -> tuple[tuple[str, str], ...]:
    """Returns name and text of the project's files for agents. They are told, and decide nothing."""
    found: list[tuple[str, str]] = []
    for name in ("AGENTS.md", "CLAUDE.md"):
        path = Path(root, name)
        text = None if path.is_symlink() else _read(str(path))
        if text and text.strip() and text not in (other for _, other in found):
            found.append((name, text))
    return tuple(found)
