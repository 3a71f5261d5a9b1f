"""`Recipe`: the part of a plan that is the same for every step of a run, so that it is done ahead. Pure."""

from typing import Any

import msgspec

from rundown.model.sandbox import LandlockRule, Mount, SandboxPlan


class Recipe(msgspec.Struct, frozen=True, kw_only=True):
    """What a fresh init does before it knows its plan. A bare one only makes namespaces."""

    namespaces: tuple[str, ...]
    mounts: tuple[Mount, ...] = ()
    landlock: tuple[LandlockRule, ...] = ()
    landlock_abi: int = 0

    def serves(self, wanted: "Recipe") -> bool:
        """Whether an init that has done this can go on to a plan that wants `wanted`."""
        return self in (wanted, Recipe(namespaces=wanted.namespaces))


def recipe_of(plan: SandboxPlan) -> Recipe:
    """Returns the part of the plan that other steps of the run share."""
    if not plan.base_mounts:
        return Recipe(namespaces=plan.namespaces)
    return Recipe(
        namespaces=plan.namespaces,
        mounts=plan.mounts[: plan.base_mounts],
        landlock=plan.landlock[: plan.base_rules],
        landlock_abi=plan.landlock_abi,
    )


def remainder(plan: SandboxPlan, done: Recipe) -> dict[str, Any]:
    """Returns the plan as plain data for an init that has done `done`, a recipe that serves the plan's."""
    rest: dict[str, Any] = msgspec.to_builtins(plan)
    rest["mounts"] = rest["mounts"][len(done.mounts) :]
    rest["landlock"] = rest["landlock"][len(done.landlock) :]
    return rest
