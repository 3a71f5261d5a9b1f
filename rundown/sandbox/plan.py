"""`plan_sandbox`: turns what was allowed and what this host can do into a plan, or a refusal. Pure.

Takes `Allowed`, so that planning what was denied does not type-check. Whatever the policy asks and the
host cannot enforce is a gap; a gap that leaves a deny unenforced is a refusal.
"""

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from rundown.model.digest import digest_value
from rundown.model.policy import Allowed, Outcome
from rundown.model.sandbox import Gap, HostFacts, LandlockRule, Mount, Refusal, SandboxPlan, Survey, Tier
from rundown.sandbox.layout import home_of, plan_mounts
from rundown.sandbox.rules import plan_rules, plan_rules_alone
from rundown.sandbox.seatbelt import NOTHING_ALLOWED, UnspeakableError, render_profile
from rundown.sandbox.settings import LaunchSettings
from rundown.sandbox.tiers import (
    HOST_WORDS,
    can_be_proxied,
    choose_tier,
    find_gaps,
    find_limit_gaps,
    namespaces_of,
)

_OWNERS_CAPABILITIES: Final = ("CHOWN", "DAC_OVERRIDE", "FOWNER")
_NOT_A_LACK: Final = tuple(f"sandbox/host-{word}" for word in HOST_WORDS)
_LOADERS: Final = ("/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1", "/lib/ld-musl-x86_64.so.1")
_SHOWN: Final = 5
_ON_DISK: Final = ("landlock", "seatbelt")
_TREE: Final = ("enforce_run: tree",)
_CONNECTIONS: Final = ("connections that no rule allows",)


def plan_sandbox(
    allowed: Allowed, host: HostFacts, survey: Survey, settings: LaunchSettings
) -> SandboxPlan | Refusal:
    """Returns the plan of one step, or why none can be made under the wish."""
    request, envelope = allowed.request, allowed.envelope
    words = frozenset(envelope.host)
    settings = msgspec.structs.replace(settings, cwd=settings.cwd or request.cwd)
    tier = "none" if "unconfined" in words else choose_tier(host, settings.wish)
    if isinstance(tier, Refusal):
        return tier
    walls = _walls(allowed, host, survey, settings, tier)
    cut_off = tier == "landlock" and "net" not in words
    ports = settings.network.host_ports if cut_off and settings.network and can_be_proxied(host) else ()
    gaps = _unique(
        [
            *find_gaps(host, tier, words, settings.wish, proxied=bool(ports)),
            *find_limit_gaps(host, tier, envelope.limits),
            *survey.problems,
            *(_net_gap(allowed, host) if cut_off and not ports else ()),
            *_narrowing_gap(walls.narrowed),
        ]
    )
    refusal = _refuse(settings, walls.unenforced, gaps)
    if refusal is not None:
        return refusal
    limits = envelope.limits
    return SandboxPlan(
        request_digest=request.digest,
        argv=settings.argv or request.argv,
        cwd=settings.cwd,
        env=_environment(settings, tier),
        namespaces=namespaces_of(tier, words),
        mounts=walls.mounts,
        landlock=walls.rules,
        base_mounts=walls.base_mounts,
        fresh_mounts=walls.fresh_mounts,
        base_rules=walls.base_rules,
        landlock_abi=host.landlock_abi if tier != "none" else 0,
        seccomp=host.seccomp and tier != "none",
        keep_capabilities=_kept_capabilities(host, survey, tier),
        timeout_ns=request.timeout_ns if request.timeout_ns is not None else limits.timeout_ns,
        memory_bytes=limits.memory_bytes,
        pids=limits.pids,
        cpu=limits.cpu,
        file_size_bytes=limits.file_size_bytes,
        open_files=limits.open_files,
        output_bytes=limits.output_bytes,
        cgroup=host.cgroup_controllers,
        only_programs=envelope.enforce_run == "tree",
        pty=settings.pty or request.interactive,
        interactive=request.interactive,
        gaps=gaps,
        tier=tier,
        layers=_layers(host, tier),
        deny_connect=cut_off,
        connect_ports=ports,
        sockets="all" if not cut_off else "outgoing" if ports else "none",
        profile=walls.profile,
        network=settings.network if host.cable and "net" in namespaces_of(tier, words) else None,
    )


def digest_plan(plan: SandboxPlan) -> str:
    """Returns `sha256:…` of the plan without variables' values; names that are not UTF-8 are escaped."""
    public: dict[str, Any] = msgspec.to_builtins(plan)
    public["env"] = [name for name, _ in plan.env]
    return digest_value("rundown/plan/1", _printable(public))


class _Walls(msgspec.Struct, frozen=True, kw_only=True):
    mounts: tuple[Mount, ...] = ()
    rules: tuple[LandlockRule, ...] = ()
    unenforced: tuple[str, ...] = ()
    narrowed: tuple[str, ...] = ()
    base_mounts: int = 0
    fresh_mounts: int = 0
    base_rules: int = 0
    profile: str = ""


