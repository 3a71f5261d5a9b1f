"""Composes the real ports: one `House` is what a run, its children and `exec` need on this machine.

The composition root: here, and in the front ends, the environment is looked at.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from rundown.errors import SandboxUnavailableError
from rundown.model.diagnostic import Diagnostic
from rundown.model.digest import digest_bytes
from rundown.model.policy import Allowed, Decision, Grant
from rundown.model.request import Capability, ExecutionRequest
from rundown.model.sandbox import HostFacts
from rundown.policy.compiled import CompiledRuleset, compile_ruleset, mentioned_names
from rundown.policy.evaluate import evaluate
from rundown.policy.facts import PolicyFacts
from rundown.policy.load import Loaded, load_ruleset
from rundown.policy.trust import UntrustedError, record_trust
from rundown.redact.names import secret_values
from rundown.redact.redactor import Redactor
from rundown.sandbox.launcher import Launcher
from rundown.sandbox.probe import probe_host
from rundown.sandbox.settings import ViewSettings
from rundown.session.environment import StepFacts, step_environment
from rundown.session.launching import Launching, SandboxLauncher, Terminal
from rundown.session.ports import Choice, Prompter
from rundown.session.project import Project, find_project
from rundown.session.surroundings import Surroundings
from rundown.session.wish import Wish
from rundown.session.workspace import (
    HostWorkspace,
    clean_search_path,
    find_executable,
    read_interpreter,
)


class House(Struct, kw_only=True, dict=True):
    """One project, one policy, one sandbox: shared by a run and its children."""

    around: Surroundings
    wish: Wish
    project: Project
    loaded: Loaded
    facts: PolicyFacts
    host: HostFacts
    workspace: HostWorkspace
    room: Launcher
    cache: str

    @cached_property
    def compiled(self) -> CompiledRuleset:
        """The policy, made ready for decisions."""
        return compile_ruleset(self.loaded.ruleset, self.facts)

    @cached_property
    def redactor(self) -> Redactor:
        """Takes the values of secret variables out of all that is stored or shown."""
        return Redactor(secret_values(self.around.environ))

    def evaluate(self, request: ExecutionRequest, grants: tuple[Grant, ...]) -> Decision:
        """Returns the decision on a request, with the facts that belong to its executables."""
        found = {
            item.resolved: interpreter
            for item in request.operations
            if item.capability is Capability.RUN and item.resolved is not None
            if (interpreter := read_interpreter(item.resolved)) is not None
        }
        facts = replace(self.facts, interpreters=found) if found else self.facts
        return evaluate(self.compiled, request, facts, grants)

    def keep_grant(self, grant: Grant, choice: Choice) -> str:
        """Stores a lasting grant; returns where, as shown to people."""
        raise NotImplementedError

    def describe_view(self, request: ExecutionRequest) -> tuple[str, ...]:
        """Returns what the sandbox will let a step read, write and reach, a line each."""
        if self.wish.sandbox == "none":
            return ("is not confined: --no-sandbox",)
        root = self.project.root
        trees = [tree for tree in writable_trees(self.compiled) if os.path.exists(tree)]
        shown = [os.path.relpath(tree, root) + "/" for tree in trees if tree.startswith(root + "/")]
        others = [tree for tree in trees if not tree.startswith(root + "/")]
        return (
            f"reads   {root} without what policy denies, the system's files, its own /tmp",
            f"writes  {', '.join([*shown, *others]) or 'nothing'}",
            "reaches no network",
        )

    def launcher(self, ref: "RunRef", terminal: Terminal) -> SandboxLauncher:
        """Returns the launcher of one run."""

        def variables(
            request: ExecutionRequest, names: tuple[str, ...], values: Mapping[str, str]
        ) -> tuple[tuple[str, str], ...]:
            return step_environment(names, self.around.environ, self._step_facts(ref, request), values)

        launching = Launching(
            host=self.host,
            view=self._view(),
            wish=self.wish.sandbox,
            variables=variables,
        )
        return SandboxLauncher(self.room, launching, terminal)

    def _view(self) -> ViewSettings:
        return ViewSettings(root=self.project.root, home=str(self.around.home), cache=self.cache)

    def _step_facts(self, ref: "RunRef", request: ExecutionRequest) -> StepFacts:
        confined = self.wish.sandbox != "none"
        return StepFacts(
            run_id=ref.run_id,
            context_id=ref.context_id,
            runbook_ref=ref.runbook_file,
            runbook_source=ref.runbook_path,
            position=request.position,
            attempt=request.attempt,
            work_path=".rundown/work",
            home=str(self.around.home),
            tmp="/tmp" if confined else self.around.environ.get("TMPDIR", "/tmp"),
            cache=self.cache,
            search_path=step_search_path(self.around),
        )


class RunRef(Struct, frozen=True, kw_only=True):
    """Which run a step belongs to. `runbook_path` is the file's real path, "" for none."""

    run_id: str
    context_id: str
    runbook_file: str = ""
    runbook_path: str = ""


