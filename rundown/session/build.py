"""Composes the real ports: one `House` is what a run, its children and `exec` need on this machine."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from rundown.errors import PolicyDeniedError, SandboxUnavailableError
from rundown.model.diagnostic import Diagnostic
from rundown.model.policy import Envelope
from rundown.model.request import ExecutionRequest
from rundown.model.sandbox import HostFacts
from rundown.policy.envelope import effective_limits
from rundown.record.changes import Watch
from rundown.record.rundir import RunDirectory
from rundown.redact.names import secret_values
from rundown.redact.redactor import Redactor
from rundown.sandbox.late import DeniedNames
from rundown.sandbox.launcher import Launcher
from rundown.sandbox.settings import ViewSettings
from rundown.session.desk import Desk, open_desk, step_search_path
from rundown.session.environment import StepFacts, step_environment
from rundown.session.guarding import StepGuard
from rundown.session.launching import Launching, SandboxLauncher, Terminal
from rundown.session.ports import Prompter
from rundown.session.surroundings import Surroundings
from rundown.session.values import Values
from rundown.session.view import describe_view
from rundown.session.watching import StepWatch
from rundown.session.wish import Wish

_GRACE_NS = 3_000_000_000
"""Between TERM and KILL: CI systems kill rundown itself a few seconds after they asked it to end."""

_FRESH_NS = 250_000_000
"""A look after one step stands for the look before the next, if no person was asked in between."""


class RunRef(Struct, frozen=True, kw_only=True):
    """Which run a step belongs to. `runbook_path` is the file's real path, "" for none."""

    run_id: str
    context_id: str
    runbook_file: str = ""
    runbook_path: str = ""


class House(Struct, kw_only=True):
    """A desk and a sandbox: shared by a run and its children. `redactor` takes `secrets`, values by name,
    out of all that is stored or shown; `salt` makes digests of values useless to others; `watch` remembers
    how the trees stood that steps may write, `denied_names` which denied names were in them; `tmp_bytes`
    bounds the run's private /tmp."""

    desk: Desk
    room: Launcher
    salt: str
    secrets: dict[str, str]
    redactor: Redactor
    watch: Watch
    tmp_bytes: int | None
    denied_names: DeniedNames

    def keep_secret(self, values: Values) -> None:
        """From now on takes these values out as well, and every text in them."""
        found = {name: text for item in values for name, text in _texts(item, values[item])}
        if not found.items() <= self.secrets.items():
            self.secrets = {**self.secrets, **found}
            self.redactor = Redactor(self.secrets)

    def redact_text(self, text: str) -> str:
        """Returns `text` without any secret that is known by now."""
        return self.redactor.redact_text(text)

    def describe_view(self, envelope: Envelope) -> tuple[str, ...]:
        """Returns what the sandbox will let a step read, write and reach, a line each."""
        return describe_view(self.desk, envelope)

    def watch_steps(self, directory: RunDirectory) -> StepWatch:
        """Returns what sees the changes of one run's steps."""

        def redact(content: bytes) -> bytes:
            return self.redactor.redact_bytes(content)

        private = frozenset({self.desk.cache, self.desk.facts.tmp, "/tmp", "/var/tmp"})
        return StepWatch(self.watch, directory, redact, private)

    def guard_steps(self, folder: Path) -> StepGuard:
        """Returns what undoes things done against policy; `folder` takes what it moves away."""
        return StepGuard(self.denied_names, self._view(), folder)

    def launcher(self, ref: RunRef, terminal: Terminal) -> SandboxLauncher:
        """Returns the launcher of one run."""

        def variables(
            request: ExecutionRequest, names: tuple[str, ...], values: Mapping[str, str]
        ) -> tuple[tuple[str, str], ...]:
            return step_environment(names, self.desk.around.environ, self._step_facts(ref, request), values)

        launching = Launching(
            host=self.desk.host,
            view=self._view(),
            wish=self.desk.wish.sandbox,
            tmp_bytes=self.tmp_bytes,
            variables=variables,
            own_executables=tuple(
                os.path.realpath(os.path.join(folder, name))
                for folder in self.desk.around.executable_dirs
                for name in ("rundown", "rd")
            ),
            own_package=self.desk.around.package,
        )
        return SandboxLauncher(self.room, launching, terminal)

    def _view(self) -> ViewSettings:
        return ViewSettings(
            root=self.desk.project.root, home=str(self.desk.around.home), cache=self.desk.cache
        )

    def _step_facts(self, ref: RunRef, request: ExecutionRequest) -> StepFacts:
        confined = self.desk.wish.sandbox != "none"
        return StepFacts(
            run_id=ref.run_id,
            context_id=ref.context_id,
            runbook_ref=ref.runbook_file,
            runbook_source=ref.runbook_path,
            position=request.position,
            attempt=request.attempt,
            work_path=os.path.join(self.desk.project.root, ".rundown", "work"),
            home=str(self.desk.around.home),
            tmp="/tmp" if confined else self.desk.around.environ.get("TMPDIR", "/tmp"),
            cache=self.desk.cache,
            search_path=step_search_path(self.desk.around),
        )


