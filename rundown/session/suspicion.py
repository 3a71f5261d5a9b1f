"""Why the kernel may have refused a step something: what its output names, explained by policy.

Likely reasons, never certain ones, and never a grant: a step that fails must not be a riddle, and a step
that prints a path must not get it. Looks only whether a path exists.
"""

import os
import shlex
from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from rundown.model.event import RefusalSuspected
from rundown.model.policy import Allowed, Envelope, Outcome, Ruling
from rundown.model.request import Capability, Operation
from rundown.policy.fix import flag_value, quote
from rundown.policy.pattern import escape_path, is_tree
from rundown.policy.reason import describe_rule
from rundown.sandbox.patterns import is_below
from rundown.sandbox.suspects import Suspect, find_suspects
from rundown.session.permissions import Permissions
from rundown.session.ports import Workspace
from rundown.session.request import Place, freeze_nothing

_MOST: Final = 5
_TMP: Final = ("/tmp", "/var/tmp")
_READ: Final = (Capability.READ,)
_WRITE: Final = (Capability.WRITE,)
_OF_KIND: Final = {"hidden": _READ, "write": _WRITE, "across": _WRITE, "any": (*_READ, *_WRITE)}


class Suspicion:
    """Explains refusals under one session's permissions."""

    def __init__(self, permissions: Permissions, workspace: Workspace) -> None:
        self._permissions = permissions
        self._workspace = workspace

    def explain(self, allowed: Allowed, output: bytes) -> tuple[RefusalSuspected, ...]:
        """Returns the likely reasons why a step failed, at most five, by the end of what it printed."""
        if "unconfined" in allowed.envelope.host:
            return ()
        found: dict[tuple[str, str], RefusalSuspected] = {}
        for suspect in find_suspects(output.decode("utf-8", "replace")):
            for item in self._explain(suspect, allowed):
                found.setdefault((item.capability, item.resource), item)
                if len(found) == _MOST:
                    return tuple(found.values())
        return tuple(found.values())

    def _explain(self, suspect: Suspect, allowed: Allowed) -> Iterator[RefusalSuspected]:
        if suspect.kind == "privileges":
            yield _of_privileges(allowed)
            return
        path = os.path.normpath(os.path.join(allowed.request.cwd, suspect.text))
        if not _may_be_meant(path, suspect):
            return
        place = Place(run_id="", position=allowed.request.position, attempt=1, cwd=allowed.request.cwd)
        for capability in _OF_KIND[suspect.kind]:
            operation = self._workspace.resolve(Operation(capability=capability, resource=path), place.cwd)
            (ruling,) = self._permissions.rule(freeze_nothing(place, operation))
            if ruling.outcome is not Outcome.ALLOW:
                told = _of_ruling(ruling, path, allowed)
                is_new = capability is Capability.WRITE and not os.path.lexists(path)
                yield _of_new_file(told, ruling) if is_new and ruling.outcome is Outcome.ASK else told
                return
        missing = _missing_tree(path, allowed.envelope)
        if missing == path and _is_named_alone(path, allowed.envelope) and suspect.kind in ("write", "any"):
            yield _of_new_file(_of_ruling(ruling, path, allowed), ruling)
            return
        yield from _of_kernel(path, suspect, allowed)


def _may_be_meant(path: str, suspect: Suspect) -> bool:
    """A word is taken for a path only if there is such a thing, or a directory in which it could be made."""
    if path == "/" or "\0" in path:
        return False
    could_be_made = suspect.kind != "hidden" and (suspect.stressed or "/" in suspect.text)
    return os.path.lexists(path) or (could_be_made and os.path.isdir(os.path.dirname(path)))


def _of_ruling(ruling: Ruling, path: str, allowed: Allowed) -> RefusalSuspected:
    why = ruling.why or (describe_rule(ruling.rule) if ruling.rule is not None else "")
    return RefusalSuspected(
        position=allowed.request.position,
        capability=ruling.operation.capability.value,
        resource=path,
        why=why or "no rule allows it",
        flag=ruling.fix.flag if ruling.fix is not None else "",
        yaml=ruling.fix.yaml if ruling.fix is not None else "",
    )


def _of_new_file(told: RefusalSuspected, ruling: Ruling) -> RefusalSuspected:
    """The kernel opens what exists: a file is made in its directory, and that is what must be writable."""
    folder = os.path.dirname(told.resource)
    pattern = ruling.fix.pattern if ruling.fix is not None else ruling.rule.pattern if ruling.rule else None
    above = os.path.dirname(pattern or "")
    tree = f"{above if pattern and is_tree(pattern) and above else escape_path(folder)}/**"
    return replace(
        told,
        why=f"{os.path.basename(told.resource)} does not exist yet, and making a file needs its directory",
        flag=f"--allow-write {flag_value(escape_path(folder) + '/**')}",
        yaml=f"default: {{write: {{allow: [{quote(tree)}]}}}}",
    )


def _is_named_alone(path: str, envelope: Envelope) -> bool:
    return path in envelope.write_allow and f"{path}/**" not in envelope.write_allow


def _of_privileges(allowed: Allowed) -> RefusalSuspected:
    return RefusalSuspected(
        position=allowed.request.position,
        capability=Capability.HOST.value,
        resource="unconfined",
        why="no privileges are gained in a sandbox; one that needs them has `host=unconfined` on its fence",
        flag="--allow-host unconfined",
    )


def _of_kernel(path: str, suspect: Suspect, allowed: Allowed) -> Iterator[RefusalSuspected]:
    """What policy allows and the sandbox still cannot give."""
    envelope = allowed.envelope
    missing = _missing_tree(path, envelope)
    told = RefusalSuspected(position=allowed.request.position, capability="write", resource=path, why="")
    if missing and suspect.kind in ("write", "any"):
        tree = os.path.relpath(missing, allowed.request.cwd)
        yield replace(
            told,
            why=f"{tree} did not exist when the step began; only what a person names is made",
            flag=f"--allow-write {shlex.quote(tree + '/**')}",
            yaml=f'default: {{write: {{allow: ["{tree}/**"]}}}}',
        )
    elif suspect.kind == "hidden" and any(is_below(tmp, path) for tmp in _TMP):
        flag = f"--allow-read {shlex.quote(path)}"
        yield replace(
            told, capability="read", why="a step has a /tmp of its own; the host's is not seen", flag=flag
        )
    elif suspect.kind == "across":
        why = (
            "its directory is pinned for the sake of a denied or protected name below; copy instead of moving"
        )
        yield replace(told, why=why)
    elif suspect.kind == "any" and envelope.enforce_run == "tree" and _is_kept_from_running(path, envelope):
        yield replace(
            told,
            capability="run",
            why="`enforce_run: tree` lets nothing run but programs that policy allows by name",
            flag=f"--allow-run {shlex.quote(os.path.basename(path))}",
        )


def _missing_tree(path: str, envelope: Envelope) -> str:
    trees = (text.removesuffix("/**") for text in envelope.write_allow)
    return next((tree for tree in trees if is_below(tree, path) and not os.path.lexists(tree)), "")


def _is_kept_from_running(path: str, envelope: Envelope) -> bool:
    return (
        os.path.isfile(path) and os.access(path, os.X_OK) and os.path.realpath(path) not in envelope.programs
    )
