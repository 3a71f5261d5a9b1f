"""Finds and reads policy documents. With `load.py` the room's only readers of the project's files.

A document must lie in the root, be no symlink out of it, and belong to root or the user: what somebody
else can write decides nothing.
"""

import os
import stat
from pathlib import Path

from msgspec import Struct

from rundown.model.diagnostic import Diagnostic, Span
from rundown.policy.node import Node
from rundown.policy.source import MAX_BYTES, Syntax, read_node

NAMES = (".rundownrc", ".rundownrc.json", ".rundownrc.yaml", ".rundownrc.yml")
_SECTIONS = {"package.json": ("rundown",), "pyproject.toml": ("tool", "rundown")}
_CODE = ("rundown.config.js", "rundown.config.cjs", "rundown.config.mjs", "rundown.config.ts")


class Found(Struct, frozen=True, kw_only=True):
    """A document's tree, its path as shown, and its real path."""

    node: Node
    file: str
    real: str


def discover(root: str, owner: int) -> tuple[Found | None, tuple[Diagnostic, ...]]:
    """Returns the project's document, None if it has none; problems mean that nothing may run."""
    for name in NAMES:
        path = Path(root, name)
        if os.path.lexists(path):
            return read_document(path, name, owner, inside=root)
    for name in _SECTIONS:
        path = Path(root, name)
        if path.is_file():
            found, problems = _section(path, name, section_keys(name), (owner, root))
            if found or problems:
                return found, problems
    return None, tuple(_code_document(name) for name in _CODE if os.path.lexists(Path(root, name)))


def read_document(
    path: Path, shown: str, owner: int | None, *, inside: str | None = None
) -> tuple[Found | None, tuple[Diagnostic, ...]]:
    """Returns one document. It belongs to root or `owner` (None: to anybody, because a person named it), and
    its real path lies below `inside`."""
    content, real, problem = read_content(path, shown, owner, inside)
    if problem is not None:
        return None, (problem,)
    node, problems = read_node(content, shown, syntax_of(shown, content))
    return (None, problems) if node is None else (Found(node=node, file=shown, real=real), problems)


def syntax_of(name: str, content: bytes) -> Syntax:
    """Returns a document's syntax by its name; `.rundownrc` is JSON if it begins like it."""
    if name.endswith(".toml"):
        return "toml"
    if name.endswith(".json") or (name.endswith(".rundownrc") and content.lstrip().startswith(b"{")):
        return "json"
    return "yaml"


def read_section(content: bytes, shown: str) -> tuple[Node | None, tuple[Diagnostic, ...]]:
    """Returns the document that a file's content holds; of a project file its section, a map without entries
    if there is none."""
    node, problems = read_node(content, shown, syntax_of(shown, content))
    for key in section_keys(shown):
        if node is not None:
            node = node.entries().get(key, Node(value={}, span=Span(file=shown, line=1)))
    return node, problems


def section_keys(name: str) -> tuple[str, ...]:
    """Returns where in a project file the document stands; () for a file of its own."""
    return _SECTIONS.get(Path(name).name, ())


def _section(
    path: Path, name: str, keys: tuple[str, ...], where: tuple[int, str]
) -> tuple[Found | None, tuple[Diagnostic, ...]]:
    """The document inside a project file, nothing if that has no such section."""
    owner, root = where
    try:
        if b"rundown" not in path.read_bytes():
            return None, ()
    except OSError:
        pass  # What may hold a document and cannot be read is an error, told of below.
    content, real, problem = read_content(path, name, owner, root)
    if problem is not None:
        return None, (problem,)
    node, problems = read_node(content, name, syntax_of(name, content))
    if node is None:
        return None, problems
    for key in keys:
        if key not in node.entries():
            return None, ()
        node = node.entries()[key]
    return Found(node=node, file=name, real=real), ()


def read_content(
    path: Path, shown: str, owner: int | None, inside: str | None
) -> tuple[bytes, str, Diagnostic | None]:
    """Returns a regular file's content (at most one byte more than a document may have), its real path, and
    why it cannot be used. See `read_document`."""
    try:
        real = os.path.realpath(path, strict=True)
        if inside is not None and not _below(real, os.path.realpath(inside)):
            return (
                b"",
                "",
                _problem(
                    "symlink-out",
                    f"{shown} is a symlink out of the project",
                    shown,
                    "put the document itself into the project",
                ),
            )
        descriptor = os.open(real, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with open(descriptor, "rb") as file:
            state = os.fstat(descriptor)
            if not stat.S_ISREG(state.st_mode):
                return (
                    b"",
                    "",
                    _problem("unreadable", f"{shown} is no regular file", shown, "write a document instead"),
                )
            if owner is not None and state.st_uid not in (0, owner):
                message = f"{shown} belongs to another user (uid {state.st_uid})"
                return (
                    b"",
                    "",
                    _problem("foreign-owner", message, shown, "chown it to you, or name it with --policy"),
                )
            return file.read(MAX_BYTES + 1), real, None
    except OSError as error:
        message = f"{shown} cannot be read: {error.strerror}"
        return b"", "", _problem("unreadable", message, shown, "make it readable, or name another document")


def _below(path: str, root: str) -> bool:
    return path == root or path.startswith(root.rstrip("/") + "/")


def _code_document(name: str) -> Diagnostic:
    return _problem(
        "code-document",
        f"{name} is a program, and a policy is never run",
        name,
        "write its object as JSON into .rundownrc.json, try `rundown policy check`, remove the program",
    )


def _problem(code: str, message: str, file: str, fix: str) -> Diagnostic:
    return Diagnostic(code=f"policy/{code}", message=message, span=Span(file=file, line=1), fix=fix)
