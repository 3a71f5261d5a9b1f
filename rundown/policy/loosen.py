"""What a project's document opens beyond what lies below it: the part that needs a person's trust.

Deny entries, smaller limits, stricter modes, `enforce_run: tree`, and entries that say again what already
holds, only tighten. Everything else loosens; in doubt it loosens.
"""

import fnmatch
import posixpath

from msgspec import UNSET, Struct

from rundown.model.diagnostic import Span
from rundown.model.policy import Layer, Limits, Mode, Outcome, Rule
from rundown.model.request import Capability
from rundown.policy.compiled import stricter
from rundown.policy.document import Decoded
from rundown.policy.form import Document
from rundown.policy.limits import overlay
from rundown.policy.part import Part
from rundown.policy.pattern import is_literal, split_words


class Loosening(Struct, frozen=True, kw_only=True):
    """One thing that a document opens, in words, and where it says so."""

    text: str
    span: Span | None = None


def find_loosenings(document: Decoded, below: tuple[Layer, ...]) -> tuple[Loosening, ...]:
    """Returns what a document opens over the layers below it; empty: it only tightens. `below`: most
    specific first."""
    typed = document.document
    found = [item for part in document.parts for item in _of_part(part, below)]
    for key, text in (
        ("extends", _extended(typed)),
        ("secrets", _released(typed)),
        ("agents", "agents: says which agents work, and how" if "agents" in document.spans else ""),
        ("backup", f"backup: {typed.backup}" if typed.backup not in (UNSET, "always") else ""),
    ):
        if text:
            found.append(Loosening(text=text, span=document.spans.get(key)))
    return tuple(found)


def _released(typed: Document) -> str:
    told = [
        f"{name} ({secret.source}) to {', '.join(secret.runbooks) or 'runbooks that ask, if you say yes'}"
        for name, secret in typed.secrets.items()
    ]
    return f"secrets: releases {'; '.join(told)}" if told else ""


def _extended(typed: Document) -> str:
    if typed.extends == "none":
        return "extends: none (drops your own and the built-in policy)"
    return f"extends: {', '.join(typed.extends)}" if typed.extends else ""


def _of_part(part: Part, below: tuple[Layer, ...]) -> list[Loosening]:
    if part.origin != "default":
        return [Loosening(text=_named(part), span=part.span)]
    found = [
        Loosening(text=_rule_text(rule), span=rule.span)
        for rule in part.rules
        if rule.verdict is not Outcome.DENY and not _restates(rule, below)
    ]
    for capability, mode in part.modes.items():
        if mode != (lower := _mode_below(capability, below)) and not stricter(mode, lower):
            text = f"mode {mode} for {capability.value} (below: {lower})"
            found.append(Loosening(text=text, span=part.span))
    if part.enforce_run == "command" and _enforced_below(below) == "tree":
        found.append(Loosening(text="enforce_run: command (below: tree)", span=part.span))
    limits = Limits()
    for layer in below:
        limits = overlay(limits, layer.limits)
    for name in Limits.__struct_fields__:
        mine, lower_limit = getattr(part.limits, name), getattr(limits, name)
        if mine is not None and lower_limit is not None and mine > lower_limit:
            found.append(Loosening(text=f"limit {name} {mine} (below: {lower_limit})", span=part.span))
    return found


def _named(part: Part) -> str:
    which = "every runbook" if part.runbook is None else f"`{part.runbook}`"
    modes = [f"mode {part.modes[Capability.RUN]}"] if Capability.RUN in part.modes else []
    entries = [_rule_text(rule) for rule in part.rules] + [f"host {word}" for word in part.host]
    return f"{part.origin} for {which}: {', '.join((*modes, *entries)) or 'other settings'}"


def _rule_text(rule: Rule) -> str:
    private = " (private addresses too)" if rule.private else ""
    return f"{rule.capability.value} {rule.verdict.value} {rule.pattern}{private}"


def _mode_below(capability: Capability, below: tuple[Layer, ...]) -> Mode:
    return next((layer.modes[capability] for layer in below if capability in layer.modes), "prompted")


def _enforced_below(below: tuple[Layer, ...]) -> str:
    return next((layer.enforce_run for layer in below if layer.enforce_run), "command")


def _restates(rule: Rule, below: tuple[Layer, ...]) -> bool:
    """Whether an allow or ask changes nothing: it stands below, and lifts and shadows nothing on the way."""
    for place, layer in enumerate(below):
        if any(_same(rule, other) for other in layer.rules):
            passed = (other for upper in below[: place + 1] for other in upper.rules)
            return not any(_disturbs(rule, other) for other in passed)
    return False


def _same(one: Rule, other: Rule) -> bool:
    return (one.capability, one.verdict, one.pattern, one.exceptions, one.private) == (
        other.capability,
        other.verdict,
        other.pattern,
        other.exceptions,
        other.private,
    )


def _disturbs(rule: Rule, other: Rule) -> bool:
    """Whether `rule`, put above, may lift the deny or shadow the ask that `other` is."""
    if rule.capability is not other.capability or other.verdict is Outcome.ALLOW or _same(rule, other):
        return False
    if rule.pattern == other.pattern:
        return True
    if other.verdict is Outcome.DENY and not is_literal(rule.capability, rule.pattern):
        return False
    if rule.capability is Capability.RUN:
        return _heads_overlap(_head(rule.pattern), _head(other.pattern))
    if rule.capability is Capability.ENV:
        names = rule.pattern.removesuffix("="), other.pattern.removesuffix("=")
        return _heads_overlap(*names)
    return True


def _head(pattern: str) -> str:
    return posixpath.basename(split_words(pattern)[0].rstrip("/")) or "*"


def _heads_overlap(one: str, other: str) -> bool:
    literals = [is_literal(Capability.RUN, one), is_literal(Capability.RUN, other)]
    if not any(literals):
        return True
    return fnmatch.fnmatchcase(one, other) or fnmatch.fnmatchcase(other, one)
