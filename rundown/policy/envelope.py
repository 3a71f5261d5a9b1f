"""`build_envelope`: what the sandbox opens for an allowed request beyond its text: allow minus deny.

Pure. The same rules that decide literal operations, brought into the form that mounts and Landlock take.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Literal

from msgspec.structs import replace

from rundown.model.policy import Envelope, Grant, Layer, LayerKind, Limits, Outcome, Rule, Ruling
from rundown.model.request import Capability, ExecutionRequest
from rundown.policy.compiled import CompiledRuleset
from rundown.policy.facts import PolicyFacts
from rundown.policy.grants import flaw_of
from rundown.policy.limits import overlay
from rundown.policy.paths import fill_places, open_places
from rundown.policy.pattern import escape_path, is_literal, is_tree, path_below, unescape_path
from rundown.policy.protect import SIGNING_KEY_VARIABLE, compared_rules, protected_rules
from rundown.policy.resolve import plain_outcome
from rundown.policy.subject import NameSubject, RunSubject, sets_variable
from rundown.policy.toolchain import toolchain_trees

_PERSONS = (
    LayerKind.FLAG,
    LayerKind.PROJECT,
    LayerKind.POLICY_FILE,
    LayerKind.USER,
    LayerKind.SESSION,
    LayerKind.TOOL,  # in force only because a person's document extends it
)
_PATHS = (Capability.READ, Capability.WRITE)


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
    if compiled.standing is None:
        compiled.standing = _standing(compiled)
    base = compiled.standing
    granted, named = _granted(grants), _named(rulings)
    extra = (*granted, *named)
    reads, writes = (_texts(_of(extra, capability), facts) for capability in _PATHS)
    started = [
        item.operation.resolved
        for item in _on(rulings, Capability.RUN)
        if item.operation.resolved is not None
    ]
    variables = (
        item.operation.resource for item in _on(rulings, Capability.ENV) if not sets_variable(item.operation)
    )
    env = tuple(sorted({*base.env, *variables}))
    return replace(
        base,
        read_allow=_unique(base.read_allow, reads, writes, _agent_socket(env, facts)),
        write_allow=_unique(base.write_allow, writes),
        write_made=_unique(base.write_made, writes),
        read_deny=(
            *_excepting(base.read_deny, granted, named, facts),
            *_denied(grants, Capability.READ, facts),
        ),
        write_deny=(
            *_excepting(base.write_deny, granted, named, facts),
            *_denied(grants, Capability.WRITE, facts),
        ),
        run_trees=_unique(
            base.run_trees, (tree for real in started for tree in toolchain_trees(real, facts))
        ),
        programs=_unique(base.programs, started),
        env=env,
        net=(*base.net, *_of(extra, Capability.NET)),
        host=_unique(request.host, (item.operation.resource for item in _on(rulings, Capability.HOST))),
    )


def _agent_socket(env: tuple[str, ...], facts: PolicyFacts) -> tuple[str, ...]:
    """The socket of the ssh agent, for whoever may see its name: a name alone would lead nowhere."""
    is_seen = facts.agent_socket and "SSH_AUTH_SOCK" in env
    return (escape_path(facts.agent_socket),) if is_seen else ()


def effective_limits(compiled: CompiledRuleset) -> Limits:
    """Returns the limits in force: the most specific document's, none above the system's."""
    found = Limits()
    for layer in compiled.ruleset.layers:
        found = overlay(found, layer.limits)
    if compiled.ruleset.system is None:
        return found
    both = (found, compiled.ruleset.system.limits)
    smaller: dict[str, Any] = {
        name: min((getattr(item, name) for item in both if getattr(item, name) is not None), default=None)
        for name in Limits.__struct_fields__
    }
    return Limits(**smaller)


def effective_enforcement(compiled: CompiledRuleset) -> Literal["command", "tree"]:
    """Returns `tree` if the system document, or the most specific one that says anything, wants it."""
    ruleset = compiled.ruleset
    if ruleset.system is not None and ruleset.system.enforce_run == "tree":
        return "tree"
    return next((layer.enforce_run for layer in ruleset.layers if layer.enforce_run), "command")


def installations(compiled: CompiledRuleset) -> dict[str, tuple[str, ...]]:
    """Returns the trees that each executable brings which the rules allow by name, outside the system's."""
    executables = compiled.facts.executables
    found = {name: toolchain_trees(executables[name], compiled.facts) for name in _allowed_names(compiled)}
    return {name: trees for name, trees in found.items() if trees}


