"""A control group of the run's own, from the person's service manager, where no other can be had.

The fork server is started in a transient scope with `Delegate=yes`, goes into a leaf of it, and each step
gets a group beside that leaf. Refuses nothing: where there is no such manager limits are carried as without.
Source: systemd-run(1), systemd.resource-control(5) on Delegate=; the kernel's cgroup-v2 document, "No
Internal Process Constraint".
"""

import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from rundown.model.policy import Limits
from rundown.model.sandbox import HostFacts
from rundown.sandbox.cgroup import CONTROLLERS, Hierarchy

_TRUSTED_PATH: Final = "/usr/bin:/bin"
_RUNTIMES: Final = "/run/user"
_RUNTIME: Final = "XDG_RUNTIME_DIR"
_BUS: Final = "DBUS_SESSION_BUS_ADDRESS"
_SCOPE: Final = re.compile(r"0::(/\S*\.scope)", re.MULTILINE)
_LEAF: Final = "rundown-server"


def scope_words(
    host: HostFacts,
    limits: Limits,
    environ: Mapping[str, str],
    search: str = _TRUSTED_PATH,
    runtimes: str = _RUNTIMES,
) -> tuple[str, ...]:
    """Returns the words to put before the fork server's own; () where no limit needs it, or none can be had.

    `search`: where the programs for it are looked for; `runtimes`: where the managers of users without
    `XDG_RUNTIME_DIR` have their directories. Source: pam_systemd(8).
    """
    wanted = {"cpu": limits.cpu, "memory": limits.memory_bytes, "pids": limits.pids}
    missing = [
        name for name, value in wanted.items() if value is not None and name not in host.cgroup_controllers
    ]
    run, plain = (shutil.which(name, path=search) for name in ("systemd-run", "env"))
    # Not set after `su`, in cron, or in a service of the machine; the manager may run all the same.
    runtime = environ.get(_RUNTIME) or f"{runtimes}/{host.uid}"
    if not missing or run is None or plain is None or not os.path.isdir(os.path.join(runtime, "systemd")):
        return ()
    settings = [f"{_RUNTIME}={runtime}", *([f"{_BUS}={environ[_BUS]}"] if _BUS in environ else [])]
    options = ("--user", "--scope", "--quiet", "--collect", "--property=Delegate=yes")
    return (plain, *settings, run, *options, "--", plain, "-i")


def take_delegation(groups: str, mounts: str, pid: int) -> tuple[Hierarchy, ...]:
    """Returns where step groups can be made, after the process was put into a leaf; () if none was delegated.

    `groups` is the text of its /proc/PID/cgroup, `mounts` of /proc/self/mountinfo.
    """
    scope = _SCOPE.search(groups)
    point = next((line.split()[4] for line in mounts.splitlines() if " - cgroup2 " in line), None)
    if scope is None or point is None:
        return ()
    directory = Path(point + scope[1])
    try:
        (directory / _LEAF).mkdir()
        (directory / _LEAF / "cgroup.procs").write_text(str(pid))
        offered = (directory / "cgroup.controllers").read_text().split()
    except OSError:
        return ()
    taken = tuple(name for name in CONTROLLERS if name in offered and _hand_down(directory, name))
    return (Hierarchy(version="v2", directory=str(directory), controllers=taken),) if taken else ()


def _hand_down(directory: Path, name: str) -> bool:
    try:
        (directory / "cgroup.subtree_control").write_text(f"+{name}")
    except OSError:
        return False
    return True