def _walls(allowed: Allowed, host: HostFacts, survey: Survey, settings: LaunchSettings, tier: Tier) -> _Walls:
    tree_only = allowed.envelope.enforce_run == "tree"
    if tier == "none":
        return _Walls()
    if tier == "seatbelt":
        return _seatbelt(allowed, survey, settings)
    if tier == "landlock":
        alone = plan_rules_alone(survey, settings)
        lost = (*(_TREE if tree_only else ()), *(() if host.seccomp else _CONNECTIONS))
        return _Walls(rules=alone.rules, unenforced=lost, narrowed=alone.narrowed)
    namespaces = namespaces_of(tier, frozenset(allowed.envelope.host))
    layout = plan_mounts(survey, settings, allowed.envelope, namespaces, own_proc=host.proc_mount)
    programs = None
    if tree_only:
        argv = settings.argv or allowed.request.argv
        programs = (argv[0], *_LOADERS, *survey.programs, *allowed.envelope.run_trees)
    rules = plan_rules(survey, settings, programs)
    return _Walls(
        mounts=(*layout.base, *layout.fresh, *layout.own),
        base_mounts=len(layout.base),
        fresh_mounts=len(layout.fresh),
        rules=rules.rules if host.landlock_abi else (),
        base_rules=rules.base if host.landlock_abi and layout.base else 0,
        unenforced=_TREE if tree_only and not (host.landlock_abi and host.seccomp) else (),
    )


def _seatbelt(allowed: Allowed, survey: Survey, settings: LaunchSettings) -> _Walls:
    """A path that no profile can spell leaves what is said of it unenforced."""
    try:
        return _Walls(profile=render_profile(survey, settings, allowed.envelope))
    except UnspeakableError as error:
        return _Walls(profile=NOTHING_ALLOWED, unenforced=(repr(str(error)),))


def _kept_capabilities(host: HostFacts, survey: Survey, tier: Tier) -> tuple[str, ...]:
    """Those of an owner, for root in somebody else's project; only a view bounds what they reach."""
    in_a_view = tier in ("namespaces", "namespaces-as-root")
    return _OWNERS_CAPABILITIES if in_a_view and host.uid == 0 and survey.foreign_owner else ()


def _net_gap(allowed: Allowed, host: HostFacts) -> Iterable[Gap]:
    opened = any(rule.verdict is not Outcome.DENY for rule in allowed.envelope.net)
    if opened and host.seccomp and not can_be_proxied(host):
        message = (
            "rules on connections are stricter than they read: nothing is reachable on this host "
            f"(Landlock ABI {host.landlock_abi} knows no TCP)"
        )
        remedy = "make user namespaces available (`rundown doctor`), or use a kernel from 6.7 on"
        yield Gap(code="sandbox/no-tcp-rules", message=message, remedy=remedy)


def _narrowing_gap(directories: tuple[str, ...]) -> Iterable[Gap]:
    """A step may do less than it was allowed, never more."""
    if directories:
        shown = ", ".join(directories[:_SHOWN]) + (", …" if len(directories) > _SHOWN else "")
        commits = ", so git cannot commit" if any(path.endswith("/.git") for path in directories) else ""
        message = (
            f"nothing can be created or removed right in {shown}{commits}: what may not be written there is "
            "kept from steps by granting what stands beside it"
        )
        remedy = "make user namespaces available (`rundown doctor`)"
        yield Gap(code="sandbox/narrowed-tree", message=message, remedy=remedy)


def _refuse(settings: LaunchSettings, unenforced: tuple[str, ...], gaps: tuple[Gap, ...]) -> Refusal | None:
    if settings.wish == "strict":
        lacking = tuple(gap for gap in gaps if gap.code not in _NOT_A_LACK)
        if lacking:
            message = "the strict sandbox has gaps on this host"
            return Refusal(code="sandbox/gaps", message=message, fix="mend what is listed", missing=lacking)
    if unenforced and settings.wish == "default":
        shown = ", ".join(unenforced[:5]) + (
            f" and {len(unenforced) - 5} more" if len(unenforced) > 5 else ""
        )
        return Refusal(
            code="sandbox/deny-unenforced",
            message=f"this host cannot enforce what policy denies: {shown}",
            fix="make user namespaces available (`rundown doctor`), or narrow the writable trees",
            missing=gaps,
        )
    return None


def _environment(settings: LaunchSettings, tier: Tier) -> tuple[tuple[str, str], ...]:
    """The temporary directory is always the run's own; without a mount view HOME is there as well."""
    own: dict[str, str] = {}
    if tier != "none":
        tmp = settings.host_tmp if tier in _ON_DISK and settings.host_tmp else settings.view.tmp
        own = dict.fromkeys(("TMPDIR", "TMP", "TEMP"), tmp)
        own["HOME"] = f"{tmp}/home" if tier in _ON_DISK else home_of(settings)
    if tier == "landlock":
        own["GIT_CONFIG_NOSYSTEM"] = "1"  # a file that is there and cannot be read ends every git command
    return tuple(sorted({**dict(settings.env), **own}.items()))


def _layers(host: HostFacts, tier: Tier) -> tuple[str, ...]:
    """Returns the walls in force, with versions."""
    if tier == "none":
        return ()
    layers = {
        "namespaces": ("user namespace", "mount view", "pid, net, ipc, uts namespaces"),
        "seatbelt": ("seatbelt profile by sandbox-exec",),
        "namespaces-as-root": ("mount view", "pid, net, ipc, uts namespaces"),
    }.get(tier, ())
    landlock = (f"landlock abi {host.landlock_abi}",) if host.landlock_abi else ()
    seccomp = ("seccomp",) if host.seccomp else ()
    groups = (
        (f"cgroup {host.cgroup} ({', '.join(host.cgroup_controllers)})",) if host.cgroup_controllers else ()
    )
    return (f"kernel {host.kernel}", *layers, *landlock, *seccomp, *groups)


def _unique(gaps: list[Gap]) -> tuple[Gap, ...]:
    return tuple(dict.fromkeys(gaps))


def _printable(value: Any) -> Any:
    """Returns the value with lone surrogates written out, so that it has a canonical form."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, dict):
        return {_printable(key): _printable(item) for key, item in value.items()}
    return [_printable(item) for item in value] if isinstance(value, list | tuple) else value
