"""What a host can enforce, as text for `rundown doctor`."""

from rundown.model.sandbox import HostFacts
from rundown.render.escape import visible
from rundown.render.style import PLAIN, Style

_ABI_OF_TCP = 4


def render_host(facts: HostFacts, style: Style = PLAIN) -> str:
    """Returns a line for each layer, then each gap with what is lost and its remedy; ends in a line end."""
    rows = [
        ("kernel", True, f"{facts.kernel} {facts.machine}, uid {facts.uid}"),
        ("namespaces", facts.user_namespaces or facts.namespaces_as_root, _namespaces(facts)),
        ("own /proc", facts.proc_mount, "mounted" if facts.proc_mount else "cannot be mounted"),
        ("Landlock", facts.landlock_abi > 0, _landlock(facts)),
        ("seccomp", facts.seccomp, "filters work" if facts.seccomp else "not there"),
        ("network", _has_network(facts), _network(facts)),
        ("cgroups", facts.cgroup != "none", _cgroup(facts)),
    ]
    lines = [f"{_sign(fine, style)} {name:<12} {visible(text)}" for name, fine, text in rows]
    for gap in facts.problems:
        lines.append("")
        lines.append(f"{style.paint(style.sign('warn'), 'yellow')} {visible(gap.message)} [{gap.code}]")
        if gap.remedy:
            lines.append(f"  {style.paint('fix:', 'cyan')} {visible(gap.remedy)}")
    return "\n".join(lines) + "\n"


def _sign(fine: bool, style: Style) -> str:
    return style.paint(f"{style.sign('pass' if fine else 'fail'):<4}", "green" if fine else "red")


def _namespaces(facts: HostFacts) -> str:
    if facts.user_namespaces:
        return "user, mount, pid, network, ipc and uts, without privilege"
    if facts.namespaces_as_root:
        return "mount, pid, network, ipc and uts as root; no user namespaces"
    return "not available"


def _has_network(facts: HostFacts) -> bool:
    return (facts.user_namespaces or facts.namespaces_as_root) and facts.cable


def _network(facts: HostFacts) -> str:
    """How a step reaches what rules allow. Source: docs/sandbox.md, "When the host cannot"."""
    if facts.user_namespaces or facts.namespaces_as_root:
        return "steps reach what rules name, with any program" if facts.cable else "steps reach nothing"
    if facts.seatbelt:
        return "steps reach nothing"
    if facts.landlock_abi == 0 or not facts.seccomp:
        return "connections of steps cannot be held back"
    if facts.landlock_abi < _ABI_OF_TCP:
        return "steps reach nothing: Landlock knows TCP from ABI 4 on (kernel 6.7)"
    return (
        "steps reach what rules name, with programs that know of proxies; the proxy's port is open to them "
        "on any host (sandbox/net-by-port)"
    )


def _landlock(facts: HostFacts) -> str:
    return f"ABI {facts.landlock_abi}" if facts.landlock_abi else "not there"


def _cgroup(facts: HostFacts) -> str:
    names = {
        "v2": "version 2, writable",
        "v1": "version 1, writable",
        "none": "none writable",
    }
    return names[facts.cgroup]
