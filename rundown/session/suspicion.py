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
from rundown.policy.facts import PolicyFacts
from rundown.policy.fix import directory_fix
from rundown.policy.pattern import unescape_path
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
_OF_NO_PATH: Final = {
    "privileges": (
        "no privileges are gained in a sandbox; one that needs them has `host=unconfined` on its fence"
    ),
    "tracing": (
        "debuggers, tracers and profilers are refused in a sandbox; a step that needs one has "
        "`host=unconfined` on its fence"
    ),
    "namespaces": (
        "no sandbox is made inside this one; switch the program's own off (Chromium: --no-sandbox), or put "
        "`host=unconfined` on the fence"
    ),
}
_OF_KIND: Final = {"hidden": _READ, "write": _WRITE, "across": _WRITE, "any": (*_READ, *_WRITE)}


class Suspicion:
    """Explains refusals under one session's permissions. Lines of policy say `{repo}` for `root`."""

    def __init__(
        self, permissions: Permissions, workspace: Workspace, *, root: str = "", home: str = ""
    ) -> None:
        self._permissions = permissions
        self._workspace = workspace
        self._places = PolicyFacts(root=root, home=home, cache="", config="")

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
        if suspect.kind in _OF_NO_PATH:
            yield _of_the_sandbox(suspect.kind, allowed)
            return
        path = os.path.normpath(os.path.join(allowed.request.cwd, suspect.text))
        if not _may_be_meant(path, suspect) or path in allowed.request.argv[:1]:
            return
        place = Place(run_id="", position=allowed.request.position, attempt=1, cwd=allowed.request.cwd)
        for capability in _OF_KIND[suspect.kind]:
            operation = self._workspace.resolve(Operation(capability=capability, resource=path), place.cwd)
            (ruling,) = self._permissions.rule(freeze_nothing(place, operation))
            if ruling.outcome is not Outcome.ALLOW:
                told = _of_ruling(ruling, path, allowed)
                is_new = capability is Capability.WRITE and not os.path.lexists(path)
                yield self._of_new_file(told) if is_new and ruling.outcome is Outcome.ASK else told
                return
        missing = _missing_tree(path, allowed.envelope)
        if missing == path and _is_named_alone(path, allowed.envelope) and suspect.kind in ("write", "any"):
            yield self._of_new_file(_of_ruling(ruling, path, allowed))
            return
        yield from _of_kernel(path, suspect, allowed, self._places)

    def _of_new_file(self, told: RefusalSuspected) -> RefusalSuspected:
        """The kernel opens what exists: a file is made in its directory, which must be writable."""
        folder, name = os.path.split(told.resource)
        fix = directory_fix(folder, self._places)
        why = f"{name} does not exist yet, and making a file needs its directory"
        return replace(told, why=why, flag=fix.flag, yaml=fix.yaml)


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


def _is_named_alone(path: str, envelope: Envelope) -> bool:
    return path in envelope.write_allow and f"{path}/**" not in envelope.write_allow


def _of_the_sandbox(kind: str, allowed: Allowed) -> RefusalSuspected:
    return RefusalSuspected(
        position=allowed.request.position,
        capability=Capability.HOST.value,
        resource="unconfined",
        why=_OF_NO_PATH[kind],
        flag="--allow-host unconfined",
    )


def _of_kernel(
    path: str, suspect: Suspect, allowed: Allowed, places: PolicyFacts
) -> Iterator[RefusalSuspected]:
    """What policy allows and the sandbox still cannot give."""
    envelope = allowed.envelope
    missing = _missing_tree(path, envelope)
    told = RefusalSuspected(position=allowed.request.position, capability="write", resource=path, why="")
    if missing and suspect.kind in ("write", "any"):
        tree = os.path.relpath(missing, allowed.request.cwd)
        fix = directory_fix(missing, places)
        why = f"{tree} did not exist when the step began; only what a person names is made"
        yield replace(told, why=why, flag=fix.flag, yaml=fix.yaml)
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
    trees = (unescape_path(text.removesuffix("/**")) for text in envelope.write_allow)
    return next((tree for tree in trees if is_below(tree, path) and not os.path.lexists(tree)), "")


def _is_kept_from_running(path: str, envelope: Envelope) -> bool:
    return (
        os.path.isfile(path) and os.access(path, os.X_OK) and os.path.realpath(path) not in envelope.programs
    )
