"""A policy document, decoded: its rules with their places, its modes and limits, its typed entries.

Strict and total: every problem of a document is found at once, and a document with a problem yields
no rule at all. Which runbook is run decides later, in `layer`, which overrides and grants count.
"""

from msgspec import UNSET, Struct
from wcmatch import glob

from rundown.model.diagnostic import Diagnostic, Span
from rundown.model.digest import digest_value
from rundown.model.policy import Layer, LayerKind, Limits, Mode
from rundown.model.request import Capability
from rundown.policy.decode import check, convert
from rundown.policy.entries import SHIPPED
from rundown.policy.form import Document
from rundown.policy.limits import overlay
from rundown.policy.node import Node, problem
from rundown.policy.part import Part, grant_part, section_part, tools_part
from rundown.policy.pattern import GLOB_FLAGS
from rundown.policy.secret_entries import check_secrets
from rundown.policy.source import Syntax, read_node
from rundown.policy.units import split_command


class Decoded(Struct, frozen=True, kw_only=True):
    """One valid document. `document` is its typed form, `digest` names its value (not its spelling).

    `spans` are the places of its top-level keys.
    """

    kind: LayerKind
    file: str
    document: Document
    parts: tuple[Part, ...]
    digest: str
    spans: dict[str, Span] = {}

    @property
    def notify(self) -> tuple[str, ...]:
        """The words of the command that `notify:` names, () for none."""
        text = self.document.notify
        return () if text is UNSET else split_command(text)

    def layer(self, runbook: str) -> Layer:
        """Returns the layer for a runbook (path below the root): all parts that match, in file order."""
        parts = [part for part in self.parts if part.runbook is None or _names(part.runbook, runbook)]
        modes: dict[Capability, Mode] = {}
        limits = Limits()
        enforce: str | None = None
        for part in parts:
            modes |= part.modes
            limits = overlay(part.limits, limits)
            enforce = part.enforce_run or enforce
        return Layer(
            kind=self.kind,
            source=self.file,
            rules=tuple(rule for part in parts for rule in part.rules),
            modes=modes,
            enforce_run=enforce,  # type: ignore[arg-type]  # checked against the same literal
            limits=limits,
            cuts_off=self.document.extends == "none",
            host=tuple(word for part in parts for word in part.host),
        )


def decode_document(
    content: bytes, file: str, syntax: Syntax, kind: LayerKind
) -> tuple[Decoded | None, tuple[Diagnostic, ...]]:
    """Returns the document, or None and all that is wrong with it."""
    node, problems = read_node(content, file, syntax)
    return (None, problems) if node is None else decode_node(node, kind)


def decode_node(node: Node, kind: LayerKind) -> tuple[Decoded | None, tuple[Diagnostic, ...]]:
    """Like `decode_document`, of a tree that was read already (a field of `package.json`)."""
    problems = [] if kind in SHIPPED else list(check(node, Document))
    default = node.entries().get("default")
    parts = []
    if default is not None:
        parts.append(section_part(default, "default", kind, problems))
    if (tools := node.entries().get("tools")) is not None:
        parts.append(tools_part(tools, kind, problems))
    overrides = node.entries().get("overrides")
    for at, item in enumerate(overrides.items() if overrides else ()):
        parts.append(section_part(item, f"overrides[{at}]", kind, problems))
    grants = node.entries().get("grants")
    for at, item in enumerate(grants.items() if grants else ()):
        parts.append(grant_part(item, f"grants[{at}]", kind, problems))
    problems += _misplaced(node, kind)
    if problems:
        return None, _ordered(problems)
    document = convert(node, Document)
    return Decoded(
        kind=kind,
        file=node.span.file,
        document=document,
        parts=tuple(part for part in parts if part is not None),
        digest=digest_value("rundown/policy-document/1", node.plain()),
        spans=node.keys,
    ), ()


def _misplaced(node: Node, kind: LayerKind) -> list[Diagnostic]:
    """Entries that only some documents may hold."""
    found = []
    entries = node.entries()
    if "allow_bypass" in entries and kind is not LayerKind.SYSTEM:
        message = "`allow_bypass` belongs to the system document"
        found.append(problem("misplaced-key", message, node.keys["allow_bypass"], "remove it"))
    if "notify" in entries and kind not in (LayerKind.USER, LayerKind.SYSTEM):
        message = "`notify` runs a command and belongs to your own or the system's document"
        found.append(problem("misplaced-key", message, node.keys["notify"], "move it there"))
    elif "notify" in entries and isinstance(text := entries["notify"].value, str) and not split_command(text):
        message = "`notify` is no command line: it is empty, or a quote is not closed"
        found.append(problem("wrong-value", message, entries["notify"].span, "like: notify-send rundown"))
    if "grants" in entries and kind not in (LayerKind.PROJECT, LayerKind.POLICY_FILE):
        message = "`grants` belongs to a project's document"
        found.append(problem("misplaced-key", message, node.keys["grants"], "move it there"))
    if "secrets" in entries:
        found += check_secrets(entries["secrets"], kind)
    return found


def _names(pattern: str, runbook: str) -> bool:
    return bool(runbook) and glob.globmatch(runbook, pattern.removeprefix("./"), flags=GLOB_FLAGS)


def _ordered(problems: list[Diagnostic]) -> tuple[Diagnostic, ...]:
    unique = {(item.code, item.message, str(item.span)): item for item in problems}
    return tuple(
        sorted(unique.values(), key=lambda item: (item.span.line, item.span.column) if item.span else (0, 0))
    )
