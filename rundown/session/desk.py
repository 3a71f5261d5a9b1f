"""A `Desk`: one project with its policy, ready to decide. What needs no sandbox works from here.

Gathers the facts of the host that decisions need; decides nothing itself.
"""

import os
import stat
from functools import cached_property
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from rundown.errors import RundownError
from rundown.model.digest import digest_bytes
from rundown.model.policy import Allowed, Decision, Grant, NeedsPrompt
from rundown.model.receipt import KEY_FILE
from rundown.model.request import Capability, ExecutionRequest
from rundown.model.sandbox import HostFacts
from rundown.policy.compiled import CompiledRuleset, compile_ruleset, mentioned_names
from rundown.policy.evaluate import evaluate
from rundown.policy.facts import PolicyFacts
from rundown.policy.keep import Keeper, can_last
from rundown.policy.load import Loaded, load_ruleset
from rundown.policy.paths import covers
from rundown.policy.profile import Profile, fitting_profile
from rundown.policy.trust import UntrustedError, record_trust
from rundown.record.times import rfc3339
from rundown.sandbox.probe import Probe
from rundown.session.gitref import PREFIX, read_git_document
from rundown.session.lasting import LastingGrants
from rundown.session.ports import Choice, Prompter
from rundown.session.project import Project, find_project
from rundown.session.request import Place, freeze_nothing
from rundown.session.surroundings import Surroundings
from rundown.session.wish import Wish
from rundown.session.withdrawal import FOLDER as WITHDRAWN
from rundown.session.workspace import (
    HostWorkspace,
    clean_search_path,
    find_executable,
    read_interpreter,
)

_TRUNCATE_ABI = 3
"""Below this Landlock ABI a read-only file can be truncated. Source: landlock(7)."""


class Desk(Struct, kw_only=True, dict=True):
    """One project, one policy, and what is known of this host. `cache`: the project's own, "" for none.
    `lasting`: when the project's document may be written."""

    around: Surroundings
    wish: Wish
    project: Project
    loaded: Loaded
    facts: PolicyFacts
    host: HostFacts
    cache: str
    lasting: LastingGrants = field(default_factory=LastingGrants)

    @cached_property
    def compiled(self) -> CompiledRuleset:
        """The policy, made ready for decisions."""
        return compile_ruleset(self.loaded.ruleset, self.facts)

    @cached_property
    def workspace(self) -> HostWorkspace:
        """Resolves names and paths as steps would find them, without any grant."""
        return self.workspace_under(())

    def workspace_under(self, grants: tuple[Grant, ...]) -> HostWorkspace:
        """Returns what resolves names and paths as steps would find them: a file that a step may write by one
        of these grants is no safe place for a name."""
        return HostWorkspace(
            search_path=step_search_path(self.around),
            writable=writable_trees(self.compiled, grants),
            home=str(self.around.home),
            variables=frozenset(self.around.environ),
        )

    def find_executable(self, name: str) -> str | None:
        """Returns the real path of an executable, as steps would find it."""
        if "/" in name:
            real = os.path.realpath(os.path.join(self.project.root, os.path.expanduser(name)))
            return real if os.access(real, os.X_OK) else None
        return find_executable(name, step_search_path(self.around))

    def evaluate(
        self, request: ExecutionRequest, grants: tuple[Grant, ...], policy: CompiledRuleset | None = None
    ) -> Decision:
        """Returns the decision on a request, with the facts that belong to its executables and files.
        `policy`: another one than the run's."""
        found = {
            item.resolved: interpreter
            for item in request.operations
            if item.capability is Capability.RUN and item.resolved is not None
            if (interpreter := read_interpreter(item.resolved)) is not None
        }
        missing = frozenset(
            item.resolved
            for item in request.operations
            if item.capability is Capability.WRITE and item.resolved is not None
            if not os.path.lexists(item.resolved)
        )
        facts = replace(self.facts, interpreters=found, missing=missing) if found or missing else self.facts
        return evaluate(policy or self.compiled, request, facts, grants)

    def fitting_profile(self, decision: NeedsPrompt) -> Profile | None:
        """Returns the tool's profile that would answer some of the asks, None if none would."""
        return fitting_profile(decision, self.facts)

    @cached_property
    def keeper(self) -> Keeper:
        """Keeps the lasting grants of this project."""
        return Keeper(root=self.project.root, state_dir=str(self.around.state), loaded=self.loaded)

    def keep_grant(self, grant: Grant, choice: Choice) -> str:
        """Stores a lasting grant; returns where, as shown to people. One that cannot last holds for the
        session."""
        if not can_last(grant):
            return "session (it cannot be kept for good)"
        try:
            if choice is Choice.ALWAYS_ME:
                return self.keeper.keep_personal(grant)
            words = (grant, self.facts.runbook, rfc3339(self.around.now_ns()))
            name = self.keeper.name_for_project(*words)
            self.lasting.write(lambda: self.keeper.keep_for_project(*words))
        except (RundownError, OSError) as problem:
            return f"session (it could not be kept: {problem})"
        else:
            return name


