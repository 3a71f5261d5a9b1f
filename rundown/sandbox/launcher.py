"""`Launcher`: runs planned steps, one fork server a run; a context manager.

`launch` returns how the process tree ended, or at which stage the sandbox could not be made; it never
hangs on a step that cannot be ended, and nothing runs after a failed stage. `interrupt`, `resize` and
`freeze` may be called from a signal handler or another thread.
"""

import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from rundown.model.sandbox import HostFacts, ProcessResult, SandboxPlan, StageFailure, Tier
from rundown.sandbox.cgroup import GroupLimits, Hierarchy, StepGroups, find_own_hierarchies, sweep_groups
from rundown.sandbox.doors import Doors
from rundown.sandbox.failure import LaunchError
from rundown.sandbox.leftovers import open_locked, sweep_directories
from rundown.sandbox.output import Sink
from rundown.sandbox.recipe import Recipe, recipe_of
from rundown.sandbox.relay import Relay
from rundown.sandbox.scope import take_delegation
from rundown.sandbox.seccomp import SeccompPrograms
from rundown.sandbox.tiers import namespaces_of
from rundown.sandbox.zygote import Base, Zygote

GRACE_NS: Final = 5_000_000_000
_TMP_PREFIX: Final = "rundown-run-"
_WARM: Final = 2
"""Steps in a row: while one runs, the init of the next is warm already and that after it is being made."""


