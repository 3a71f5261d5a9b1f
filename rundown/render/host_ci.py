"""What a CI job gets here, in ten lines, for `rundown doctor --ci`: what confines its steps, and what is
missing, each with the one thing to change."""

from collections.abc import Mapping

from msgspec import Struct

from rundown.model.sandbox import HostFacts
from rundown.render.escape import visible
from rundown.render.style import PLAIN, Style

_WALLS = {
    "namespaces": "namespaces, Landlock and seccomp: a view of its own for each step",
    "namespaces-as-root": "namespaces as root, Landlock and seccomp: no user namespace of its own",
    "landlock": "Landlock and seccomp alone: no view of its own, no network at all",
    "none": "nothing: steps would not start (--sandbox=best runs them with what there is)",
}
# What to tell whoever runs the containers. Source: docker-run(1), podman-run(1), Kubernetes' documentation on
# securityContext, procMount and hostUsers.
_ENABLE = {
    "sandbox/no-user-namespaces": "docker: --security-opt seccomp=unconfined,apparmor=unconfined (each)",
    "sandbox/proc-shared": "docker: --security-opt systempaths=unconfined; Kubernetes: procMount: Unmasked",
    "sandbox/no-seccomp": "docker: --security-opt seccomp=unconfined",
    "sandbox/no-cgroup": "not needed; docker: --cgroupns=private -v /sys/fs/cgroup:/sys/fs/cgroup:rw",
}


class JobPlace(Struct, frozen=True, kw_only=True):
    """Where a job runs. `runner`: its name, `container`: what tells of one, each "" for none. `owner`: whose
    the checkout is, None if nobody can tell; `writable`: rundown may write into it."""

    runner: str
    container: str
    checkout: str
    owner: int | None
    writable: bool


def render_host_ci(facts: HostFacts, place: JobPlace, tier: str, style: Style = PLAIN) -> str:
    """Returns ten lines at most, each ending in a line end. `tier`: what would confine a step."""
    gaps = {gap.code: gap.message for gap in facts.problems}
    rows = [
        ("runner", bool(place.runner), place.runner or "none known: CI=true makes every run non-interactive"),
        ("container", True, f"{place.container or 'none'}, uid {facts.uid}, kernel {facts.kernel}"),
        ("checkout", _is_fine(facts, place), _checkout(facts, place)),
        ("steps get", tier in ("namespaces", "namespaces-as-root"), _WALLS[tier]),
        _row("user ns", "sandbox/no-user-namespaces", "work", gaps),
        _row("/proc", "sandbox/proc-shared", "mounted anew for each step", gaps),
        _row("Landlock", "sandbox/no-landlock", f"ABI {facts.landlock_abi}", gaps),
        _row("seccomp", "sandbox/no-seccomp", "filters work", gaps),
        _row("limits", "sandbox/no-cgroup", "control groups", gaps),
    ]
    lines = [f"{_sign(fine, style)} {name:<9} {visible(text)}" for name, fine, text in rows]
    known = [_ENABLE[code] for code in gaps if code in _ENABLE and code != "sandbox/no-cgroup"]
    lines.append(f"     to get the rest: {'; '.join(dict.fromkeys(known)) or 'nothing is to be done'}")
    return "\n".join(lines) + "\n"


def _row(name: str, code: str, fine: str, gaps: Mapping[str, str]) -> tuple[str, bool, str]:
    return name, code not in gaps, gaps.get(code, fine)


def _is_fine(facts: HostFacts, place: JobPlace) -> bool:
    return place.writable and place.owner in (facts.uid, None)


def _checkout(facts: HostFacts, place: JobPlace) -> str:
    if place.owner is None:
        return f"{place.checkout} cannot be looked at"
    if place.owner != facts.uid:
        who = f"belongs to uid {place.owner}, you are {facts.uid}"
        return (
            f"{place.checkout} {who}: give it to you (chown), or git's answer is no, and {_elsewhere(place)}"
        )
    return place.checkout if place.writable else f"{place.checkout} cannot be written: {_elsewhere(place)}"


def _elsewhere(place: JobPlace) -> str:
    return (
        "records go where they can (--runs-dir)" if not place.writable else "policy may treat it as foreign"
    )


def _sign(fine: bool, style: Style) -> str:
    return style.paint(f"{style.sign('pass' if fine else 'warn'):<4}", "green" if fine else "yellow")
