"""Which rules are about a thing, and which of them counts: the layers' part of every decision.

`deny` before `ask` before `allow` inside a document, documents from the most specific down; a deny of any
document stands unless a more specific one lifts it. Only names and texts decide here; doubts about a
single use (escapes, unsafe look-ups), grants and modes come in `evaluate.py`.
"""

from collections.abc import Iterator

from msgspec import Struct

from rundown.model.policy import Outcome, Rule
from rundown.model.request import Capability
from rundown.policy.compiled import CompiledLayer, CompiledRuleset
from rundown.policy.match import Certainty, Matcher
from rundown.policy.subject import Subject

FLAGS = -1


class Hit(Struct, frozen=True):
    """A rule that is about the subject: the place of its document (flags first), and how sure that is."""

    place: int
    matcher: Matcher
    certainty: Certainty

    @property
    def rule(self) -> Rule:
        """The rule as written."""
        return self.matcher.rule

    @property
    def verdict(self) -> Outcome:
        """What the rule wants."""
        return self.matcher.rule.verdict


def find_hits(compiled: CompiledRuleset, capability: Capability, subject: Subject) -> tuple[Hit, ...]:
    """Returns every rule of the documents, and every allow flag, that is about the subject."""
    flags = (hit for hit in _hits(compiled, FLAGS, capability, subject) if hit.verdict is Outcome.ALLOW)
    documents = (
        hit for place in range(len(compiled.layers)) for hit in _hits(compiled, place, capability, subject)
    )
    return (*flags, *documents)


def find_final_deny(compiled: CompiledRuleset, capability: Capability, subject: Subject) -> Rule | None:
    """Returns the deny of the system document or of a flag that is surely about the subject."""
    for layer in (compiled.system, compiled.flags):
        for hit in _layer_hits(compiled, layer, FLAGS, (capability, subject)) if layer else ():
            if hit.verdict is Outcome.DENY and hit.certainty is Certainty.YES:
                return hit.rule
    return None


def leading_hits(hits: tuple[Hit, ...]) -> tuple[Hit, ...]:
    """Returns the asks, else the allows, of the most specific document that has any."""
    wanting = [hit for hit in hits if hit.verdict is not Outcome.DENY]
    first = min((hit.place for hit in wanting), default=None)
    asks = tuple(hit for hit in wanting if hit.place == first and hit.verdict is Outcome.ASK)
    return asks or tuple(hit for hit in wanting if hit.place == first)


def standing_deny(compiled: CompiledRuleset, hits: tuple[Hit, ...], subject: Subject) -> Hit | None:
    """Returns the deny that no more specific document lifts; a sure one before a possible one."""
    standing = (
        hit
        for hit in hits
        if hit.verdict is Outcome.DENY and not any(_lifts(compiled, other, hit, subject) for other in hits)
    )
    return max(standing, key=lambda hit: (hit.certainty, -hit.place), default=None)


def plain_outcome(compiled: CompiledRuleset, capability: Capability, subject: Subject) -> Outcome | None:
    """Returns what flags and documents say by themselves, None if they say nothing."""
    if compiled.ruleset.bypass.deny_all or find_final_deny(compiled, capability, subject):
        return Outcome.DENY
    if compiled.ruleset.bypass.allow_all:
        return Outcome.ALLOW
    hits = find_hits(compiled, capability, subject)
    leading = leading_hits(hits)
    if leading and leading[0].place == FLAGS:
        return Outcome.ALLOW
    if denial := standing_deny(compiled, hits, subject):
        return Outcome.DENY if denial.certainty is Certainty.YES else Outcome.ASK
    return leading[0].verdict if leading else None


def _lifts(compiled: CompiledRuleset, upper: Hit, lower: Hit, subject: Subject) -> bool:
    return (
        upper.place < lower.place
        and upper.verdict is not Outcome.DENY
        and upper.certainty is Certainty.YES
        and upper.matcher.lifts(lower.matcher, compiled.seen_by(lower.matcher, subject))
    )


def _hits(compiled: CompiledRuleset, place: int, capability: Capability, subject: Subject) -> Iterator[Hit]:
    layer = compiled.flags if place == FLAGS else compiled.layers[place]
    return _layer_hits(compiled, layer, place, (capability, subject))


def _layer_hits(
    compiled: CompiledRuleset, layer: CompiledLayer, place: int, asked: tuple[Capability, Subject]
) -> Iterator[Hit]:
    capability, subject = asked
    for matcher in layer.candidates(capability, subject):
        if certainty := matcher.match(compiled.seen_by(matcher, subject)):
            yield Hit(place, matcher, certainty)