@contextmanager
def open_house(
    wish: Wish, around: Surroundings, runbook: Path | None, prompter: Prompter | None = None
) -> Iterator[House]:
    """Gathers policy and host, starts the fork server, ends it on leaving.

    Raises:
        InvalidInputError: a policy document or the project root is not valid.
        SandboxUnavailableError: the confinement that was asked for cannot be had.
    """
    desk = open_desk(wish, around, runbook, prompter)
    require_sandbox(desk.host, wish, bypass_allowed=desk.loaded.bypass_allowed)
    tmp_bytes = effective_limits(desk.compiled).tmp_bytes
    with Launcher(desk.host, tmp_bytes=tmp_bytes, grace_ns=_GRACE_NS) as room:
        secrets = secret_values(around.environ)
        yield House(
            desk=desk,
            tmp_bytes=tmp_bytes,
            room=room,
            salt=os.urandom(16).hex(),
            secrets=secrets,
            redactor=Redactor(secrets),
            watch=Watch(around.now_ns, ignored=desk.facts.off_limits, fresh_ns=_FRESH_NS),
            denied_names=DeniedNames(),
        )


def require_sandbox(host: HostFacts, wish: Wish, *, bypass_allowed: bool) -> None:
    """Returns if a sandbox of the kind asked for can be had at all, or may be done without.

    Raises:
        PolicyDeniedError: no sandbox was asked for, and the system's document does not allow that.
        SandboxUnavailableError: neither namespaces nor Landlock, or something is missing and the
            strict sandbox was asked for.
    """
    if wish.sandbox == "none" and not bypass_allowed:
        raise PolicyDeniedError(
            Diagnostic(
                code="sandbox/bypass-refused",
                message="steps may not run unconfined on this host",
                why="the system's policy document does not say `allow_bypass: true`",
                fix="leave --no-sandbox out",
            )
        )
    walls = host.user_namespaces or host.namespaces_as_root or host.landlock_abi > 0
    if wish.sandbox == "default" and not walls:
        raise SandboxUnavailableError(
            Diagnostic(
                code="sandbox/none",
                message="this host can confine nothing: neither user namespaces nor Landlock work",
                why="; ".join(gap.message for gap in host.problems),
                fix="`rundown doctor` says how to get them; --sandbox=best applies what there is",
            )
        )
    if wish.sandbox == "strict" and host.problems:
        raise SandboxUnavailableError(
            *(
                Diagnostic(code=gap.code, message=gap.message, why="--sandbox-strict", fix=gap.remedy)
                for gap in host.problems
            )
        )


def _texts(name: str, value: object) -> Iterator[tuple[str, str]]:
    """Yields every text and number in a value, by a name of its own."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(f"{name}.{key}", item)
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from _texts(f"{name}.{place}", item)
    elif value is not None and not isinstance(value, bool):
        yield name, str(value)
