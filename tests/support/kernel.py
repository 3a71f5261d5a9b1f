"""What kernel tests stand on: a world of files, and steps run in it as root and as an ordinary user."""

import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import Struct

from rundown.model.policy import Envelope, LayerKind, Outcome, Rule
from rundown.model.request import Capability
from tests.support.patience import PATIENCE_SECONDS

ORDINARY_UID = 4243
PYTHON = shutil.which("python3", path="/usr/bin:/usr/local/bin") or sys.executable
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_DRIVER = Path(__file__).with_name("kernel_driver.py")


class Ended(Struct, frozen=True, kw_only=True):
    """How a step ended, or why there was none (`kind` refusal or failure)."""

    kind: str
    ending: str = ""
    status: int | None = None
    signal: int | None = None
    stdout: bytes = b""
    stderr: bytes = b""
    stage: str = ""
    errno: int = 0
    detail: str = ""
    code: str = ""
    missing: tuple[Any, ...] = ()
    gaps: tuple[str, ...] = ()
    seconds: float = 0
    left_behind: int = 0
    output_bytes: int = 0
    output_cut_bytes: int = 0

    @property
    def text(self) -> str:
        """Standard output, without white space around."""
        return self.stdout.decode("utf-8", "replace").strip()


def require_nothing_lacking(lacking: list[str]) -> None:
    """Skips (fails, where RUNDOWN_KERNEL=require) if the host lacks what a test needs."""
    if not lacking:
        return
    reason = f"this host lacks {', '.join(lacking)}"
    if os.environ.get("RUNDOWN_KERNEL") == "require":
        pytest.fail(reason)
    pytest.skip(reason)


def require_kernel(facts: dict[str, Any]) -> None:
    """Skips (fails, where RUNDOWN_KERNEL=require) unless the host can confine with everything."""
    lacking = [
        name for name in ("user_namespaces", "seccomp", "landlock_abi", "proc_mount") if not facts[name]
    ]
    require_nothing_lacking(lacking)


