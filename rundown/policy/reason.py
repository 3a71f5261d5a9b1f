"""Why something was decided, in words: one place for the sentences that name rules."""

from rundown.model.policy import LayerKind, Rule

_NAMES = {
    LayerKind.SYSTEM: "system policy",
    LayerKind.FLAG: "command line",
    LayerKind.SESSION: "this session",
    LayerKind.PERSONAL: "personal grant",
    LayerKind.PROJECT: "project policy",
    LayerKind.POLICY_FILE: "policy file",
    LayerKind.USER: "your policy",
    LayerKind.TOOL: "tool profile",
    LayerKind.BUILTIN: "built-in policy",
}


def layer_name(kind: LayerKind) -> str:
    """Returns how people call a layer."""
    return _NAMES[kind]


def describe_rule(rule: Rule) -> str:
    """Returns `deny "rm" (built-in policy, builtin.yaml:141): its reason`."""
    if rule.layer is LayerKind.FLAG:
        return f"--{rule.verdict.value}-{rule.capability.value} {rule.pattern}"
    where = layer_name(rule.layer)
    if rule.span is not None:
        where += f", {rule.span.file}:{rule.span.line}"
    reason = f": {rule.reason}" if rule.reason else ""
    return f'{rule.verdict.value} "{rule.pattern}" ({where}){reason}'
