"""A ruleset made ready for many decisions: rules compiled once, executables' names indexed.

A value that callers hold for a run; there is no hidden cache.
"""

from functools import cached_property

from msgspec.structs import replace

from rundown.model.policy import Envelope, Layer, LayerKind, Mode, Outcome, Rule, Ruleset
from rundown.model.request import Capability
from rundown.policy.facts import PolicyFacts
from rundown.policy.match import Matcher, PathMatcher, RunMatcher, compile_rule
from rundown.policy.paths import covers
from rundown.policy.protect import Protections
from rundown.policy.subject import PathSubject, RunSubject, Subject

_STRICTNESS: dict[Mode, int] = {"execute": 0, "confined": 1, "prompted": 2, "deny": 3}


class CompiledLayer:
    """One layer's matchers, by capability; `run` rules that name an executable literally are indexed."""

    def __init__(self, layer: Layer, facts: PolicyFacts) -> None:
        self.layer = layer
        self._facts = facts
        self._rules: dict[Capability, tuple[Rule, ...]] = {
            item: tuple(rule for rule in layer.rules if rule.capability is item) for item in Capability
        }
        self._ready: dict[Capability, tuple[Matcher, ...]] = {}

    def matchers(self, capability: Capability) -> tuple[Matcher, ...]:
        """Returns the capability's matchers in the order of the document."""
        if capability not in self._ready:
            self._ready[capability] = tuple(
                compile_rule(rule, self._facts) for rule in self._rules[capability]
            )
        return self._ready[capability]

    @cached_property
    def _named(self) -> dict[str, tuple[Matcher, ...]]:
        found: dict[str, list[Matcher]] = {}
        others: list[Matcher] = []
        for matcher in self.matchers(Capability.RUN):
            name = matcher.name if isinstance(matcher, RunMatcher) else None
            (others if name is None else found.setdefault(name, [])).append(matcher)
        return {"": tuple(others), **{name: (*items, *others) for name, items in found.items()}}

    @cached_property
    def _names(self) -> dict[str, tuple[str, ...]]:
        """Which literal names lead to a file."""
        found: dict[str, tuple[str, ...]] = {}
        for name, real in self._facts.executables.items():
            if name in self._named:
                found[real] = (*found.get(real, ()), name)
        return found

    def candidates(self, capability: Capability, subject: Subject) -> tuple[Matcher, ...]:
        """Returns the matchers that may be about the subject."""
        if isinstance(subject, RunSubject):
            if not subject.is_path:
                return self._named.get(subject.word, self._named[""])
            names = self._names.get(subject.resolved or "", ())
            named = (found for name in names for found in self._named[name] if found not in self._named[""])
            return (*named, *self._named[""])
        return self.matchers(capability)


class CompiledRuleset:
    """All layers compiled, and what follows from them for every decision of the run."""

    def __init__(self, ruleset: Ruleset, facts: PolicyFacts) -> None:
        self.ruleset = ruleset
        self.facts = facts
        self.system = CompiledLayer(ruleset.system, facts) if ruleset.system else None
        self.flags = CompiledLayer(ruleset.flags, facts)
        self.layers = tuple(CompiledLayer(layer, facts) for layer in ruleset.layers)
        # What no request changes about its envelope, worked out by `envelope.py` when first needed.
        self.standing: Envelope | None = None

    def under(self, layer: Layer, *, replaces: bool) -> "CompiledRuleset":
        """Returns these rules with one more layer above them, or with it in the place of the first; what is
        compiled already is used again."""
        rest = slice(1, None) if replaces else slice(None)
        found = CompiledRuleset(replace(self.ruleset, layers=(layer, *self.ruleset.layers[rest])), self.facts)
        found.layers = (found.layers[0], *self.layers[rest])
        return found

    @cached_property
    def opened(self) -> tuple[str, ...]:
        """Roots of the trees that rules open, outermost first, the project's own before all.

        A floating deny (`**/*secret*`) looks at what lies below them, not at their own names.
        """
        found: set[str] = set()
        for layer in (self.flags, *self.layers):
            for capability in (Capability.READ, Capability.WRITE):
                for item in layer.matchers(capability):
                    if isinstance(item, PathMatcher) and item.rule.verdict is Outcome.ALLOW:
                        found.update(item.paths.bases)
        return (self.facts.root, *sorted(found - {self.facts.root}, key=len))

    def mode(self, capability: Capability) -> Mode:
        """Returns the effective mode: the most specific document's, made no laxer than the system's."""
        named = (layer.modes[capability] for layer in self.ruleset.layers if capability in layer.modes)
        mode: Mode = next(named, "prompted")
        system = self.ruleset.system.modes.get(capability) if self.ruleset.system else None
        return system if system is not None and stricter(system, mode) else mode

    @cached_property
    def protections(self) -> Protections:
        """What stays write-protected, whatever the rules say."""
        return Protections(self.facts)

    def seen_by(self, matcher: Matcher, subject: Subject) -> Subject:
        """Returns the subject as a rule may see it: floating ones look below the opened trees only."""
        if isinstance(matcher, PathMatcher) and isinstance(subject, PathSubject) and matcher.paths.floating:
            return self._below_opened(subject, builtin=matcher.rule.layer is LayerKind.BUILTIN)
        return subject

    def _below_opened(self, subject: PathSubject, *, builtin: bool) -> PathSubject:
        """Cuts the chains at the root of the tree that holds them, so that the tree's own name is no match.

        Outside every opened tree everything counts for a person's rules, and nothing for built-in ones:
        the system's own files (`/etc/ssl/**/*.pem`) are not theirs to hide.
        """
        chains = []
        for line in subject.chains:
            base = next((base for base in self.opened if line and covers(base, line[0])), None)
            if base is not None:
                chains.append(tuple(path for path in line if path != base and covers(base, path)))
            elif not builtin:
                chains.append(line)
        return PathSubject(real=subject.real, chains=tuple(chains))


def compile_ruleset(ruleset: Ruleset, facts: PolicyFacts) -> CompiledRuleset:
    """Returns the ruleset, ready for `evaluate` and `envelope`; hold it as long as places stay the same."""
    return CompiledRuleset(ruleset, facts)


def stricter(one: Mode, other: Mode) -> bool:
    """Whether mode `one` lets less happen unasked than `other`."""
    return _STRICTNESS[one] > _STRICTNESS[other]


def mentioned_names(ruleset: Ruleset) -> tuple[str, ...]:
    """Returns the executables that the rules name literally, sorted: PATH look-ups a decision may need."""
    layers = (*ruleset.layers, ruleset.flags, *((ruleset.system,) if ruleset.system else ()))
    words = {
        rule.pattern.split()[0]
        for layer in layers
        for rule in layer.rules
        if rule.capability is Capability.RUN
    }
    return tuple(sorted(word for word in words if not set(word) & set("/*?[\"'\\")))
