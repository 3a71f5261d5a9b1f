"""The sandbox's page and the threat model say what the code does."""

import re
from pathlib import Path

import pytest

from rundown.sandbox.seccomp import REFUSED

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/sandbox.md").read_text(encoding="utf-8")
MODEL = (ROOT / "docs/threat-model.md").read_text(encoding="utf-8")
CODE = "\n".join(
    path.read_text(encoding="utf-8") for path in sorted((ROOT / "rundown/sandbox").rglob("*.py"))
)


def test_every_code_of_a_gap_or_refusal_is_explained():
    codes = set(re.findall(r'"(sandbox/[a-z-]+)"', CODE))
    assert sorted(code for code in codes if code not in PAGE) == []


def test_no_code_is_explained_that_does_not_exist():
    explained = set(re.findall(r"`(sandbox/[a-z-]+)`", PAGE)) - {"sandbox/host-pid"}
    assert sorted(code for code in explained if f'"{code}"' not in CODE) == []


def test_every_refused_call_stands_in_the_table():
    stems = (
        "module",
        "kexec",
        "swap",
        "quotactl",
        "settimeofday",
        "clock_",
        "adjtimex",
        "_sysctl",
        "uselib",
        "nfsservctl",
        "lookup_dcookie",
        "io_uring",
    )
    unnamed = [
        name
        for name, _ in REFUSED
        if not re.search(rf"\b{re.escape(name)}\b", PAGE) and not any(stem in name for stem in stems)
    ]
    assert unnamed == []


def test_every_stage_is_named():
    stages = set(re.findall(r'stage\("([a-z-]+)"', CODE)) | set(
        re.findall(r'StageError\(\s*"([a-z-]+)"', CODE)
    )
    internal = {"init", "command", "probe", "fork", "session", "tmp"}
    assert sorted(name for name in stages - internal if f"`{name}`" not in PAGE) == []


@pytest.mark.parametrize("name", sorted(set(re.findall(r"test_[a-z]+\.py", MODEL))))
def test_the_tests_that_show_a_claim_exist(name):
    assert (ROOT / "tests/kernel" / name).exists()


@pytest.mark.parametrize("pattern", sorted(set(re.findall(r"::(test_[a-z_*]+)", MODEL))))
def test_the_named_tests_exist(pattern):
    tests = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests/kernel").glob("*.py"))
    assert re.search(rf"def {pattern.replace('*', '[a-z_0-9]*')}\(", tests)