def _allowed_names(compiled: CompiledRuleset) -> Iterator[str]:
    """Yields the names of executables that rules allow, in order."""
    for name, real in sorted(compiled.facts.executables.items()):
        if plain_outcome(compiled, Capability.RUN, _bare(name, real)) is Outcome.ALLOW:
            yield name


def _standing(compiled: CompiledRuleset) -> Envelope:
    """What no request changes."""
    ruleset, facts = compiled.ruleset, compiled.facts
    layers = (ruleset.flags, *ruleset.layers)
    reads, writes = (
        [rule for layer in layers for rule in _allows(layer, capability)] for capability in _PATHS
    )
    final = (*((ruleset.system,) if ruleset.system else ()), ruleset.flags)
    made = _texts((rule for rule in writes if rule.layer in _PERSONS), facts)
    compared = _unless_named(compiled, compared_rules(facts))
    protected = _unless_named(compiled, protected_rules(facts))
    return Envelope(
        read_allow=_texts((*reads, *writes), facts),
        write_allow=_texts(writes, facts),
        write_made=made,
        read_deny=(*_off_limits(compiled), *_denies(compiled, Capability.READ)),
        write_deny=tuple(_denies(compiled, Capability.WRITE)),
        protect=tuple(text for text in protected if text not in compared),
        compare=compared,
        run_trees=_unique(tree for trees in installations(compiled).values() for tree in trees),
        programs=_unique(compiled.facts.executables[name] for name in _allowed_names(compiled)),
        env=_variables(compiled),
        net=tuple(rule for layer in (*final, *ruleset.layers) for rule in _of(layer.rules, Capability.NET)),
        limits=effective_limits(compiled),
        enforce_run=effective_enforcement(compiled),
    )


def _off_limits(compiled: CompiledRuleset) -> Iterator[Rule]:
    """What no rule opens is hidden from steps as well."""
    for path in compiled.facts.off_limits:
        yield Rule(
            capability=Capability.READ,
            verdict=Outcome.DENY,
            pattern=escape_path(path),
            layer=LayerKind.BUILTIN,
            reason="rundown's own",
        )


def _denies(compiled: CompiledRuleset, capability: Capability) -> Iterator[Rule]:
    """Deny and ask rules made absolute, with what lifts them among their exceptions.

    Those of the system document and of flags come first and are lifted by nothing.
    """
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
            if layer.kind is LayerKind.SYSTEM and rule.verdict is Outcome.DENY:
                continue
            if not any(upper.pattern == rule.pattern for upper in above):
                yield from _absolute(rule, (*flags, *literal), facts)


def _absolute(rule: Rule, lifting: Iterable[Rule], facts: PolicyFacts) -> Iterator[Rule]:
    own = (path_below(text, Outcome.DENY) for text in rule.exceptions)
    exceptions = (text for item in own for text in open_places(item, facts))
    lifted = _unique(exceptions, _lifting_texts(lifting, facts))
    for text in open_places(path_below(rule.pattern, rule.verdict), facts):
        yield replace(rule, pattern=text, exceptions=lifted)


def _excepting(
    denies: tuple[Rule, ...], granted: tuple[Rule, ...], named: tuple[Rule, ...], facts: PolicyFacts
) -> Iterator[Rule]:
    """What this request's text names was decided with every deny in view; grants answer asks alone."""
    for rule in denies:
        answers = (*named, *granted) if rule.verdict is Outcome.ASK else named
        texts = _lifting_texts(_of(answers, rule.capability), facts)
        yield replace(rule, exceptions=_unique(rule.exceptions, texts)) if texts else rule


