"""Which secrets a step gets: what `secrets:` of the documents say, matched to a unit of a runbook. Pure.

Names, sources and forms only; values are read by `rundown.session.secrets`, right before a step starts.
"""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Literal

from msgspec import Struct
from wcmatch import glob

from rundown.policy.document import Decoded
from rundown.policy.pattern import GLOB_FLAGS

Form = Literal["env", "file", "header"]


class SecretRule(Struct, frozen=True, kw_only=True):
    """One entry of `secrets:`. `runbooks` and `steps` as written, `document` where it stands ("" if nowhere:
    a runbook asks for a variable of that name)."""

    name: str
    source: str
    runbooks: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    form: Form = "env"
    document: str = ""


class Recipient(Struct, frozen=True, kw_only=True):
    """What may get a secret: a unit of a runbook."""

    step: str
    substep: str | None = None
    by_agent: bool = False


def secret_rules(documents: Iterable[Decoded]) -> tuple[SecretRule, ...]:
    """Returns the entries of all documents, sorted by name. `documents`: most specific first, and the first
    that knows a name is the one that counts."""
    found: dict[str, SecretRule] = {}
    for decoded in documents:
        for name, entry in decoded.document.secrets.items():
            rule = SecretRule(
                name=name,
                source=entry.source,
                runbooks=entry.runbooks,
                steps=entry.steps,
                form=entry.as_,
                document=decoded.file,
            )
            found.setdefault(name, rule)
    return tuple(rule for _, rule in sorted(found.items()))


def names_runbook(rule: SecretRule, runbook: str) -> bool:
    """Returns whether the rule releases to this runbook without anybody being asked."""
    patterns = (pattern.removeprefix("./") for pattern in rule.runbooks)
    return bool(runbook) and any(glob.globmatch(runbook, item, flags=GLOB_FLAGS) for item in patterns)


def fits_unit(rule: SecretRule, unit: Recipient) -> bool:
    """Returns whether the unit is among those that the rule is for: any command if it names no steps; what
    an agent does only if it is named."""
    names = [unit.step, *([f"{unit.step}.{unit.substep}"] if unit.substep is not None else [])]
    if not rule.steps:
        return not unit.by_agent or rule.form == "header"
    return any(fnmatchcase(name, pattern) for name in names for pattern in rule.steps)
