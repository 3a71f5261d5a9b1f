"""`load_ruleset`: all documents of a run, read once, checked, trusted, and frozen into one ruleset.

A document that is not valid stops the run; nothing falls back to a laxer one. Nothing is run to get one.
"""

import os
from importlib import resources
from pathlib import Path

from msgspec import Struct

from rundown.errors import InvalidInputError
from rundown.model.diagnostic import Diagnostic
from rundown.model.digest import digest_value
from rundown.model.policy import LayerKind, Ruleset
from rundown.policy.discover import Found, discover, read_document
from rundown.policy.document import Decoded, decode_document, decode_node
from rundown.policy.flags import PolicyFlags, flag_layer

SYSTEM_FILE = "/etc/rundown/policy.yaml"


class Loaded(Struct, frozen=True, kw_only=True):
    """A run's policy. `sources`: the documents in force, most specific first, as shown to people.

    `digest` names all of them together with the flags; `documents` are their real paths (protected while
    the run lasts). `decoded`: the documents themselves, most specific first, with the entries that are no
    rules (secrets, agents, tools, backup, notify).
    """

    ruleset: Ruleset
    sources: tuple[str, ...]
    digest: str
    documents: tuple[str, ...] = ()
    decoded: tuple[Decoded, ...] = ()
    warnings: tuple[Diagnostic, ...] = ()


def load_ruleset(
    root: str,
    runbook: str,
    *,
    flags: PolicyFlags | None = None,
    cwd: str = "/",
    home: str = "/",
    policy_file: str | None = None,
    user_config_dir: str | None = None,
    system_file: str = SYSTEM_FILE,
    state_dir: str | None = None,
    trust_project: bool = False,
) -> Loaded:
    """Returns the policy for one runbook (its path below the root, "" for none).

    `root`: the project root's real path. `cwd`: what flags' relative paths and `policy_file` are taken from.
    Raises: InvalidInputError with the problems of all documents; UntrustedError if only trust is missing.
    """
    flags = flags or PolicyFlags()
    problems: list[Diagnostic] = []
    system = _optional(Path(system_file), LayerKind.SYSTEM, problems)
    project = _project(root, cwd, policy_file, problems)
    user = (
        _optional(Path(user_config_dir, "policy.yaml"), LayerKind.USER, problems) if user_config_dir else None
    )
    if problems:
        raise InvalidInputError(*problems)
    builtin = builtin_document()
    stack = _stack([item for item in (project, user) if item is not None], builtin)
    layers = tuple(item.layer(runbook) for item in stack)
    ruleset = Ruleset(
        system=system[0].layer(runbook) if system else None,
        flags=flag_layer(flags, cwd, home),
        layers=layers,
        bypass=flags.bypass(),
    )
    read = [item for item in (project, user, system) if item is not None]
    return Loaded(
        ruleset=ruleset,
        sources=tuple(layer.source for layer in layers) + ((system[0].file,) if system else ()),
        digest=digest_value("rundown/policy/1", ruleset),
        documents=tuple(real for _, real in read),
        decoded=(*stack, *((system[0],) if system else ())),
    )


def builtin_document() -> Decoded:
    """Returns the built-in default, with the lines of its file."""
    content = resources.files("rundown.policy").joinpath("builtin.yaml").read_bytes()
    decoded, problems = decode_document(content, "builtin.yaml", "yaml", LayerKind.BUILTIN)
    if decoded is None:
        raise InvalidInputError(*problems)
    return decoded


_Read = tuple[Decoded, str]


def _stack(documents: list[_Read], builtin: Decoded) -> tuple[Decoded, ...]:
    found: list[Decoded] = []
    for decoded, _ in documents:
        found.append(decoded)
        if decoded.document.extends == "none":
            return tuple(found)
    return (*found, builtin)


def _project(root: str, cwd: str, policy_file: str | None, problems: list[Diagnostic]) -> _Read | None:
    if policy_file is not None:
        path = Path(cwd, policy_file)
        found, wrong = read_document(path, policy_file, os.getuid())
        kind = LayerKind.POLICY_FILE
    else:
        found, wrong = discover(root, os.getuid())
        kind = LayerKind.PROJECT
    return _decoded(found, wrong, kind, problems)


def _optional(path: Path, kind: LayerKind, problems: list[Diagnostic]) -> _Read | None:
    if not os.path.lexists(path):
        return None
    owner = 0 if kind is LayerKind.SYSTEM else os.getuid()
    found, wrong = read_document(path, str(path), owner)
    return _decoded(found, wrong, kind, problems)


def _decoded(
    found: Found | None, wrong: tuple[Diagnostic, ...], kind: LayerKind, problems: list[Diagnostic]
) -> _Read | None:
    problems += wrong
    if found is None:
        return None
    decoded, flaws = decode_node(found.node, kind)
    problems += flaws
    return None if decoded is None else (decoded, found.real)
