"""`load_ruleset`: all documents of a run, read once, checked, trusted, and frozen into one ruleset.

A document that is not valid stops the run; nothing falls back to a laxer one. Nothing is run to get one.
"""

import os
from importlib import resources
from pathlib import Path
from typing import Literal

from msgspec import Struct

from rundown.errors import InvalidInputError
from rundown.model.diagnostic import Diagnostic, Span
from rundown.model.digest import digest_value
from rundown.model.policy import LayerKind, Ruleset
from rundown.policy.advice import advise_stack
from rundown.policy.decode import suggest
from rundown.policy.discover import Found, discover, read_document, syntax_of
from rundown.policy.document import Decoded, decode_document, decode_node
from rundown.policy.flags import PolicyFlags, flag_layer
from rundown.policy.loosen import find_loosenings
from rundown.policy.source import read_node
from rundown.policy.trust import TrustQuestion, UntrustedError, is_trusted

SYSTEM_FILE = "/etc/rundown/policy.yaml"


class Loaded(Struct, frozen=True, kw_only=True):
    """A run's policy. `sources`: the documents in force, most specific first, as shown to people.

    `digest` names the whole ruleset, flags included; `documents_digest` only the documents, whatever the
    runbook and the flags (personal grants hang on it). `documents` are their real paths, protected while
    the run lasts. `decoded`: the documents themselves, most specific first, with the entries that are no
    rules (secrets, agents, tools, backup). `warnings`: what the documents say in vain. `notify`: the words
    of the command to run, without a shell, when a question waits: the user document's, else the system's,
    () for none. `bypass_allowed`: no system document forbids `--no-sandbox`. `trusted`: why the project's
    document counts; `project_file`: its real path, "" if there is none or it is no file.
    """

    ruleset: Ruleset
    sources: tuple[str, ...]
    digest: str
    documents_digest: str = ""
    documents: tuple[str, ...] = ()
    decoded: tuple[Decoded, ...] = ()
    warnings: tuple[Diagnostic, ...] = ()
    notify: tuple[str, ...] = ()
    bypass_allowed: bool = True
    trusted: Literal["no document", "only tightens", "recorded", "for this run", "named"] = "no document"
    project_file: str = ""


def load_ruleset(
    root: str,
    runbook: str,
    *,
    flags: PolicyFlags | None = None,
    cwd: str = "/",
    home: str = "/",
    policy_file: str | None = None,
    policy_content: bytes | None = None,
    user_config_dir: str | None = None,
    system_file: str = SYSTEM_FILE,
    state_dir: str | None = None,
    trust_project: bool = False,
) -> Loaded:
    """Returns the policy for one runbook (its path below the root, "" for none).

    `root`: the project root's real path. `cwd`: what flags' relative paths and `policy_file` are taken from.
    `policy_content`: the bytes of `policy_file` where that is no file (`git:REF:PATH`).
    Raises: InvalidInputError with the problems of all documents; UntrustedError if only trust is missing.
    """
    flags = flags or PolicyFlags()
    problems: list[Diagnostic] = []
    system = _optional(Path(system_file), LayerKind.SYSTEM, problems)
    if policy_file is not None:
        project = _named(policy_file, policy_content, cwd, problems)
    else:
        project = _decoded(*discover(root, os.getuid()), LayerKind.PROJECT, problems)
    user = (
        _optional(Path(user_config_dir, "policy.yaml"), LayerKind.USER, problems) if user_config_dir else None
    )
    stack = _stack((project, user, system), problems)
    bypass_allowed = system is None or system.decoded.document.allow_bypass
    if flags.allow_all and not bypass_allowed:
        problems.append(_bypass_refused(system_file))
    if problems:
        raise InvalidInputError(*problems)
    layers = tuple(item.layer(runbook) for item in stack)
    trusted = _require_trust(project, stack, runbook, (root, state_dir, trust_project))
    ruleset = Ruleset(
        system=system.decoded.layer(runbook) if system else None,
        flags=flag_layer(flags, cwd, home),
        layers=layers,
        bypass=flags.bypass(),
    )
    return Loaded(
        ruleset=ruleset,
        sources=tuple(layer.source for layer in layers),
        digest=digest_value("rundown/policy/1", ruleset),
        documents_digest=digest_value("rundown/documents/1", [item.digest for item in stack]),
        documents=tuple(item.real for item in (project, user, system) if item and item.real),
        decoded=stack,
        warnings=advise_stack(stack, layers),
        notify=next((item.decoded.notify for item in (user, system) if item and item.decoded.notify), ()),
        bypass_allowed=bypass_allowed,
        trusted=trusted,
        project_file=project.real if project else "",
    )


def builtin_document() -> Decoded:
    """Returns the built-in default, with the lines of its file."""
    content = resources.files("rundown.policy").joinpath("builtin.yaml").read_bytes()
    return _shipped(content, "builtin.yaml", LayerKind.BUILTIN)


