"""The permission flags of a command line, as one value and as the layer they make.

An empty list is an error, never "everything". Paths are taken from where the person stands; a directory
means itself and all below.
"""

import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Literal

from msgspec import Struct

from rundown.errors import InvalidInputError
from rundown.model.diagnostic import Diagnostic, Span
from rundown.model.policy import Bypass, Layer, LayerKind, Outcome, Rule
from rundown.model.request import Capability
from rundown.policy.decode import suggest
from rundown.policy.pattern import escape_path, find_flaw, split_words
from rundown.policy.subject import absolute_path

HOST_WORDS = ("pid", "net", "systemd", "journal", "unconfined")
COMMAND_LINE = "<command line>"

# `../x` is fine where it is taken from a known place.
_CLIMB = re.compile(r"^(\.\./|\.\.$)+")


class PolicyFlags(Struct, frozen=True, kw_only=True):
    """What was typed: patterns in order, lists already split at their commas."""

    allow: dict[Capability, tuple[str, ...]] = {}
    deny: dict[Capability, tuple[str, ...]] = {}
    allow_all: bool = False
    deny_all: bool = False
    yes: Literal["no", "executables", "all"] = "no"

    def bypass(self) -> Bypass:
        """Returns the flags that stand above or answer the rules."""
        return Bypass(allow_all=self.allow_all, deny_all=self.deny_all, yes=self.yes)


def parse_flags(
    allow: Mapping[Capability, Sequence[str]],
    deny: Mapping[Capability, Sequence[str]],
    *,
    allow_all: bool = False,
    deny_all: bool = False,
    yes: Literal["no", "executables", "all"] = "no",
) -> PolicyFlags:
    """Returns the flags of raw option values, each a comma-separated list (`\\,` is a comma in a pattern).

    Raises: InvalidInputError with every empty list and every flawed pattern.
    """
    problems: list[Diagnostic] = []
    parsed = {
        verdict: {
            capability: tuple(
                pattern for value in values for pattern in _split(verdict, capability, value, problems)
            )
            for capability, values in given.items()
            if values
        }
        for verdict, given in ((Outcome.ALLOW, allow), (Outcome.DENY, deny))
    }
    if problems:
        raise InvalidInputError(*problems)
    return PolicyFlags(
        allow=parsed[Outcome.ALLOW],
        deny=parsed[Outcome.DENY],
        allow_all=allow_all,
        deny_all=deny_all,
        yes=yes,
    )


def flag_layer(flags: PolicyFlags, cwd: str, home: str) -> Layer:
    """Returns the layer that the flags make; relative paths are taken from `cwd`."""
    rules = tuple(
        Rule(
            capability=capability,
            verdict=verdict,
            pattern=_placed(capability, pattern, cwd, home),
            layer=LayerKind.FLAG,
        )
        for verdict, given in ((Outcome.DENY, flags.deny), (Outcome.ALLOW, flags.allow))
        for capability, patterns in given.items()
        for pattern in patterns
    )
    return Layer(kind=LayerKind.FLAG, source=COMMAND_LINE, rules=rules)


def _split(verdict: Outcome, capability: Capability, value: str, problems: list[Diagnostic]) -> list[str]:
    flag = f"--{verdict.value}-{capability.value}"
    # A comma inside braces belongs to the pattern: {a,b}.
    parts = [part.replace("\\,", ",").strip() for part in re.split(r"(?<!\\),(?![^{]*\})", value)]
    for part in parts:
        if not part:
            message = f"{flag} has an empty entry"
            problems.append(_problem("empty-list", message, f"{flag}={value}", "name what is meant"))
        elif capability is Capability.HOST and part not in HOST_WORDS:
            message = f"{flag} cannot be `{part}`"
            problems.append(_problem("wrong-value", message, f"{flag}={value}", suggest(part, HOST_WORDS)))
        elif flaw := find_flaw(capability, _CLIMB.sub("", part) or ".", verdict):
            problems.append(_problem(flaw.code, f"{flag}: {flaw.message}", f"{flag}={value}", flaw.fix))
    return parts


def _placed(capability: Capability, pattern: str, cwd: str, home: str) -> str:
    if capability in (Capability.READ, Capability.WRITE):
        relative = not pattern.startswith(("/", "{", "**/"))
        return absolute_path(pattern, escape_path(cwd), escape_path(home)) if relative else pattern
    if (
        capability is Capability.RUN
        and "/" in pattern.split()[0]
        and not pattern.startswith(("/", "{", "**/"))
    ):
        first, *rest = split_words(pattern)
        placed = absolute_path(first, escape_path(cwd), escape_path(home))
        return " ".join(shlex.quote(word) for word in (placed, *rest))
    return pattern


def _problem(code: str, message: str, excerpt: str, fix: str) -> Diagnostic:
    span = Span(file=COMMAND_LINE, line=1, excerpt=excerpt)
    return Diagnostic(code=f"policy/{code}", message=message, span=span, fix=fix)
