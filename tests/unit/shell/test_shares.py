"""How often ordinary text is not known: on the scripts and documentation of this very machine."""

from collections import Counter
from pathlib import Path

import pytest

from rundown.model.request import Capability
from rundown.shell.commands import read
from rundown.shell.cursor import Budget, UnreadableError
from rundown.shell.extract import extract
from tests.support.ordinary_text import Text, is_valid, scripts

ENOUGH_COMMANDS = 1_000
MOST_COMMANDS = 3_000
FOLDERS = tuple(map(Path, ("/usr/bin", "/usr/sbin", "/etc/init.d", "/var/lib/dpkg/info")))


def _commands(text: Text) -> int:
    budget = Budget()
    try:
        read(text[1], text[0], budget)
    except UnreadableError:
        return text[1].count("\n") + 1
    return budget.commands


def _sample() -> list[tuple[Text, int]]:
    """Returns texts of the system's own folders with how many commands each has, short ones first."""
    found = dict.fromkeys(text for folder in FOLDERS if folder.is_dir() for text in scripts(folder))
    sample: list[tuple[Text, int]] = []
    total = 0
    for text in sorted(found, key=lambda text: len(text[1])):
        if total >= MOST_COMMANDS:
            break
        if is_valid(text):
            sample.append((text, _commands(text)))
            total += sample[-1][1]
    return sample


def test_ordinary_text_is_seldom_open() -> None:
    sample = _sample()
    total = sum(commands for _, commands in sample)
    if total < ENOUGH_COMMANDS:
        pytest.skip(f"only {total} commands in the shell text of this machine")
    count: Counter[str] = Counter()
    for (dialect, text), commands in sample:
        found = extract(text, dialect)
        kinds = Counter(item.kind for item in found.operations if item.capability is Capability.RUN)
        whole = found.unparseable is not None and not kinds["literal"]
        count["unparseable"] += commands if whole else kinds["unparseable"]
        count["dynamic"] += kinds["dynamic"]
    assert count["unparseable"] / total < 0.03
    assert count["dynamic"] / total < 0.10
