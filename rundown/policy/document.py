"""A policy document, decoded: its rules with their places, its modes and limits, its typed entries.

Strict and total: every problem of a document is found at once, and a document with a problem yields
no rule at all. Which runbook is run decides later, in `layer`, which overrides and grants count.
"""

from typing import Literal

from msgspec import UNSET, Struct
from wcmatch import glob

from rundown.model.diagnostic import Diagnostic, Span
from rundown.model.digest import digest_value
from rundown.model.policy import Layer, LayerKind, Limits, Mode, Outcome, Rule
from rundown.model.request import Capability
from rundown.policy.decode import check, convert
from rundown.policy.form import Document, LimitsForm, ModeMap, Section
from rundown.policy.pattern import GLOB_FLAGS, find_flaw
from rundown.policy.source import Node, Syntax, read_node
from rundown.policy.units import parse_duration, parse_size

LISTED = (Capability.RUN, Capability.READ, Capability.WRITE, Capability.ENV, Capability.NET)
VERDICTS = (Outcome.DENY, Outcome.ASK, Outcome.ALLOW)
_PATHS = (Capability.READ, Capability.WRITE)
_SHIPPED = (LayerKind.BUILTIN, LayerKind.TOOL)


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
    """Like `decode_document`, of a tree that was read already (a field of `package.json`).

    Documents that are part of the package are proved by its tests and not checked at every start.
    """
    problems = [] if kind in _SHIPPED else list(check(node, Document))
    default = node.entries().get("default")
    parts = []
    if default is not None:
        parts.append(_part(default, "default", kind, problems))
    overrides = node.entries().get("overrides")
    for at, item in enumerate(overrides.items() if overrides else ()):
        parts.append(_part(item, f"overrides[{at}]", kind, problems))
    grants = node.entries().get("grants")
    for at, item in enumerate(grants.items() if grants else ()):
        parts.append(_grant_part(item, f"grants[{at}]", kind, problems))
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


def overlay(upper: Limits, lower: Limits) -> Limits:
    """Returns the limits of `upper`, and those of `lower` that `upper` does not name."""
    return Limits(
        **{
            name: getattr(lower, name) if getattr(upper, name) is None else getattr(upper, name)
            for name in Limits.__struct_fields__
        }
    )


def path_below(text: str, verdict: Outcome) -> str:
    """Returns a path pattern that stands on its own: absolute, by placeholder, or beginning with `**/`.

    `~` is `{home}`. A relative pattern means below `{repo}`; a bare name in a deny or ask means any depth.
    """
    if text == "~" or text.startswith("~/"):
        return "{home}" + text[1:]
    if text.startswith(("/", "{", "**/")) and not text.startswith("{{"):
        return text if text.startswith(("/", "**/")) or _starts_with_place(text) else "{repo}/" + text
    text = text.removeprefix("./")
    if verdict is not Outcome.ALLOW and "/" not in text.rstrip("/"):
        return "**/" + text
    return "{repo}/" + text if text not in ("", ".") else "{repo}"


def _starts_with_place(text: str) -> bool:
    name, closed, _ = text[1:].partition("}")
    return bool(closed) and name.isidentifier()


def _part(node: Node, path: str, kind: LayerKind, problems: list[Diagnostic]) -> Part | None:
    rules: list[Rule] = []
    for capability in LISTED:
        lists = node.entries().get(capability.value)
        for verdict in VERDICTS:
            entries = lists.entries().get(verdict.value) if lists else None
            for at, item in enumerate(entries.items() if entries else ()):
                where = f"{path}.{capability.value}.{verdict.value}[{at}]"
                rules += _entry_rules(item, (capability, verdict, kind), where, problems)
    limits = _limits(node.entries().get("limits"), f"{path}.limits", problems)
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


def _grant_part(node: Node, path: str, kind: LayerKind, problems: list[Diagnostic]) -> Part | None:
    entries = node.entries()
    word = str(entries["type"].value) if "type" in entries else ""
    pattern = entries.get("pattern")
    if pattern is not None and word == "host":
        host = (str(pattern.value),)
        return Part(origin="grant", runbook=_text(entries.get("runbook")), host=host, span=node.span)
    if pattern is None or word not in {item.value for item in LISTED}:
        return None
    capability = Capability(word)
    rules = _entry_rules(pattern, (capability, Outcome.ALLOW, kind), f"{path}.pattern", problems)
    return Part(origin="grant", runbook=_text(entries.get("runbook")), rules=rules, span=node.span)


def _text(node: Node | None) -> str | None:
    return None if node is None else str(node.value)