def open_desk(
    wish: Wish, around: Surroundings, runbook: Path | None, prompter: Prompter | None = None
) -> Desk:
    """Returns the desk of a runbook's project (None: of where the person stands).

    Raises:
        InvalidInputError: a policy document or the project root is not valid, or not trusted.
    """
    with Probe() as probe:
        project = find_project(runbook, around.cwd, around.home, wish.root)
        loaded = load_policy(wish, around, project, prompter)
        host = probe.finish()
    cache = _project_cache(around, project)
    real = os.path.realpath(runbook) if runbook is not None else ""
    facts = _policy_facts(around, project, loaded, _Places(runbook=real, cache=cache, runs_dir=wish.runs_dir))
    walls = host.user_namespaces and host.seccomp and host.landlock_abi >= _TRUNCATE_ABI
    facts = replace(facts, no_gap=wish.sandbox != "none" and walls)
    return Desk(around=around, wish=wish, project=project, loaded=loaded, facts=facts, host=host, cache=cache)


def load_policy(wish: Wish, around: Surroundings, project: Project, prompter: Prompter | None) -> Loaded:
    """Returns the policy of a run; a person is asked to trust a project's document that opens something.

    Raises:
        InvalidInputError: a document is not valid, or is not trusted.
    """

    named = wish.policy_file
    from_git = named is not None and named.startswith(PREFIX)
    content = read_git_document(named, project.root, around.environ) if named and from_git else None

    def load() -> Loaded:
        return load_ruleset(
            project.root,
            "" if os.path.isabs(project.runbook) else project.runbook,
            flags=wish.flags,
            cwd=str(around.cwd),
            home=str(around.home),
            policy_file=wish.policy_file,
            policy_content=content,
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


def step_search_path(around: Surroundings) -> tuple[str, ...]:
    """Returns the PATH of steps: the parent's absolute entries, and where `rundown` itself lies."""
    entries = clean_search_path(around.environ.get("PATH", "/usr/local/bin:/usr/bin:/bin"))
    return tuple(dict.fromkeys((*entries, *around.executable_dirs)))


def writable_trees(compiled: CompiledRuleset, grants: tuple[Grant, ...] = ()) -> tuple[str, ...]:
    """Returns the real paths of the trees that a step may write without being asked, under these grants."""
    nothing = freeze_nothing(Place(run_id="", position="", attempt=1, cwd=compiled.facts.root))
    decision = evaluate(compiled, nothing, compiled.facts, grants)
    patterns = decision.envelope.write_allow if isinstance(decision, Allowed) else ()
    return tuple(dict.fromkeys(pattern.removesuffix("/**") for pattern in patterns))


def _policy_facts(around: Surroundings, project: Project, loaded: Loaded, places: "_Places") -> PolicyFacts:
    search_path = step_search_path(around)
    lookups = {name: find_executable(name, search_path) for name in mentioned_names(loaded.ruleset)}
    git = tuple(path for path in (project.gitdir, project.common_gitdir) if path is not None)
    return PolicyFacts(
        root=project.root,
        home=os.path.realpath(around.home),
        cache=places.cache,
        config=str(around.config),
        gitdir=project.gitdir,
        gitdirs=tuple(dict.fromkeys(git))[1:],
        runbook="" if os.path.isabs(project.runbook) else project.runbook,
        runbook_file=places.runbook,
        parent_env=frozenset(around.environ),
        executables={name: real for name, real in lookups.items() if real is not None},
        venvs=tuple(os.path.dirname(entry) for entry in search_path if _is_venv(entry)),
        documents=loaded.documents,
        runner_files=_runner_files(around),
        agent_socket=_agent_socket(around),
        off_limits=_off_limits(around, project, places.runs_dir),
    )


def _agent_socket(around: Surroundings) -> str:
    """Source: ssh-agent(1), SSH_AUTH_SOCK."""
    path = around.environ.get("SSH_AUTH_SOCK", "")
    try:
        listens = os.path.isabs(path) and stat.S_ISSOCK(os.stat(path).st_mode)
    except (OSError, ValueError):
        return ""
    return path if listens else ""


def _runner_files(around: Surroundings) -> tuple[str, ...]:
    """Source: GitHub's documentation, "Workflow commands", environment files."""
    names = ("OUTPUT", "ENV", "PATH", "STATE", "STEP_SUMMARY")
    files = (around.environ.get(f"GITHUB_{name}", "") for name in names)
    return tuple(os.path.realpath(file) for file in files if os.path.isabs(file))


def _off_limits(around: Surroundings, project: Project, runs_dir: Path | None) -> tuple[str, ...]:
    """Signing key, what was trusted and granted, and the records, by their names and by where links lead."""
    places = [
        str(around.config / KEY_FILE),
        str(around.state / "trust.json"),
        str(around.state / "runs"),
        str(around.state / "grants"),
        str(around.state / WITHDRAWN),
        os.path.join(project.root, ".rundown", "runs"),
    ]
    chosen = os.path.abspath(around.cwd / runs_dir) if runs_dir is not None else project.root
    if not covers(chosen, project.root):
        places.append(chosen)
    return tuple(dict.fromkeys(form for place in places for form in (place, os.path.realpath(place))))


class _Places(Struct, frozen=True, kw_only=True):
    runbook: str
    cache: str
    runs_dir: Path | None


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
