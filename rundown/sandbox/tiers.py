"""Which walls this host can put up, what a wish makes of it, and what is missing then. Pure.

Source: docs/sandbox.md, "When the host cannot".
"""

from rundown.model.policy import Limits
from rundown.model.sandbox import Gap, HostFacts, Refusal, SandboxWish, Tier

NAMESPACES = ("user", "mount", "pid", "net", "ipc", "uts")
HOST_WORDS = {
    "pid": "this step sees the host's processes and outlives nothing but its own children",
    "net": "this step is in the host's network and reaches whatever the host reaches",
    "journal": "this step reads the host's journal",
    "systemd": "this step speaks to the host's service manager",
}
_GAPS_OF_SEATBELT = (
    Gap(code="sandbox/processes-visible", message="the host's processes can be listed"),
    Gap(
        code="sandbox/no-process-group",
        message="a process that leaves the step's group is not ended with the step",
    ),
    Gap(code="sandbox/tmp-on-disk", message="{tmp} is a private directory on disk, of any size"),
    Gap(code="sandbox/no-terminal", message="a step has no terminal of its own: it writes to pipes"),
)
_ABI_OF_TCP = 4
_INFORMATIONAL = frozenset({"sandbox/no-cgroup"})


def choose_tier(host: HostFacts, wish: SandboxWish) -> Tier | Refusal:
    """Returns what carries the confinement, or why nothing may."""
    if wish == "none":
        return "none"
    if host.seatbelt:
        return "seatbelt"
    if host.user_namespaces:
        return "namespaces"
    if wish == "strict":
        return _refusal("user namespaces are missing, and the strict sandbox needs them", host)
    if host.namespaces_as_root:
        return "namespaces-as-root"
    if host.landlock_abi:
        return "landlock"
    if wish == "best":
        return "none"
    return _refusal("neither user namespaces nor Landlock can be had: nothing would be confined", host)


def _refusal(message: str, host: HostFacts) -> Refusal:
    return Refusal(
        code="sandbox/unavailable",
        message=message,
        fix="mend what is listed, or run with --sandbox=best (whatever there is) or --no-sandbox (nothing)",
        missing=host.problems,
    )


def namespaces_of(tier: Tier, words: frozenset[str]) -> tuple[str, ...]:
    """Returns the step's own namespaces; host words take theirs away."""
    if tier not in ("namespaces", "namespaces-as-root"):
        return ()
    shared = {"pid"} & words | {"net"} & words | ({"pid"} if "systemd" in words else set())
    own = NAMESPACES if tier == "namespaces" else NAMESPACES[1:]
    return tuple(name for name in own if name not in shared)


def lacks(host: HostFacts) -> tuple[Gap, ...]:
    """Returns what is missing whatever a step asks for. That no control group can be made is told where a
    limit needs one."""
    return tuple(gap for gap in host.problems if gap.code not in _INFORMATIONAL)


def can_be_proxied(host: HostFacts) -> bool:
    """Whether a step without a network of its own can be held to the port of rundown's proxy. Source:
    landlock(7), LANDLOCK_ACCESS_NET_CONNECT_TCP (ABI 4)."""
    return host.seccomp and host.landlock_abi >= _ABI_OF_TCP


def find_gaps(
    host: HostFacts, tier: Tier, words: frozenset[str], wish: SandboxWish, *, proxied: bool = False
) -> tuple[Gap, ...]:
    """Returns what the tier itself leaves open, whatever the policy says. `proxied`: the step has rundown's
    proxy for want of a network of its own."""
    if tier == "none":
        asked = wish == "none" or "unconfined" in words
        why = "by its own wish" if asked else "for want of everything that could confine it"
        return (Gap(code="sandbox/unconfined", message=f"this step is not confined, {why}"),)
    gaps = list(lacks(host))
    gaps += [
        Gap(code=f"sandbox/host-{word}", message=HOST_WORDS[word])
        for word in sorted(words & HOST_WORDS.keys())
    ]
    if tier == "landlock":
        gaps += _gaps_of_landlock_alone(host)
        gaps += () if "net" in words else _gaps_of_no_network(host, proxied=proxied)
    if tier == "seatbelt":
        gaps += _GAPS_OF_SEATBELT
    return tuple(gaps)


def _gaps_of_landlock_alone(host: HostFacts) -> list[Gap]:
    gaps = [
        Gap(code="sandbox/names-visible", message="names, sizes and times of all files can be seen (stat)"),
        Gap(
            code="sandbox/modes-changeable",
            message="modes, owners and times of the person's own files can be changed wherever they lie",
        ),
        Gap(code="sandbox/processes-visible", message="the host's processes can be listed"),
        Gap(
            code="sandbox/no-pid-namespace",
            message="processes that leave the step's tree while it ends are hunted one by one",
        ),
        Gap(
            code="sandbox/tmp-on-disk",
            message="{tmp} is a private directory on disk, of any size",
        ),
    ]
    if host.landlock_abi < 6:
        gaps.append(Gap(code="sandbox/signals", message="processes of the same user can be signalled"))
    return gaps


def _gaps_of_no_network(host: HostFacts, *, proxied: bool) -> tuple[Gap, ...]:
    if not host.seccomp:
        message = "connections are not refused: there is neither a network of the step's own nor seccomp"
        return (Gap(code="sandbox/net-open", message=message),)
    if not proxied:
        message = "no socket can be made, not even to the step's own servers"
        return (Gap(code="sandbox/no-sockets", message=message),)
    by_port = (
        "the port of rundown's proxy can be connected to on any host, not on this one alone: Landlock knows "
        "ports and no addresses"
    )
    by_proxy = (
        "only programs that know of proxies (HTTPS_PROXY) reach what rules allow, and a step has no servers "
        "of its own"
    )
    return (
        Gap(code="sandbox/net-by-port", message=by_port),
        Gap(code="sandbox/net-by-proxy", message=by_proxy),
    )


def find_limit_gaps(host: HostFacts, tier: Tier, limits: Limits) -> tuple[Gap, ...]:
    """Returns which wanted limits nothing here sets, or something weaker does."""
    gaps = []
    have = host.cgroup_controllers
    remedy = next((gap.remedy for gap in host.problems if gap.code == "sandbox/no-cgroup"), "")
    if limits.memory_bytes is not None and "memory" not in have:
        message = "memory is limited for each process, not for the step (no control group)"
        gaps.append(Gap(code="sandbox/memory-per-process", message=message, remedy=remedy))
    if limits.cpu is not None and "cpu" not in have:
        gaps.append(
            Gap(
                code="sandbox/cpu-not-limited", message="cpu is not limited (no control group)", remedy=remedy
            )
        )
    if limits.pids is not None and "pids" not in have:
        if host.uid == 0:
            message = "the number of processes is not limited (no control group, and root has no rlimit)"
            gaps.append(Gap(code="sandbox/pids-not-limited", message=message, remedy=remedy))
        elif tier not in ("namespaces",):
            message = "the number of processes is limited for all of this user's together (no control group)"
            gaps.append(Gap(code="sandbox/pids-per-user", message=message, remedy=remedy))
    return tuple(gaps)
