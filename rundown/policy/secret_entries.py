"""What is wrong with the entries of `secrets:` beyond their types: names and sources that can never work."""

import re
from collections.abc import Iterator

from rundown.model.diagnostic import Diagnostic
from rundown.model.policy import LayerKind
from rundown.policy.node import Node, problem
from rundown.policy.protect import SIGNING_KEY_VARIABLE
from rundown.policy.units import split_command
from rundown.shell.variables import danger

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_OURS = re.compile(r"(?:RD|RUNDOWN)_|(?:PATH|HOME|TMPDIR|TMP|TEMP)\Z")


def check_secrets(node: Node, kind: LayerKind) -> Iterator[Diagnostic]:
    """Yields the problems of a document's `secrets:` map."""
    for name, entry in node.entries().items():
        place = node.keys[name]
        if not _NAME.match(name):
            message, fix = f"secrets: `{name}` is no variable name", "letters, digits and _ only"
            yield problem("wrong-value", message, place, fix)
        elif _OURS.match(name) or danger(name, None):
            message = f"secrets: `{name}` is a variable that changes what a step starts"
            yield problem("wrong-value", message, place, "give the secret a name of its own")
        source = entry.entries().get("source")
        if source is not None and isinstance(source.value, str):
            yield from _check_source(f"secrets.{name}.source", source, source.value, kind)


def _check_source(path: str, node: Node, text: str, kind: LayerKind) -> Iterator[Diagnostic]:
    form, _, rest = text.partition(":")
    if form == "command" and kind not in (LayerKind.USER, LayerKind.SYSTEM):
        message = f"{path}: a command belongs to your own or the system's document"
        yield problem("misplaced-key", message, node.span, "use env:, file: or keyring:")
    elif form == "command" and not split_command(rest):
        message = f"{path}: it is no command line: it is empty, or a quote is not closed"
        yield problem("wrong-value", message, node.span, "like: command:pass show deploy")
    elif form == "keyring" and not all(rest.partition("/")):
        message = f"{path}: `{rest}` names no entry of a keyring"
        yield problem("wrong-value", message, node.span, "like: keyring:SERVICE/USER")
    elif form == "env" and (not _NAME.match(rest) or rest == SIGNING_KEY_VARIABLE):
        message = f"{path}: `{rest}` is no variable that a step could be given"
        yield problem("wrong-value", message, node.span, "like: env:DEPLOY_KEY")