class Launcher:
    """Starts its fork server on entering, on the thread that must outlive every step.

    `tmp_bytes` bounds `{tmp}` and HOME of the run together; `grace_ns` lies between TERM and KILL. `scope`:
    words that start it in a control group of its own; `host` says afterwards what came of that.
    """

    def __init__(
        self,
        host: HostFacts,
        *,
        tmp_bytes: int | None = None,
        grace_ns: int = GRACE_NS,
        scope: tuple[str, ...] = (),
    ) -> None:
        self._host = host
        self._scope = scope
        self._tmp_bytes = tmp_bytes
        self._grace_ns = grace_ns
        self._hierarchies = find_own_hierarchies() if host.cgroup_controllers else ()
        self._lock = threading.Lock()
        self._programs = SeccompPrograms()
        self._zygotes: dict[Base, Zygote] = {}
        self._running: tuple[Relay, ...] = ()
        self._dismissed = False
        self._launches = 0
        self._host_tmp: str | None = None
        self._host_tmp_lock = -1

    def __enter__(self) -> "Launcher":
        sweep_groups(self._hierarchies)
        base = self._best_base()
        if self._scope:
            self._start_in_scope(base)
        self._zygote(base).prepare(self._first_recipe(base))
        return self

    @property
    def host(self) -> HostFacts:
        """What the host can enforce for the steps of this launcher."""
        return self._host

    def _start_in_scope(self, base: Base) -> None:
        """Starts the fork server in a scope of its own; where that gives it no groups, it is started again
        without."""
        try:
            zygote = Zygote(base, self._scope)
        except OSError:
            self._scope = ()
            return
        found: tuple[Hierarchy, ...] = ()
        with suppress(LaunchError, OSError):
            zygote.configure(self._programs, self._tmp_bytes)
            zygote.wait()
            groups = Path(f"/proc/{zygote.pid}/cgroup").read_text()
            found = take_delegation(groups, Path("/proc/self/mountinfo").read_text(), zygote.pid)
        if not found:
            zygote.close()
            self._scope = ()
            return
        self._zygotes[base] = zygote
        self._hierarchies = found
        problems = tuple(gap for gap in self._host.problems if gap.code != "sandbox/no-cgroup")
        self._host = replace(
            self._host, cgroup="v2", cgroup_controllers=found[0].controllers, problems=problems
        )

    def __exit__(self, *_: object) -> None:
        for zygote in self._zygotes.values():
            zygote.close()
        self._zygotes.clear()
        if self._host_tmp is not None:
            shutil.rmtree(self._host_tmp, ignore_errors=True)
            os.close(self._host_tmp_lock)
            self._host_tmp = None

    @property
    def host_tmp(self) -> str | None:
        """A private directory on disk, where no mount namespace can hold the run's `{tmp}`; else None."""
        if self._host_tmp is None and self._best_base() == "plain":
            folder = Path(tempfile.gettempdir())
            sweep_directories(_TMP_PREFIX, folder)
            self._host_tmp, self._host_tmp_lock = open_locked(_TMP_PREFIX, folder)
            for name in ("home", ".rd", ".rd/outputs"):
                Path(self._host_tmp, name).mkdir(mode=0o700)
        return self._host_tmp

    def open_tmp(self) -> int:
        """Returns a directory fd of the run's `{tmp}`, for files that steps leave there.

        Raises: LaunchError if the fork server is gone.
        """
        if self.host_tmp is not None:
            return os.open(self.host_tmp, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        with self._lock:
            return self._zygote(self._best_base()).open_tmp()

    def launch(
        self,
        plan: SandboxPlan,
        sink: Sink,
        *,
        stdin_fd: int | None = None,
        size: tuple[int, int] | None = None,
        doors: Doors | None = None,
        started: Callable[[int], None] = lambda pid: None,
    ) -> ProcessResult | StageFailure:
        """Runs one step to its end. `sink` gets output on this thread; `size`: a pty's rows and columns;
        `doors` gets the sockets of its network, to serve them meanwhile; `started` is told the command's
        process id, as this process sees it, when it was executed.

        `stdin_fd`: what it reads, None for nothing. An interactive step on a pty has a terminal of its own,
        to which the keys of `stdin_fd` are carried; that is put into raw mode meanwhile.
        """
        limits = GroupLimits(memory_bytes=plan.memory_bytes, pids=plan.pids, cpu=plan.cpu)
        wanted = self._hierarchies if plan.cgroup and limits != GroupLimits() else ()
        try:
            with StepGroups(wanted, self._next_name(), limits) as groups:
                with self._step(plan, sink, doors, started) as relay:
                    result = relay.run(groups.open_entries(), stdin_fd, size)
                return _name_ending(result, groups)
        except LaunchError as error:
            return error.failure

    def prepare(self, plan: SandboxPlan) -> None:
        """Starts the fork server that the plan needs, on this thread: the kernel ends it with the thread that
        started it, which may not be one that ends before the run. Source: PR_SET_PDEATHSIG(2const).

        Raises: LaunchError if it cannot be started.
        """
        with self._lock:
            self._zygote(_base_of(plan))

    def interrupt(self) -> bool:
        """Ends what runs: TERM, after a grace KILL; KILL at once when called again. Signal-safe.

        Returns whether anything runs.
        """
        for relay in self._running:
            relay.interrupt()
        return bool(self._running)

    def dismiss(self) -> None:
        """Ends what runs, and from here on whatever starts: a step that is about to start is missed by no
        interrupt. From any thread."""
        self._dismissed = True
        self.interrupt()

    @property
    def is_busy(self) -> bool:
        """Whether anything runs. Signal-safe."""
        return bool(self._running)

    def resize(self, rows: int, columns: int) -> None:
        """Passes a terminal's new size on. Signal-safe."""
        for relay in self._running:
            relay.resize(rows, columns)

    def suspend(self) -> bool:
        """Stops rundown itself (SIGSTOP) with what runs frozen, until somebody lets it go on. Signal-safe.

        Returns whether anything runs.
        """
        for relay in self._running:
            relay.suspend()
        return bool(self._running)

    def freeze(self, wanted: bool) -> None:
        """Stops every process of what runs where it is, with its clock, or lets it go on. Signal-safe."""
        for relay in self._running:
            relay.freeze(wanted)

    @contextmanager
    def _step(
        self, plan: SandboxPlan, sink: Sink, doors: Doors | None, started: Callable[[int], None]
    ) -> Iterator[Relay]:
        """Gives a relay that can be interrupted; an init for the next step is asked for when it is over."""
        recipe = recipe_of(plan)
        with self._lock:
            zygote = self._zygote(_base_of(plan))
            fresh = zygote.take(recipe)
        relay = Relay(plan, fresh, sink, self._grace_ns, doors=doors, started=started)
        self._running = (*self._running, relay)
        if self._dismissed:
            relay.interrupt()
        try:
            yield relay
        finally:
            self._running = tuple(other for other in self._running if other is not relay)
            with self._lock:
                zygote.prepare(recipe, _WARM)

    def _next_name(self) -> str:
        with self._lock:
            self._launches += 1
            return f"rundown-{os.getpid()}-{id(self):x}-{self._launches}"

    def _zygote(self, base: Base) -> Zygote:
        if base not in self._zygotes:
            # In a scope too: only from there may its processes move into the groups of the first one's.
            zygote = self._zygotes[base] = Zygote(base, self._scope)
            zygote.configure(self._programs, self._tmp_bytes)
        return self._zygotes[base]

    def _first_recipe(self, base: Base) -> Recipe:
        """What the first step will surely want: its plan is not known yet."""
        tier = _TIERS[base]
        return Recipe(
            namespaces=namespaces_of(tier, frozenset()),
            tier=tier,
            landlock_abi=self._host.landlock_abi,
            seccomp=self._host.seccomp,
            sockets="none" if tier == "landlock" else "all",
        )

    def _best_base(self) -> Base:
        if self._host.user_namespaces:
            return "userns"
        return "mount" if self._host.namespaces_as_root else "plain"


def _base_of(plan: SandboxPlan) -> Base:
    if "user" in plan.namespaces:
        return "userns"
    return "mount" if "mount" in plan.namespaces else "plain"


_TIERS: Final[dict[Base, Tier]] = {
    "userns": "namespaces",
    "mount": "namespaces-as-root",
    "plain": "landlock",
}


def _name_ending(result: ProcessResult | StageFailure, groups: StepGroups) -> ProcessResult | StageFailure:
    """A kill for want of memory is named so, also where what was killed is a child that the step's failure is
    about (make's compiler, a test's worker)."""
    if isinstance(result, ProcessResult):
        failed = result.signal == 9 or (result.ending == "exited" and result.status != 0)
        if failed and groups.ran_out_of_memory():
            return replace(result, ending="out-of-memory")
    return result
