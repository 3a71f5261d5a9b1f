"""Size is bounded: whatever the text, the answer comes in under a second, and never a crash."""

import sys
import time

import pytest

from rundown.shell.extract import MAX_BYTES, extract

_MEBI = MAX_BYTES
HOSTILE = {
    "words": "a " * (_MEBI // 2),
    "one word": "a" * _MEBI,
    "line feeds": "\n" * _MEBI,
    "comments": "# x\n" * (_MEBI // 4),
    "here-document": "cat <<E\n" + "line $x\n" * 90_000 + "E\n",
    "commands": "ls -la foo\n" * 9_999,
    "too many commands": "ls\n" * 20_000,
    "substitutions": "echo $(ls)\n" * 4_999,
    "parentheses": "(" * 5_000,
    "closed parentheses": "( " * 99 + "ls" + " )" * 99,
    "dollar parentheses": "$(" * 5_000,
    "arithmetic": "echo " + "$((" * 5_000,
    "arithmetic that is none": "echo " + "$((a " * 40 + ") )" * 40,
    "ifs": "if a; then " * 5_000,
    "operands": "echo " + "${a:-" * 5_000,
    "quoted operands": "echo " + '"${a:-' * 5_000,
    "backquotes": "`" * _MEBI,
    "dollars": "$" * _MEBI,
    "quotes": '"' * _MEBI,
    "backslashes": "\\" * _MEBI,
    "braces": "{" * _MEBI,
    "brackets": "[" * _MEBI,
    "commas": "echo {" + "," * (_MEBI - 10),
    "wrappers": "sudo " * 4_000 + "ls",
    "evals": "eval " * 4_000 + "ls",
    "quoted evals": "eval " + "'eval \"eval x\"' " * 4_000,
    "functions": "".join(f"f{i}() {{ f{i + 1}; }}\n" for i in range(3_000)) + "f0",
    "doubled calls": "f0() { ls; }\n"
    + "".join(f"f{i}() {{ f{i - 1}; f{i - 1}; }}\n" for i in range(1, 2_000))
    + "f1999",
    "copies": "x0=1\n"
    + "".join(f'x{i}="$x{i - 1}$x{i - 1}"\n' for i in range(1, 3_000))
    + "echo $((x2999))\n" * 3_000,
    "judgements": "echo $((x))\n" * 4_999 + "x=1\n" * 4_999,
    "plain-looking": "'a' $aaaaaaaaaaaaaaaa" * 20_000 + "\\",
    "here-documents": "cat <<E <<E\n" * 1_000 + "E\n" * 2_000,
    "documents on a line": "cat " + "<<E " * 50_000 + "\n" + "E\n" * 50_000,
    "schemes": "curl " + "a" * 500_000 + "://",
    "names": "echo $((" + "a" * 1_000_000 + "))",
    "subscripts": "echo $((" + "a[" * 100_000 + "))",
    "prints": "awk '" + "print " * 100_000 + "'",
    "redirections": "ls " + ">a " * 50_000,
    "non-ASCII": "echo é\n" * 9_999,
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("dialect", ["bash", "sh"])
def test_a_hostile_text_is_answered_in_time(name: str, dialect: str) -> None:
    started = time.process_time()
    extract(HOSTILE[name], dialect)  # type: ignore[arg-type]
    # A second is what it takes at most on a quiet machine; what grows faster than the text takes minutes.
    assert time.process_time() - started < 10


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a" * (_MEBI + 1), f"longer than {_MEBI} bytes"),
        ("é" * (_MEBI // 2 + 1), f"longer than {_MEBI} bytes"),
        ("ls\n" * 10_001, "more than 10000 commands"),
        ("{ " * 201, "nested more than 200 levels deep"),
        ("echo " + "$(" * 201, "nested more than 200 levels deep"),
    ],
)
def test_beyond_a_bound_the_text_is_unparseable(text: str, reason: str) -> None:
    assert extract(text, "bash").unparseable == reason


def test_nesting_within_the_bound_is_read() -> None:
    text = "{ " * 90 + "rm; " + "}; " * 90
    assert {item.resource for item in extract(text, "bash").operations} == {"rm"}


def test_a_deep_stack_makes_text_unparseable_at_worst() -> None:
    def deeper(left: int) -> bool:
        if left > 0:
            return deeper(left - 1)
        found = extract("{ " * 90 + "rm; " + "}; " * 90, "bash")
        return found.unparseable is not None or {item.resource for item in found.operations} == {"rm"}

    assert deeper(sys.getrecursionlimit() // 2)