class Driver:
    """A process of one user that runs steps. `identity`: root or ordinary."""

    def __init__(
        self,
        identity: str,
        facts: dict[str, Any] | None = None,
        tmp_bytes: int | None = None,
        host: tuple[str, ...] = (),
    ) -> None:
        """`host`: words of `tests/support/lesser_host.py`, which make the kernel itself offer less."""
        self.identity = identity
        self.base = Path(tempfile.mkdtemp(prefix="rundown-world-", dir="/var/tmp")).resolve()
        self.base.rmdir()  # the same place for every world: what a fork server does ahead stays of use
        as_other = identity == "ordinary" and os.geteuid() == 0
        prefix = (
            ["setpriv", f"--reuid={ORDINARY_UID}", f"--regid={ORDINARY_UID}", "--clear-groups"]
            if as_other
            else []
        )
        if host:
            words = ("ordinary", *host) if as_other else host
            prefix = [sys.executable, str(_DRIVER.with_name("lesser_host.py")), *words, "--"]
        self.process = subprocess.Popen(
            [*prefix, sys.executable, str(_DRIVER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={"PATH": PATH, "LANG": "C.UTF-8", "DRIVER_SECRET": "only-in-the-parent"},
            cwd="/",
        )
        self.facts = self._exchange({"facts": facts or {}, "tmp_bytes": tmp_bytes})

    def ask(self, request: dict[str, Any]) -> Ended:
        """Runs one step."""
        answer = self._exchange(request)
        for stream in ("stdout", "stderr"):
            answer[stream] = base64.b64decode(answer.get(stream, ""))
        answer["gaps"] = tuple(answer.get("gaps", ()))
        return Ended(**{name: answer[name] for name in Ended.__struct_fields__ if name in answer})

    def close(self) -> None:
        """Ends it."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(timeout=PATIENCE_SECONDS)

    def _exchange(self, message: dict[str, Any]) -> dict[str, Any]:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, f"the driver ended ({self.process.wait()})"
        answer: dict[str, Any] = json.loads(line)
        return answer


class World:
    """Files of one test, owned by the identity: `root` (the project), `home`, and `outside`, which no rule opens."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self.base = driver.base
        self.base.mkdir()
        self.root, self.home, self.outside = (
            self.base / name for name in ("home/project", "home", "outside")
        )
        for directory in (self.home, self.root, self.outside, self.root / "dist"):
            directory.mkdir(mode=0o755, exist_ok=True)
        self.base.chmod(0o755)
        (self.outside / "secret.txt").write_text("REACHED\n")
        (self.root / "readme.txt").write_text("hello\n")
        self.give(self.base)

    def give(self, path: Path) -> None:
        """Gives a tree to the identity."""
        if self.driver.identity == "ordinary" and os.geteuid() == 0:
            for each in (path, *path.rglob("*")):
                os.chown(each, ORDINARY_UID, ORDINARY_UID, follow_symlinks=False)

    def write(self, name: str, text: str = "", mode: int = 0o644) -> Path:
        """Makes a file below the project."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
        self.give(self.base)
        return path

    def envelope(self, **changes: Any) -> Envelope:
        """The project readable, `dist` writable."""
        opened = Envelope(read_allow=(f"{self.root}/**",), write_allow=(f"{self.root}/dist/**", "/tmp/**"))
        return msgspec.structs.replace(opened, **changes)

    def step(self, *argv: str, envelope: Envelope | None = None, **changes: Any) -> Ended:
        """Runs argv confined, in the project."""
        return self.driver.ask(self._request(argv, True, envelope or self.envelope(), changes))

    def outside_step(self, *argv: str, **changes: Any) -> Ended:
        """Runs argv as a plain child."""
        return self.driver.ask(self._request(argv, False, self.envelope(), changes))

    def shell(self, text: str, envelope: Envelope | None = None, **changes: Any) -> Ended:
        """Runs shell text confined."""
        return self.step("/bin/sh", "-c", text, envelope=envelope, **changes)

    def python(self, text: str, envelope: Envelope | None = None, **changes: Any) -> Ended:
        """Runs Python text confined."""
        return self.step(PYTHON, "-I", "-S", "-c", text, envelope=envelope, **changes)

    def _request(
        self, argv: tuple[str, ...], confined: bool, envelope: Envelope, changes: dict[str, Any]
    ) -> dict[str, Any]:
        request = {
            "argv": list(argv),
            "confined": confined,
            "cwd": str(self.root),
            "root": str(self.root),
            "home": str(self.home),
            "env": {"PATH": PATH, "HOME": str(self.home), "LANG": "C.UTF-8"},
            "envelope": msgspec.to_builtins(envelope),
            "wish": "default",
            "pty": False,
            "interactive": False,
            "size": None,
            "interrupt_on": None,
            "touch_on": None,
            "touch": None,
            "swap": None,
            "without": [],
        }
        assert changes.keys() <= request.keys()
        return {**request, **changes}

    def remove(self) -> None:
        """Removes its files."""
        shutil.rmtree(self.base, ignore_errors=True)


def deny(pattern: str, capability: Capability = Capability.READ, exceptions: tuple[str, ...] = ()) -> Rule:
    """A deny rule as an envelope holds it."""
    return Rule(
        capability=capability,
        verdict=Outcome.DENY,
        pattern=pattern,
        exceptions=exceptions,
        layer=LayerKind.PROJECT,
    )


def all_command_lines() -> str:
    """Returns the command lines of every `sleep` on the host, a line each."""
    lines = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            with suppress(OSError):
                line = Path(f"/proc/{name}/cmdline").read_bytes().replace(b"\0", b" ")
                lines.append(line.decode("utf-8", "replace"))
    return "\n".join(line for line in lines if line.startswith("sleep"))
