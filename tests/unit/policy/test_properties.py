"""What holds for any policy and any operation."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from rundown.model.policy import Bypass, Layer, LayerKind, Outcome, Rule, Ruleset
from rundown.model.request import Capability
from rundown.policy.document import decode_document
from rundown.policy.flags import PolicyFlags, flag_layer
from rundown.policy.loosen import find_loosenings
from tests.support.any_policy import (
    LISTED,
    PATTERNS,
    a_grant,
    a_layer,
    a_rule,
    a_ruleset,
    an_operation,
    facts,
)
from tests.support.policies import (
    HOME,
    ROOT,
    decide,
    decoded,
    outcome,
)

WIDTH = {Outcome.DENY: 0, Outcome.ASK: 1, Outcome.ALLOW: 2}


def width(ruleset, operation, some_facts, grants=()):
    return WIDTH[decide(ruleset, operation, facts=some_facts, grants=grants).rulings[0].outcome]


@given(a_ruleset(), an_operation(), facts, a_rule(st.just(Outcome.DENY)), st.data())
def test_adding_a_deny_never_allows_more(ruleset, operation, some_facts, deny, data):
    at = data.draw(st.integers(-2, len(ruleset.layers) - 1))
    if at == -2:
        system = ruleset.system or Layer(kind=LayerKind.SYSTEM, source="system")
        narrower = replace(ruleset, system=replace(system, rules=(*system.rules, deny)))
    elif at == -1:
        narrower = replace(ruleset, flags=replace(ruleset.flags, rules=(*ruleset.flags.rules, deny)))
    else:
        changed = replace(ruleset.layers[at], rules=(*ruleset.layers[at].rules, deny))
        narrower = replace(ruleset, layers=(*ruleset.layers[:at], changed, *ruleset.layers[at + 1 :]))
    assert width(narrower, operation, some_facts) <= width(ruleset, operation, some_facts)


@given(a_ruleset(), an_operation(), facts, st.lists(a_grant(), max_size=3))
def test_deny_all_beats_everything(ruleset, operation, some_facts, grants):
    denying = replace(ruleset, bypass=Bypass(allow_all=True, deny_all=True, yes="all"))
    assert outcome(denying, operation, facts=some_facts, grants=tuple(grants)) == "deny"


@given(a_ruleset(), an_operation(), facts, st.lists(a_grant(), max_size=4))
def test_no_grant_lifts_any_deny(ruleset, operation, some_facts, grants):
    if (
        width(ruleset, operation, some_facts) == 0
        and decide(ruleset, operation, facts=some_facts).rulings[0].mode is None
    ):
        assert outcome(ruleset, operation, facts=some_facts, grants=tuple(grants)) == "deny"


@given(a_ruleset(), an_operation(), facts, st.lists(a_grant(), max_size=4))
def test_a_grant_never_narrows(ruleset, operation, some_facts, grants):
    assert width(ruleset, operation, some_facts, tuple(grants)) >= width(ruleset, operation, some_facts)


@given(a_ruleset(), an_operation(), facts)
def test_a_wildcard_allow_on_top_lifts_no_lower_deny(ruleset, operation, some_facts):
    widest = {
        Capability.RUN: "**",
        Capability.READ: "/**",
        Capability.WRITE: "/**",
        Capability.ENV: "**",
        Capability.NET: "*:*",
        Capability.TOOL: "**",
    }
    same_text = {rule.pattern for layer in ruleset.layers for rule in layer.rules}
    rules = tuple(
        Rule(capability=item, verdict=Outcome.ALLOW, pattern=text, layer=LayerKind.PROJECT)
        for item, text in widest.items()
        if text not in same_text
    )
    wider = replace(
        ruleset, layers=(Layer(kind=LayerKind.PROJECT, source="top", rules=rules), *ruleset.layers)
    )
    before = decide(ruleset, operation, facts=some_facts).rulings[0]
    if before.outcome is Outcome.DENY and before.mode is None:
        assert outcome(wider, operation, facts=some_facts) == "deny"


@given(a_ruleset(), an_operation(), facts, st.randoms(use_true_random=False))
def test_the_order_of_rules_in_a_document_does_not_matter(ruleset, operation, some_facts, random):
    def shuffled(layer):
        return replace(layer, rules=tuple(random.sample(layer.rules, len(layer.rules))))

    other = replace(ruleset, layers=tuple(shuffled(layer) for layer in ruleset.layers))
    assert width(other, operation, some_facts) == width(ruleset, operation, some_facts)


@given(a_ruleset(), st.lists(an_operation(), max_size=4), facts)
def test_evaluation_is_total_and_answers_every_operation(ruleset, operations, some_facts):
    decision = decide(ruleset, *operations, facts=some_facts)
    assert tuple(item.operation for item in decision.rulings) == tuple(operations)
    assert all(item.why for item in decision.rulings)


# Documents and trust


def _lists(entries):
    text = {}
    for capability, verdict, pattern in entries:
        text.setdefault(capability.value, {}).setdefault(verdict.value, []).append(pattern)
    return text


def _document(entries, **section):
    """A document of these rules; tools have a place of their own, where nothing asks."""
    entries = list(entries)
    tools = [item for item in entries if item[0] is Capability.TOOL and item[1] is not Outcome.ASK]
    others = [item for item in entries if item[0] is not Capability.TOOL]
    return {"default": _lists(others) | section, "tools": _lists(tools).get("tool", {})}


@st.composite
def a_restating_document(draw, below):
    """A document that mostly says again what stands below it, with some denies and perhaps a mode."""
    rules = [rule for layer in below for rule in layer.rules if not rule.exceptions]
    said = draw(st.lists(st.sampled_from(rules), max_size=3)) if rules else []
    denies = draw(st.lists(a_rule(st.just(Outcome.DENY)), max_size=1))
    entries = [(rule.capability, rule.verdict, rule.pattern) for rule in (*said, *denies)]
    mode = draw(st.sampled_from([None, None, "prompted", "execute", "deny", "confined"]))
    return _document(entries, **({"mode": mode} if mode else {}))


@given(st.lists(a_layer(LayerKind.USER), min_size=1, max_size=2), an_operation(), facts, st.data())
@settings(max_examples=300)
def test_a_document_that_needs_no_trust_allows_nothing_more(below, operation, some_facts, data):
    document = data.draw(a_restating_document(below))
    found, _ = decode_document(json.dumps(document).encode(), "p.yaml", "yaml", LayerKind.PROJECT)
    if found is None or find_loosenings(found, tuple(below)):
        return
    flags = flag_layer(PolicyFlags(), ROOT, HOME)
    without = Ruleset(flags=flags, layers=tuple(below))
    with_it = Ruleset(flags=flags, layers=(found.layer(""), *below))
    assert width(with_it, operation, some_facts) <= width(without, operation, some_facts)


@given(
    st.lists(
        st.sampled_from(LISTED).flatmap(
            lambda item: st.tuples(st.just(item), st.sampled_from(PATTERNS[item]))
        ),
        max_size=5,
    ),
    st.lists(a_layer(LayerKind.USER), max_size=2),
)
def test_a_document_that_only_denies_never_needs_trust(denies, below):
    text = json.dumps(
        _document(
            ((item, Outcome.DENY, pattern) for item, pattern in denies),
            enforce_run="tree",
            limits={"timeout": "1s"},
            mode="deny",
        )
    )
    assert find_loosenings(decoded(text), tuple(below)) == ()
