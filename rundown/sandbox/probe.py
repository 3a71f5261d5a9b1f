"""`probe_host`: what this host can enforce, found by using it, once per run.

Refuses to conclude anything from version numbers: some hosts allow the first call and refuse the next.
"""

import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final

from rundown.model.sandbox import Gap, HostFacts
from rundown.sandbox import remedies
from rundown.sandbox.cgroup import CONTROLLERS, Hierarchy, find_own_hierarchies
from rundown.sandbox.clues import read_clues
from rundown.sandbox.remedies import Clues
from rundown.sandbox.seatbelt import SANDBOX_EXEC
from rundown.sandbox.zygote import import_path, interpreter

_BOOT: Final = "import sys; sys.path[:0] = {path!r}; from rundown.sandbox.child.probe import main; main()"
_PATIENCE_S: Final = 10
_NEWEST_ABI: Final = 7
_WANTED_ABI: Final = 6
_NO_CLUES: Final = Clues()


def _macos() -> HostFacts:
    """Asks `sandbox-exec` to refuse something, which is all that is used of it."""
    works = False
    with suppress(OSError, subprocess.TimeoutExpired):
        profile = '(version 1)(allow default)(deny file-read* (literal "/private/etc/hosts"))'
        refused, allowed = (
            subprocess.run(
                [SANDBOX_EXEC, "-p", profile, "/bin/cat", path], capture_output=True, timeout=_PATIENCE_S
            ).returncode
            for path in ("/private/etc/hosts", "/dev/null")
        )
        works = refused != 0 and allowed == 0
    message = "`sandbox-exec` does not confine here: nothing can be enforced"
    lack = Gap(code="sandbox/no-seatbelt", message=message, remedy="run rundown in a Linux virtual machine")
    return HostFacts(
        kernel=f"Darwin {platform.release()}",
        machine=platform.machine(),
        uid=os.geteuid(),
        gid=os.getegid(),
        landlock_abi=0,
        seccomp=False,
        user_namespaces=False,
        namespaces_as_root=False,
        proc_mount=False,
        cgroup="none",
        problems=() if works else (lack,),
        cable=False,
        seatbelt=works,
    )


def probe_host() -> HostFacts:
    """Returns what was found; what is missing is in `problems`, each with its remedy. Never raises."""
    with Probe() as probe:
        return probe.finish()


class Probe:
    """A probe that is under way: whoever has something else to do meanwhile does it before `finish`."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._problem = ""
        if sys.platform == "darwin":
            return
        pipe = subprocess.PIPE
        try:
            self._process = subprocess.Popen(
                [*interpreter(), "-"], env={}, cwd="/", stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL
            )
            assert self._process.stdin is not None
            with self._process.stdin as stdin:
                stdin.write(_BOOT.format(path=list(import_path())).encode())
            self._process.stdin = None
        except OSError as error:
            self._problem = f"the probe did not start: {error}"

    def finish(self) -> HostFacts:
        """Returns what was found. Never raises."""
        if sys.platform == "darwin":
            return _macos()
        libseccomp = _has_libseccomp()
        hierarchies = find_own_hierarchies()
        if self._process is None or self._problem:
            return _nothing(self._problem)
        try:
            output, _ = self._process.communicate(timeout=_PATIENCE_S)
            found = json.loads(output)
        except (OSError, ValueError, subprocess.TimeoutExpired) as error:
            return _nothing(f"the probe did not end: {error}")
        return _facts(found, libseccomp, hierarchies, read_clues())

    def __enter__(self) -> "Probe":
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()


def _has_libseccomp() -> bool:
    try:
        import pyseccomp  # noqa: F401
    except (ImportError, RuntimeError):
        return False
    return True


def _nothing(why: str) -> HostFacts:
    failure = {"stage": "probe", "errno": 0, "detail": why}
    found = {"landlock_abi": 0, "seccomp": False, "userns": failure, "mount": failure}
    found |= dict.fromkeys(("proc_mount", "pidfd", "cable"), False)
    return _facts(found, False, ())


def _facts(
    found: dict[str, Any], libseccomp: bool, hierarchies: tuple[Hierarchy, ...], clues: Clues = _NO_CLUES
) -> HostFacts:
    controllers = {name for hierarchy in hierarchies for name in hierarchy.controllers}
    as_root = os.geteuid() == 0 and found["userns"] is not None and found["mount"] is None
    return HostFacts(
        kernel=platform.release(),
        machine=platform.machine(),
        uid=os.geteuid(),
        gid=os.getegid(),
        landlock_abi=min(found["landlock_abi"], _NEWEST_ABI),
        seccomp=found["seccomp"] and libseccomp,
        user_namespaces=found["userns"] is None,
        namespaces_as_root=as_root,
        proc_mount=found["proc_mount"],
        cgroup=hierarchies[0].version if hierarchies else "none",
        cable=found["cable"],
        cgroup_controllers=tuple(name for name in CONTROLLERS if name in controllers),
        problems=tuple(_problems(found, libseccomp, as_root, controllers, clues)),
    )


def _problems(
    found: dict[str, Any], libseccomp: bool, as_root: bool, controllers: set[str], clues: Clues
) -> Iterator[Gap]:
    if found["landlock_abi"] == 0:
        yield Gap(
            code="sandbox/no-landlock",
            message="the kernel does not offer Landlock",
            remedy=remedies.for_landlock(clues),
        )
    elif found["landlock_abi"] < _WANTED_ABI:
        yield Gap(
            code="sandbox/old-landlock",
            message=f"Landlock ABI {found['landlock_abi']} lacks {_lacks(found['landlock_abi'])}",
            remedy="use a kernel from 6.12 on",
        )
    if not found["pidfd"]:
        yield Gap(
            code="sandbox/no-pidfd",
            message="pidfd_open is refused: a step is ended by its own init alone",
            remedy=remedies.for_calls(clues),
        )
    if not found["seccomp"]:
        yield Gap(
            code="sandbox/no-seccomp",
            message="the kernel refuses seccomp filters",
            remedy=remedies.for_seccomp(clues),
        )
    elif not libseccomp:
        yield Gap(
            code="sandbox/no-libseccomp",
            message="libseccomp is not installed, so that no system call is refused",
            remedy="install libseccomp (Debian, Ubuntu: libseccomp2)",
        )
    if found["userns"] is not None:
        failure = found["userns"]
        yield Gap(
            code="sandbox/no-user-namespaces",
            message=f"user namespaces cannot be used here ({failure['stage']}: {failure['detail']})",
            remedy=remedies.for_user_namespaces(clues),
        )
    if not found["proc_mount"] and (found["userns"] is None or as_root):
        yield Gap(
            code="sandbox/proc-shared",
            message="/proc cannot be mounted anew, the one of this container is shown read-only",
            remedy=remedies.for_proc(clues),
        )
    if not found["cable"] and (found["userns"] is None or as_root):
        yield Gap(
            code="sandbox/no-cable",
            message="no virtual network device can be made: steps reach nothing, whatever policy allows",
            remedy="load the kernel module `veth` (modprobe veth)",
        )
    missing = [name for name in CONTROLLERS if name not in controllers]
    if missing:
        yield Gap(
            code="sandbox/no-cgroup",
            message=f"no control group can be made for {', '.join(missing)}",
            remedy=remedies.for_control_groups(clues),
        )


def _lacks(abi: int) -> str:
    """Source: landlock(7), the table of ABI versions."""
    steps = (
        (2, "renames between directories"),
        (3, "truncation"),
        (4, "TCP"),
        (5, "device requests"),
        (6, "scopes"),
    )
    return ", ".join(what for level, what in steps if abi < level)
