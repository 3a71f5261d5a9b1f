"""Control groups: which controllers rundown can make groups for, and one group per step.

Uses cgroup v2 where a group that this process may move into hands controllers down, else the v1
hierarchies that are writable. Never changes a group that is not its own, and removes its own again.
Source: the kernel's cgroup-v2 and cgroup-v1 documents; proc(5) for the two files read here.
"""

import os
import re
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, Literal

from msgspec import Struct

from rundown.sandbox.failure import LaunchError

_MADE_BY: Final = re.compile(r"rundown-(\d+)-[0-9a-f]+-\d+")
"""Names that `Launcher` gives: its process id comes first."""
CONTROLLERS: Final = ("cpu", "memory", "pids")


class Hierarchy(Struct, frozen=True, kw_only=True):
    """A directory in which groups with these controllers can be made."""

    version: Literal["v1", "v2"]
    directory: str
    controllers: tuple[str, ...]


def find_hierarchies(own: str, mounts: str, usable: Callable[[Path, bool], bool]) -> tuple[Hierarchy, ...]:
    """Returns where groups can be made; v2 alone if it hands any controller down, else v1, else nothing.

    `own` is the text of /proc/self/cgroup, `mounts` of /proc/self/mountinfo; `usable(directory, v2)`
    says whether a group can be made and entered there.
    """
    places = [line.split(":", 2) for line in own.splitlines()]
    mounted = [_mount_of(line) for line in mounts.splitlines()]
    unified = next((path for number, _, path in places if number == "0"), None)
    for root, point, kind, _ in mounted:
        if kind == "cgroup2" and unified is not None:
            found = _nearest_delegating(Path(point), _below(root, unified), usable)
            if found is not None:
                return (found,)
    legacy = []
    for _, names, path in places:
        for controller in set(names.split(",")) & set(CONTROLLERS):
            for root, point, kind, options in mounted:
                if kind == "cgroup" and controller in options:
                    directory = Path(point) / _below(root, path)
                    if usable(directory, False):
                        legacy.append(
                            Hierarchy(version="v1", directory=str(directory), controllers=(controller,))
                        )
    return tuple(sorted(legacy, key=lambda hierarchy: hierarchy.controllers))


def _mount_of(line: str) -> tuple[str, str, str, tuple[str, ...]]:
    """Returns root, mount point, type and super options of a mountinfo line."""
    fields, _, tail = line.partition(" - ")
    kind, _, options = tail.split(" ", 2)
    words = fields.split(" ")
    return words[3], words[4], kind, tuple(options.split(","))


def _below(root: str, path: str) -> str:
    """Returns `path` as seen below a mount of `root` (in a container the mount shows a subtree)."""
    if root != "/" and (path == root or path.startswith(root + "/")):
        path = path[len(root) :]
    return path.strip("/")


def _nearest_delegating(point: Path, own: str, usable: Callable[[Path, bool], bool]) -> Hierarchy | None:
    directory = point / own
    while True:
        with suppress(OSError):
            handed_down = (directory / "cgroup.subtree_control").read_text().split()
            controllers = tuple(name for name in CONTROLLERS if name in handed_down)
            if controllers and usable(directory, True):
                return Hierarchy(version="v2", directory=str(directory), controllers=controllers)
        if directory == point:
            return None
        directory = directory.parent


def can_make_group(directory: Path, unified: bool) -> bool:
    """Returns whether a group can really be made there, and in v2 a process be moved into it.

    In v2 the way matters as well as the ends: whoever moves a process must be able to write the group that
    both lie in, and see both from their cgroup namespace. Source: cgroup-v2, "Delegation Containment".
    """
    trial = directory / f"rundown-probe-{os.getpid()}"
    try:
        trial.mkdir()
    except OSError:
        return False
    try:
        return not unified or _can_move_into(trial)
    finally:
        with suppress(OSError):
            trial.rmdir()


def _can_move_into(group: Path) -> bool:
    try:
        with subprocess.Popen(["/bin/sh", "-c", "read -r _"], stdin=subprocess.PIPE, env={}) as process:
            (group / "cgroup.procs").write_text(str(process.pid))
    except OSError:
        return False
    return True