def _entry_rules(
    node: Node, what: tuple[Capability, Outcome, LayerKind], path: str, problems: list[Diagnostic]
) -> tuple[Rule, ...]:
    """One rule, or none with the reason among `problems`."""
    capability, verdict, kind = what
    pattern = _pattern_node(node)
    if pattern is None or not isinstance(pattern.value, str):
        if isinstance(node.value, dict) and capability is Capability.NET:
            problems.append(_problem("missing-key", f"{path} names no host", node.span, "add `host:`"))
        return ()
    excepted = node.entries().get("except")
    exceptions = [item for item in excepted.items() if isinstance(item.value, str)] if excepted else []
    if exceptions and capability in _PATHS and verdict is Outcome.ALLOW:
        message = f"{path}: an allow of paths has no exceptions"
        problems.append(
            _problem("except-on-allow", message, exceptions[0].span, "write a deny entry instead")
        )
    text = str(pattern.value)
    port = node.entries().get("port")
    if port is not None and isinstance(port.value, int) and 0 < port.value < 65536:
        text = f"[{text}]:{port.value}" if text.count(":") > 1 else f"{text}:{port.value}"
    for item, checked, verdict_of in (
        (pattern, text, verdict),
        *((item, str(item.value), Outcome.DENY) for item in exceptions),
    ):
        if checked and kind not in _SHIPPED and (flaw := find_flaw(capability, checked, verdict_of)):
            problems.append(_problem(flaw.code, f"{path}: {flaw.message}", item.span, flaw.fix))
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


def _modes(section: Section) -> dict[Capability, Mode]:
    if section.mode is UNSET:
        return {}
    if isinstance(section.mode, ModeMap):
        found = {item: getattr(section.mode, item.value) for item in Capability}
        return {item: mode for item, mode in found.items() if mode is not UNSET}
    # Only `run` can go unasked: for the others every lenient mode means that a person is asked.
    narrow: Mode = "deny" if section.mode == "deny" else "prompted"
    return {item: section.mode if item is Capability.RUN else narrow for item in Capability}


def _limits(node: Node | None, path: str, problems: list[Diagnostic]) -> Limits:
    found: dict[str, float | None] = {}
    for name, target in _LIMIT_FIELDS.items():
        item = node.entries().get(name) if node else None
        if item is None:
            continue
        if target.endswith(("_ns", "_bytes")) and isinstance(item.value, str):
            read = parse_duration if target.endswith("_ns") else parse_size
            found[target] = read(item.value)
            if found[target] is None:
                message = f"{path}.{name} cannot be `{item.value}`"
                fix = (
                    "write it like 90s, 10m, 1h30m"
                    if read is parse_duration
                    else "write it like 512MiB, 2GiB"
                )
                problems.append(_problem("wrong-value", message, item.span, fix))
        elif isinstance(item.value, int | float):
            found[target] = item.value
    return Limits(**found)  # type: ignore[arg-type]  # each field's own type was checked by `check`


_LIMIT_FIELDS = {
    "timeout": "timeout_ns",
    "memory": "memory_bytes",
    "pids": "pids",
    "cpu": "cpu",
    "file_size": "file_size_bytes",
    "open_files": "open_files",
    "output": "output_bytes",
    "tmp": "tmp_bytes",
}
assert set(_LIMIT_FIELDS) == set(LimitsForm.__struct_fields__)


def _misplaced(node: Node, kind: LayerKind) -> list[Diagnostic]:
    """Entries that only some documents may hold."""
    found = []
    entries = node.entries()
    if "allow_bypass" in entries and kind is not LayerKind.SYSTEM:
        message = "`allow_bypass` belongs to the system document"
        found.append(_problem("misplaced-key", message, node.keys["allow_bypass"], "remove it"))
    if "notify" in entries and kind not in (LayerKind.USER, LayerKind.SYSTEM):
        message = "`notify` runs a command and belongs to your own or the system's document"
        found.append(_problem("misplaced-key", message, node.keys["notify"], "move it there"))
    if "grants" in entries and kind not in (LayerKind.PROJECT, LayerKind.POLICY_FILE):
        message = "`grants` belongs to a project's document"
        found.append(_problem("misplaced-key", message, node.keys["grants"], "move it there"))
    for name, secret in (entries["secrets"].entries() if "secrets" in entries else {}).items():
        source = secret.entries().get("source")
        command = source is not None and str(source.value).startswith("command:")
        if source is not None and command and kind not in (LayerKind.USER, LayerKind.SYSTEM):
            message = f"secrets.{name}.source: a command belongs to your own or the system's document"
            found.append(_problem("misplaced-key", message, source.span, "use env:, file: or keyring:"))
    return found


def _names(pattern: str, runbook: str) -> bool:
    return bool(runbook) and glob.globmatch(runbook, pattern.removeprefix("./"), flags=GLOB_FLAGS)


def _ordered(problems: list[Diagnostic]) -> tuple[Diagnostic, ...]:
    unique = {(item.code, item.message, str(item.span)): item for item in problems}
    return tuple(
        sorted(unique.values(), key=lambda item: (item.span.line, item.span.column) if item.span else (0, 0))
    )


def _problem(code: str, message: str, span: Span, fix: str = "") -> Diagnostic:
    return Diagnostic(code=f"policy/{code}", message=message, span=span, fix=fix)