def _lifting_texts(rules: Iterable[Rule], facts: PolicyFacts) -> tuple[str, ...]:
    """A literal path means itself and all below, which as an exception takes two patterns."""
    found = (
        (text, f"{text}/**") if is_literal(rule.capability, rule.pattern) else (text,)
        for rule in rules
        for text in open_places(path_below(rule.pattern, rule.verdict), facts)
    )
    return _unique(*found)


def _unless_named(compiled: CompiledRuleset, protections: tuple[Rule, ...]) -> tuple[str, ...]:
    """Write-protected patterns, but not what an allow flag names itself."""
    facts = compiled.facts
    named = set(_texts(_allows(compiled.ruleset.flags, Capability.WRITE), facts))
    found = _texts(protections, facts)
    return tuple(text for text in found if text not in named and f"{text}/**" not in named)


def _variables(compiled: CompiledRuleset) -> tuple[str, ...]:
    return tuple(
        sorted(
            name
            for name in compiled.facts.parent_env
            if name != SIGNING_KEY_VARIABLE
            and plain_outcome(compiled, Capability.ENV, NameSubject(name=name)) is Outcome.ALLOW
        )
    )


def _granted(grants: tuple[Grant, ...]) -> tuple[Rule, ...]:
    """What grants of a pattern open; "all of this type" opens only what texts name."""
    return tuple(
        _session_rule(grant.capability, grant.pattern, Outcome.ALLOW)
        for grant in grants
        if grant.verdict is Outcome.ALLOW
        and not grant.everything
        and grant.digest is None
        and grant.capability in (*_PATHS, Capability.NET)
        and not flaw_of(grant.capability, grant.pattern)
    )


def _named(rulings: tuple[Ruling, ...]) -> tuple[Rule, ...]:
    """What the allowed operations of this very request open: the paths that its text names."""
    return tuple(
        _session_rule(item.operation.capability, escape_path(item.operation.resolved), Outcome.ALLOW)
        for item in rulings
        if item.outcome is Outcome.ALLOW
        and item.operation.capability in _PATHS
        and item.operation.resolved is not None
        and (item.rule is not None or item.grant is not None or item.mode is not None)
        and not _is_private(item.rule)
    )


def _is_private(rule: Rule | None) -> bool:
    """Whether the rule means the run's own `{tmp}`: what lies at that path on the host stays closed."""
    return rule is not None and rule.pattern.startswith("{tmp}")


def _denied(grants: tuple[Grant, ...], capability: Capability, facts: PolicyFacts) -> Iterator[Rule]:
    for grant in grants:
        if grant.verdict is Outcome.DENY and grant.capability is capability and not grant.everything:
            yield from _absolute(_session_rule(capability, grant.pattern, Outcome.DENY), (), facts)


def _texts(rules: Iterable[Rule], facts: PolicyFacts) -> tuple[str, ...]:
    """Absolute texts of path rules: trees and literal paths as paths, other globs as (escaped) patterns."""
    found = (text for rule in rules for text in fill_places(path_below(rule.pattern, rule.verdict), facts))
    return _unique(unescape_path(text) if is_tree(text) else text for text in found)


def _allows(layer: Layer, capability: Capability) -> tuple[Rule, ...]:
    return tuple(rule for rule in _of(layer.rules, capability) if rule.verdict is Outcome.ALLOW)


def _closing(layer: Layer, capability: Capability) -> tuple[Rule, ...]:
    return tuple(rule for rule in _of(layer.rules, capability) if rule.verdict is not Outcome.ALLOW)


def _of(rules: Iterable[Rule], capability: Capability) -> tuple[Rule, ...]:
    return tuple(rule for rule in rules if rule.capability is capability)


def _on(rulings: tuple[Ruling, ...], capability: Capability) -> Iterator[Ruling]:
    return (item for item in rulings if item.operation.capability is capability)


def _bare(name: str, real: str) -> RunSubject:
    return RunSubject(word=name, words=(name,), is_path=False, resolved=real, places=(real,), open=False)


def _session_rule(capability: Capability, pattern: str, verdict: Outcome) -> Rule:
    return Rule(capability=capability, verdict=verdict, pattern=pattern, layer=LayerKind.SESSION)


def _unique(*groups: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(item for group in groups for item in group))
