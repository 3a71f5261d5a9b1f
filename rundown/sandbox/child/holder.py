"""The run's own mount namespace: the host's tree at `/host`, the run's private directories at `/state`.

The zygote enters it once, so that `{tmp}` and HOME live as long as the run, in memory, seen by nobody
else, and are gone with the zygote however it ends. Every step's namespaces are made inside it.
"""

import os
from typing import Final

from rundown.sandbox.child import namespaces, syscalls
from rundown.sandbox.child.stages import stage

HOST: Final = "/host"
STATE: Final = "/state"
VIEW: Final = "/view"
TMP: Final = "/state/tmp"
HOME: Final = "/state/home"
EMPTY_FILE: Final = "empty-file"
EMPTY_DIR: Final = "empty-dir"


def enter_run_namespace(base: str, tmp_bytes: int | None) -> None:
    """Moves the zygote into the run's namespaces; `base`: `userns`, or `mount` (real root without).

    Raises: StageError "namespaces", "id-maps" or "run-view".
    """
    namespaces.enter_alone(("user", "mount") if base == "userns" else ("mount",))
    with stage("run-view"):
        syscalls.make_all_mounts_private()
        root = syscalls.new_filesystem("tmpfs", {"mode": "0755", "size": "1m"})
        for name in (HOST, STATE, VIEW):
            os.mkdir(name.lstrip("/"), 0o755, dir_fd=root)
        os.symlink("host/proc", "proc", dir_fd=root)
        _attach_state(root, tmp_bytes)
        _pivot(root)


def _attach_state(root: int, tmp_bytes: int | None) -> None:
    options = {"mode": "0755"} if tmp_bytes is None else {"mode": "0755", "size": str(tmp_bytes)}
    attributes = syscalls.MOUNT_ATTR_NOSUID | syscalls.MOUNT_ATTR_NODEV
    state = syscalls.new_filesystem("tmpfs", options, attributes)
    for name, mode in (("tmp", 0o1777), ("home", 0o700), ("tmp/.rd", 0o700), ("tmp/.rd/outputs", 0o700)):
        os.mkdir(name, mode, dir_fd=state)
        os.chmod(name, mode, dir_fd=state)
    # Empty, not unreadable: a hidden directory must not make `find` and `ls -R` of a whole tree fail.
    os.mkdir(EMPTY_DIR, 0o555, dir_fd=state)
    os.close(os.open(EMPTY_FILE, os.O_CREAT | os.O_EXCL | os.O_RDONLY | os.O_CLOEXEC, 0, dir_fd=state))
    top = os.open("/", os.O_PATH | os.O_CLOEXEC | os.O_DIRECTORY)
    syscalls.attach_mount(root, top)
    target = syscalls.open_path(root, STATE)
    syscalls.attach_mount(state, target)
    for used in (top, target, state):
        os.close(used)


def _pivot(root: int) -> None:
    os.fchdir(root)
    syscalls.call("pivot_root", b".", HOST.lstrip("/").encode())
    os.chdir("/")
    os.close(root)
