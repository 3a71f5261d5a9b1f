"""`Vault`: the secrets of one invocation: which unit gets which, and their values right before it starts.

A release follows a rule of policy, or a person's yes to what a runbook asks for; a front matter is a wish
and nothing else. `--yes` is no answer to it. What is read is taken out of all that is stored and shown, from
before the step starts.
"""

from collections.abc import Callable, Generator, Iterator
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from rundown.model.diagnostic import Diagnostic
from rundown.model.event import Body, QuestionAsked, RunPaused, SecretReleased
from rundown.model.policy import Outcome
from rundown.model.request import Capability, ExecutionRequest
from rundown.policy.release import Recipient, SecretRule, fits_unit, names_runbook
from rundown.session.ports import Foreseen, Prompter

_YES = "allow for this session"


class Released(Struct, frozen=True, kw_only=True):
    """What a unit gets: values by name, by the way they reach it. Never stored, never shown."""

    env: dict[str, str] = {}
    files: dict[str, str] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The names, sorted."""
        return tuple(sorted({*self.env, *self.files}))

    def facts(self, position: str) -> Iterator[Body]:
        """Yields what is put on record when they have reached the step."""
        for name in self.names:
            yield SecretReleased(position=position, name=name, form="env" if name in self.env else "file")


class Variables(Protocol):
    """What flags and documents say of a variable."""

    def lets_through(self, name: str) -> bool:
        """Whether steps have it by a rule or a flag."""
        ...

    def forbids(self, name: str) -> bool:
        """Whether it is denied by what no document can lift."""
        ...


class Vault:
    """`rules`: of all documents. `read` gives a value or why there is none; `keep(name, value)` takes it out
    of everything from now on; `variables` says what flags and
    documents make of a variable by itself."""

    def __init__(
        self,
        rules: tuple[SecretRule, ...],
        read: Callable[[SecretRule], str | Diagnostic],
        keep: Callable[[str, str], None],
        variables: "Variables",
    ) -> None:
        self._rules = {rule.name: rule for rule in rules}
        self._read = read
        self._keep = keep
        self._variables = variables
        self._approved: set[tuple[str, str]] = set()

    def of_runbook(self, runbook: str, wanted: tuple[str, ...]) -> "RunbookSecrets":
        """Returns the secrets of one runbook: its path below the root ("" for none), and what its front
        matter asks for."""
        return RunbookSecrets(self, runbook, wanted)

    def rule(self, name: str) -> SecretRule:
        """Returns the rule of that name; for one that no document has, the variable itself."""
        return self._rules.get(name) or SecretRule(name=name, source=f"env:{name}")

    def rules(self) -> tuple[SecretRule, ...]:
        """Returns the rules of the documents."""
        return tuple(self._rules.values())

    def is_free(self, rule: SecretRule, runbook: str) -> bool:
        """Whether nobody needs to be asked: a rule names the runbook, a person said yes, or policy lets
        steps have the variable of that name anyway."""
        is_named = names_runbook(rule, runbook) or (runbook, rule.name) in self._approved
        return is_named or self._variables.lets_through(rule.name)

    def is_forbidden(self, rule: SecretRule) -> bool:
        """Whether nobody can release it: a flag or the system's document denies the variable."""
        return self._variables.forbids(rule.name)

    def approve(self, name: str, runbook: str) -> None:
        """Remembers a person's yes for this session."""
        self._approved.add((runbook, name))

    def take(self, rule: SecretRule) -> str | Diagnostic:
        """Returns the value, which is redacted from now on, or why there is none."""
        found = self._read(rule)
        if isinstance(found, str):
            self._keep(rule.name, found)
        return found


