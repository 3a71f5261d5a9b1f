"""Short ways to write policies, operations and decisions in tests. Everything real; nothing is faked."""

import shlex
from textwrap import dedent

from rundown.model.policy import Bypass, Decision, Grant, Layer, LayerKind, Outcome, Ruleset
from rundown.model.request import Capability, ExecutionRequest, Operation
from rundown.policy.document import Decoded, decode_document
from rundown.policy.evaluate import evaluate
from rundown.policy.facts import PolicyFacts
from rundown.policy.flags import PolicyFlags, flag_layer, parse_flags
from rundown.policy.load import builtin_document

ROOT, HOME = "/srv/app", "/home/ada"

FACTS = PolicyFacts(
    root=ROOT,
    home=HOME,
    cache="/home/ada/.cache/rundown/projects/app",
    config="/home/ada/.config",
    gitdir="/srv/app/.git",
    runbook="deploy/site.runbook.md",
    runbook_file="/srv/app/deploy/site.runbook.md",
    executables={
        name: f"/usr/bin/{name}"
        for name in ("git", "rm", "docker", "kubectl", "curl", "python3", "npm", "jq", "make")
    },
)


def decoded(text: str, kind: LayerKind = LayerKind.PROJECT, file: str = ".rundownrc.yaml") -> Decoded:
    """Returns a document that must be valid."""
    found, problems = decode_document(dedent(text).encode(), file, "yaml", kind)
    assert found is not None, problems
    return found


def problems_of(text: str, kind: LayerKind = LayerKind.PROJECT) -> list[tuple[str, str, str]]:
    """Returns place, code and message of each problem of a document."""
    found, problems = decode_document(dedent(text).encode(), "p.yaml", "yaml", kind)
    assert (found is None) == bool(problems)
    return [(str(item.span), item.code, item.message) for item in problems]


def layer(text: str, kind: LayerKind = LayerKind.PROJECT, runbook: str = FACTS.runbook) -> Layer:
    """Returns the layer of a document."""
    return decoded(text, kind).layer(runbook)


def rules(
    *documents: Layer | str,
    builtin: bool = True,
    system: str | None = None,
    flags: PolicyFlags | None = None,
    yes: str = "no",
) -> Ruleset:
    """Returns a ruleset: project document first, then the user's; the built-in default below them."""
    kinds = (LayerKind.PROJECT, LayerKind.USER)
    given = [
        layer(item, kind) if isinstance(item, str) else item
        for item, kind in zip(documents, (*kinds, *[LayerKind.USER] * len(documents)), strict=False)
    ]
    flags = flags or PolicyFlags()
    bypass = Bypass(allow_all=flags.allow_all, deny_all=flags.deny_all, yes=yes)
    return Ruleset(
        system=layer(system, LayerKind.SYSTEM) if system else None,
        flags=flag_layer(flags, ROOT, HOME),
        layers=(*given, *((builtin_document().layer(""),) if builtin else ())),
        bypass=bypass,
    )


def flags(*words: str) -> PolicyFlags:
    """Returns the flags of `--allow-run git --deny-net x`, written as they are typed."""
    allow: dict[Capability, list[str]] = {}
    deny: dict[Capability, list[str]] = {}
    given = {"allow": allow, "deny": deny}
    for line in words:
        flag, value = shlex.split(line)
        verb, _, name = flag.removeprefix("--").partition("-")
        given[verb].setdefault(Capability(name), []).append(value)
    return parse_flags(allow, deny)


def run(text: str, **changes: object) -> Operation:
    """Returns a run operation of a plain command line; `?` stands for a word known only at run time."""
    words = tuple(None if word == "?" else word for word in shlex.split(text))
    name = words[0] or "$CMD"
    base: dict[str, object] = {
        "capability": Capability.RUN,
        "resource": name,
        "argv": words,
        "resolved": name if name.startswith("/") else FACTS.executables.get(name, f"/usr/bin/{name}"),
    }
    if words[0] is None:
        base |= {"kind": "dynamic", "resolved": None}
    elif "/" in name and not name.startswith("/"):
        base["resolved"] = f"{ROOT}/{name.removeprefix('./')}"
    return Operation(**(base | changes))  # type: ignore[arg-type]


def read(path: str, **changes: object) -> Operation:
    """Returns a read of a path; `resolved` is the path itself unless a link is to be followed."""
    return _path(Capability.READ, path, changes)


def write(path: str, **changes: object) -> Operation:
    """Returns a write of a path."""
    return _path(Capability.WRITE, path, changes)


def env(name: str, **changes: object) -> Operation:
    """Returns the use of a variable."""
    return Operation(capability=Capability.ENV, resource=name, **changes)  # type: ignore[arg-type]


def net(text: str) -> Operation:
    """Returns a connection that a text names."""
    return Operation(capability=Capability.NET, resource=text)


def tool(name: str) -> Operation:
    """Returns the use of an agent's tool."""
    return Operation(capability=Capability.TOOL, resource=name)


def host(word: str) -> Operation:
    """Returns a wish to see the real machine."""
    return Operation(capability=Capability.HOST, resource=word)


def request(*operations: Operation, text: str = "the text") -> ExecutionRequest:
    """Returns a frozen request in the project root."""
    return ExecutionRequest(
        run_id="r",
        position="1",
        attempt=1,
        kind="bash",
        text=text,
        argv=("/bin/bash", "-c", text),
        cwd=ROOT,
        env_names=(),
        operations=operations,
    )


def decide(
    ruleset: Ruleset, *operations: Operation, grants: tuple[Grant, ...] = (), facts: PolicyFacts = FACTS
) -> Decision:
    """Returns the decision on a request of these operations."""
    return evaluate(ruleset, request(*operations), facts, grants)


def outcome(
    ruleset: Ruleset, operation: Operation, *, grants: tuple[Grant, ...] = (), facts: PolicyFacts = FACTS
) -> str:
    """Returns allow, ask or deny for one operation."""
    return decide(ruleset, operation, grants=grants, facts=facts).rulings[0].outcome.value


def outcomes(ruleset: Ruleset, *operations: Operation, facts: PolicyFacts = FACTS) -> dict[str, str]:
    """Returns the outcome of each operation by its resource as written."""
    found = decide(ruleset, *operations, facts=facts).rulings
    return {
        " ".join(word or "?" for word in item.operation.argv) or item.operation.resource: item.outcome.value
        for item in found
    }


DENY, ASK, ALLOW = Outcome.DENY, Outcome.ASK, Outcome.ALLOW


def _path(capability: Capability, path: str, changes: dict[str, object]) -> Operation:
    real = path if path.startswith("/") else f"{ROOT}/{path}"
    base: dict[str, object] = {"capability": capability, "resource": path, "resolved": real}
    return Operation(**(base | changes))  # type: ignore[arg-type]
