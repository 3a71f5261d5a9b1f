"""What a runbook's front matter says it needs: a request, never a grant of itself.

`permissions:` has the shape of a document's `default` without modes; only its `allow` lists are wishes
that anybody could grant.
"""

import re

import msgspec

from rundown.model.diagnostic import Diagnostic, Span
from rundown.model.policy import Grant, LayerKind, Outcome, Rule
from rundown.model.request import Capability
from rundown.policy.compiled import CompiledRuleset
from rundown.policy.decode import suggest
from rundown.policy.document import decode_node
from rundown.policy.facts import PolicyFacts
from rundown.policy.host import Endpoint, address_of, parse_endpoint
from rundown.policy.node import Node
from rundown.policy.paths import fill_places
from rundown.policy.pattern import is_literal, is_tree, path_below, split_words, unescape_path
from rundown.policy.resolve import plain_outcome
from rundown.policy.subject import NameSubject, NetSubject, PathSubject, RunSubject, Subject, chain

_KEYS = ("run", "read", "write", "env", "net")


def decode_permissions(raw: object, span: Span) -> tuple[tuple[Rule, ...], tuple[Diagnostic, ...]]:
    """Returns the wishes, and all that is wrong with them (then there are no wishes).

    `raw` is the parsed value of `permissions:`, `span` the place of its key.
    """
    node = _node(raw, span)
    known = {key: item for key, item in node.entries().items() if key in _KEYS}
    wishes = Node(value=known, span=span, keys=node.keys) if isinstance(node.value, dict) else node
    problems = [
        Diagnostic(
            code="policy/unknown-key",
            message=f"unknown key `{key}` in permissions",
            span=span,
            fix=suggest(key, _KEYS),
        )
        for key in node.entries()
        if key not in _KEYS
    ]
    decoded, found = decode_node(
        Node(value={"default": wishes}, span=span, keys={"default": span}), LayerKind.SESSION
    )
    problems += (_renamed(item) for item in found)
    rules = decoded.parts[0].rules if decoded and decoded.parts else ()
    problems += [
        Diagnostic(
            code="policy/not-a-wish",
            message=f"permissions.{rule.capability.value} has a {rule.verdict.value} entry",
            span=span,
            why="a runbook can ask for something to be allowed, and for nothing else",
            fix="keep `allow` lists only",
        )
        for rule in rules
        if rule.verdict is not Outcome.ALLOW
    ]
    unique = {(item.code, item.message): item for item in problems}
    return (() if problems else rules), tuple(unique.values())


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """One line of `permissions:`, and how it stands: allowed already, to be asked for, or denied.

    `grant`: what the session remembers if a person says yes.
    """

    rule: Rule
    outcome: Outcome
    grant: Grant


def weigh_wishes(
    compiled: CompiledRuleset, wishes: tuple[Rule, ...], grants: tuple[Grant, ...] = ()
) -> tuple[Wish, ...]:
    """Returns how each wish stands under the policy and the grants in force, in the order written."""
    return tuple(
        Wish(
            rule=rule,
            outcome=_outcome(compiled, rule, grants),
            grant=Grant(capability=rule.capability, pattern=rule.pattern),
        )
        for rule in wishes
    )


def _outcome(compiled: CompiledRuleset, rule: Rule, grants: tuple[Grant, ...]) -> Outcome:
    subject = _subject(rule, compiled.facts)
    found = plain_outcome(compiled, rule.capability, subject) if subject else _same_text(compiled, rule)
    if found in (Outcome.ALLOW, Outcome.DENY):
        return found
    given = (grant for grant in grants if grant.capability is rule.capability)
    if any(grant.pattern == rule.pattern and grant.verdict is Outcome.ALLOW for grant in given):
        return Outcome.ALLOW
    if found is None and compiled.mode(rule.capability) == "deny":
        return Outcome.DENY
    return Outcome.ASK


def _subject(rule: Rule, facts: PolicyFacts) -> Subject | None:
    """The one thing that a wish names; a tree's root stands for the tree. None for other globs."""
    if rule.capability in (Capability.READ, Capability.WRITE):
        texts = fill_places(path_below(rule.pattern, Outcome.ALLOW), facts)
        if len(texts) != 1 or not is_tree(texts[0]):
            return None
        path = unescape_path(texts[0].removesuffix("/").removesuffix("/**")) or "/"
        return PathSubject(real=path, chains=(chain(path),))
    if not is_literal(rule.capability, rule.pattern):
        return None
    match rule.capability:
        case Capability.RUN:
            words = split_words(rule.pattern)
            real = facts.executables.get(words[0])
            return RunSubject(
                word=words[0],
                words=words,
                is_path="/" in words[0],
                resolved=real,
                places=(real,) if real else (),
                open=False,
            )
        case Capability.ENV:
            name = rule.pattern.removesuffix("=")
            return NameSubject(name=name, assigned=rule.pattern.endswith("="))
        case _:
            found = parse_endpoint(rule.pattern)
            if not isinstance(found, Endpoint):
                return None
            return NetSubject(host=found.host, port=found.port, address=address_of(found.host))


def _same_text(compiled: CompiledRuleset, rule: Rule) -> Outcome | None:
    layers = (compiled.ruleset.flags, *compiled.ruleset.layers)
    same = (item for layer in layers for item in layer.rules if item.pattern == rule.pattern)
    return next((item.verdict for item in same if item.capability is rule.capability), None)


def _node(raw: object, span: Span) -> Node:
    """A value without positions as a tree: every node stands where `permissions:` stands."""
    if isinstance(raw, dict):
        found = {str(key): _node(item, span) for key, item in raw.items()}
        return Node(value=found, span=span, keys=dict.fromkeys(found, span))
    if isinstance(raw, list | tuple):
        return Node(value=tuple(_node(item, span) for item in raw), span=span)
    if raw is None or isinstance(raw, str | int | float | bool):
        return Node(value=raw, span=span)
    return Node(value=str(raw), span=span)


def _renamed(item: Diagnostic) -> Diagnostic:
    return msgspec.structs.replace(
        item, message=re.sub(r"^default\b|(?<= in )default\b", "permissions", item.message)
    )
