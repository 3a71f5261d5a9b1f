"""The smallest document that would let a run pass: one line for each thing that was asked for or denied."""

from collections.abc import Iterable

from rundown.model.policy import Outcome, Ruling
from rundown.model.request import Capability
from rundown.policy.facts import PolicyFacts
from rundown.policy.fix import quote
from rundown.policy.paths import covers
from rundown.policy.pattern import is_tree

_LISTED = (Capability.RUN, Capability.READ, Capability.WRITE, Capability.ENV, Capability.NET)


def suggest_document(rulings: Iterable[Ruling], facts: PolicyFacts) -> str:
    """Returns a commented YAML document that allows what `rulings` asked for or denied, nothing else.

    What no line of a document can allow is named in comments.
    """
    wanted = [ruling for ruling in rulings if ruling.outcome is not Outcome.ALLOW]
    lines = [
        "# Read every line before you keep it: each opens something that was asked for or denied.",
        "version: 1",
    ]
    open_text = any(_is_open(ruling) for ruling in wanted)
    covering = _without_covered(wanted)
    listed = {capability: _patterns(covering, capability) for capability in _LISTED}
    if open_text or any(listed.values()):
        lines.append("default:")
    if open_text:
        lines += ["  # Text that is known only when it runs: contained by the sandbox instead of asked for.",
                  "  mode: {run: confined}"]  # fmt: skip
    for capability, patterns in listed.items():
        if patterns:
            lines += [
                f"  {capability.value}:",
                "    allow:",
                *(f"      - {quote(item)}" for item in patterns),
            ]
    words = _unique(
        item.operation.resource for item in wanted if item.operation.capability is Capability.HOST
    )
    if words:
        lines += [
            "overrides:",
            f"  - runbook: {quote(facts.runbook or '**')}",
            f"    host: [{', '.join(words)}]",
        ]
    lines += [f"# no line can allow: {item}" for item in _beyond(wanted)]
    return "\n".join(lines) + "\n"


def _is_open(ruling: Ruling) -> bool:
    return (
        ruling.operation.kind in ("dynamic", "unparseable") and ruling.operation.capability is Capability.RUN
    )


def _patterns(wanted: list[Ruling], capability: Capability) -> tuple[str, ...]:
    return _unique(
        ruling.fix.pattern
        for ruling in wanted
        if ruling.operation.capability is capability and ruling.fix and ruling.fix.pattern
    )


def _without_covered(wanted: list[Ruling]) -> list[Ruling]:
    """Leaves out paths that another line opens already: a tree above them; for a read also one to write in.
    What a deny is about stays: its own name is what lifts it."""
    hosts = {_pattern(item) for item in wanted if item.operation.capability is Capability.NET}
    trees = [(item.operation.capability, _base(item)) for item in wanted if _base(item)]
    return [
        item
        for item in wanted
        if item.outcome is Outcome.DENY
        or not (
            _is_covered(item.operation.capability, _base(item), trees)
            or (item.operation.capability is Capability.NET and _without_usual_port(_pattern(item)) in hosts)
        )
    ]


def _is_covered(capability: Capability, base: str, trees: list[tuple[Capability, str]]) -> bool:
    enough = (capability, Capability.WRITE)
    return base != "" and any(
        other in enough and covers(tree, base) and (tree, other) != (base, capability)
        for other, tree in trees
    )


def _pattern(ruling: Ruling) -> str:
    return (ruling.fix.pattern if ruling.fix is not None else None) or ""


def _without_usual_port(pattern: str) -> str | None:
    """A host without a port means these two already."""
    host, _, port = pattern.rpartition(":")
    return host if port in ("80", "443") else None


def _base(ruling: Ruling) -> str:
    is_path = ruling.operation.capability in (Capability.READ, Capability.WRITE)
    pattern = _pattern(ruling)
    return pattern.removesuffix("/**") if is_path and pattern and is_tree(pattern) else ""


def _beyond(wanted: list[Ruling]) -> tuple[str, ...]:
    return _unique(
        f"{item.operation.capability.value} {item.operation.resource} ({item.why})"
        for item in wanted
        if item.operation.capability is not Capability.HOST
        and not _is_open(item)
        and not (item.fix and item.fix.pattern)
    )


def _unique(items: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(items))