def load_policy(wish: Wish, around: Surroundings, project: Project, prompter: Prompter | None) -> Loaded:
    """Returns the policy of a run; a person is asked to trust a project's document that opens something.

    Raises:
        InvalidInputError: a document is not valid, or is not trusted.
    """

    def load() -> Loaded:
        return load_ruleset(
            project.root,
            "" if os.path.isabs(project.runbook) else project.runbook,
            flags=wish.flags,
            cwd=str(around.cwd),
            home=str(around.home),
            policy_file=wish.policy_file,
            user_config_dir=str(around.config),
            system_file=str(around.system_policy),
            state_dir=str(around.state),
            trust_project=wish.trust_project,
        )

    try:
        return load()
    except UntrustedError as problem:
        question = problem.question
        opens = "; ".join(item.text for item in question.opens)
        if prompter is None or not prompter.confirm(
            f"{question.source} opens: {opens}. Trust it as it is now?"
        ):
            raise
        record_trust(str(around.state), question.root, question.digest)
    return load()


@contextmanager
def open_house(
    wish: Wish, around: Surroundings, runbook: Path | None, prompter: Prompter | None = None
) -> Iterator[House]:
    """Gathers policy and host, starts the fork server, ends it on leaving.

    Raises:
        InvalidInputError: a policy document or the project root is not valid.
        SandboxUnavailableError: the confinement that was asked for cannot be had.
    """
    project = find_project(runbook, around.cwd, around.home, wish.root)
    loaded = load_policy(wish, around, project, prompter)
    host = probe_host()
    require_sandbox(host, wish)
    cache = _project_cache(around, project)
    place = _Place(runbook=os.path.realpath(runbook) if runbook is not None else "", cache=cache)
    facts = _policy_facts(around, project, loaded, host, wish, place)
    compiled = compile_ruleset(loaded.ruleset, facts)
    workspace = HostWorkspace(
        search_path=step_search_path(around),
        writable=writable_trees(compiled),
        home=str(around.home),
        variables=frozenset(around.environ),
    )
    with Launcher(host) as room:
        yield House(
            around=around,
            wish=wish,
            project=project,
            loaded=loaded,
            facts=facts,
            host=host,
            workspace=workspace,
            room=room,
            cache=cache,
        )


def require_sandbox(host: HostFacts, wish: Wish) -> None:
    """Returns if a sandbox of the kind asked for can be had at all.

    Raises:
        SandboxUnavailableError: neither namespaces nor Landlock, or something is missing and the
            strict sandbox was asked for.
    """
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


def step_search_path(around: Surroundings) -> tuple[str, ...]:
    """Returns the PATH of steps: the parent's absolute entries, and where `rundown` itself lies."""
    entries = clean_search_path(around.environ.get("PATH", "/usr/local/bin:/usr/bin:/bin"))
    return tuple(dict.fromkeys((*entries, *around.executable_dirs)))


def writable_trees(compiled: CompiledRuleset) -> tuple[str, ...]:
    """Returns the real paths of the trees that a step may write without being asked."""
    nothing = ExecutionRequest(
        run_id="",
        position="",
        attempt=1,
        kind="argv",
        text="",
        argv=(),
        cwd=compiled.facts.root,
        env_names=(),
        operations=(),
    )
    decision = evaluate(compiled, nothing, compiled.facts)
    patterns = decision.envelope.write_allow if isinstance(decision, Allowed) else ()
    return tuple(dict.fromkeys(pattern.removesuffix("/**") for pattern in patterns))


def _policy_facts(
    around: Surroundings, project: Project, loaded: Loaded, host: HostFacts, wish: Wish, place: "_Place"
) -> PolicyFacts:
    search_path = step_search_path(around)
    lookups = {name: find_executable(name, search_path) for name in mentioned_names(loaded.ruleset)}
    git = tuple(path for path in (project.gitdir, project.common_gitdir) if path is not None)
    return PolicyFacts(
        root=project.root,
        home=os.path.realpath(around.home),
        cache=place.cache,
        config=str(around.config),
        gitdir=project.gitdir,
        gitdirs=tuple(dict.fromkeys(git))[1:],
        runbook="" if os.path.isabs(project.runbook) else project.runbook,
        runbook_file=place.runbook,
        no_gap=wish.sandbox != "none" and host.user_namespaces and host.seccomp and host.landlock_abi >= 3,
        parent_env=frozenset(around.environ),
        executables={name: real for name, real in lookups.items() if real is not None},
        venvs=tuple(os.path.dirname(entry) for entry in search_path if _is_venv(entry)),
        documents=loaded.documents,
        off_limits=(
            str(around.config / "signing.key"),
            str(around.state / "trust.json"),
            str(around.state / "runs"),
            os.path.join(project.root, ".rundown", "runs"),
        ),
    )


class _Place(Struct, frozen=True, kw_only=True):
    runbook: str
    cache: str


def _is_venv(entry: str) -> bool:
    return os.path.isfile(os.path.join(os.path.dirname(entry), "pyvenv.cfg"))


def _project_cache(around: Surroundings, project: Project) -> str:
    """Makes the private cache of a project. Its name tells the project and collides with no other."""
    digest = digest_bytes("rundown/cache/1", os.fsencode(project.root)).removeprefix("sha256:")
    name = f"{os.path.basename(project.root)[:40]}-{digest[:16]}"
    folder = around.cache / "projects" / name
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return ""
    return os.path.realpath(folder)
