"""What the sandbox knows and plans: host facts, gaps, the plan, and how a process ended."""

from typing import Literal

from msgspec import Struct

SandboxWish = Literal["default", "best", "strict", "none"]
Tier = Literal["namespaces", "namespaces-as-root", "landlock", "seatbelt", "none"]
Sockets = Literal["all", "outgoing", "none"]
"""Which sockets a step may make: the usual families, TCP over IPv4 that it begins itself, or pairs only."""


class Gap(Struct, frozen=True, kw_only=True):
    """Something the policy asks that this host, or this step by its own wish, does not enforce."""

    code: str
    message: str
    remedy: str = ""


class HostFacts(Struct, frozen=True, kw_only=True):
    """What a probe found by using it. `landlock_abi` 0: not there. Ids are those of rundown itself.

    `user_namespaces`: full chain worked (namespaces, lo up, proc mounted, pivot). `namespaces_as_root`:
    the same without a user namespace, for real root. `cgroup_controllers`: those of `cpu memory pids`
    whose groups rundown can make. `cable`: whether a step's network can be joined to rundown's.
    `seatbelt`: macOS, where `sandbox-exec` confines.
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
    cgroup_controllers: tuple[str, ...] = ()
    cable: bool = True
    seatbelt: bool = False


class Mount(Struct, frozen=True, kw_only=True):
    """One ordered set-up operation of the view, inside the new root.

    `kind`: bind (recursive), tmpfs, proc, devpts, dir, file (with `content`), symlink (`source` is its
    text), mask-file, mask-dir, pin (bound onto itself, read-only or not). `target` is absolute inside
    the view. `source` is absolute on the host, or `run:tmp`, `run:home`: directories that live as long
    as the run. `optional`: a source or target that is gone meanwhile is left out; else it is a failure.
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
    """A tree or file inside the view and what may be done below it. `list_only`: names, not contents."""

    path: str
    read: bool = True
    list_only: bool = False
    write: bool = False
    execute: bool = False
    ioctl_device: bool = False


class StepNetwork(Struct, frozen=True, kw_only=True):
    """What leads out of a step's network namespace: nothing but connections to rundown's listeners.

    `ports`: TCP ports at which every address but loopback answers. `loopback`: address (`127.0.0.1`, `::1`)
    and port of listeners on the step's own loopback. `host_ports`: where rundown listens on the loopback of
    the host itself, for a step that has no network namespace: it may connect to nothing else.
    """

    ports: tuple[int, ...] = ()
    loopback: tuple[tuple[str, int], ...] = ()
    host_ports: tuple[int, ...] = ()


class SandboxPlan(Struct, frozen=True, kw_only=True):
    """Data for the child: everything it does, in order. No secret but in `env`, which is never logged.

    `namespaces`: of `user mount pid net ipc uts`, in that order. Limits are named as in `Limits`.
    `tier` is what carries the confinement; `layers` names each wall with its version, for the receipt.
    `base_mounts`, then `fresh_mounts`, and `base_rules`: how many of `mounts` and `landlock`, from the
    first, are the same for every step of a run, so that they may be done ahead; base ones once a run.
    `only_programs`: `enforce_run: tree`, so that no file in memory may be made that could be executed.
    `cgroup`: controllers that carry the limits; the others are set as rlimits. `deny_connect`: for want of a
    net namespace Landlock refuses TCP but to `connect_ports`, and seccomp what `sockets` does not say.
    `network` None: nothing answers in the step's network but what it starts itself.
    `profile`: the whole as a Seatbelt profile, on macOS; there nothing else of the walls is used.
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
    tier: Tier = "namespaces"
    layers: tuple[str, ...] = ()
    deny_connect: bool = False
    connect_ports: tuple[int, ...] = ()
    sockets: Sockets = "all"
    cgroup: tuple[str, ...] = ()
    cpu: float | None = None
    only_programs: bool = False
    base_mounts: int = 0
    fresh_mounts: int = 0
    base_rules: int = 0
    network: StepNetwork | None = None
    profile: str = ""


class Refusal(Struct, frozen=True, kw_only=True):
    """No plan can be made: what is missing, as gaps that carry remedies. `code` is `sandbox/kebab-name`."""

    code: str
    message: str
    fix: str = ""
    missing: tuple[Gap, ...] = ()


class Tree(Struct, frozen=True, kw_only=True):
    """A path that exists on the host and is opened: a real path, no symlink on the way.

    `kind` file or dir. `origin`: policy, system, toolchain.
    """

    path: str
    kind: Literal["dir", "file"]
    write: bool = False
    origin: Literal["policy", "system", "toolchain"] = "policy"


class Mask(Struct, frozen=True, kw_only=True):
    """An existing path below an opened tree that a deny hides (`hide`) or makes read-only (`pin`).

    `pattern` is the rule's, for messages; "" for hard links found through another name.
    """

    path: str
    kind: Literal["dir", "file"]
    action: Literal["hide", "pin"]
    pattern: str = ""


class SystemLink(Struct, frozen=True, kw_only=True):
    """A symlink among the system paths (`/bin` -> `usr/bin`), shown as it is."""

    path: str
    text: str


class Survey(Struct, frozen=True, kw_only=True):
    """What exists on the host at step start of what policy opens, hides and protects.

    `trees` parents before children; `masks` sorted by path; `problems` are gaps (a tree that is a
    symlink, a directory that cannot be read). `foreign_owner`: the root belongs to another uid.
    `copies`: path and content of files
    that are shown without their credentials. `listings`: the names in each directory above a mask, for
    hosts where a deny is enforced by granting siblings. `missing`: write trees that do not exist.
    `programs`: for `enforce_run: tree`, everything that may be executed, with interpreters and companions.
    `proc_names`: what /proc of this kernel has beside processes.
    """

    trees: tuple[Tree, ...] = ()
    links: tuple[SystemLink, ...] = ()
    masks: tuple[Mask, ...] = ()
    problems: tuple[Gap, ...] = ()
    copies: tuple[tuple[str, str], ...] = ()
    foreign_owner: bool = False
    listings: tuple[tuple[str, tuple[str, ...]], ...] = ()
    programs: tuple[str, ...] = ()
    proc_names: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


class ProcessResult(Struct, frozen=True, kw_only=True):
    """How a step's process tree ended.

    `ending`: exited (with `status` 0-255), signalled (`signal` number), timed-out, out-of-memory,
    interrupted. `left_behind`: background processes that were ended with it. `reason`: why rundown itself
    interrupted it, "" if a person did.
    """

    ending: Literal["exited", "signalled", "timed-out", "out-of-memory", "interrupted"]
    status: int | None = None
    signal: int | None = None
    duration_ns: int
    output_bytes: int = 0
    output_cut_bytes: int = 0
    left_behind: int = 0
    reason: str = ""


class Violation(Struct, frozen=True, kw_only=True):
    """What a step did against policy and was found when it had ended. `action`: what was done about it;
    `pauses`: a person should look before the run goes on."""

    capability: str
    resource: str
    action: str
    pauses: bool = False


class StageFailure(Struct, frozen=True, kw_only=True):
    """The sandbox could not be made; the command never ran. `errno` 0 if there is none."""

    stage: str
    errno: int
    detail: str
