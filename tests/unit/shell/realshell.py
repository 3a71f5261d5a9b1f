"""A real shell in an empty world: what it starts is logged, nothing that it starts does anything.

PATH is one directory of stubs that log their names; `command_not_found_handle` logs every other name that bash looks
for, and dash's complaints are read. The environment is empty, the working directory too, and time is short.
"""

import contextlib
import os
import re
import resource
import signal
import subprocess
from pathlib import Path

from rundown.model.request import Capability
from rundown.shell.commands import read
from rundown.shell.cursor import Budget, Dialect, UnreadableError
from rundown.shell.dialects import readings
from rundown.shell.ledger import Ledger
from rundown.shell.walk import Walker

STUBS = (
    "ls",
    "rm",
    "cat",
    "git",
    "pa",
    "pb",
    "pc",
    "zz",
    "time",
    "if",
    "then",
    "fi",
    "do",
    "done",
    "[[",
    "]]",
    "function",
    "select",
    "coproc",
    "source",
    "let",
    "declare",
    "typeset",
    "builtin",
    "-x",
    "{",
    "}",
    "in",
    "x+=1",
    "a[0]=1",
    "y=1",
    "mapfile",
    "shopt",
    "enable",
    "local",
    "bash",
    "sh",
    "env",
    "xargs",
    "sudo",
    "find",
)
SECONDS = 2
_NOT_FOUND = re.compile(
    r"^/bin/dash: [0-9]+: (?:(?:eval|exec|trap): (?:[0-9]+: )?)*([^:\n]*): not found$", re.MULTILINE
)


class RealShell:
    """One private world below `room`."""

    def __init__(self, room: Path) -> None:
        self.room = room
        self.log = room / "log"
        self.path = room / "path"
        self.empty = room / "empty"
        self.path.mkdir()
        self.empty.mkdir()
        stub = room / "stub"
        stub.write_text(f"#!/bin/dash\nprintf '%s\\0' \"${{0##*/}}\" >>{self.log}\n")
        stub.chmod(0o755)
        for name in STUBS:
            os.link(stub, self.path / name)

    def starts(self, text: str, dialect: Dialect) -> set[str]:
        """Returns the names of all programs that the shell looks for when it runs `text`."""
        self.log.unlink(missing_ok=True)
        self.log.touch(mode=0o666)
        shell = "/bin/bash" if dialect == "bash" else "/bin/dash"
        environment = {"PATH": str(self.path), "FUNCNEST": "30"}
        if dialect == "bash":
            environment["BASH_FUNC_command_not_found_handle%%"] = (
                f"() {{ builtin printf '%s\\0' \"${{1##*/}}\" >>{self.log}; return 127; }}"
            )
        with (self.room / "errors").open("w+b") as errors:
            process = subprocess.Popen(
                [shell, "-c", text],
                env=environment,
                cwd=self.empty,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                start_new_session=True,
                preexec_fn=_limit,
            )
            try:
                process.wait(timeout=SECONDS)
            except subprocess.TimeoutExpired:
                pass
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            errors.seek(0)
            complaints = errors.read().decode("utf-8", "replace")
        names = set(self.log.read_bytes().decode("utf-8", "replace").split("\0"))
        if dialect == "sh":
            names.update(name.rpartition("/")[2] for name in _NOT_FOUND.findall(complaints))
        for left in self.empty.iterdir():
            left.unlink() if not left.is_dir() else left.rmdir()
        return {name for name in names if name}


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def promised(text: str, dialect: Dialect) -> set[str] | None:
    """Returns the names that the exact reader promises, None if it says that it does not know all of them.

    The witnesses are left out: they only add, and what they add would hide what the reader misses.
    """
    ledger = Ledger(text)
    try:
        for reading in readings(text, dialect):
            budget = Budget()
            Walker(ledger, budget, reading).whole(read(text, reading, budget))
    except UnreadableError:
        return None
    operations = [operation for operation in ledger.operations() if operation.capability is Capability.RUN]
    if any(operation.kind in ("dynamic", "unparseable") for operation in operations):
        return None
    return {operation.resource.rpartition("/")[2] for operation in operations}


def missed(shell: RealShell, text: str, dialect: Dialect) -> set[str]:
    """Returns what the shell looked for and the reader did not promise. Empty means sound."""
    names = promised(text, dialect)
    return set() if names is None else shell.starts(text, dialect) - names
