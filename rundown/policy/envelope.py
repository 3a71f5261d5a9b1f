"""`build_envelope`: what the sandbox opens for an allowed request beyond its text: allow minus deny.

Pure. The same rules that decide literal operations, brought into the form that mounts and Landlock take.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Literal

from msgspec.structs import replace

from rundown.model.policy import Envelope, Grant, Layer, LayerKind, Limits, Outcome, Rule, Ruling
from rundown.model.request import Capability, ExecutionRequest
from rundown.policy.compiled import CompiledRuleset
from rundown.policy.document import overlay, path_below
from rundown.policy.facts import PolicyFacts
from rundown.policy.grants import flaw_of
from rundown.policy.match import escape_path, fill_places, open_places, unescape_path
from rundown.policy.pattern import is_literal, is_tree
from rundown.policy.protect import SIGNING_KEY_VARIABLE, protected_rules
from rundown.policy.resolve import plain_outcome
from rundown.policy.subject import NameSubject, RunSubject
from rundown.policy.toolchain import toolchain_trees

_PERSONS = (LayerKind.FLAG, LayerKind.PROJECT, LayerKind.POLICY_FILE, LayerKind.USER, LayerKind.SESSION)


def build_envelope(
    compiled: CompiledRuleset,
    request: ExecutionRequest,
    facts: PolicyFacts,
    answered: tuple[tuple[Grant, ...], tuple[Ruling, ...]],
) -> Envelope:
    """Returns the envelope of a request whose operations are all allowed.

    `answered`: the grants in force, and the rulings on the request's operations, which open what they name.
    """
    grants, rulings = answered
    granted, named = _grant_rules(grants), _named_rules(rulings)
    extra = (*granted, *named)
    reads = _opened(compiled, Capability.READ, extra)
    writes = _opened(compiled, Capability.WRITE, extra)
    return Envelope(
        read_allow=_texts((*reads, *writes), facts),
        write_allow=_texts(writes, facts),
        write_made=_texts((rule for rule in writes if rule.layer in _PERSONS), facts),
        read_deny=tuple(_denies(compiled, Capability.READ, (grants, granted, named))),
        write_deny=tuple(_denies(compiled, Capability.WRITE, (grants, granted, named))),
        protect=_protected(compiled, facts),
        run_trees=_run_trees(compiled, facts, rulings),
        env=_variables(compiled, facts, rulings),
        net=_net(compiled, extra),
        host=tuple(dict.fromkeys((*request.host, *_resources(rulings, Capability.HOST)))),
        limits=effective_limits(compiled),
        enforce_run=effective_enforcement(compiled),
    )


def effective_limits(compiled: CompiledRuleset) -> Limits:
    """Returns the limits in force: the most specific document's, none above the system's."""
    found = Limits()
    for layer in compiled.ruleset.layers:
        found = overlay(found, layer.limits)
    if compiled.ruleset.system is None:
        return found
    caps = compiled.ruleset.system.limits
    smaller: dict[str, Any] = {
        name: min(
            (getattr(item, name) for item in (found, caps) if getattr(item, name) is not None), default=None
        )
        for name in Limits.__struct_fields__
    }
    return Limits(**smaller)


def effective_enforcement(compiled: CompiledRuleset) -> Literal["command", "tree"]:
    """Returns `tree` if the system document or the most specific one that says anything wants it."""
    ruleset = compiled.ruleset
    if ruleset.system is not None and ruleset.system.enforce_run == "tree":
        return "tree"
    return next((layer.enforce_run for layer in ruleset.layers if layer.enforce_run), "command")


def _grant_rules(grants: tuple[Grant, ...]) -> tuple[Rule, ...]:
    """What grants open: those of a pattern; "all of this type" opens only what texts name."""
    return tuple(
        _session_rule(grant.capability, grant.pattern, Outcome.ALLOW)
        for grant in grants
        if grant.verdict is Outcome.ALLOW
        and not grant.everything
        and grant.digest is None
        and grant.capability in (Capability.READ, Capability.WRITE, Capability.NET)
        and not flaw_of(grant.capability, grant.pattern)
    )


def _named_rules(rulings: tuple[Ruling, ...]) -> tuple[Rule, ...]:
    """What the allowed operations of this very request open: the paths and hosts that its text names."""
    return tuple(
        _session_rule(item.operation.capability, escape_path(item.operation.resolved), Outcome.ALLOW)
        for item in rulings
        if item.outcome is Outcome.ALLOW
        and item.operation.capability in (Capability.READ, Capability.WRITE)
        and item.operation.resolved is not None
        and (item.rule is not None or item.grant is not None or item.mode is not None)
    )


def _opened(compiled: CompiledRuleset, capability: Capability, extra: tuple[Rule, ...]) -> tuple[Rule, ...]:
    layers = (compiled.ruleset.flags, *compiled.ruleset.layers)
    listed = (rule for layer in layers for rule in _allows(layer, capability))
    return (*listed, *(rule for rule in extra if rule.capability is capability))


def _texts(rules: Iterable[Rule], facts: PolicyFacts) -> tuple[str, ...]:
    """Absolute texts of path rules: trees and literal paths plainly, other globs escaped as patterns."""
    found = (
        _plain(text) for rule in rules for text in fill_places(path_below(rule.pattern, rule.verdict), facts)
    )
    return tuple(dict.fromkeys(found))


def _plain(text: str) -> str:
    return unescape_path(text) if is_tree(text) else text


def _denies(
    compiled: CompiledRuleset,
    capability: Capability,
    opened: tuple[tuple[Grant, ...], tuple[Rule, ...], tuple[Rule, ...]],
) -> Iterator[Rule]:
    """Deny and ask rules made absolute, with what lifts or answers them among their exceptions.

    `opened`: all grants, what grants open, and what this request's text names and may.
    """
    grants, granted, named = opened
    ruleset, facts = compiled.ruleset, compiled.facts
    final = (*((ruleset.system,) if ruleset.system else ()), ruleset.flags)
    for layer in final:
        for rule in _closing(layer, capability):
            yield from _absolute(rule, (), facts)
    flags = _allows(ruleset.flags, capability)
    for place, layer in enumerate(ruleset.layers if not ruleset.bypass.allow_all else ()):
        above = [rule for upper in ruleset.layers[:place] for rule in _allows(upper, capability)]
        literal = [rule for rule in above if is_literal(capability, rule.pattern)]
        for rule in _closing(layer, capability):
            if any(upper.pattern == rule.pattern for upper in above):
                continue
            answers = granted if rule.verdict is Outcome.ASK else ()
            yield from _absolute(rule, (*flags, *literal, *named, *answers), facts)
    for grant in grants:
        if grant.verdict is Outcome.DENY and grant.capability is capability and not grant.everything:
            yield from _absolute(_session_rule(grant.capability, grant.pattern, Outcome.DENY), (), facts)


def _closing(layer: Layer, capability: Capability) -> Iterator[Rule]:
    return (
        rule for rule in layer.rules if rule.capability is capability and rule.verdict is not Outcome.ALLOW
    )


def _allows(layer: Layer, capability: Capability) -> tuple[Rule, ...]:
    return tuple(
        rule for rule in layer.rules if rule.capability is capability and rule.verdict is Outcome.ALLOW
    )


def _absolute(rule: Rule, lifting: tuple[Rule, ...], facts: PolicyFacts) -> Iterator[Rule]:
    own = (path_below(text, Outcome.DENY) for text in rule.exceptions)
    exceptions = [text for item in own for text in open_places(item, facts)]
    for item in lifting:
        for text in open_places(path_below(item.pattern, item.verdict), facts):
            exceptions += [text] if not is_literal(rule.capability, item.pattern) else [text, f"{text}/**"]
    for text in open_places(path_below(rule.pattern, rule.verdict), facts):
        yield replace(rule, pattern=text, exceptions=tuple(dict.fromkeys(exceptions)))


def _protected(compiled: CompiledRuleset, facts: PolicyFacts) -> tuple[str, ...]:
    """Write-protected patterns, but not what an allow flag names itself."""
    named = set(_texts(_allows(compiled.ruleset.flags, Capability.WRITE), facts))
    found = _texts(protected_rules(facts), facts)
    return tuple(text for text in found if text not in named and f"{text}/**" not in named)


def _run_trees(compiled: CompiledRuleset, facts: PolicyFacts, rulings: tuple[Ruling, ...]) -> tuple[str, ...]:
    """The installations of every executable that rules allow by name, and of those this request starts."""
    allowed = [
        real
        for name, real in sorted(facts.executables.items())
        if plain_outcome(compiled, Capability.RUN, _bare(name, real)) is Outcome.ALLOW
    ]
    allowed += [
        item.operation.resolved
        for item in rulings
        if item.operation.capability is Capability.RUN and item.operation.resolved
    ]
    trees = (tree for real in dict.fromkeys(allowed) for tree in toolchain_trees(real, facts))
    return tuple(dict.fromkeys(trees))


def _bare(name: str, real: str) -> RunSubject:
    return RunSubject(word=name, words=(name,), is_path=False, resolved=real, places=(real,), open=False)


def _variables(compiled: CompiledRuleset, facts: PolicyFacts, rulings: tuple[Ruling, ...]) -> tuple[str, ...]:
    """Names that rules let through, and those that this request was allowed to use."""
    passed = {
        name
        for name in facts.parent_env
        if name != SIGNING_KEY_VARIABLE
        and plain_outcome(compiled, Capability.ENV, NameSubject(name=name)) is Outcome.ALLOW
    }
    named = {
        item.operation.resource
        for item in rulings
        if item.operation.capability is Capability.ENV and item.operation.kind != "escape"
    }
    return tuple(sorted(passed | named))


def _net(compiled: CompiledRuleset, extra: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """Every rule on connections, most specific document first, grants last."""
    ruleset = compiled.ruleset
    layers = (*((ruleset.system,) if ruleset.system else ()), ruleset.flags, *ruleset.layers)
    rules = (*(rule for layer in layers for rule in layer.rules), *extra)
    return tuple(rule for rule in rules if rule.capability is Capability.NET)


def _resources(rulings: tuple[Ruling, ...], capability: Capability) -> tuple[str, ...]:
    return tuple(item.operation.resource for item in rulings if item.operation.capability is capability)


def _session_rule(capability: Capability, pattern: str, verdict: Outcome) -> Rule:
    return Rule(capability=capability, verdict=verdict, pattern=pattern, layer=LayerKind.SESSION)
