"""Plans and launches what was allowed, on this host: joins policy's envelope to the sandbox room."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from rundown.model.policy import Allowed
from rundown.model.request import ExecutionRequest
from rundown.model.sandbox import (
    HostFacts,
    LandlockRule,
    Mount,
    ProcessResult,
    Refusal,
    SandboxPlan,
    SandboxWish,
    StageFailure,
    StepNetwork,
)
from rundown.sandbox.doors import Doors
from rundown.sandbox.failure import LaunchError
from rundown.sandbox.made import make_missing_trees, remove_if_empty
from rundown.sandbox.plan import digest_plan, plan_sandbox
from rundown.sandbox.settings import LaunchSettings, ViewSettings
from rundown.sandbox.survey import survey
from rundown.sandbox.tiers import choose_tier
from rundown.sandbox.walk import WalkMemory
from rundown.session import secret_files
from rundown.session.captures import INSIDE, Capture
from rundown.session.ports import OutputSink, Planned
from rundown.session.posting import Posting, Walls


class Terminal(Protocol):
    """The person's terminal, for steps that run on a pty."""

    def size(self) -> tuple[int, int] | None:
        """Returns rows and columns; None where standard output is no terminal."""
        ...

    def stdin(self, *, interactive: bool) -> int | None:
        """Returns the descriptor that a step reads; None: nothing. `interactive`: it wants the terminal."""
        ...


def _no_end() -> int | None:
    return None


class Launching(Struct, frozen=True, kw_only=True):
    """What plans of one run have in common. `variables(request, names, values)` gives a
    step its environment: `names` are inherited. `own_executables`: rundown's, which need `own_package`;
    `certificates`: files and folders of authorities that steps trust;
    `time_left()`: nanoseconds that all steps together still have, None without an end."""

    host: HostFacts
    view: ViewSettings
    wish: SandboxWish
    variables: Callable[[ExecutionRequest, tuple[str, ...], Mapping[str, str]], tuple[tuple[str, str], ...]]
    own_executables: tuple[str, ...] = ()
    own_package: str = ""
    certificates: tuple[str, ...] = ()
    tmp_bytes: int | None = None
    time_left: Callable[[], int | None] = _no_end


class Room(Protocol):
    """Where steps run: the sandbox room's launcher, which is also interrupted and resized as one."""

    @property
    def host_tmp(self) -> str | None:
        """A directory of the run's own, where no mount namespace can hold its `{tmp}`."""
        ...

    def launch(
        self,
        plan: SandboxPlan,
        sink: OutputSink,
        *,
        stdin_fd: int | None = None,
        size: tuple[int, int] | None = None,
        doors: Doors | None = None,
        started: Callable[[int], None] = ...,
    ) -> ProcessResult | StageFailure:
        """Runs one step to its end."""
        ...

    def prepare(self, plan: SandboxPlan) -> None:
        """Makes ready, on this thread, what a launch on another one needs."""
        ...

    def interrupt(self) -> bool:
        """Asks what runs to end."""
        ...

    def freeze(self, wanted: bool) -> None:
        """Stops what runs, or lets it go on."""
        ...


