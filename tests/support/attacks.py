"""Attacks as data: one act that succeeds outside and must not inside."""

from collections.abc import Callable

import msgspec
import pytest
from msgspec import Struct

from tests.support.kernel import PYTHON, World

REACHED = "REACHED"
EVERYTHING = ("everything",)
"""For an attack that only the whole of the walls keeps out, one behind the other: outside there is none."""


class Attack(Struct, frozen=True, kw_only=True):
    """`text` prints REACHED where it succeeds. `@ROOT`, `@HOME`, `@OUTSIDE`, `@BASE` stand for the world's places.

    `prepare` makes what it needs on the host. `only`: the identity for which the act succeeds outside at all.
    `defences`: what keeps it from succeeding, of `view landlock seccomp pid net privileges`: with these taken
    out, and all others in force, it succeeds; empty where it takes all of them to be taken out, as outside.
    """

    name: str
    text: str
    language: str = "sh"
    prepare: Callable[[World], object] | None = None
    only: str = ""
    defences: tuple[str, ...] = ()

    def argv(self, world: World) -> tuple[str, ...]:
        """The command line."""
        text = self.text
        for mark in ("root", "home", "outside", "base"):
            text = text.replace(f"@{mark.upper()}", str(getattr(world, mark)))
        return ("/bin/sh", "-c", text) if self.language == "sh" else (PYTHON, "-I", "-S", "-c", text)


def sh(
    name: str,
    text: str,
    prepare: Callable[[World], object] | None = None,
    only: str = "",
    defences: tuple[str, ...] | None = None,
) -> Attack:
    """An attack in shell."""
    return Attack(name=name, text=text, prepare=prepare, only=only, defences=defences or ())


def py(
    name: str,
    text: str,
    prepare: Callable[[World], object] | None = None,
    only: str = "",
    defences: tuple[str, ...] | None = None,
) -> Attack:
    """An attack in Python."""
    return Attack(
        name=name, text=text, language="python", prepare=prepare, only=only, defences=defences or ()
    )


def table(*attacks: Attack, defences: tuple[str, ...] = ()) -> pytest.MarkDecorator:
    """Parametrises a test by attacks, named by what they do. `defences`: of those that name none themselves."""
    attacks = tuple(
        attack if attack.defences else msgspec.structs.replace(attack, defences=defences)
        for attack in attacks
    )
    assert len({attack.name for attack in attacks}) == len(attacks)
    return pytest.mark.parametrize("attack", attacks, ids=lambda attack: attack.name.replace(" ", "-"))


def assert_only_outside(world: World, attack: Attack) -> None:
    """The act succeeds outside, and does not inside."""
    if attack.only and attack.only != world.driver.identity:
        pytest.skip(f"succeeds outside only as {attack.only}")
    if attack.prepare is not None:
        attack.prepare(world)
        world.give(world.base)
    inside = world.step(*attack.argv(world))
    outside = world.outside_step(*attack.argv(world))
    assert (REACHED in outside.text, REACHED in inside.text, inside.kind) == (True, False, "result"), (
        outside,
        inside,
    )
    if attack.defences and attack.defences != EVERYTHING:
        weak = world.step(*attack.argv(world), without=list(attack.defences))
        assert (REACHED in weak.text, weak.kind) == (True, "result"), weak
