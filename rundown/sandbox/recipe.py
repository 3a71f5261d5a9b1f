"""`Recipe`: the part of a plan that is the same for every step of a run, so that it is done ahead. Pure."""

from typing import Any

import msgspec
from msgspec.structs import replace

from rundown.model.sandbox import LandlockRule, Mount, SandboxPlan, Sockets, Tier


class Recipe(msgspec.Struct, frozen=True, kw_only=True):
    """What is done before a plan is known.

    `base`: mounts made once a run; `fresh`: those every step has for itself; `landlock`: rules of both.
    `ports`: where rundown listens; those that a plan does not want are closed, those that it lacks opened.
    """

    namespaces: tuple[str, ...]
    tier: Tier
    landlock_abi: int
    seccomp: bool
    sockets: Sockets = "all"
    only_programs: bool = False
    keep_capabilities: tuple[str, ...] = ()
    base: tuple[Mount, ...] = ()
    fresh: tuple[Mount, ...] = ()
    landlock: tuple[LandlockRule, ...] = ()
    ports: tuple[int, ...] = ()

    def serves(self, wanted: "Recipe") -> bool:
        """Whether an init that has done this can go on to a plan that wants `wanted`."""
        done = replace(self, ports=wanted.ports)
        return done in (wanted, replace(wanted, base=(), fresh=(), landlock=()))


def recipe_of(plan: SandboxPlan) -> Recipe:
    """Returns the part of the plan that other steps of the run share."""
    return Recipe(
        namespaces=plan.namespaces,
        tier=plan.tier,
        landlock_abi=plan.landlock_abi,
        seccomp=plan.seccomp,
        sockets=plan.sockets,
        only_programs=plan.only_programs,
        keep_capabilities=plan.keep_capabilities,
        base=plan.mounts[: plan.base_mounts],
        fresh=plan.mounts[plan.base_mounts : plan.base_mounts + plan.fresh_mounts],
        landlock=plan.landlock[: plan.base_rules],
        ports=() if plan.network is None else plan.network.ports,
    )


def mounts_left(plan: SandboxPlan, done: Recipe) -> list[dict[str, Any]]:
    """Returns the operations that remain for an init that has done `done`, as plain data."""
    left: list[dict[str, Any]] = msgspec.to_builtins(plan.mounts[len(done.base) + len(done.fresh) :])
    return left


def command_of(plan: SandboxPlan, done: Recipe) -> dict[str, Any]:
    """Returns what the process that becomes the command has to know, as plain data."""
    told = replace(plan, mounts=(), landlock=plan.landlock[len(done.landlock) :], gaps=(), layers=())
    plain: dict[str, Any] = msgspec.to_builtins(told)
    return plain
