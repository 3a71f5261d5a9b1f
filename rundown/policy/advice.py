"""What a valid document says in vain: warnings, never errors.

An entry that cannot do what its author hopes for is the beginning of a longer search for the reason.
"""

import fnmatch
from collections.abc import Iterator

from rundown.model.diagnostic import Diagnostic
from rundown.model.policy import Layer, Outcome, Rule
from rundown.model.request import Capability
from rundown.policy.document import Decoded
from rundown.policy.entries import SHIPPED
from rundown.policy.pattern import is_literal

_NAMED = (Capability.RUN, Capability.ENV)
_SHOWN = 6


def advise(document: Decoded, below: tuple[Layer, ...]) -> tuple[Diagnostic, ...]:
    """Returns the warnings for a document above `below` (most specific first), in the order it is written."""
    rules = [rule for part in document.parts for rule in part.rules]
    return tuple(item for rule in rules for item in (*_undone(rule, rules), *_lifts_nothing(rule, below)))


def advise_stack(stack: tuple[Decoded, ...], layers: tuple[Layer, ...]) -> tuple[Diagnostic, ...]:
    """Returns the warnings for all of a run's documents, most specific first; `layers` are theirs."""
    return tuple(
        item
        for place, decoded in enumerate(stack)
        if decoded.kind not in SHIPPED
        for item in advise(decoded, layers[place + 1 :])
    )


def _undone(rule: Rule, rules: list[Rule]) -> Iterator[Diagnostic]:
    """An allow or ask that a deny of the same document undoes, word for word."""
    same = (
        other
        for other in rules
        if other.verdict is Outcome.DENY
        and (other.capability, other.pattern) == (rule.capability, rule.pattern)
        and not other.exceptions
    )
    if rule.verdict is not Outcome.DENY and (other := next(same, None)):
        line = other.span.line if other.span else 0
        yield _warning(
            "undone-entry",
            rule,
            f"`{rule.pattern}` is denied in line {line} of the same document",
            "inside a document deny wins over ask, ask over allow",
            "remove one of the two",
        )


def _lifts_nothing(rule: Rule, below: tuple[Layer, ...]) -> Iterator[Diagnostic]:
    """A wildcard allow over names that a document below denies."""
    if rule.verdict is not Outcome.ALLOW or rule.capability not in _NAMED:
        return
    if is_literal(rule.capability, rule.pattern) or " " in rule.pattern or "/" in rule.pattern:
        return
    denied = [
        other.pattern
        for layer in below
        for other in layer.rules
        if other.capability is rule.capability
        and other.verdict is Outcome.DENY
        and other.pattern != rule.pattern
        and fnmatch.fnmatchcase(other.pattern, rule.pattern)
    ]
    if denied:
        names = ", ".join(denied[:_SHOWN]) + (", …" if len(denied) > _SHOWN else "")
        yield _warning(
            "lifts-nothing",
            rule,
            f"`{rule.pattern}` does not allow {names}",
            "a wildcard lifts no deny of a document below",
            "name each of them that is meant",
        )


def _warning(code: str, rule: Rule, message: str, why: str, fix: str) -> Diagnostic:
    return Diagnostic(
        code=f"policy/{code}", message=message, span=rule.span, why=why, fix=fix, severity="warning"
    )