def tool_names() -> tuple[str, ...]:
    """Returns the names of the shipped tool profiles (`tool/NAME` in `extends`), sorted."""
    folder = resources.files("rundown.policy").joinpath("tools")
    return tuple(
        sorted(item.name.removesuffix(".yaml") for item in folder.iterdir() if item.name.endswith(".yaml"))
    )


def tool_document(name: str) -> Decoded:
    """Returns a shipped tool profile. `name` is one of `tool_names()`."""
    content = resources.files("rundown.policy").joinpath("tools", f"{name}.yaml").read_bytes()
    return _shipped(content, f"tool/{name}", LayerKind.TOOL)


def profiles_of(decoded: Decoded, problems: list[Diagnostic]) -> tuple[Decoded, ...]:
    """Returns the tool profiles that a document extends, in its order; unknown ones go to `problems`."""
    extends = decoded.document.extends
    found = []
    for name in () if isinstance(extends, str) else extends:
        if name.removeprefix("tool/") in tool_names() and name.startswith("tool/"):
            found.append(tool_document(name.removeprefix("tool/")))
            continue
        known = tuple(f"tool/{item}" for item in tool_names())
        problems.append(
            Diagnostic(
                code="policy/unknown-profile",
                message=f"there is no profile `{name}` to extend",
                span=decoded.spans["extends"],
                fix=suggest(name, known),
            )
        )
    return tuple(found)


class _Read(Struct, frozen=True):
    decoded: Decoded
    real: str


def _shipped(content: bytes, file: str, kind: LayerKind) -> Decoded:
    decoded, problems = decode_document(content, file, "yaml", kind)
    if decoded is None:
        raise InvalidInputError(*problems)
    return decoded


def _stack(
    documents: tuple[_Read | None, _Read | None, _Read | None], problems: list[Diagnostic]
) -> tuple[Decoded, ...]:
    """Project, user and system document, each followed by its tool profiles; then the built-in default.

    `extends: none` drops what follows, the system document aside.
    """
    *own, system = documents
    found: list[Decoded] = []
    cut = False
    for item in own:
        if item is not None and not cut:
            found += [item.decoded, *profiles_of(item.decoded, problems)]
            cut = item.decoded.document.extends == "none"
    if system is not None:
        found += [system.decoded, *profiles_of(system.decoded, problems)]
    return tuple(found) if cut else (*found, builtin_document())


def _require_trust(
    project: _Read | None, stack: tuple[Decoded, ...], runbook: str, given: tuple[str, str | None, bool]
) -> Literal["no document", "only tightens", "recorded", "for this run", "named"]:
    """Returns why the project's document counts.

    Raises: UntrustedError if it opens something that nobody has trusted.
    """
    if project is None:
        return "no document"
    if project.decoded.kind is LayerKind.POLICY_FILE:
        return "named"
    root, state_dir, for_this_run = given
    extends = project.decoded.document.extends
    own = 1 if isinstance(extends, str) else 1 + len(extends)
    below = tuple(item.layer(runbook) for item in stack[own:])
    opens = find_loosenings(project.decoded, below)
    if not opens:
        return "only tightens"
    if for_this_run:
        return "for this run"
    digest = project.decoded.digest
    if state_dir is not None and is_trusted(state_dir, root, digest):
        return "recorded"
    question = TrustQuestion(root=root, digest=digest, source=project.decoded.file, opens=opens)
    raise UntrustedError(question)


def _named(policy_file: str, content: bytes | None, cwd: str, problems: list[Diagnostic]) -> _Read | None:
    if content is not None:
        node, wrong = read_node(content, policy_file, syntax_of(policy_file, content))
        found = None if node is None else Found(node=node, file=policy_file, real="")
        return _decoded(found, wrong, LayerKind.POLICY_FILE, problems)
    found, wrong = read_document(Path(cwd, policy_file), policy_file, None)
    return _decoded(found, wrong, LayerKind.POLICY_FILE, problems)


def _optional(path: Path, kind: LayerKind, problems: list[Diagnostic]) -> _Read | None:
    if not os.path.lexists(path):
        return None
    owner = 0 if kind is LayerKind.SYSTEM else os.getuid()
    return _decoded(*read_document(path, str(path), owner), kind, problems)


def _decoded(
    found: Found | None, wrong: tuple[Diagnostic, ...], kind: LayerKind, problems: list[Diagnostic]
) -> _Read | None:
    problems += wrong
    if found is None:
        return None
    decoded, flaws = decode_node(found.node, kind)
    problems += flaws
    return None if decoded is None else _Read(decoded, found.real)


def _bypass_refused(system_file: str) -> Diagnostic:
    return Diagnostic(
        code="policy/bypass-refused",
        message="--allow-all is refused on this machine",
        span=Span(file=system_file, line=1),
        why="a system policy exists and does not say `allow_bypass: true`",
        fix="name what you need with --allow-run, --allow-write, … instead",
    )
