"""The parts of a document: `default`, each of `overrides`, each of `grants`."""

from typing import Literal

from msgspec import UNSET, Struct

from rundown.model.diagnostic import Diagnostic, Span
from rundown.model.policy import LayerKind, Limits, Mode, Outcome, Rule
from rundown.model.request import Capability
from rundown.policy.decode import convert
from rundown.policy.entries import entry_rules
from rundown.policy.form import ModeMap, Section
from rundown.policy.limits import read_limits
from rundown.policy.node import Node

LISTED = (Capability.RUN, Capability.READ, Capability.WRITE, Capability.ENV, Capability.NET)
VERDICTS = (Outcome.DENY, Outcome.ASK, Outcome.ALLOW)


class Part(Struct, frozen=True, kw_only=True):
    """`default`, one of `overrides`, or the `grants` for one runbook: rules, and for which runbooks.

    `origin`: default, override or grant. `runbook` None: for all.
    """

    origin: Literal["default", "override", "grant"] = "default"
    runbook: str | None = None
    rules: tuple[Rule, ...] = ()
    modes: dict[Capability, Mode] = {}
    enforce_run: str | None = None
    limits: Limits = Limits()
    host: tuple[str, ...] = ()
    span: Span | None = None


def section_part(node: Node, path: str, kind: LayerKind, problems: list[Diagnostic]) -> Part | None:
    """Returns `default` or an override as a part; None, and the reasons among `problems`, if it is flawed."""
    rules: list[Rule] = []
    for capability in LISTED:
        lists = node.entries().get(capability.value)
        for verdict in VERDICTS:
            entries = lists.entries().get(verdict.value) if lists else None
            for at, item in enumerate(entries.items() if entries else ()):
                where = f"{path}.{capability.value}.{verdict.value}[{at}]"
                rules += entry_rules(item, (capability, verdict, kind), where, problems)
    limits = read_limits(node.entries().get("limits"), f"{path}.limits", problems)
    if problems:
        return None
    section = convert(
        Node(
            value={key: item for key, item in node.entries().items() if key not in ("runbook", "host")},
            span=node.span,
        ),
        Section,
    )
    runbook = node.entries().get("runbook")
    host = node.entries().get("host")
    return Part(
        origin="default" if path == "default" else "override",
        runbook=None if runbook is None else str(runbook.value),
        rules=tuple(rules),
        modes=_modes(section),
        enforce_run=None if section.enforce_run is UNSET else section.enforce_run,
        limits=limits,
        host=tuple(str(item.value) for item in host.items()) if host else (),
        span=node.span,
    )


def tools_part(node: Node, kind: LayerKind, problems: list[Diagnostic]) -> Part:
    """Returns what the document says of agents' tools, by name, as a part."""
    rules: list[Rule] = []
    for verdict in (Outcome.DENY, Outcome.ALLOW):
        entries = node.entries().get(verdict.value)
        for at, item in enumerate(entries.items() if entries else ()):
            what = (Capability.TOOL, verdict, kind)
            rules += entry_rules(item, what, f"tools.{verdict.value}[{at}]", problems)
    return Part(rules=tuple(rules), span=node.span)


def grant_part(node: Node, path: str, kind: LayerKind, problems: list[Diagnostic]) -> Part | None:
    """Returns one of `grants` as a part; None, and the reasons among `problems`, if it is flawed."""
    entries = node.entries()
    word = str(entries["type"].value) if "type" in entries else ""
    pattern = entries.get("pattern")
    if pattern is not None and word == "host":
        host = (str(pattern.value),)
        return Part(origin="grant", runbook=_text(entries.get("runbook")), host=host, span=node.span)
    if pattern is None or word not in {item.value for item in (*LISTED, Capability.TOOL)}:
        return None
    capability = Capability(word)
    rules = entry_rules(pattern, (capability, Outcome.ALLOW, kind), f"{path}.pattern", problems)
    return Part(origin="grant", runbook=_text(entries.get("runbook")), rules=rules, span=node.span)


def _text(node: Node | None) -> str | None:
    return None if node is None else str(node.value)


def _modes(section: Section) -> dict[Capability, Mode]:
    if section.mode is UNSET:
        return {}
    if isinstance(section.mode, ModeMap):
        found = {
            item: getattr(section.mode, item.value) for item in Capability if item is not Capability.TOOL
        }
        return {item: mode for item, mode in found.items() if mode is not UNSET}
    # Only `run` can go unasked: for the others every lenient mode means that a person is asked.
    narrow: Mode = "deny" if section.mode == "deny" else "prompted"
    return {item: section.mode if item is Capability.RUN else narrow for item in Capability}
