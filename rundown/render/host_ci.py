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
        _row("user ns", ("no-user-namespaces",), "work", gaps),
        _row("/proc", ("proc-shared",), "mounted anew for each step", gaps),
        _row("Landlock", ("no-landlock", "old-landlock"), f"ABI {facts.landlock_abi}", gaps),
        _row("seccomp", ("no-seccomp", "no-libseccomp"), "filters work", gaps),
        _row("limits", ("no-cgroup",), "control groups", gaps),
    ]
    lines = [f"{_sign(fine, style)} {name:<9} {visible(text)}" for name, fine, text in rows]
    lines.append(f"     to get the rest: {visible(_remedies(facts)) or 'nothing is to be done'}")
    return "\n".join(lines) + "\n"


def _row(name: str, codes: tuple[str, ...], fine: str, gaps: Mapping[str, str]) -> tuple[str, bool, str]:
    found = next((gaps[f"sandbox/{code}"] for code in codes if f"sandbox/{code}" in gaps), "")
    return name, not found, found or fine


def _remedies(facts: HostFacts) -> str:
    """What brings the missing walls; limits come last, since steps are confined without them."""
    found = sorted(facts.problems, key=lambda gap: gap.code == "sandbox/no-cgroup")
    return "; ".join(dict.fromkeys(gap.remedy for gap in found if gap.remedy))


def _is_fine(facts: HostFacts, place: JobPlace) -> bool:
    return place.writable and place.owner in (facts.uid, None)


def _checkout(facts: HostFacts, place: JobPlace) -> str:
    if place.owner is None:
        return f"{place.checkout} cannot be looked at"
    said = place.checkout
    if place.owner != facts.uid:
        said += f" belongs to uid {place.owner}: git wants `git config --global --add safe.directory {said}`"
    return said if place.writable else f"{said}, and cannot be written: records go to the state home"


def _sign(fine: bool, style: Style) -> str:
    return style.paint(f"{style.sign('pass' if fine else 'warn'):<4}", "green" if fine else "yellow")
