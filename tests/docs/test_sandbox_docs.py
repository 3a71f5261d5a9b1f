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


CLAIMS = [
    (claim.strip(" ⚒"), tests)
    for claim, tests in re.findall(
        r"^\| (.+?) \| (.+?) \|$", MODEL.split("## What is claimed")[1].split("\n## ")[0], re.M
    )
    if not set(claim) <= set("- ") and claim != "claim"
]


def _named_tests(text: str) -> list[tuple[str, str]]:
    """Returns file and name of each test that a row names; `*` stands for any letters, "" for the whole file."""
    found: list[tuple[str, str]] = []
    for token in re.findall(r"`([^`]+)`", text):
        file, _, name = token.partition("::")
        found.append((file or found[-1][0], name))
    return found


@pytest.mark.parametrize("claim", [claim for claim, _ in CLAIMS])
def test_each_claim_names_tests_that_exist(claim):
    named = _named_tests(dict(CLAIMS)[claim])
    assert named
    for file, name in named:
        text = (ROOT / "tests" / file).read_text(encoding="utf-8")
        function, _, case = name.partition("[")
        assert re.search(rf"def {function.replace('*', '[a-z_0-9]*') or 'test_'}", text), (file, name)
        assert case.rstrip("]").replace("-", " ") in text, (file, name)


def test_the_table_of_claims_is_read():
    assert len(CLAIMS) > 15
