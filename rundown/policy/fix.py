"""What would change an ask or a denial: the exact flag, and the exact line of a policy document."""

import json
import posixpath
import re
import shlex

from rundown.model.policy import Fix, LayerKind, Outcome, Rule, Ruling
from rundown.model.request import Capability, Operation
from rundown.policy.facts import PolicyFacts
from rundown.policy.host import Endpoint, parse_endpoint
from rundown.policy.paths import covers
from rundown.policy.pattern import escape_path, literal_argv, split_words
from rundown.policy.subject import sets_variable

_FINAL = (LayerKind.SYSTEM, LayerKind.FLAG)
_OWN = (LayerKind.PROJECT, LayerKind.POLICY_FILE)
_PLAIN = re.compile(r"[A-Za-z0-9_./][A-Za-z0-9_./-]*")
_NOT_TEXT = re.compile(r"true|false|null|~|[-+.0-9][0-9._eE+-]*", re.IGNORECASE)


def fix_for(ruling: Ruling, facts: PolicyFacts, place: str | None = None) -> Fix | None:
    """Returns the mend of an ask or denial, None where no flag and no line of yours changes it.

    `place`: for paths, the absolute one to name: what is asked for, or the directory that hides it.
    """
    operation = ruling.operation
    if _is_final(ruling):
        return None
    name = operation.capability.value
    if is_open(operation):
        return _fix_of_open(ruling)
    if operation.capability is Capability.HOST:
        runbook = quote(facts.runbook or "**")
        yaml = f"overrides: [{{runbook: {runbook}, host: [{operation.resource}]}}]"
        return Fix(flag=f"--allow-host {operation.resource}", yaml=yaml)
    if operation.capability is Capability.TOOL:
        yaml = (
            f"tools: {{allow: [{quote(operation.resource)}]}}" if _can_be_listed(ruling) else _removal(ruling)
        )
        return Fix(flag=f"--allow-tool {flag_value(operation.resource)}", yaml=yaml)
    if is_unmade(operation, facts) and not _is_denied_by_rule(ruling):
        return directory_fix(posixpath.dirname(operation.resolved or ""), facts)
    flag_text, pattern = _texts(ruling, facts, place)
    flag = f"--allow-{name} {flag_value(flag_text)}"
    if _can_be_listed(ruling):
        yaml = f"default: {{{name}: {{allow: [{quote(pattern)}]}}}}"
        return Fix(flag=flag, yaml=yaml, pattern=pattern)
    return Fix(flag=flag, yaml=_removal(ruling))


def is_unmade(operation: Operation, facts: PolicyFacts) -> bool:
    """Whether the operation makes a file: that takes its directory, the kernel opens what exists."""
    return operation.capability is Capability.WRITE and operation.resolved in facts.missing


def directory_fix(directory: str, facts: PolicyFacts) -> Fix:
    """Returns what lets files be made in a directory."""
    tree = escape_path(directory.rstrip("/")) + "/**"
    pattern = below_root(tree, facts)
    yaml = f"default: {{write: {{allow: [{quote(pattern)}]}}}}"
    return Fix(flag=f"--allow-write {flag_value(tree)}", yaml=yaml, pattern=pattern)


def _is_denied_by_rule(ruling: Ruling) -> bool:
    return ruling.rule is not None and ruling.rule.verdict is Outcome.DENY


def _fix_of_open(ruling: Ruling) -> Fix:
    """No name covers it: an answer does, or containment, or nothing but leave for everything."""
    if ruling.outcome is Outcome.DENY and ruling.rule is not None:
        return Fix(flag="--allow-all", yaml=_removal(ruling))
    run = ruling.operation.capability is Capability.RUN
    return Fix(
        flag="--allow-all" if ruling.mode == "deny" else "--yes=all",
        yaml="default: {mode: {run: confined}}" if run else "",
    )


def _removal(ruling: Ruling) -> str:
    rule = ruling.rule
    if rule is None or rule.span is None or rule.verdict.value != ruling.outcome.value:
        return ""
    return f"# remove {quote(rule.pattern)} from {rule.span.file}:{rule.span.line}"


def is_open(operation: Operation) -> bool:
    """Whether no rule can name the operation, because its words are known only when it runs."""
    if operation.kind in ("dynamic", "unparseable"):
        return True
    return operation.kind == "escape" and operation.capability is Capability.RUN and None in operation.argv


def quote(text: str) -> str:
    """Returns a YAML scalar for `text`, quoted where it must be."""
    plain = _PLAIN.fullmatch(text) and not _NOT_TEXT.fullmatch(text)
    return text if plain else json.dumps(text, ensure_ascii=False)


def below_root(path: str, facts: PolicyFacts) -> str:
    """Returns a path as a document says it: `{repo}/…` or `~/…` where it lies there."""
    for place, name in ((facts.root, "{repo}"), (facts.home, "~")):
        base = escape_path(place.rstrip("/"))
        if base and covers(base, path):
            return name + path[len(base) :]
    return path


def flag_value(text: str) -> str:
    """Returns a pattern as one word of a shell's command line that is one item of a flag's list."""
    return shlex.quote(re.sub(r"(?<!\\),", r"\\,", text))


def _is_final(ruling: Ruling) -> bool:
    rule = ruling.rule
    if ruling.outcome is Outcome.DENY and rule is None and ruling.mode is None:
        return True
    return rule is not None and rule.verdict is Outcome.DENY and rule.layer in _FINAL


def _can_be_listed(ruling: Ruling) -> bool:
    """A project's own deny or ask is lifted by nothing in that document, a protection by none at all."""
    rule = ruling.rule
    if rule is None or rule.verdict is Outcome.ALLOW:
        return True
    if rule.verdict is Outcome.ASK:
        return rule.layer not in _OWN
    return ruling.outcome is Outcome.DENY and rule.span is not None and rule.layer not in _OWN


def _texts(ruling: Ruling, facts: PolicyFacts, place: str | None) -> tuple[str, str]:
    """The pattern for a flag, and the one for a document."""
    operation = ruling.operation
    match operation.capability:
        case Capability.RUN:
            return _run_text(ruling, ""), _run_text(ruling, facts.root)
        case Capability.READ | Capability.WRITE:
            path = escape_path(place or operation.resolved or operation.resource)
            return path, below_root(path, facts)
        case Capability.ENV:
            name = operation.resource + ("=" if sets_variable(operation) else "")
            return name, name
        case _:
            found = parse_endpoint(operation.resource)
            text = str(found) if isinstance(found, Endpoint) else operation.resource
            return text, text


def _run_text(ruling: Ruling, root: str) -> str:
    """The words an allow must have. `root`: what is written as `{repo}`, "" for nothing."""
    operation, rule = ruling.operation, ruling.rule
    name = operation.resource
    lone_escape = operation.kind == "escape" and len(operation.argv) < 2
    if operation.resolved and ("/" in name or not operation.safe_path or lone_escape):
        name = operation.resolved
    words = operation.argv or (operation.resource,)
    known = words[: words.index(None)] if None in words else words
    count = len(words) if operation.kind == "escape" else _word_count(rule)
    text = literal_argv((name, *(word for word in known[1:count] if word is not None)))
    return "{repo}" + text[len(root) :] if root and covers(root, name) and text.startswith(root) else text


def _word_count(rule: Rule | None) -> int:
    """How many words an allow needs to be as particular as the rule it is to lift."""
    return 1 if rule is None else len([word for word in split_words(rule.pattern) if word != "**"])
