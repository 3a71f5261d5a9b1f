"""The attack suite, counted: every attack names what keeps it out, and has been seen to succeed without that."""

import importlib

import pytest

from tests.support.attacks import EVERYTHING, Attack

MODULES = ("reads", "writes", "processes", "calls", "persistence")
DEFENCES = {"view", "landlock", "seccomp", "pid", "net", "privileges", *EVERYTHING}


def _pairs() -> list[tuple[str, tuple[str, ...]]]:
    """Returns each attack's name and its defences. How they are run stands in `assert_only_outside`."""
    found: list[tuple[str, tuple[str, ...]]] = []
    for name in MODULES:
        module = importlib.import_module(f"tests.kernel.test_{name}")
        for function in vars(module).values():
            for mark in getattr(function, "pytestmark", ()):
                if mark.name == "parametrize" and mark.args[0] == "attack":
                    attacks: tuple[Attack, ...] = mark.args[1]
                    found += [(f"{name}: {attack.name}", attack.defences) for attack in attacks]
        if name == "calls":
            found += [(f"call: {call[0]}", EVERYTHING if call[3] else ("seccomp",)) for call in module.CALLS]
    return found


def test_there_are_at_least_a_hundred_and_twenty_attacks_each_with_its_defence():
    pairs = _pairs()
    names = [name for name, _ in pairs]
    assert (len(pairs) >= 180, len(set(names))) == (True, len(names)), len(pairs)
    assert [name for name, defences in pairs if not defences or not set(defences) <= DEFENCES] == []


def test_most_attacks_succeed_when_just_their_own_defence_is_taken_out():
    pairs = _pairs()
    alone = [name for name, defences in pairs if defences != EVERYTHING]
    assert len(alone) >= 120, len(alone)


@pytest.mark.parametrize("defence", ["view", "landlock", "seccomp", "pid", "privileges"])
def test_each_defence_is_needed_by_some_attack(defence):
    assert [name for name, defences in _pairs() if defence in defences]
