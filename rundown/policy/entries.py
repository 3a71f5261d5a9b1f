"""Entries of lists become rules: a pattern, or a map with exceptions, a reason, a host and its port."""

from rundown.model.diagnostic import Diagnostic
from rundown.model.policy import LayerKind, Outcome, Rule
from rundown.model.request import Capability
from rundown.policy.node import Node, problem
from rundown.policy.pattern import find_flaw

_PATHS = (Capability.READ, Capability.WRITE)
# Documents that are part of the package are proved by its tests, and not checked at every start.
SHIPPED = (LayerKind.BUILTIN, LayerKind.TOOL)


def entry_rules(
    node: Node, what: tuple[Capability, Outcome, LayerKind], path: str, problems: list[Diagnostic]
) -> tuple[Rule, ...]:
    """Returns the entry's rule, or nothing; whatever is wrong with it is added to `problems`.

    `what`: the list it stands in and the document's kind. `path`: its key path, for messages.
    """
    capability, verdict, kind = what
    pattern = _pattern_node(node)
    if pattern is None or not isinstance(pattern.value, str):
        if isinstance(node.value, dict) and capability is Capability.NET:
            problems.append(problem("missing-key", f"{path} names no host", node.span, "add `host:`"))
        return ()
    excepted = node.entries().get("except")
    exceptions = [item for item in excepted.items() if isinstance(item.value, str)] if excepted else []
    if exceptions and capability in _PATHS and verdict is Outcome.ALLOW:
        message = f"{path}: an allow of paths has no exceptions"
        problems.append(problem("except-on-allow", message, exceptions[0].span, "write a deny entry instead"))
    text = str(pattern.value)
    port = node.entries().get("port")
    if port is not None and isinstance(port.value, int) and 0 < port.value < 65536:
        text = f"[{text}]:{port.value}" if text.count(":") > 1 else f"{text}:{port.value}"
    for item, checked, verdict_of in (
        (pattern, text, verdict),
        *((item, str(item.value), Outcome.DENY) for item in exceptions),
    ):
        if checked and kind not in SHIPPED and (flaw := find_flaw(capability, checked, verdict_of)):
            problems.append(problem(flaw.code, f"{path}: {flaw.message}", item.span, flaw.fix))
    private = node.entries().get("private")
    reason = node.entries().get("reason")
    return (
        Rule(
            capability=capability,
            verdict=verdict,
            pattern=text,
            exceptions=tuple(str(item.value) for item in exceptions),
            reason=str(reason.value) if reason else "",
            layer=kind,
            span=node.span,
            private=bool(private and private.value is True),
        ),
    )


def _pattern_node(node: Node) -> Node | None:
    if not isinstance(node.value, dict):
        return node
    return node.value.get("pattern") or node.value.get("host")
