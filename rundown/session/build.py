"""Composes the real ports: one `House` is what a run, its children and `exec` need on this machine."""

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from functools import cached_property
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from rundown.egress.outer_proxy import read_outer_proxies
from rundown.egress.server import Egress
from rundown.errors import InvalidInputError, RundownError
from rundown.model.diagnostic import Diagnostic
from rundown.model.policy import Envelope, Outcome
from rundown.model.request import Capability, ExecutionRequest
from rundown.policy.compiled import CompiledRuleset
from rundown.policy.envelope import effective_limits
from rundown.policy.release import secret_rules
from rundown.policy.resolve import find_final_deny, plain_outcome
from rundown.policy.subject import NameSubject
from rundown.record.changes import Watch
from rundown.record.rundir import RunDirectory
from rundown.record.stored import redact_body
from rundown.redact.redactor import RedactionStream, Redactor
from rundown.redact.spellings import SHORTEST_BYTES
from rundown.sandbox.failure import LaunchError
from rundown.sandbox.kept_tmp import copy_tmp
from rundown.sandbox.late import DeniedNames
from rundown.sandbox.launcher import Launcher
from rundown.sandbox.room import open_room
from rundown.sandbox.scope import scope_words
from rundown.sandbox.settings import ViewSettings
from rundown.sandbox.tiers import can_be_proxied, choose_tier
from rundown.session.certificates import certificate_files
from rundown.session.desk import Desk, open_desk, step_search_path
from rundown.session.environment import StepFacts, step_environment
from rundown.session.expiry import Expiring, earliest
from rundown.session.guarding import StepGuard
from rundown.session.helm import Helm
from rundown.session.launching import Launching, SandboxLauncher, Terminal
from rundown.session.library import Opened
from rundown.session.ports import Prompter
from rundown.session.private_files import memory_folder, sweep
from rundown.session.requirement import require_sandbox
from rundown.session.run import Start
from rundown.session.secrecy import known_secrets, secret_texts
from rundown.session.secret_sources import Sources
from rundown.session.surroundings import Surroundings
from rundown.session.values import Values
from rundown.session.vault import RunbookSecrets, Vault
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


