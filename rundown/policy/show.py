"""The effective policy, each line with its origin: what `rundown policy show` prints.

Of a secret never the value: only name, source, and to whom it is released.
"""

from collections.abc import Iterator

from rundown.model.policy import Layer, Outcome, Rule
from rundown.model.request import Capability
from rundown.policy.compiled import CompiledRuleset
from rundown.policy.envelope import effective_enforcement, effective_limits, installations
from rundown.policy.load import Loaded
from rundown.policy.protect import protected_rules
from rundown.policy.reason import layer_name
from rundown.policy.release import SecretRule, secret_rules
from rundown.policy.system import SYSTEM_READ

_ORDER = {Outcome.DENY: 0, Outcome.ASK: 1, Outcome.ALLOW: 2}


def policy_json(loaded: Loaded, compiled: CompiledRuleset) -> dict[str, object]:
    """Returns everything that is in force, with layer, source and line of each rule."""
    limits = effective_limits(compiled)
    return {
        "sources": list(loaded.sources),
        "digest": loaded.digest,
        "trusted": loaded.trusted,
        "mode": {item.value: compiled.mode(item) for item in Capability},
        "enforce_run": effective_enforcement(compiled),
        "limits": {
            name: getattr(limits, name)
            for name in limits.__struct_fields__
            if getattr(limits, name) is not None
        },
        "rules": [_rule(rule) for rule in _rules(compiled)],
        "host": [
            {"word": word, "source": layer.source} for layer in _layers(compiled) for word in layer.host
        ],
        "secrets": [_secret(rule) for rule in secret_rules(loaded.decoded)],
        "protected": [
            {"pattern": rule.pattern, "why": rule.reason} for rule in protected_rules(compiled.facts)
        ],
        "system_read": list(SYSTEM_READ),
        "toolchains": [
            {"executable": name, "trees": list(trees)} for name, trees in installations(compiled).items()
        ],
    }


def policy_lines(loaded: Loaded, compiled: CompiledRuleset) -> tuple[str, ...]:
    """Returns the same for people: capability by capability, deny before ask before allow."""
    return tuple(_lines(loaded, compiled))


def _lines(loaded: Loaded, compiled: CompiledRuleset) -> Iterator[str]:
    yield f"documents  {', '.join(loaded.sources)}  (most specific first; project: {loaded.trusted})"
    modes = {item: compiled.mode(item) for item in Capability}
    yield "mode       " + ", ".join(f"{item.value}: {mode}" for item, mode in modes.items())
    yield f"enforced   {effective_enforcement(compiled)}"
    limits = effective_limits(compiled)
    named = [
        f"{name} {getattr(limits, name)}"
        for name in limits.__struct_fields__
        if getattr(limits, name) is not None
    ]
    yield f"limits     {', '.join(named) or 'none'}"
    for capability in Capability:
        rules = [rule for rule in _rules(compiled) if rule.capability is capability]
        if rules:
            yield ""
            yield capability.value
        for rule in sorted(rules, key=lambda rule: _ORDER[rule.verdict]):
            yield f"  {rule.verdict.value:5}  {rule.pattern:44}  {_origin(rule)}{_except(rule)}"
    if secrets := secret_rules(loaded.decoded):
        yield ""
        yield "secrets, by name and source"
        yield from (
            f"  {rule.name:24} {rule.source:26} {_released(rule):44}  {rule.document}" for rule in secrets
        )
    for title, lines in _tail(compiled):
        yield ""
        yield title
        yield from (f"  {line}" for line in lines)


def _tail(compiled: CompiledRuleset) -> Iterator[tuple[str, list[str]]]:
    words = [f"allow  {word:44}  {layer.source}" for layer in _layers(compiled) for word in layer.host]
    if words:
        yield "host", words
    yield (
        "write-protected, whatever the rules say",
        [f"deny   {rule.pattern:44}  {rule.reason}" for rule in protected_rules(compiled.facts)],
    )
    trees = [
        f"allow  {tree:44}  toolchain of {name}"
        for name, found in installations(compiled).items()
        for tree in found
    ]
    if trees:
        yield "read and execute, with their executables", trees
    yield "read, as every program needs", [f"allow  {path:44}  system" for path in SYSTEM_READ]


def _layers(compiled: CompiledRuleset) -> tuple[Layer, ...]:
    return (compiled.ruleset.flags, *compiled.ruleset.layers)


def _rules(compiled: CompiledRuleset) -> Iterator[Rule]:
    return (rule for layer in _layers(compiled) for rule in layer.rules)


def _rule(rule: Rule) -> dict[str, object]:
    return {
        "capability": rule.capability.value,
        "verdict": rule.verdict.value,
        "pattern": rule.pattern,
        "except": list(rule.exceptions),
        "reason": rule.reason,
        "layer": rule.layer.value,
        "source": rule.span.file if rule.span else layer_name(rule.layer),
        "line": rule.span.line if rule.span else None,
    }


def _secret(rule: SecretRule) -> dict[str, object]:
    return {
        "name": rule.name,
        "source": rule.source,
        "runbooks": list(rule.runbooks),
        "steps": list(rule.steps),
        "as": rule.form,
        "document": rule.document,
    }


def _released(rule: SecretRule) -> str:
    """To whom, and in what form."""
    runbooks = ", ".join(rule.runbooks) or "runbooks that ask, if you say yes"
    commands = "agents' gateways" if rule.form == "header" else "every command"
    return f"to {runbooks}; {', '.join(rule.steps) or commands}; as {rule.form}"


def _origin(rule: Rule) -> str:
    return f"{rule.span.file}:{rule.span.line}" if rule.span else layer_name(rule.layer)


def _except(rule: Rule) -> str:
    return f"  except {' '.join(rule.exceptions)}" if rule.exceptions else ""
