"""Decisions as stable JSON and as lines of text: what `rundown policy explain` prints."""

from collections.abc import Iterator

from rundown.model.policy import Allowed, Decision, Denied, Fix, NeedsPrompt, Rule, Ruling
from rundown.policy.reason import layer_name


def decision_json(decision: Decision) -> dict[str, object]:
    """Returns the decision in its stable JSON form (docs/policy.md, "explain")."""
    return {
        "outcome": outcome_word(decision),
        "operations": [_operation(ruling) for ruling in decision.rulings],
    }


def decision_lines(decision: Decision) -> tuple[str, ...]:
    """Returns the decision for people: a line per operation, its reason and its mend below it."""
    return tuple(line for ruling in decision.rulings for line in _lines(ruling)) or (
        "allow  nothing here needs a permission",
    )


def outcome_word(decision: Decision) -> str:
    """Returns `allow`, `ask` or `deny`."""
    match decision:
        case Allowed():
            return "allow"
        case NeedsPrompt():
            return "ask"
        case Denied():
            return "deny"


def _operation(ruling: Ruling) -> dict[str, object]:
    operation = ruling.operation
    return {
        "capability": operation.capability.value,
        "resource": operation.resource,
        "resolved": operation.resolved,
        "kind": operation.kind,
        "outcome": ruling.outcome.value,
        "rule": _rule(ruling.rule),
        "mode": ruling.mode,
        "span": list(operation.span),
        "fix": _fix(ruling.fix),
    }


def _rule(rule: Rule | None) -> dict[str, object] | None:
    if rule is None:
        return None
    return {
        "layer": rule.layer.value,
        "source": rule.span.file if rule.span else layer_name(rule.layer),
        "line": rule.span.line if rule.span else None,
        "pattern": rule.pattern,
    }


def _fix(fix: Fix | None) -> dict[str, object] | None:
    return None if fix is None else {"flag": fix.flag, "yaml": fix.yaml}


def _lines(ruling: Ruling) -> Iterator[str]:
    operation = ruling.operation
    resolved = (
        f" -> {operation.resolved}" if operation.resolved and operation.resolved != operation.resource else ""
    )
    kind = "" if operation.kind == "literal" else f" ({operation.kind})"
    yield f"{ruling.outcome.value:5}  {operation.capability.value:5}  {operation.resource}{kind}{resolved}"
    yield f"       why: {ruling.why}"
    if ruling.fix is not None:
        yield f"       fix: {ruling.fix.flag}" if ruling.fix.flag else "       fix:"
        if ruling.fix.yaml:
            yield f"        or: {ruling.fix.yaml}"
