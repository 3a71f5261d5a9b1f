"""The smallest document that would let a run pass: entries that were proposed one by one, minus all that the
others make needless. Every line is tried against the evaluator; what no line brings about is named as such.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from rundown.model.policy import Decision, Layer, LayerKind, Outcome, Rule, Ruling
from rundown.model.request import Capability, ExecutionRequest
from rundown.policy.compiled import CompiledRuleset
from rundown.policy.fix import is_open, quote
from rundown.policy.pattern import find_flaw
from rundown.policy.permissions import weigh_wishes

Decide = Callable[[CompiledRuleset, ExecutionRequest], Decision]
"""Decides on a request under some policy, with the facts and grants of the run."""

_LISTED = (Capability.RUN, Capability.READ, Capability.WRITE, Capability.ENV, Capability.NET)
_OWN = (LayerKind.PROJECT, LayerKind.POLICY_FILE)


class Need(Struct, frozen=True, kw_only=True):
    """An operation of a request that was asked for or denied."""

    request: ExecutionRequest
    ruling: Ruling


class _Entry(Struct, frozen=True):
    """A line: an `allow` entry, a host word, or with `pattern` "" the mode that contains open text."""

    capability: Capability
    pattern: str


def suggest_document(
    needs: Iterable[Need], wishes: Sequence[Rule], compiled: CompiledRuleset, decide: Decide
) -> str:
    """Returns a commented YAML document that allows what is needed and wished for, nothing else.

    `wishes`: what the runbook's front matter asks for and does not have. The document adds to the project's
    own (or the named) document if there is one in `compiled`, and stands for itself if there is none.
    """
    trial = _Trial(tuple(needs), tuple(wishes), compiled, decide)
    candidates = tuple(dict.fromkeys(trial.candidates()))
    reached = trial.reached(candidates)
    kept = candidates
    for entry in candidates:
        rest = tuple(item for item in kept if item != entry)
        if trial.keeps(rest, reached, entry):
            kept = rest
    return _written(kept, trial.own, compiled) + "".join(
        f"# no line can allow: {item}\n" for item in dict.fromkeys(trial.beyond(reached))
    )


class _Trial:
    """What holds under a document with some of the entries. `own`: the document that they are added to."""

    def __init__(
        self, needs: tuple[Need, ...], wishes: tuple[Rule, ...], compiled: CompiledRuleset, decide: Decide
    ) -> None:
        self._needs = needs
        self._wishes = wishes
        self._compiled = compiled
        self._decide = decide
        first = compiled.ruleset.layers[:1]
        self.own = first[0] if first and first[0].kind in _OWN else None

    def candidates(self) -> Iterator[_Entry]:
        """Yields an entry for each thing that has one; the mode comes last."""
        found = [self._proposed(item.ruling) for item in self._needs]
        found += [_Entry(item.capability, item.pattern) for item in self._wishes]
        listed = [item for item in found if item is not None]
        yield from (item for item in listed if item.pattern)
        yield from (item for item in listed if not item.pattern)

    def reached(self, entries: tuple[_Entry, ...]) -> frozenset[int]:
        """Returns the numbers of what is allowed with these entries: needs, then wishes."""
        policy = self._with(entries)
        everything = range(len(self._needs) + len(self._wishes))
        return frozenset(number for number in everything if self._holds(policy, number))

    def keeps(self, entries: tuple[_Entry, ...], wanted: frozenset[int], dropped: _Entry) -> bool:
        """Whether all that is wanted is still allowed with these entries; looks at what proposed the dropped
        one first."""
        policy = self._with(entries)
        order = sorted(wanted, key=lambda number: self._entry_of(number) != dropped)
        return all(self._holds(policy, number) for number in order)

    def beyond(self, reached: frozenset[int]) -> Iterator[str]:
        """Yields, in words, what stays refused."""
        for number, need in enumerate(self._needs):
            if number not in reached:
                operation, fix = need.ruling.operation, need.ruling.fix
                mend = fix.yaml.removeprefix("# ") if fix is not None and fix.yaml.startswith("# ") else ""
                told = f"{operation.capability.value} {operation.resource} ({need.ruling.why})"
                yield _in_a_line(f"{told}; {mend}" if mend else told)
        for number, wish in enumerate(self._wishes, len(self._needs)):
            if number not in reached:
                yield _in_a_line(f"{wish.capability.value} {wish.pattern} (the runbook asks for it)")

    def _entry_of(self, number: int) -> _Entry | None:
        if number < len(self._needs):
            return self._proposed(self._needs[number].ruling)
        wish = self._wishes[number - len(self._needs)]
        return _Entry(wish.capability, wish.pattern)

    def _proposed(self, ruling: Ruling) -> _Entry | None:
        operation, fix = ruling.operation, ruling.fix
        if operation.capability in (Capability.HOST, Capability.TOOL):
            known = self._compiled.facts.runbook or operation.capability is Capability.TOOL
            return _Entry(operation.capability, operation.resource) if known else None
        if operation.capability is Capability.RUN and is_open(operation):
            return _Entry(Capability.RUN, "")
        if fix is None or not fix.pattern or find_flaw(operation.capability, fix.pattern, Outcome.ALLOW):
            return None
        return _Entry(operation.capability, fix.pattern)

    def _with(self, entries: tuple[_Entry, ...]) -> CompiledRuleset:
        own = self.own or Layer(kind=LayerKind.POLICY_FILE, source="suggested")
        rules = tuple(
            Rule(
                capability=item.capability,
                verdict=Outcome.ALLOW,
                pattern=item.pattern,
                layer=own.kind,
            )
            for item in entries
            if item.pattern and item.capability is not Capability.HOST
        )
        words = tuple(item.pattern for item in entries if item.capability is Capability.HOST)
        contained = any(not item.pattern for item in entries)
        layer = replace(
            own,
            rules=(*own.rules, *rules),
            host=(*own.host, *words),
            modes={**own.modes, Capability.RUN: "confined"} if contained else own.modes,
        )
        return self._compiled.under(layer, replaces=self.own is not None)

    def _holds(self, policy: CompiledRuleset, number: int) -> bool:
        if number < len(self._needs):
            need = self._needs[number]
            alone = replace(need.request, operations=(need.ruling.operation,))
            return self._decide(policy, alone).rulings[0].outcome is Outcome.ALLOW
        wish = self._wishes[number - len(self._needs)]
        return weigh_wishes(policy, (wish,))[0].outcome is Outcome.ALLOW


def _written(entries: tuple[_Entry, ...], own: Layer | None, compiled: CompiledRuleset) -> str:
    lines = ["# Read every line before you keep it: each opens something that was asked for or denied."]
    if own is not None:
        place = _in_a_line(own.source)
        lines.append(f"# To be added to {place}: named by --policy it would take that one's place.")
    lines.append("version: 1")
    contained = any(not item.pattern for item in entries)
    listed = {
        capability: [item.pattern for item in entries if item.capability is capability and item.pattern]
        for capability in Capability
    }
    if contained or any(listed[capability] for capability in _LISTED):
        lines.append("default:")
    if contained:
        lines += ["  # Text that is known only when it runs: contained by the sandbox instead of asked for.",
                  "  mode: {run: confined}"]  # fmt: skip
    for capability in _LISTED:
        if listed[capability]:
            lines += [f"  {capability.value}:", "    allow:"]
            lines += [f"      - {quote(item)}" for item in listed[capability]]
    if words := listed[Capability.HOST]:
        lines += [
            "overrides:",
            f"  - runbook: {quote(compiled.facts.runbook)}",
            f"    host: [{', '.join(words)}]",
        ]
    if tools := listed[Capability.TOOL]:
        lines += ["tools:", "  allow:", *(f"    - {quote(item)}" for item in tools)]
    return "\n".join(lines) + "\n"


def _in_a_line(text: str) -> str:
    return " ".join(text.split())