class House(Struct, kw_only=True, dict=True):
    """A desk and a sandbox: shared by a run and its children. `redactor` takes `secrets`, values by name,
    out of all that is stored or shown; `salt` makes digests of values useless to others; `watch` remembers
    how the trees stood that steps may write, `denied_names` which denied names were in them; `tmp_bytes`
    bounds the run's private /tmp. `ends_ns`: when its time is over, on the monotonic clock."""

    desk: Desk
    room: Launcher
    salt: str
    secrets: dict[str, str]
    redactor: Redactor
    watch: Watch
    tmp_bytes: int | None
    denied_names: DeniedNames
    egress: Egress
    ends_ns: int | None = None

    def time_left(self) -> int | None:
        """Returns the nanoseconds that are left for all of it, at least 0; None without an end."""
        return max(0, self.ends_ns - time.monotonic_ns()) if self.ends_ns is not None else None

    def keep_secret(self, values: Values) -> None:
        """From now on takes these values out as well, and every text in them."""
        found = dict(secret_texts(values))
        if not found.items() <= self.secrets.items():
            self.secrets = {**self.secrets, **found}
            self.redactor = Redactor(self.secrets)

    @property
    def is_proxied(self) -> bool:
        """Whether steps have a proxy for want of a network of their own."""
        host = self.desk.host
        return choose_tier(host, self.desk.wish.sandbox) == "landlock" and can_be_proxied(host)

    @cached_property
    def vault(self) -> Vault:
        """The secrets that policy knows."""
        desk = self.desk
        sources = Sources(around=desk.around, root=desk.project.root, off_limits=desk.facts.off_limits)

        return Vault(
            secret_rules(desk.loaded.decoded),
            sources.read,
            lambda name, value: self.keep_secret({name: value}),
            _Variables(desk.compiled),
        )

    def secrets_of(self, opened: Opened) -> RunbookSecrets:
        """Returns the secrets of a runbook's units."""
        path = os.path.realpath(opened.document.path) if opened.document.path is not None else ""
        root = f"{self.desk.project.root}/"
        runbook = path.removeprefix(root) if path.startswith(root) else ""
        return self.vault.of_runbook(runbook, opened.runbook.front.secrets)

    def check_secrets(self, opened: Opened, start: Start) -> Iterator[Diagnostic]:
        """Yields a warning for each secret, and each secret input, that is too short to be taken out of
        anything.

        Raises:
            InvalidInputError: secrets that the runbook's steps get cannot be had.
        """
        missing = () if start.prompted else self.secrets_of(opened).missing()
        if missing:
            raise InvalidInputError(*missing)
        named = start.secret | {rule.name for rule in self.vault.rules()}
        for name in self.redactor.skipped:
            if name.partition(".")[0] in named:
                yield Diagnostic(
                    code="session/secret-too-short",
                    severity="warning",
                    message=f"the value of {name} has less than {SHORTEST_BYTES} bytes",
                    why="so short a text stands in much that is not secret: it is not taken out of anything",
                    fix="use a longer one",
                )

    def bounded(self, start: Start, helm: Helm) -> Helm:
        """Returns the helm of a run: nothing begins past the end of its contract."""
        return Expiring(start.expires_at, self.desk.around.now_ns, helm)

    def expiry(self, now_ns: int) -> str | None:
        """Returns until when a run that starts now may begin steps: the nearer of what the invocation says
        and what policy does; None without either."""
        return earliest(now_ns, self.desk.wish.expires_ns, effective_limits(self.desk.compiled).expiry_ns)

    @property
    def live_folder(self) -> Path:
        """Where the files of running steps lie."""
        return self.desk.around.state / "live"

    @cached_property
    def secret_folder(self) -> Path:
        """Where secrets lie that a running step reads from files: in memory, if the host has a place."""
        runtime_dir = self.desk.around.environ.get("XDG_RUNTIME_DIR", "")
        places = [Path(runtime_dir, "rundown")] if os.path.isabs(runtime_dir) else []
        places.append(Path(f"/dev/shm/rundown-{os.getuid()}"))
        return memory_folder(places, os.getuid(), self.live_folder)

    def sweep(self) -> None:
        """Removes what steps left behind that were killed together with their rundown."""
        for folder in {self.live_folder, self.secret_folder}:
            sweep(folder)

    def redact_stream(self) -> RedactionStream:
        """Returns what takes secrets out of a stream, all that are known by now."""
        return self.redactor.stream()

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
        confines = self.desk.wish.sandbox != "none"
        lasting = self.desk.lasting
        return StepGuard(self.denied_names, self._view(), folder, confines=confines, lasting=lasting)

    def launcher(self, ref: RunRef, terminal: Terminal) -> SandboxLauncher:
        """Returns the launcher of one run."""

        certificates = certificate_files(self.desk.around.environ)

        def variables(
            request: ExecutionRequest, names: tuple[str, ...], values: Mapping[str, str]
        ) -> tuple[tuple[str, str], ...]:
            facts = self._step_facts(ref, request)
            return step_environment(names, self.desk.around.environ, facts, {**certificates, **values})

        launching = Launching(
            host=self.desk.host,
            view=self._view(),
            wish=self.desk.wish.sandbox,
            tmp_bytes=self.tmp_bytes,
            variables=variables,
            time_left=self.time_left,
            own_executables=tuple(
                os.path.realpath(os.path.join(folder, name))
                for folder in self.desk.around.executable_dirs
                for name in ("rundown", "rd")
            ),
            own_package=self.desk.around.package,
            certificates=tuple(dict.fromkeys(certificates.values())),
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
    """Gathers policy and host, starts the fork server, ends it on leaving. A problem that leaves it holds no
    secret that the house knows.

    Raises:
        InvalidInputError: a policy document or the project root is not valid.
        SandboxUnavailableError: the confinement that was asked for cannot be had.
    """
    desk = open_desk(wish, around, runbook, prompter)
    require_sandbox(desk.host, wish, bypass_allowed=desk.loaded.bypass_allowed)
    limits = effective_limits(desk.compiled)
    tmp_bytes = limits.tmp_bytes
    scope = scope_words(desk.host, limits, around.environ) if wish.sandbox != "none" else ()
    with ExitStack() as stack:
        stack.callback(desk.lasting.end_all)  # when every step is gone with the room
        room = stack.enter_context(open_room(desk.host, tmp_bytes=tmp_bytes, grace_ns=_GRACE_NS, scope=scope))
        desk = replace(desk, host=room.host)
        if wish.keep_tmp is not None:
            stack.callback(_keep_tmp, room, os.path.abspath(around.cwd / wish.keep_tmp))
        secrets = known_secrets(desk)
        egress = stack.enter_context(closing(Egress(read_outer_proxies(around.environ))))
        house = House(
            desk=desk,
            tmp_bytes=tmp_bytes,
            room=room,
            salt=os.urandom(16).hex(),
            secrets=secrets,
            redactor=Redactor(secrets),
            ends_ns=time.monotonic_ns() + wish.timeout_ns if wish.timeout_ns is not None else None,
            watch=Watch(around.now_ns, ignored=desk.facts.off_limits, fresh_ns=_FRESH_NS),
            denied_names=DeniedNames(),
            egress=egress,
        )
        house.sweep()
        try:
            yield house
        except RundownError as problem:
            problem.diagnostics = tuple(redact_body(item, house.redact_text) for item in problem.diagnostics)
            raise


class _Variables:
    """What a policy says of variables by their names."""

    def __init__(self, compiled: CompiledRuleset) -> None:
        self._compiled = compiled

    def lets_through(self, name: str) -> bool:
        subject = NameSubject(name=name, assigned=False)
        return plain_outcome(self._compiled, Capability.ENV, subject) is Outcome.ALLOW

    def forbids(self, name: str) -> bool:
        subject = NameSubject(name=name, assigned=False)
        is_denied = find_final_deny(self._compiled, Capability.ENV, subject) is not None
        return is_denied or self._compiled.ruleset.bypass.deny_all


def _keep_tmp(room: Launcher, target: str) -> None:
    """Raises: InvalidInputError, the run being over; nothing that was there is touched."""
    try:
        tmp = room.open_tmp()
        try:
            copy_tmp(tmp, target, frozenset({".rd", *(["home"] if room.host_tmp else [])}))
        finally:
            os.close(tmp)
    except (OSError, LaunchError) as error:
        why = str(getattr(error, "strerror", None) or error)
        message = f"the steps' /tmp could not be copied to {target}"
        fix = "name a directory that is not there yet"
        raise InvalidInputError(
            Diagnostic(code="sandbox/tmp-not-kept", message=message, why=why, fix=fix)
        ) from error
