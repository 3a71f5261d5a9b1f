"""What no rule opens: paths that stay write-protected, and the few things that nothing opens at all.

Patterns only. A command-line flag that names the very path opens a protected one; nothing opens what is
off limits.
Source: bash(1) INVOCATION, zsh(1) STARTUP/SHUTDOWN FILES, fish(1), gitrepository-layout(5).
"""

from rundown.model.policy import LayerKind, Outcome, Rule
from rundown.model.request import Capability
from rundown.policy.facts import PolicyFacts
from rundown.policy.paths import Paths, covers
from rundown.policy.subject import PathSubject

SIGNING_KEY_VARIABLE = "RUNDOWN_SIGNING_KEY"

_PROJECT = (
    (".rundownrc", "a policy document"),
    (".rundownrc.json", "a policy document"),
    (".rundownrc.yaml", "a policy document"),
    (".rundownrc.yml", "a policy document"),
    (".gitmodules", "git fetches what it names"),
    (".envrc", "direnv runs it"),
    (".vscode", "editors run what stands there"),
    (".idea", "editors run what stands there"),
    (".mcp.json", "agents start what it names"),
    (".claude/settings*.json", "an agent's own permissions"),
)
_GIT = (
    ("hooks", "git runs them"),
    ("config", "git runs what it names"),
    ("config.worktree", "git runs what it names"),
)
_HOME = (
    ".bashrc",
    ".bash_profile",
    ".bash_login",
    ".bash_logout",
    ".bash_aliases",
    ".profile",
    ".zshrc",
    ".zshenv",
    ".zprofile",
    ".zlogin",
    ".zlogout",
    ".kshrc",
    ".inputrc",
    ".config/fish",
)

_COMPARED = ("{gitdir}/config", "{repo}/package.json", "{repo}/pyproject.toml")


def protected_rules(facts: PolicyFacts) -> tuple[Rule, ...]:
    """Returns the write-protections of a run as deny rules, the project's first."""
    found = [(f"{{repo}}/{name}", why) for name, why in _PROJECT]
    found += [(f"{{gitdir}}/{name}", why) for name, why in _GIT]
    found += [(f"{{home}}/{name}", "a shell reads it when it starts") for name in _HOME]
    found += [(path, "a policy document") for path in facts.documents]
    found += [(path, "the CI runner obeys it") for path in facts.runner_files]
    found += [(facts.runbook_file, "the runbook that is running")] if facts.runbook_file else []
    return tuple(_rule(pattern, why) for pattern, why in found)


def compared_rules(facts: PolicyFacts) -> tuple[Rule, ...]:
    """Returns the files of which the sandbox lets a part change, and puts the rest back after the step.

    `git push -u` and installers of packages write in them; what git runs and what is policy stay.
    """
    return tuple(_rule(pattern, "a part of it may change") for pattern in _COMPARED)


class Protections:
    """The protected paths of a run, ready to match."""

    def __init__(self, facts: PolicyFacts) -> None:
        self._records = f"{facts.root}/.rundown"
        self._trees: dict[str, Rule] = {}
        self._others: list[tuple[Rule, Paths]] = []
        for rule in protected_rules(facts):
            paths = Paths(rule.pattern, facts)
            for base in paths.bases:
                self._trees.setdefault(base, rule)
            if not paths.bases:
                self._others.append((rule, paths))

    def find(self, subject: PathSubject) -> Rule | None:
        """Returns the protection that a path falls under, as written or as resolved, None if none does."""
        for line in subject.chains:
            for path in line[:1]:
                if covers(self._records, path) and not covers(f"{self._records}/work", path):
                    return _rule("{repo}/.rundown/**", "the records of runs")
        for line in subject.chains:  # a path and its ancestors: whatever lies below a tree has it in its line
            for path in line:
                if path in self._trees:
                    return self._trees[path]
        for rule, paths in self._others:
            if any(paths.match(path) for line in subject.chains for path in line):
                return rule
        return None


def _rule(pattern: str, why: str) -> Rule:
    return Rule(
        capability=Capability.WRITE,
        verdict=Outcome.DENY,
        pattern=pattern,
        reason=why,
        layer=LayerKind.BUILTIN,
    )