class SandboxLauncher:
    """The launcher of one run."""

    def __init__(self, room: Room, launching: Launching, terminal: Terminal) -> None:
        self._room = room
        self._launching = launching
        self._terminal = terminal
        self._memory = WalkMemory()
        self._made: tuple[str, ...] = ()

    def plan(
        self,
        allowed: Allowed,
        values: Mapping[str, str],
        capture: Capture | None = None,
        secrets: secret_files.SecretFiles | None = None,
        posting: Posting | None = None,
        *,
        network: StepNetwork | None = None,
    ) -> Planned | StageFailure:
        """Returns the plan and its digest, in which the values of variables have no part."""
        launching = self._launching
        has_view = self._has_view(allowed)
        if capture is not None:
            place = INSIDE if has_view else str(capture.directory)
            values = {**values, **capture.variables(place)}
        if secrets is not None:
            shown = secret_files.INSIDE if has_view else str(secrets.directory)
            values = {**values, **secrets.variables(shown)}
        settings = LaunchSettings(
            view=launching.view,
            env=launching.variables(allowed.request, allowed.envelope.env, values),
            wish=launching.wish,
            pty=self._terminal.size() is not None and posting is None,
            host_tmp=self._room.host_tmp,
            tmp_bytes=launching.tmp_bytes,
            network=network,
        )
        allowed = self._with_certificates(self._with_own_package(allowed))
        if launching.wish != "none":
            self._made = make_missing_trees(allowed.envelope)
        found = survey(allowed.envelope, launching.view, self._memory)
        plan = plan_sandbox(allowed, launching.host, found, settings)
        if isinstance(plan, Refusal):
            self.drop()
            return StageFailure(
                stage="plan", errno=0, detail=f"{plan.message} ({plan.fix})" if plan.fix else plan.message
            )
        if capture is not None:
            plan = _with_folder(plan, capture.directory, place, writable=True)
        if secrets is not None:
            plan = _with_folder(plan, secrets.directory, shown, writable=False)
        if posting is not None:
            plan = _with_folder(plan, posting.home, posting.shown, writable=True)
            plan = replace(plan, env=tuple(sorted({**dict(plan.env), **posting.variables}.items())))
            try:
                self._room.prepare(plan)
            except LaunchError as error:
                return error.failure
        return Planned(plan=plan, digest=digest_plan(plan), gaps=plan.gaps)

    def walls(self, allowed: Allowed) -> Walls:
        """Returns which walls of its own a step would have."""
        view = self._has_view(allowed)
        net = view and "net" not in allowed.envelope.host
        tier = choose_tier(self._launching.host, self._launching.wish)
        open_host = tier == "none" or bool({"net", "unconfined"} & set(allowed.envelope.host))
        return Walls(view=view, net=net, reaches=open_host or (net and self._launching.host.cable))

    def stop(self) -> None:
        """Asks what runs to end."""
        self._room.interrupt()

    def freeze(self, wanted: bool) -> None:
        """Stops what runs where it is, with its clock, or lets it go on."""
        self._room.freeze(wanted)

    def _has_view(self, allowed: Allowed) -> bool:
        """Whether the step has a view of its own, in which its private folders stand at fixed places."""
        tier = choose_tier(self._launching.host, self._launching.wish)
        return tier in ("namespaces", "namespaces-as-root") and "unconfined" not in allowed.envelope.host

    def _with_certificates(self, allowed: Allowed) -> Allowed:
        """What rundown trusts is there for steps, which are told of it by variables."""
        trees = (*allowed.envelope.run_trees, *self._launching.certificates)
        return replace(allowed, envelope=replace(allowed.envelope, run_trees=trees))

    def _with_own_package(self, allowed: Allowed) -> Allowed:
        """A step that calls rundown reads rundown's code, wherever it is installed."""
        own = self._launching.own_executables
        if not any(ruling.operation.resolved in own for ruling in allowed.rulings):
            return allowed
        trees = (*allowed.envelope.run_trees, self._launching.own_package)
        return replace(allowed, envelope=replace(allowed.envelope, run_trees=trees))

    def launch(
        self,
        planned: Planned,
        output: OutputSink,
        doors: Doors | None = None,
        *,
        started: Callable[[int], None] = lambda pid: None,
        stdin_fd: int | None = None,
    ) -> ProcessResult | StageFailure:
        """Runs the plan to its end. `started` is told the command's process id on the host; `stdin_fd`: what
        it reads instead of what steps read; it is closed here as soon as the command has it."""
        plan = _within_time(planned.plan, self._launching.time_left())
        own = [stdin_fd] if stdin_fd is not None else []
        if stdin_fd is None:
            stdin_fd = self._terminal.stdin(interactive=plan.interactive)

        def begun(pid: int) -> None:
            while own:
                os.close(own.pop())
            started(pid)

        size = self._terminal.size()
        try:
            return self._room.launch(plan, output, stdin_fd=stdin_fd, size=size, doors=doors, started=begun)
        finally:
            while own:
                os.close(own.pop())
            self.drop()

    def drop(self) -> None:
        """Lets go of a plan that is not to be launched, or was: what was made for it and is empty goes."""
        remove_if_empty(self._made)
        self._made = ()


def _within_time(plan: SandboxPlan, left_ns: int | None) -> SandboxPlan:
    """No step goes on for longer than the run may."""
    if left_ns is None or (plan.timeout_ns is not None and plan.timeout_ns <= left_ns):
        return plan
    return replace(plan, timeout_ns=max(1, left_ns))


def _with_folder(plan: SandboxPlan, folder: Path, place: str, *, writable: bool) -> SandboxPlan:
    mount = Mount(kind="bind", source=str(folder), target=place, writable=writable, executable=False)
    mounts = (*plan.mounts, mount) if "mount" in plan.namespaces else plan.mounts
    rule = LandlockRule(path=place, write=writable)
    return replace(plan, mounts=mounts, landlock=(*plan.landlock, rule))