class RunbookSecrets:
    """The secrets of one runbook's units."""

    def __init__(self, vault: Vault, runbook: str, wanted: tuple[str, ...]) -> None:
        self._vault = vault
        self._runbook = runbook
        self._wanted = wanted

    def missing(self) -> tuple[Diagnostic, ...]:
        """Returns why secrets cannot be had that a rule or a person releases to this runbook: those whose
        sources can be looked at without doing anything (variables and files)."""
        rules = (rule for rule in self._mine() if self._vault.is_free(rule, self._runbook))
        looks = (
            rule for rule in rules if rule.source.startswith(("env:", "file:")) and rule.form != "header"
        )
        found = (self._vault.take(rule) for rule in looks)
        return tuple(item for item in found if isinstance(item, Diagnostic))

    def wishes(self) -> tuple[Foreseen, ...]:
        """Returns what front matter `secrets:` asks for and nobody has released yet."""
        rules = (self._vault.rule(name) for name in self._wanted)
        return tuple(
            Foreseen(
                text=_told(rule), positions=(), outcome=Outcome.ASK, secret=rule.name, asker=self._runbook
            )
            for rule in rules
            if not self._vault.is_free(rule, self._runbook)
        )

    def supplied(self, recipient: Recipient) -> frozenset[str]:
        """Returns the names of the variables that rundown itself gives a unit: they are not inherited, so
        they are no matter of `env` rules."""
        return frozenset(rule.name for rule in self._for_unit(recipient))

    def release(
        self, unit: Recipient, position: str, prompter: Prompter
    ) -> Generator[Body, None, Released | RunPaused]:
        """Yields questions that were asked; returns the values of a unit, or why it cannot begin."""
        env: dict[str, str] = {}
        files: dict[str, str] = {}
        for rule in self._for_unit(unit):
            if self._vault.is_forbidden(rule):
                return RunPaused(reason="denied", position=position, detail=f"secret {rule.name}")
            if not self._vault.is_free(rule, self._runbook):
                asked = self._ask(rule, position, prompter)
                yield asked
                if asked.answers != (_YES,):
                    return RunPaused(reason="denied", position=position, detail=_told(rule))
            found = self._vault.take(rule)
            if isinstance(found, Diagnostic):
                return RunPaused(reason="secret", position=position, detail=f"{found.message}: {found.why}")
            (env if rule.form == "env" else files)[rule.name] = found
        return Released(env=env, files=files)

    def header(self, name: str, unit: Recipient) -> str | Diagnostic:
        """Returns the value of a secret for a gateway, which puts it into requests that leave the sandbox;
        it never enters there itself. Whoever takes it puts `SecretReleased(form="header")` on record once a
        request went out with it.
        """
        rule = next((item for item in self._mine() if item.name == name and item.form == "header"), None)
        if (
            rule is None
            or self._vault.is_forbidden(rule)
            or not fits_unit(rule, unit)
            or not self._vault.is_free(rule, self._runbook)
        ):
            return Diagnostic(
                code="session/secret-not-released",
                message=f"the secret {name} is not released to step {unit.step} as a header",
                why="no `secrets:` entry of the policy says so",
                fix=f'{name}: {{source: "env:{name}", runbooks: ["{self._runbook}"], as: header}}',
            )
        return self._vault.take(rule)

    def _ask(self, rule: SecretRule, position: str, prompter: Prompter) -> QuestionAsked:
        answer = "deny"
        if prompter.can_ask() and prompter.confirm(f"Release the {_told(rule)} to its steps in this run?"):
            self._vault.approve(rule.name, self._runbook)
            answer = _YES
        return QuestionAsked(
            request="",
            position=position,
            resources=(f"secret {rule.name}",),
            answers=(answer,),
            answered_by="person" if prompter.can_ask() else "non-interactive",
        )

    def _mine(self) -> tuple[SecretRule, ...]:
        """The rules that name this runbook, and what it asks for, sorted by name."""
        found = {rule.name: rule for rule in self._vault.rules() if names_runbook(rule, self._runbook)}
        found |= {name: self._vault.rule(name) for name in self._wanted}
        return tuple(rule for _, rule in sorted(found.items()))

    def _for_unit(self, unit: Recipient) -> tuple[SecretRule, ...]:
        return tuple(rule for rule in self._mine() if rule.form != "header" and fits_unit(rule, unit))


def without_supplied(request: ExecutionRequest, names: frozenset[str]) -> ExecutionRequest:
    """Returns the request without the wish to inherit variables that rundown itself supplies; that the text
    sets one (`NAME=…`) stays in it."""
    if not names:
        return request
    return replace(
        request,
        env_names=tuple(name for name in request.env_names if name not in names),
        operations=tuple(
            item
            for item in request.operations
            if not (item.capability is Capability.ENV and item.resource in names and item.kind == "literal")
        ),
    )


def _told(rule: SecretRule) -> str:
    return f"secret {rule.name} from {rule.source} (the runbook asks for it)"
