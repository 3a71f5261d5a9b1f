"""What the sandbox knows and plans: host facts, gaps, the plan, and how a process ended."""

from typing import Literal

from msgspec import Struct

SandboxWish = Literal["default", "best", "strict", "none"]


class Gap(Struct, frozen=True, kw_only=True):
    """Something the policy asks that this host, or this step by its own wish, does not enforce."""

    code: str
    message: str
    remedy: str = ""


class HostFacts(Struct, frozen=True, kw_only=True):
    """What a probe found by using it. `landlock_abi` 0: not there. Ids are those of rundown itself.

    `user_namespaces`: full chain worked (namespaces, lo up, proc mounted, pivot). `namespaces_as_root`:
    the same without a user namespace, for real root.
    """

    kernel: str
    machine: str
    uid: int
    gid: int
    landlock_abi: int
    seccomp: bool
    user_namespaces: bool
    namespaces_as_root: bool
    proc_mount: bool
    cgroup: Literal["v2", "v1", "none"]
    problems: tuple[Gap, ...] = ()


class Mount(Struct, frozen=True, kw_only=True):
    """One ordered set-up operation of the view, inside the new root.

    `kind`: bind (recursive), tmpfs, proc, devpts, dir, file (with `content`), symlink (`source` is its
    text), mask-file, mask-dir, pin (bound onto itself, read-only or not). `target` is absolute inside
    the view.
    """

    kind: Literal["bind", "tmpfs", "proc", "devpts", "dir", "file", "symlink", "mask-file", "mask-dir", "pin"]
    target: str
    source: str = ""
    writable: bool = False
    executable: bool = True
    devices: bool = False
    optional: bool = False
    size_bytes: int | None = None
    mode: int = 0o755
    content: str = ""


class LandlockRule(Struct, frozen=True, kw_only=True):
    """A tree or file inside the view and what may be done below it."""

    path: str
    read: bool = True
    write: bool = False
    execute: bool = False
    ioctl_device: bool = False


class SandboxPlan(Struct, frozen=True, kw_only=True):
    """Data for the child: everything it does, in order. No secret but in `env`, which is never logged.

    `namespaces`: of `user mount pid net ipc uts`. `limits` are named as in `Limits`.
    """

    request_digest: str
    argv: tuple[str, ...]
    cwd: str
    env: tuple[tuple[str, str], ...]
    namespaces: tuple[str, ...]
    mounts: tuple[Mount, ...]
    landlock: tuple[LandlockRule, ...]
    landlock_abi: int
    seccomp: bool
    keep_capabilities: tuple[str, ...] = ()
    timeout_ns: int | None = None
    memory_bytes: int | None = None
    pids: int | None = None
    file_size_bytes: int | None = None
    open_files: int | None = None
    output_bytes: int | None = None
    pty: bool = False
    interactive: bool = False
    gaps: tuple[Gap, ...] = ()


class ProcessResult(Struct, frozen=True, kw_only=True):
    """How a step's process tree ended.

    `ending`: exited (with `status` 0-255), signalled (`signal` number), timed-out, out-of-memory,
    interrupted. `left_behind`: background processes that were ended with it.
    """

    ending: Literal["exited", "signalled", "timed-out", "out-of-memory", "interrupted"]
    status: int | None = None
    signal: int | None = None
    duration_ns: int
    output_bytes: int = 0
    output_cut_bytes: int = 0
    left_behind: int = 0


class StageFailure(Struct, frozen=True, kw_only=True):
    """The sandbox could not be made; the command never ran. `errno` 0 if there is none."""

    stage: str
    errno: int
    detail: str
