"""Facts of the host's files for freezing a request: real paths, PATH look-ups, what a step could write.

Reads only; follows symbolic links where the kernel would. Refuses nothing: what does not resolve says so
by `resolved=None`.
"""

import os
import shutil
import stat
from collections.abc import Callable

from msgspec.structs import replace

from rundown.model.policy import Grant
from rundown.model.request import Capability, Operation

_SHELL_FALLBACK = {"bash": "/bin/bash", "sh": "/bin/sh"}


class HostWorkspace:
    """The workspace of one run on this machine.

    `search_path`: the PATH that steps will have, absolute directories in order. `writable`: real paths of
    trees that a step may write; a name that is found in one, or behind one, is not safe. `variables`:
    names of the variables that rundown was started with.
    """

    def __init__(
        self, *, search_path: tuple[str, ...], writable: tuple[str, ...], home: str, variables: frozenset[str]
    ) -> None:
        self._writable = writable
        self._search_path = search_path
        self._open = tuple(
            self._is_writable(entry) or self._is_writable(os.path.realpath(entry)) for entry in search_path
        )
        self._home = home
        self._variables = variables

    def resolve(self, operation: Operation, cwd: str) -> Operation:
        """Returns the operation with the host's facts filled in."""
        if operation.directory:
            cwd = os.path.join(cwd, operation.directory)
        match operation.capability:
            case Capability.RUN if operation.directory is None:
                return operation  # of another machine: no file of this one
            case Capability.RUN if operation.kind not in ("dynamic", "unparseable"):
                return self._executable(operation, cwd)
            case Capability.READ | Capability.WRITE:
                return replace(operation, resolved=self._real(operation.resource, cwd))
            case _:
                return operation

    def shell(self, language: str) -> str:
        """Returns the absolute path of the shell; `/bin/sh` and `/bin/bash` where there is no other."""
        found = shutil.which(language, path=os.pathsep.join(self._trusted_path()))
        return found or _SHELL_FALLBACK[language]

    def parent_variables(self) -> frozenset[str]:
        """Returns the names rundown was started with."""
        return self._variables

    def _executable(self, operation: Operation, cwd: str) -> Operation:
        word = operation.resource
        if "/" in word:
            real = self._real(word, cwd)
            return replace(operation, resolved=real, safe_path=not self._is_writable(real))
        safe = True
        for directory, is_open in zip(self._search_path, self._open, strict=True):
            safe = safe and not is_open
            candidate = f"{directory}/{word}"
            if _is_executable(candidate):
                real = os.path.realpath(candidate)
                return replace(operation, resolved=real, safe_path=safe and not self._is_writable(real))
        return replace(operation, resolved=None, safe_path=safe)

    def _real(self, path: str, cwd: str) -> str | None:
        if "\0" in path:
            return None
        if path == "~" or path.startswith("~/"):
            path = self._home + path[1:]
        return os.path.realpath(os.path.join(cwd, path))

    def _is_writable(self, path: str | None) -> bool:
        return path is None or any(
            path == tree or path.startswith(tree.rstrip("/") + "/") for tree in self._writable
        )

    def _trusted_path(self) -> list[str]:
        pairs = zip(self._search_path, self._open, strict=True)
        return [entry for entry, is_open in pairs if not is_open]


class LiveWorkspace:
    """A workspace that follows the grants of a session: `under(grants)` gives the one for some of them."""

    def __init__(
        self, under: Callable[[tuple[Grant, ...]], HostWorkspace], grants: Callable[[], tuple[Grant, ...]]
    ) -> None:
        self._under = under
        self._grants = grants
        self._known: tuple[tuple[Grant, ...], HostWorkspace] | None = None

    def resolve(self, operation: Operation, cwd: str) -> Operation:
        """Returns the operation with the host's facts filled in."""
        return self._now().resolve(operation, cwd)

    def shell(self, language: str) -> str:
        """Returns the absolute path of the shell."""
        return self._now().shell(language)

    def parent_variables(self) -> frozenset[str]:
        """Returns the names rundown was started with."""
        return self._now().parent_variables()

    def _now(self) -> HostWorkspace:
        writes = tuple(grant for grant in self._grants() if grant.capability is Capability.WRITE)
        if self._known is None or self._known[0] != writes:
            self._known = writes, self._under(writes)
        return self._known[1]


def clean_search_path(text: str) -> tuple[str, ...]:
    """Returns the absolute entries of a PATH, each once, in order; relative and empty ones are removed."""
    return tuple(
        dict.fromkeys(entry.rstrip("/") or "/" for entry in text.split(":") if entry.startswith("/"))
    )


def find_executable(name: str, search_path: tuple[str, ...]) -> str | None:
    """Returns the real path of the first executable of that name, None without one."""
    candidates = (f"{directory}/{name}" for directory in search_path)
    return next((os.path.realpath(path) for path in candidates if _is_executable(path)), None)


def read_interpreter(path: str) -> str | None:
    """Returns the real path of a script's `#!` interpreter, None if it has none. Source: execve(2)."""
    try:
        with open(path, "rb") as stream:
            line = stream.readline(256)
    except OSError:
        return None
    words = line[2:].split(None, 1) if line.startswith(b"#!") else []
    return os.path.realpath(os.fsdecode(words[0])) if words else None


def _is_executable(path: str) -> bool:
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISREG(mode) and os.access(path, os.X_OK)