def find_own_hierarchies() -> tuple[Hierarchy, ...]:
    """Returns `find_hierarchies` of this process."""
    try:
        own = Path("/proc/self/cgroup").read_text()
        mounts = Path("/proc/self/mountinfo").read_text(errors="surrogateescape")
    except OSError:
        return ()
    return find_hierarchies(own, mounts, can_make_group)


def sweep_groups(hierarchies: tuple[Hierarchy, ...]) -> None:
    """Removes the groups of steps whose rundown was killed. The kernel refuses where anything still runs."""
    for hierarchy in hierarchies:
        with suppress(OSError):
            for name in os.listdir(hierarchy.directory):
                maker = _MADE_BY.fullmatch(name)
                if maker is not None and not os.path.exists(f"/proc/{maker[1]}"):
                    with suppress(OSError):
                        os.rmdir(os.path.join(hierarchy.directory, name))


class StepGroups:
    """The groups of one step, made on entering and removed on leaving, when nothing runs in them."""

    def __init__(self, hierarchies: tuple[Hierarchy, ...], name: str, limits: "GroupLimits") -> None:
        self._directories = tuple(Path(hierarchy.directory) / name for hierarchy in hierarchies)
        self._hierarchies = hierarchies
        self._limits = limits

    def __enter__(self) -> "StepGroups":
        """Raises: LaunchError "cgroup", with nothing left behind."""
        try:
            for hierarchy, directory in zip(self._hierarchies, self._directories, strict=True):
                directory.mkdir()
                for file, value in _settings(hierarchy, self._limits):
                    (directory / file).write_text(value)
                for file, value in _REFINEMENTS:
                    with suppress(OSError):
                        (directory / file).write_text(value)
        except OSError as error:
            self.__exit__()
            raise LaunchError("cgroup", error.errno, str(error)) from error
        return self

    def __exit__(self, *_: object) -> None:
        for directory in self._directories:
            with suppress(OSError):
                directory.rmdir()

    def open_entries(self) -> dict[str, int]:
        """Returns fds by name; writing `0` to each puts the writer into the step's groups."""
        return {
            f"cgroup{number}": os.open(directory / "cgroup.procs", os.O_WRONLY | os.O_CLOEXEC)
            for number, directory in enumerate(self._directories)
        }

    def ran_out_of_memory(self) -> bool:
        """Returns whether the kernel ended a process of the step for want of memory."""
        for directory in self._directories:
            for file in ("memory.events", "memory.oom_control"):
                with suppress(OSError):
                    for line in (directory / file).read_text().splitlines():
                        name, _, count = line.partition(" ")
                        if name == "oom_kill" and int(count):
                            return True
        return False


class GroupLimits(Struct, frozen=True, kw_only=True):
    """What the groups limit; None: not limited."""

    memory_bytes: int | None = None
    pids: int | None = None
    cpu: float | None = None


_PERIOD_US: Final = 100_000
_REFINEMENTS: Final = (
    ("memory.swap.max", "0"),
    ("memory.oom.group", "1"),  # the step as a whole, not whichever of its processes is the largest
    ("memory.swappiness", "0"),
)


def _settings(hierarchy: Hierarchy, limits: GroupLimits) -> list[tuple[str, str]]:
    """Returns files and values in the order they must be written."""
    v2 = hierarchy.version == "v2"
    settings: list[tuple[str, str]] = []
    if limits.pids is not None and "pids" in hierarchy.controllers:
        settings.append(("pids.max", str(limits.pids)))
    if limits.memory_bytes is not None and "memory" in hierarchy.controllers:
        settings.append(("memory.max" if v2 else "memory.limit_in_bytes", str(limits.memory_bytes)))
    if limits.cpu is not None and "cpu" in hierarchy.controllers:
        quota = max(1000, int(limits.cpu * _PERIOD_US))
        settings += (
            [("cpu.max", f"{quota} {_PERIOD_US}")]
            if v2
            else [("cpu.cfs_period_us", str(_PERIOD_US)), ("cpu.cfs_quota_us", str(quota))]
        )
    return settings
