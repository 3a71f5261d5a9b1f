"""What would change an ask or a denial: the exact flag, and the exact line of a policy document."""

import json
import re
import shlex

from rundown.model.policy import Fix, LayerKind, Outcome, Ruling
from rundown.model.request import Capability, Operation
from rundown.policy.facts import PolicyFacts
from rundown.policy.host import Endpoint, parse_endpoint
from rundown.policy.match import covers
from rundown.policy.pattern import literal_argv, split_words

_FINAL = (LayerKind.SYSTEM, LayerKind.FLAG)
_PLAIN = re.compile(r"[A-Za-z0-9_./][A-Za-z0-9_./-]*")
_NOT_TEXT = re.compile(r"true|false|null|~|[-+.0-9][0-9._eE+-]*", re.IGNORECASE)


def fix_for(ruling: Ruling, facts: PolicyFacts) -> Fix | None:
    """Returns the mend of an ask or denial, None where no flag and no line of yours changes it."""
    operation, rule = ruling.operation, ruling.rule
    if ruling.outcome is Outcome.DENY and rule is None and ruling.mode is None:
        return None
    if rule is not None and rule.verdict is Outcome.DENY and rule.layer in _FINAL:
        return None
    if operation.kind in ("dynamic", "unparseable") or _unknown_escape(operation):
        return Fix(flag="--yes=all", yaml="default: {mode: {run: confined}}")
    if operation.capability is Capability.HOST:
        return Fix(
            flag=f"--allow-host {operation.resource}",
            yaml=f"overrides: [{{runbook: {quote(facts.runbook or '*')}, host: [{operation.resource}]}}]",
        )
    name = operation.capability.value
    flag_text, yaml_text = _texts(ruling, facts)
    flag = f"--allow-{name} {shlex.quote(flag_text.replace(',', chr(92) + ','))}"
    if rule is not None and rule.verdict is Outcome.DENY and rule.span is None:
        return Fix(flag=flag, yaml="")
    if (
        rule is not None
        and rule.verdict is Outcome.DENY
        and rule.layer in (LayerKind.PROJECT, LayerKind.POLICY_FILE)
    ):
        place = f"{rule.span.file}:{rule.span.line}" if rule.span else rule.layer.value
        return Fix(flag=flag, yaml=f"# remove {quote(rule.pattern)} in {place}")
    return Fix(flag=flag, yaml=f"default: {{{name}: {{allow: [{quote(yaml_text)}]}}}}")


def quote(text: str) -> str:
    """Returns a YAML scalar for `text`, quoted where it must be."""
    plain = _PLAIN.fullmatch(text) and not _NOT_TEXT.fullmatch(text)
    return text if plain else json.dumps(text, ensure_ascii=False)


def below_root(path: str, facts: PolicyFacts) -> str:
    """Returns a path as a document says it: `{repo}/…` or `~/…` where it lies there."""
    for place, name in ((facts.root, "{repo}"), (facts.home, "~")):
        if place and covers(place, path):
            return name + path[len(place.rstrip("/")) :]
    return path


def _unknown_escape(operation: Operation) -> bool:
    return operation.kind == "escape" and operation.capability is Capability.RUN and None in operation.argv


def _texts(ruling: Ruling, facts: PolicyFacts) -> tuple[str, str]:
    operation = ruling.operation
    match operation.capability:
        case Capability.RUN:
            text = _run_text(ruling)
            return text, text
        case Capability.READ | Capability.WRITE:
            path = operation.resolved or operation.resource
            escaped = re.sub(r"([*?\[\]{}()!|@+\\])", r"\\\1", path)
            return path, below_root(escaped, facts)
        case Capability.ENV:
            name = operation.resource + ("=" if operation.kind == "escape" else "")
            return name, name
        case _:
            found = parse_endpoint(operation.resource)
            text = str(found) if isinstance(found, Endpoint) else operation.resource
            return text, text


def _run_text(ruling: Ruling) -> str:
    operation, rule = ruling.operation, ruling.rule
    words = tuple(word for word in operation.argv if word is not None)
    if operation.kind == "escape":
        return literal_argv(words)
    if not operation.safe_path and operation.resolved:
        return operation.resolved
    count = len([word for word in split_words(rule.pattern) if word != "**"]) if rule else 1
    known = operation.argv[: operation.argv.index(None)] if None in operation.argv else operation.argv
    first = operation.resource
    return literal_argv((first, *(word for word in known[1:count] if word is not None)))
